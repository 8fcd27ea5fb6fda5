"""Drafting a data-use policy: templates to start from, remarks while typing, lists that survive, and trying it."""

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from governance.consent import policy_words, selectors, services
from governance.consent.models import Policy
from governance.consent.policy_checks import DeclaredFlow, doubts
from governance.consent.rules import policy_rule
from governance.consent.services import record_consent_events
from governance.consent.templates import all_templates
from tests import make

pytestmark = pytest.mark.django_db
FLOWS = {
    "chat_on_contract": DeclaredFlow("f", "customer", "service", "text", "system"),
    "voice_on_explicit_consent": DeclaredFlow("f", "customer", "service", "voice", "operator", True),
    "wellbeing_of_groups": DeclaredFlow("f", "employee", "wellbeing", "text", "analyst"),
    "own_coaching": DeclaredFlow("f", "employee", "own_training", "text", "subject"),
}


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="portal.accounts.backends.SignInBackend")
    return client


@pytest.fixture
def system() -> Any:
    return make.live_system(make.PERMIT_BY_CONSENT)


@pytest.fixture
def officer(system: Any) -> Client:
    return signed_in(make.person("data_protection_officer", unit=system.unit))


def typed(*rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A posted formset."""
    data: dict[str, Any] = {"rules-TOTAL_FORMS": str(len(rows)), "rules-INITIAL_FORMS": "0", **more}
    for n, row in enumerate(rows):
        data |= {f"rules-{n}-{name}": value for name, value in row.items()}
    return data


@pytest.mark.parametrize("key", sorted(FLOWS))
def test_each_template_is_sound_for_the_flow_it_is_meant_for(key: str) -> None:
    template = all_templates()[key]
    rules = [policy_rule(row) for row in template.rules]
    found = doubts(rules, [FLOWS[key]], privacy_floor=10, retention_days=template.retention_days)
    assert not [one for one in found if one.code not in ("idle", "unreachable")], found
    assert set(FLOWS) == set(all_templates())


def test_the_form_starts_from_a_template_and_keeps_lists_of_values(system: Any, officer: Client) -> None:
    page = officer.get(f"/systems/{system.slug}/policies/draft/?template=voice_on_explicit_consent")
    rows = [form.initial for form in page.context["rows"].forms if form.initial]
    assert rows[0]["modality"] == ["voice", "text"]
    sent = typed({"id": "a", "effect": "permit", "basis": "contract", "purpose": ["service", "offers"]})
    assert officer.post(f"/systems/{system.slug}/policies/draft/", sent).status_code == 302
    draft = Policy.objects.get(system=system, state="draft")
    assert draft.rules == [
        {"id": "a", "effect": "permit", "basis": "contract", "purpose": ["service", "offers"]}
    ]
    again = officer.get(f"/systems/{system.slug}/policies/draft/")
    assert again.context["rows"].forms[0].initial["purpose"] == ["service", "offers"]
    assert again.context["rows"].forms[0].initial["modality"] == ["*"]


def test_remarks_come_while_typing_and_nothing_is_stored(system: Any, officer: Client) -> None:
    before = Policy.objects.count()
    rows = (
        {"id": "a", "effect": "permit", "basis": "contract"},
        {"id": "b", "effect": "prohibit"},
        {"id": "c", "effect": "permit"},
    )
    page = officer.post(f"/systems/{system.slug}/policies/check/", typed(*rows)).content.decode()
    assert "A permit names its basis" in page
    page = officer.post(f"/systems/{system.slug}/policies/check/", typed(*rows[:2])).content.decode()
    assert "The permit a never counts: the prohibition b covers all of it." in page
    page = officer.post(f"/systems/{system.slug}/policies/check/", typed(rows[0])).content.decode()
    assert "Nothing is doubtful" in page
    assert Policy.objects.count() == before


def test_the_page_of_a_version_shows_its_doubts(system: Any, officer: Client) -> None:
    services.draft_policy(
        system=system, rules=[{"id": "no", "effect": "prohibit"}, make.PERMIT_BY_CONTRACT], by="system"
    )
    draft = Policy.objects.get(system=system, state="draft")
    page = officer.get(f"/systems/{system.slug}/policies/{draft.version}/").content.decode()
    assert "never counts" in page


def test_a_situation_is_tried_with_the_rule_and_the_word_that_decided(system: Any, officer: Client) -> None:
    url = f"/systems/{system.slug}/policies/try/"
    assert officer.get(url).context["form"]["modality"].initial == "text"
    asked = {
        "subject_role": "customer", "purpose": "service", "modality": "text", "layer": "inference",
        "operation": "infer",
    }  # fmt: skip
    page = officer.post(url, asked).content.decode()
    assert "gave none for this purpose" in page and "with-consent" in page
    (said,) = record_consent_events(system=system, items=[make.consent(1)], by="system")
    page = officer.post(url, asked | {"subject": "customer-1"}).content.decode()
    assert str(said["event"]) in page and "Allowed" in page
    earlier = officer.post(url, asked | {"subject": "customer-1", "at": "2026-01-05T10:00"}).content.decode()
    assert "Allowed" not in earlier
    assert officer.post(url, asked | {"modality": "smell"}).status_code == 422


def test_a_draft_is_tried_before_it_counts(system: Any, officer: Client) -> None:
    services.draft_policy(system=system, rules=[{"id": "no", "effect": "prohibit"}], by="system")
    draft = Policy.objects.get(system=system, state="draft")
    asked = {
        "subject_role": "customer", "purpose": "service", "modality": "text", "layer": "inference",
        "operation": "infer", "version": str(draft.version),
    }  # fmt: skip
    page = officer.post(f"/systems/{system.slug}/policies/try/", asked).content.decode()
    assert "Violation" in page and "draft, not in force" in page
    assert (
        "draft, not in force"
        not in officer.post(f"/systems/{system.slug}/policies/try/", asked | {"version": ""}).content.decode()
    )


def test_the_overview_asks_as_much_for_ten_systems_as_for_one(
    system: Any, officer: Client, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    record_consent_events(system=system, items=[make.consent(1)], by="system")
    with CaptureQueriesContext(connection) as few:
        page = officer.get("/consent/")
    assert None in page.context["rows"][0]["people"], "one person is too few to be counted"
    for _n in range(4):
        make.system(unit=system.unit)
    with django_assert_max_num_queries(len(few)):
        officer.get("/consent/")
    assert selectors.people_by_action([system], dt.datetime(2026, 1, 1, tzinfo=dt.UTC)) == {}


# --- what two versions say differently --------------------------------------------------------------------------

PERMIT = {
    "id": "a",
    "effect": "permit",
    "basis": "consent",
    "purpose": "service",
    "modality": ["text", "voice"],
}
OTHER = {"id": "b", "effect": "prohibit", "operation": "train"}


def _two(
    system: Any, first: list[dict[str, Any]], second: list[dict[str, Any]]
) -> list[tuple[str, Any, Any]]:
    old = make.policy(system, *first)
    new = services.draft_policy(system=system, rules=second, by="system", retention_days=30)
    rows = policy_words.differences(old, new)
    return [(str(row["field"]), row["before"], row["after"]) for row in rows]


def test_versions_differ_field_by_field_in_words(system: Any) -> None:
    changed = PERMIT | {"modality": "text", "explicit": True, "retention_days": 90}
    found = _two(system, [PERMIT, OTHER], [changed, OTHER])
    assert ("Kept for (days), where no rule says otherwise", "", "30") in found
    (read_from,) = [row for row in found if row[0] == "a: Read from"]
    assert "," in read_from[1] and "," not in read_from[2]
    assert ("a: Explicit consent", "For biometric data", "Always") in found
    assert ("a: Kept for (days)", "", "90") in found
    assert not [row for row in found if row[0].startswith("b:")]


def test_rules_that_came_or_went_stand_whole_and_another_order_is_told(system: Any) -> None:
    third = {"id": "c", "effect": "permit", "basis": "contract"}
    found = _two(system, [PERMIT, OTHER], [third, OTHER])
    (gone,) = [row for row in found if row[0] == "Rule a"]
    assert gone[2] is None and "Effect: Permit" in gone[1]
    (come,) = [row for row in found if row[0] == "Rule c"]
    assert come[1] is None and "Contract (GDPR" in come[2]
    found = _two(make.live_system(), [PERMIT, OTHER], [OTHER, PERMIT])
    assert ("Order of the rules", "a, b", "b, a") in found


def test_any_two_versions_are_compared_on_a_page(system: Any, officer: Client) -> None:
    url = f"/systems/{system.slug}/policies/compare/"
    assert "No differences." in officer.get(url).content.decode()
    make.policy(system, PERMIT)
    make.policy(system, PERMIT | {"retention_days": 7})
    assert "Kept for (days)" in officer.get(url).content.decode()
    assert "Rule with-consent" in officer.get(url, {"before": "1", "after": "3"}).content.decode()
    assert (
        "This is not one of the choices." in officer.get(url, {"before": "9", "after": "1"}).content.decode()
    )
    page = officer.get(f"/systems/{system.slug}/policies/3/").content.decode()
    assert "before=2" in page and "approved by" in page


def test_an_approved_version_is_frozen_by_the_database(system: Any) -> None:
    for change in (
        lambda rows: rows.update(rules=[]),
        lambda rows: rows.update(state="draft", approved_at=None, approved_by=None, effective_at=None),
        lambda rows: rows.delete(),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            change(Policy.objects.filter(system=system, state="approved"))
