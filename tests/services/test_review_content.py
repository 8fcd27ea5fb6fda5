"""What an approval covers is exactly what is material, and a re-approval says in words what differs."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from governance.registry import content as described
from governance.registry import vendors
from governance.registry.fields import APPROVED_PARTS, FLOW, PARTS, SYSTEM, VENDOR, VERSION, Field
from governance.review import changes, compared, rules, selectors, services
from governance.review.models import DeploymentRequest
from governance.screening import selectors as screenings
from governance.screening import services as screening
from tests import make

pytestmark = pytest.mark.django_db
TABLES: dict[str, tuple[Field, ...]] = {
    "system": tuple(SYSTEM.values()),
    "vendor": VENDOR,
    **{kind: part.fields for kind, part in PARTS.items()},
}
FIELDS = [(table, one) for table, fields in TABLES.items() for one in fields]


def _asked() -> Any:
    """The draft of a request about a system that is wholly described, with one flow."""
    system = make.described(make.system())
    board, _members = make.board_with_members(system.unit)
    return services.create_request(
        system=system,
        flows=list(system.flows.all()),
        version=system.versions.get(),
        summary="May we?",
        board=board,
        by=system.owner,
    )


def _digest(request: Any) -> str:
    fresh = DeploymentRequest.objects.get(pk=request.pk)
    return rules.digest(selectors.content(fresh, make.today()))


def _row(request: Any, table: str) -> Any:
    system = request.system
    if table == "system":
        return system
    return system.vendor if table == "vendor" else described.rows(system, PARTS[table])[0]


def _another(one: Field, now: Any, system: Any) -> Any:
    """A value of the kind of a field, other than the one that is there."""
    if one.kind == "choice" and one.enum is not None:
        return next(value for value in one.enum.values() if value not in (now, "continuous"))
    made: dict[str, Any] = {
        "choices": ["offer"], "labels": ["anger"], "codes": ["tr"], "mapping": {"anger": "frustration"},
        "groups": {"language": ["nl"]}, "answers": {"exploits_vulnerability": "yes"}, "number": 77,
        "decimal": Decimal("0.7"), "date": dt.date(2026, 2, 2), "figure": "accuracy", "email": "other@example.org",
    }  # fmt: skip
    if one.kind in made:
        return made[one.kind]
    if one.kind == "vendor":
        return vendors.add_vendor(by=system.owner, unit=system.unit, slug="other-vendor", name="Other")
    makers: dict[str, Any] = {"unit": make.unit, "person": make.user, "mission": lambda: None}
    return makers[one.kind]() if one.kind in makers else "something-else"


@pytest.mark.parametrize(("table", "one"), FIELDS, ids=[f"{t}-{f.name}" for t, f in FIELDS])
def test_the_digest_covers_what_is_material_and_nothing_else(table: str, one: Field) -> None:
    """Over every field that is declared: a new material field that the content forgets fails here."""
    request = _asked()
    before = _digest(request)
    row = _row(request, table)
    if table == "contact":  # the same person answers for everything
        request.system.contacts.exclude(pk=row.pk).delete()
    setattr(row, one.name, _another(one, getattr(row, one.name), request.system))
    row.save()  # behind the product's back: what is asked is the content, not what the change voids
    if one.name == "slug":
        return  # what an approval is about; no act changes it
    assert (_digest(request) != before) is one.material


@pytest.mark.parametrize("part", APPROVED_PARTS, ids=lambda part: part.kind)
def test_a_row_less_is_another_digest(part: Any) -> None:
    request = _asked()
    before = _digest(request)
    row = _row(request, part.kind)
    row.removed_at, row.removed_by = timezone.now(), request.system.owner
    row.save()
    assert _digest(request) != before


def test_every_kind_of_rows_with_something_material_is_covered() -> None:
    material = {kind for kind, part in PARTS.items() if part.material or part.material_fields}
    assert {part.kind for part in (*APPROVED_PARTS, VERSION, FLOW)} == material


def _more(system: Any) -> None:
    for n in range(4):
        common: dict[str, Any] = {"system": system, "by": system.owner, "reason": "More."}
        changes.add_part(
            kind="use_case", name=f"Use {n}", audience="leaders", setting="workplace", purpose="own_training",
            prohibited="Never.", **common,
        )  # fmt: skip
        changes.add_part(
            kind="hand_over", name=f"Point {n}", trigger="Always.", to_whom="Me", within_minutes=n, **common
        )
        changes.add_part(kind="unit_use", unit=make.unit(parent=system.unit), **common)


def test_the_content_takes_the_same_queries_however_many_rows_there_are() -> None:
    request = _asked()

    def queries() -> int:
        fresh = DeploymentRequest.objects.get(pk=request.pk)
        with CaptureQueriesContext(connection) as caught:
            selectors.content(fresh, make.today())
        return len(caught)

    first = queries()
    _more(request.system)
    assert queries() == first


# --- in words -------------------------------------------------------------------------------------


def _approved() -> Any:
    system = make.described(make.system())
    officer = make.person("data_protection_officer", system=system)
    flow = system.flows.get()
    current = screenings.current(flow)
    assert current is not None
    screening.sign(screening=current, by=officer)
    make.approved_deployment(system, [flow])
    return system


def _told(system: Any) -> dict[str, tuple[str, str]]:
    draft = system.requests.get(kind="reapproval", state="draft")
    return {row["field"]: (row["before"], row["after"]) for row in compared.differences(draft) or []}


def _change(system: Any, **values: Any) -> None:
    system.refresh_from_db()
    changes.update_system(
        system=system, by=system.owner, expected_version=system.row_version, reason="Because.", **values
    )


def _acts() -> Iterator[tuple[str, Any, dict[str, tuple[str, str]]]]:
    """(name, what is changed of a system, what the paper says then)."""
    yield "languages", lambda s: _change(s, languages=["nl", "tr"]), {
        "System · Languages": ("nl", "nl, tr"),
    }  # fmt: skip
    yield "strategies", lambda s: _change(s, strategies=["offer"]), {
        "System · Response strategies": ("Hands over to a person", "Makes or times an offer"),
    }  # fmt: skip
    yield "learning", lambda s: _change(
        s, learning="continuous", learning_figure="accuracy", learning_max_deviation=Decimal("0.05"),
        learning_window_days=30, learning_checks="Two raters.",
    ), {
        "System · Learns in production": (
            "No: it changes only by a new version", "Continuously: within declared limits",
        ),
        "System · Figure that must hold": ("", "Sentiment accuracy"),
        "System · Largest deviation": ("", "0.05"),
        "System · Over a window of (days)": ("", "30"),
        "System · How it is checked what it learned": ("", "Two raters."),
    }  # fmt: skip
    yield "labels", lambda s: _change(s, label_map={**s.label_map, "anger": "frustration"}), {
        "System · Mapping onto the shared scheme · anger": ("Anger", "Frustration"),
    }  # fmt: skip
    yield "vendor", lambda s: _change(
        s,
        vendor=vendors.add_vendor(
            by=s.owner, unit=s.unit, slug="other", name="Other B.V.", transfer_tool="scc", transfer_reference="Annex 2"
        ),
    ), {
        "System · Vendor": ("", "Other B.V."),
        "Vendor · Transfer tool": ("None needed: the data stay in the EEA", "Standard contractual clauses"),
    }  # fmt: skip
    yield "transfer tool", lambda s: changes.update_vendor(
        vendor=s.vendor, by=s.owner, expected_version=1, reason="Signed.", transfer_tool="adequacy"
    ), {
        "Vendor · Transfer tool": ("None needed: the data stay in the EEA", "Adequacy decision")
    }  # fmt: skip
    yield "version", lambda s: changes.add_version(
        system=s, name="2.0", model="big", training_data="More.", notes="Better.", by=s.owner,
        released_on=dt.date(2026, 6, 1),
    ), {
        "Version": ("1.0", "2.0"),
        "Version · Released on": ("1 Jan 2026", "1 Jun 2026"),
        "Version · Model": ("test", "big"),
        "Version · Training data, in short": ("", "More."),
    }  # fmt: skip
    yield "use case", lambda s: changes.change_part(
        row=s.usecases.get(), kind="use_case", by=s.owner, expected_version=1, reason="R.", prohibited="Nothing."
    ), {
        "Use case · Chat · What it may not be used for": ("Never to set a premium.", "Nothing."),
    }  # fmt: skip
    yield "another use case", lambda s: changes.add_part(
        system=s, kind="use_case", by=s.owner, reason="R.", name="Calls", audience="leaders", setting="workplace",
        purpose="own_training", prohibited="Never.",
    ), {
        "Use case · Calls": (
            "not there",
            "For whom: Team leaders and managers; Where: Workplace; What for: The person's own training; "
            "What it may not be used for: Never.",
        ),
    }  # fmt: skip
    yield "hand-over gone", lambda s: changes.remove_part(
        row=s.handovers.get(), kind="hand_over", by=s.owner, reason="R."
    ), {
        "Hand-over point · Anger": (
            "When a person takes over: Twice anger in a row.; To whom: A colleague; Within (minutes): 2",
            "not there",
        ),
    }  # fmt: skip
    yield "unit", lambda s: changes.add_part(
        system=s, kind="unit_use", by=s.owner, reason="R.",
        unit=make.unit("Claims", parent=s.unit),
    ), {"Unit that uses it · Claims": ("not there", "Unit: Claims")}  # fmt: skip


ACTS = list(_acts())


@pytest.mark.parametrize(("act", "expected"), [row[1:] for row in ACTS], ids=[row[0] for row in ACTS])
def test_a_re_approval_says_what_differs(act: Any, expected: dict[str, tuple[str, str]]) -> None:
    system = _approved()
    vendor = system.vendor.name
    act(system)
    if "System · Vendor" in expected:
        expected = expected | {"System · Vendor": (vendor, "Other B.V.")}
    assert _told(system) == expected


def test_a_changed_answer_to_the_law_reads_as_its_question() -> None:
    system = _approved()
    flow = system.flows.get()
    answers = {**flow.facts, "sells_on_distress": "not_applicable"}
    changes.change_flow(flow=flow, by=system.owner, expected_version=1, reason="R.", facts=answers)
    ((field, said),) = [(f, s) for f, s in _told(system).items() if "·" in f and "Rule" not in f]
    assert field.startswith("Data flow · Chat · ") and "_" not in field
    assert said == ("No", "Not applicable")


def test_what_an_older_approval_did_not_record_is_said_to_be_so() -> None:
    system = _approved()
    request = system.requests.get()
    system_only = {
        name: request.content["system"][name] for name in ("slug", "provider_role", "labels", "label_map")
    }
    old = {k: v for k, v in request.content.items() if k not in ("vendor", "parts")} | {"system": system_only}
    DeploymentRequest.objects.filter(pk=request.pk).update(content=old)
    _change(system, languages=["tr"])
    told = _told(system)
    assert told["System · Languages"] == ("was not recorded yet", "tr")
    assert told["Use case · Chat"][0] == "was not recorded yet"


def test_the_differences_take_the_same_queries_however_many_there_are() -> None:
    system = _approved()
    _change(system, languages=["tr"], strategies=["offer"])
    _more(system)

    def queries() -> int:
        draft = system.requests.get(kind="reapproval", state="draft")
        with CaptureQueriesContext(connection) as caught:
            assert compared.differences(draft)
        return len(caught)

    queries()  # the law is read once
    first = queries()
    for row in system.usecases.filter(removed_at=None):
        changes.change_part(
            row=row, kind="use_case", by=system.owner, expected_version=1, reason="R.", prohibited="Other."
        )
    for n in range(3):
        changes.add_part(
            system=system, kind="unit_use", by=system.owner, reason="R.", unit=make.unit(f"Unit of {n}")
        )
    assert queries() == first
