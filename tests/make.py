"""Builders: small functions that make what a test needs, through the product's own services."""

import itertools
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from portal.access.services import grant_role
from portal.accounts.models import ApiKey, Unit, User
from portal.accounts.services import create_api_key, create_unit, create_user

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


def number() -> int:
    """A number that no other object of this process has."""
    return next(_numbers)


# --- people ------------------------------------------------------------------------------------------------


def user(name: str = "", *, email: str = "", **fields: Any) -> User:
    """A person who can sign in with `PASSWORD`, without any role."""
    n = number()
    email = email or f"person{n}@example.org"
    return create_user(email=email, name=name or f"Person {n}", password=PASSWORD, by="system", **fields)


def today() -> date:
    """The day as the product counts it; asked anew each time, for a run of the tests may last past midnight."""
    return datetime.now(UTC).date()


def unit(name: str = "", *, parent: Unit | None = None) -> Unit:
    """A unit; without a parent an organisation of its own."""
    n = number()
    return create_unit(name=name or f"Unit {n}", slug=f"unit-{n}", parent=parent, by="system")


def person(
    role: str, *, unit: Unit | None = None, system: Any = None, until: datetime | None = None, **fields: Any
) -> User:
    """A person with one role on a unit or system; an external auditor's ends next year unless `until` says so."""
    made = user(**fields)
    if role == "external_auditor" and until is None:
        until = datetime.fromisoformat("2099-01-01T00:00:00+00:00")
    grant_role(user=made, role=role, unit=unit, system=system, valid_until=until, by="system")
    return made


def api_key(
    system: Any = None, scopes: tuple[str, ...] = ("interactions:write",), **fields: Any
) -> tuple[ApiKey, str]:
    """A key of a system (or of an id that no system has) and its plain text."""
    system_id = system.pk if system is not None else uuid.uuid4()
    return create_api_key(name=f"key {number()}", system_id=system_id, scopes=scopes, by="system", **fields)


def bearer(plaintext: str) -> dict[str, str]:
    """The header of a call with a key, for Django's test client."""
    return {"HTTP_AUTHORIZATION": f"Bearer {plaintext}"}


# --- register, law, review ---------------------------------------------------------------------------------

LABELS = ("anger", "joy", "optimism", "sadness")
# answers with which a customer's written words are clearly lawful
LAWFUL = {"exploits_vulnerability": "no", "sells_on_distress": "no"}


def system(*, owner: User | None = None, unit: Unit | None = None, **fields: Any) -> Any:
    """A registered system with one version; its owner has the role system_owner on it."""
    from governance.registry import services

    n = number()
    where = unit or globals()["unit"]()
    owner = owner or user(f"Owner {n}")
    values: dict[str, Any] = {
        "name": f"System {n}",
        "slug": f"system-{n}",
        "description": "Reads the mood of written words.",
        "provider_role": "both",
        "labels": list(LABELS),
        "label_map": {label: label for label in LABELS},
        "languages": ["en", "nl"],
    }
    values.update(fields)
    made = services.register_system(by=owner, unit=where, owner=owner, **values)
    grant_role(user=owner, role="system_owner", system=made, by="system")
    services.add_version(system=made, name="1.0", model="test", released_on=date(2026, 1, 1), by=owner)
    return made


def described(system: Any, **fields: Any) -> Any:
    """A system or draft with everything that registering asks for; its owner edits the register of its unit."""
    from decimal import Decimal

    from governance.registry import parts, services, vendors
    from governance.review import changes

    by, n = system.owner, number()
    grant_role(user=by, role="system_owner", unit=system.unit, by="system")  # a vendor belongs to a unit
    common: dict[str, Any] = {"system": system, "by": by}
    terms = {"contract_reference": f"Contract {n}", "transfer_tool": "none_needed"}
    vendor = vendors.add_vendor(by=by, unit=system.unit, slug=f"vendor-{n}", name=f"Vendor {n}", **terms)
    values: dict[str, Any] = {
        "description": "Reads the mood of written words.", "provider_role": "deployer", "vendor": vendor,
        "learning": "no", "labels": list(LABELS), "label_map": {label: label for label in LABELS},
        "languages": ["nl"], "strategies": ["hand_over"],
    }  # fmt: skip
    services.update_system(
        system=system, by=by, expected_version=system.row_version, reason="Described.", **(values | fields)
    )
    if not system.versions.exists():
        services.add_version(name="1.0", released_on=date(2026, 1, 1), **common)
    rows: list[tuple[str, dict[str, Any]]] = [
        ("use_case", {
            "name": "Chat", "audience": "customers", "setting": "self_service", "purpose": "service",
            "prohibited": "Never to set a premium.",
        }),
        ("hand_over", {
            "name": "Anger", "trigger": "Twice anger in a row.", "to_whom": "A colleague", "within_minutes": 2,
        }),
        ("unit_use", {"unit": system.unit}),
        *(("contact", {"role": role, "person": by}) for role in ("business", "technical", "privacy")),
        ("goal", {
            "kpi": "csat", "target": Decimal("0.8"), "direction": "at_least", "due_on": date(2027, 1, 1),
            "statement": "Heard.",
        }),
        ("cost", {
            "year": 2027, "category": "licence", "name": "Licence fee", "amount": Decimal("1200.50"),
            "source": "contract",
        }),
    ]  # fmt: skip
    for kind, row in rows:
        parts.add_part(kind=kind, **common, **row)
    if not system.flows.exists():
        changes.add_flow(
            slug="chat", name="Chat", modality="text", subject_role="customer", setting="self_service",
            purpose="service", output="emotion", consequence="reply", recipient="system", facts=LAWFUL, **common,
        )  # fmt: skip
    system.refresh_from_db()
    return system


def draft(*, owner: User | None = None, unit: Unit | None = None, **fields: Any) -> Any:
    """A draft with a name and nothing else."""
    from governance.registry import drafts

    n = number()
    where = unit or globals()["unit"]()
    owner = owner or person("system_owner", unit=where)
    values = {"name": f"Draft {n}", "slug": f"draft-{n}"} | fields
    return drafts.start_draft(by=owner, unit=where, **values)


def flow(system: Any, *, signed: bool = True, **fields: Any) -> Any:
    """A lawful data flow (a customer's chat), screened and signed unless `signed` is False."""
    from governance.review import changes
    from governance.screening import selectors as screenings
    from governance.screening import services as screening

    n = number()
    values: dict[str, Any] = {
        "slug": f"flow-{n}",
        "name": f"Flow {n}",
        "modality": "text",
        "subject_role": "customer",
        "setting": "self_service",
        "purpose": "service",
        "output": "emotion",
        "consequence": "reply",
        "recipient": "system",
        "facts": LAWFUL,
    }
    values.update(fields)
    made = changes.add_flow(system=system, by=system.owner, **values)
    if signed:
        officer = person("data_protection_officer", system=system)
        current = screenings.current(made)
        assert current is not None
        screening.sign(screening=current, by=officer)
    return made


def board_with_members(
    unit: Unit, disciplines: tuple[str, ...] = ("legal", "ethics", "technology"), **fields: Any
) -> tuple[Any, list[User]]:
    """A board of a unit with one member per discipline (role board_member on the unit), in that order."""
    from governance.review import boards, terms

    admin = person("administrator", unit=unit)
    board = boards.create_board(name=f"Board {number()}", unit=unit, by=admin, **fields)
    members = []
    for discipline in disciplines:
        seat = boards.add_seat(board=board, discipline=discipline, by=admin)
        members.append(person("board_member", unit=unit))
        terms.appoint(seat=seat, user=members[-1], by=admin, **_effective(fields))
    return board, members


def works_council(system: Any, flows: list[Any], act: str = "consent", **fields: Any) -> Any:
    """A works-council record of these flows with its answer (no answer: `act` is empty)."""
    from governance.review import services as review

    at = fields.get("effective_at", datetime.now(UTC))
    council = review.ask_council(
        system=system,
        flows=flows,
        question="May we?",
        documents="Request 2026-1",
        informed_on=at.date(),
        by=system.owner,
        **_effective(fields),
    )
    if act:
        role = "works_council" if act in ("consent", "consent_if", "refuse") else "board_chair"
        review.answer_council(
            council=council,
            act=act,
            answered_on=at.date(),
            reason="For the reasons in the letter.",
            documents="Letter 7",
            by=person(role, unit=system.unit),
            **_effective(fields),
        )
    return council


def votes(request: Any, *choices: str, **fields: Any) -> None:
    """The members of the board of a request vote, in the order of `board_with_members`; all for it unless told."""
    from governance.review import services as review

    rows = request.board.seats.order_by("memberships__starts_on", "memberships__id")
    members = [membership.user for seat in rows for membership in seat.memberships.filter(deputy=False)]
    for member, choice in zip(members, choices or ["approve"] * len(members), strict=False):
        review.cast_vote(request=request, choice=choice, reason="The file is complete.", by=member, **fields)


def reinstated(deployment: Any, **fields: Any) -> Any:
    """The board puts back what was stopped: request, submission, votes."""
    from governance.review import services as review

    request = review.ask_reinstatement(
        deployment=deployment, summary="It is solved.", by=deployment.system.owner, **_effective(fields)
    )
    review.submit(request=request, by=deployment.system.owner, **_effective(fields))
    votes(request, **_effective(fields))
    deployment.refresh_from_db()
    return request


def approved_deployment(system: Any, flows: list[Any] | None = None, **fields: Any) -> Any:
    """A deployment in force (for 24 months): a request for these flows (or a new lawful one), three votes for it."""
    from governance.review import selectors
    from governance.review import services as review

    fields = {"valid_months": 24} | fields
    flows = flows or [flow(system)]
    workers = [row for row in flows if selectors.touches_workers(row)]
    if workers and fields.pop("council", True):
        works_council(system, workers, **_effective(fields))
    board, members = board_with_members(system.unit, **_effective(fields))
    complete(system, flows)
    request = review.create_request(
        system=system,
        flows=flows,
        version=system.versions.first(),
        summary="May this be used?",
        board=board,
        by=system.owner,
        **fields,
    )
    review.submit(request=request, by=system.owner, **_effective(fields))
    for member in members:
        review.cast_vote(
            request=request, choice="approve", reason="The file is complete.", by=member, **_effective(fields)
        )
    return request.deployment


def _effective(fields: dict[str, Any]) -> dict[str, Any]:
    return {"effective_at": fields["effective_at"]} if "effective_at" in fields else {}


def answers(questionnaire: Any, **given: Any) -> dict[str, Any]:
    """An answer to every question that is asked, in the shape of its kind; `given` first."""
    from governance.assessments.questionnaire import progress

    made = dict(given)
    while left := [q for section in progress(questionnaire, made) for q in section.open]:
        made |= {question.id: _answer(question) for question in left}
    return made


def _answer(question: Any) -> Any:
    row = {"text": "As described.", "long_text": "As described.", "yes_no": "no", "date": "2026-01-15"}
    if question.kind == "risks":
        rated = {"likelihood": "possible", "severity": "minimal", "residual": "low"}
        return [{"risk": "Misread", "measure": "A human looks.", **rated}]
    if question.kind == "table":
        return [{column.id: row.get(column.kind, "") for column in question.columns}]
    if question.kind in ("choice", "multi_choice"):
        choice = {"residual": "low", "annex_iii_5": "neither"}.get(question.id, next(iter(question.choices)))
        return [choice] if question.kind == "multi_choice" else choice
    return row[question.kind]


def assessment(system: Any, kind: str = "dpia", *, until: str = "signed", **fields: Any) -> Any:
    """A complete assessment by the owner of the system, as far as `until`: draft, in_review or signed."""
    from governance.assessments import answers as answering
    from governance.assessments import selectors, services

    made = services.start(system=system, kind=kind, by=system.owner, **_effective(fields))
    values = answers(selectors.questionnaire_of(made), **{**made.answers, **fields.get("answers", {})})
    answering.save_answers(assessment=made, answers=values, expected=made.row_version, by=system.owner)
    if until in ("in_review", "signed"):
        services.submit(assessment=made, by=system.owner, **_effective(fields))
    if until == "signed":
        officer = person("data_protection_officer", system=system)
        services.sign(assessment=made, reason="Complete and careful.", by=officer, **_effective(fields))
    return made


def assessed(system: Any, flows: list[Any] | None = None) -> list[Any]:
    """Everything signed today that these flows (or all of the system) need and that is not there yet."""
    from governance.assessments import selectors

    lacking = selectors.missing(system, flows or list(system.flows.all()), datetime.now(UTC).date())
    return [assessment(system, row.kind) for row in lacking]


def complete(system: Any, flows: list[Any] | None = None) -> None:
    """What a request for these flows (or all of the system) needs besides signed screenings: assessments, a policy."""
    from governance.consent.selectors import policy_history

    assessed(system, flows)
    if not policy_history(system.pk):
        policy(system)


# --- consent, gate, ingest ---------------------------------------------------------------------------------

PERMIT_BY_CONSENT = {"id": "with-consent", "effect": "permit", "basis": "consent", "purpose": "service"}
PERMIT_BY_CONTRACT = {"id": "contract", "effect": "permit", "basis": "contract", "purpose": "service"}


def policy(system: Any, *rows: dict[str, Any], **fields: Any) -> Any:
    """An approved data-use policy (default: service under a contract), in force since 2024."""
    from governance.consent import services

    values = {"effective_at": datetime(2024, 1, 1, tzinfo=UTC)} | fields
    draft = services.draft_policy(system=system, rules=list(rows) or [PERMIT_BY_CONTRACT], by="system")
    return services.approve_policy(policy=draft, by="system", **values)


def notice(system: Any, **fields: Any) -> Any:
    """A published notice, in force since 2024."""
    from governance.consent import services

    values = {"text": "We read emotion in your words.", "language": "en"}
    values |= {"effective_at": datetime(2024, 1, 1, tzinfo=UTC)}
    return services.publish_notice(system=system, by="system", **(values | fields))


def live_system(*rows: dict[str, Any], **fields: Any) -> Any:
    """A system whose one flow (a customer's chat) is in force since December 2025, with a policy and a notice."""
    made = system(**fields)
    policy(made, *rows)
    approved_deployment(made, [flow(made, slug="chat")], effective_at=datetime(2025, 12, 1, tzinfo=UTC))
    notice(made)
    return made


def item(n: int | str = 1, **fields: Any) -> dict[str, Any]:
    """An interaction as a client sends it; `n` names it, None takes a field away."""
    values: dict[str, Any] = {
        "id": f"i-{n}",
        "occurred_at": "2026-03-01T10:00:00+00:00",
        "modality": "text",
        "purpose": "service",
        "subject_role": "customer",
        "subject": f"customer-{n}",
        "predicted": "joy",
    }
    return {k: v for k, v in (values | fields).items() if v is not None}


def receive(system: Any, *items: dict[str, Any], **fields: Any) -> Any:
    """The receipt of a batch."""
    from metrics.ingest import services

    return services.receive(system=system, items=list(items), **({"by": "system"} | fields))


def consent(n: int | str = 1, **fields: Any) -> dict[str, Any]:
    """A consent event of the person of `item(n)`; None takes a field away."""
    values: dict[str, Any] = {
        "id": f"c-{n}",
        "subject": f"customer-{n}",
        "subject_role": "customer",
        "purpose": "service",
        "modality": "text",
        "action": "given",
        "effective_at": "2026-01-10T10:00:00+00:00",
        "notice_version": 1,
    }
    return {k: v for k, v in (values | fields).items() if v is not None}


# --- figures -----------------------------------------------------------------------------------------------


def counters(
    system: Any, day: date, values: Mapping[str, float], *, people: dict[str, int] | None = None
) -> None:
    """Counters of one day, and how many distinct people (the same ones every day) stand behind a topic."""
    from metrics.rollups.models import DayRollup, PersonDay

    rows = [DayRollup(system_id=system.pk, day=day, key=key, value=value) for key, value in values.items()]
    DayRollup.objects.bulk_create(rows)
    PersonDay.objects.bulk_create(
        PersonDay(system_id=system.pk, topic=topic, day=day, subject=uuid.UUID(int=number), n=1)
        for topic, many in (people or {}).items()
        for number in range(many)
    )


def confusion(
    system: Any, day: date, labels: list[str], matrix: list[list[int]], *, people: int = 100, part: str = ""
) -> None:
    """Gold × predicted counts of one day and slice, with the people behind them."""
    from metrics.rollups.models import ConfusionRollup

    ConfusionRollup.objects.bulk_create(
        ConfusionRollup(
            system_id=system.pk, day=day, version="1.0", slice=part, gold=gold, predicted=said, n=n
        )
        for gold, row in zip(labels, matrix, strict=True)
        for said, n in zip(labels, row, strict=True)
    )
    counters(system, day, {}, people={f"gold|{part}" if part else "gold": people})
