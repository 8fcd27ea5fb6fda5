"""Consent events, notices and policies: append-only, idempotent, bitemporal; SQL against the obvious oracle."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.consent import rules, selectors, services
from governance.consent.models import Alias, ConsentEvent, Notice, Policy, Subject
from governance.consent.pseudonyms import pseudonym
from governance.gate.services import decide
from portal.errors import Invalid, RuleBroken
from portal.ledger.models import PendingEvent
from tests import make

pytestmark = pytest.mark.django_db
QUESTION = {"subject": "customer-1", "subject_role": "customer", "purpose": "service", "modality": "text"}


@pytest.fixture
def system() -> Any:
    return make.live_system(make.PERMIT_BY_CONSENT)


def say(system: Any, *items: dict, **fields: Any) -> list[dict]:
    return services.record_consent_events(system=system, items=list(items), by="system", **fields)


def test_events_are_stored_under_a_pseudonym_and_recorded_in_the_ledger(system: Any) -> None:
    answer = say(
        system, make.consent(1), make.consent(2), make.consent(3, subject="customer-1", action="withdrawn")
    )
    assert [a["status"] for a in answer] == ["accepted"] * 3
    assert Subject.objects.count() == Alias.objects.count() == 2
    assert Alias.objects.filter(digest=pseudonym(system.pk, "customer-1")).exists()
    assert PendingEvent.objects.filter(type="consent.events_recorded").count() == 1


def test_the_same_event_again_is_a_duplicate_other_content_a_conflict(system: Any) -> None:
    first = say(system, make.consent(1))[0]["event"]
    again = say(system, make.consent(1), make.consent(1, method="letter"))
    assert [(a["status"], a["event"]) for a in again] == [("duplicate", first), ("conflict", first)]
    assert [a["status"] for a in say(system, make.consent(1), source="crm")] == ["accepted"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"purpose": "selling"}, "unknown_purpose"),
        ({"modality": "voice"}, "unknown_modality"),
        ({"effective_at": "2099-01-01T00:00:00Z"}, "future"),
        ({"effective_at": "1999-01-01T00:00:00Z"}, "too_early"),
        ({"effective_at": "2023-06-01T00:00:00Z"}, "before_notice"),
        ({"notice_version": None}, "notice_needed"),
        ({"notice_version": 7}, "notice_needed"),
        ({"minor": "yes"}, "guardian_needed"),
        ({"expires_at": "2026-01-01T00:00:00Z"}, "expires_before"),
        ({"subject": None}, "required"),
        ({"subject": "a\x00"}, "nul"),
        ({"action": "shrugged"}, "invalid"),
        ({"mood": "good"}, "unknown_field"),
        ({"corrects": "nobody"}, "unknown_event"),
    ],
)
def test_bad_events_are_refused_by_name_and_the_others_stored(system: Any, fields: dict, code: str) -> None:
    answers = say(system, make.consent("good"), make.consent("bad", **fields))
    assert [a["status"] for a in answers] == ["accepted", "refused"]
    assert code in [e["code"] for e in answers[1]["errors"]]


def test_explicit_consent_is_asked_for_where_the_policy_asks() -> None:
    system = make.live_system(make.PERMIT_BY_CONSENT | {"explicit": True})
    assert [e["code"] for e in say(system, make.consent(1))[0]["errors"]] == ["explicit_needed"]
    assert say(system, make.consent(1, explicit=True))[0]["status"] == "accepted"


def test_a_no_counts_also_where_the_flow_has_changed_since(system: Any) -> None:
    services.record_consent_events(system=system, items=[make.consent(1)], by="system")
    system.flows.update(purpose="offers", modality="voice")
    words = [
        make.consent(2, subject="customer-1", action="withdrawn", effective_at="2026-02-10T10:00:00+00:00"),
        make.consent(3, subject="customer-1", action="objected", effective_at="2026-02-11T10:00:00+00:00"),
        make.consent(4, subject="customer-1", action="renewed", effective_at="2026-02-12T10:00:00+00:00"),
        make.consent(5, subject="customer-9", action="withdrawn"),  # who never spoke of it: a slip of the pen
    ]
    answers = services.record_consent_events(system=system, items=words, by="system")
    assert [row["status"] for row in answers] == ["accepted", "accepted", "refused", "refused"]
    assert {fault["code"] for fault in answers[3]["errors"]} == {"unknown_purpose", "unknown_modality"}


@pytest.mark.parametrize("together", [True, False])
def test_a_minor_stays_a_minor_until_somebody_says_otherwise(system: Any, together: bool) -> None:
    words = [
        make.consent(1, subject="kid", action="refused", notice_version=None),  # nobody knows yet
        make.consent(2, subject="kid", action="refused", notice_version=None, minor="yes"),
        make.consent(3, subject="kid"),
        make.consent(4, subject="kid", actor="guardian"),
        make.consent(5, subject="kid", minor="no"),
        make.consent(6, subject="kid"),
    ]
    batches = [words] if together else [[word] for word in words]
    answers = [
        row
        for batch in batches
        for row in services.record_consent_events(system=system, items=batch, by="system")
    ]
    assert [row["status"] for row in answers] == ["accepted"] * 2 + ["refused"] + ["accepted"] * 3
    assert [fault["code"] for fault in answers[2]["errors"]] == ["guardian_needed"]
    assert Subject.objects.get().minor == "no"


@pytest.mark.parametrize(
    ("named", "cited", "status"),
    [("en", "en", "accepted"), ("nl-NL", "nl", "accepted"), (None, "en", "accepted"), ("fr", "", "refused")],
)
def test_consent_cites_the_text_that_was_read(
    system: Any, named: str | None, cited: str, status: str
) -> None:
    make.notice(system, version=1, language="nl", text="Wij lezen emotie.")
    answer = services.record_consent_events(
        system=system, items=[make.consent(1, language=named)], by="system"
    )[0]
    assert answer["status"] == status
    if cited:
        assert ConsentEvent.objects.values_list("notice__language", flat=True).get() == cited
    else:
        assert [(fault["field"], fault["code"]) for fault in answer["errors"]] == [
            ("language", "unknown_notice")
        ]


def test_a_clock_slightly_ahead_is_not_the_future(system: Any) -> None:
    ahead = (timezone.now() + timedelta(minutes=4)).isoformat()
    assert say(system, make.consent(1, effective_at=ahead))[0]["status"] == "accepted"
    assert ConsentEvent.objects.get().effective_at <= timezone.now()


def test_a_withdrawal_may_arrive_before_its_consent(system: Any) -> None:
    say(
        system,
        make.consent("w", subject="customer-1", action="withdrawn", effective_at="2026-06-01T00:00:00Z"),
    )
    say(system, make.consent(1))
    assert decide(system=system, items=[QUESTION])[0].reason == "withdrawn"
    then = datetime(2026, 5, 1, tzinfo=UTC)
    assert decide(system=system, items=[QUESTION | {"at": then}])[0].outcome == "allow"


def test_the_database_refuses_to_change_or_forget_an_event(system: Any) -> None:
    say(system, make.consent(1))
    for statement in (
        "UPDATE governance_consentevent SET action = 'refused'",
        "DELETE FROM governance_consentevent",
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            _execute(statement)


def _execute(statement: str) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"notice": None}, "consent_given_needs_notice"),
        ({"minor": "yes"}, "consent_minor_needs_guardian"),
        ({"effective_at": datetime(2099, 1, 1, tzinfo=UTC)}, "consent_not_in_the_future"),
        ({"action": "maybe"}, "consent_action_known_word"),
        ({"actor": "robot"}, "consent_actor_known_word"),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "consent_expires_after_it_counts"),
    ],
)
def test_the_database_holds_what_must_always_hold(system: Any, fields: dict, constraint: str) -> None:
    values = {
        "system_id": system.pk,
        "subject": Subject.objects.create(role="customer"),
        "purpose": "service",
        "modality": "text",
        "action": "given",
        "effective_at": datetime(2026, 1, 1, tzinfo=UTC),
        "notice": Notice.objects.get(system=system),
        "source": "x",
        "source_event": "y",
        "content": uuid4(),
    }
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ConsentEvent.objects.create(**(values | fields))


def test_notices_have_versions_and_are_never_changed(system: Any) -> None:
    dutch = make.notice(system, version=1, language="nl", text="Wij lezen emotie in uw woorden.")
    assert (dutch.version, len(dutch.sha256)) == (1, 64)
    assert make.notice(system).version == 2
    with pytest.raises(RuleBroken, match="never changed"):
        make.notice(system, version=1, language="nl")
    with pytest.raises(RuleBroken, match="next notice version"):
        make.notice(system, version=9)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Notice.objects.update(text="other")


def test_a_material_change_ends_older_consent_after_its_grace(system: Any) -> None:
    say(system, make.consent(1))
    make.notice(system, material_change=True, grace_days=30, effective_at=datetime(2026, 2, 1, tzinfo=UTC))
    within, after = datetime(2026, 3, 2, tzinfo=UTC), datetime(2026, 3, 4, tzinfo=UTC)
    first, second = decide(system=system, items=[QUESTION | {"at": within}, QUESTION | {"at": after}])
    assert (first.outcome, second.reason) == ("allow", "reconsent_due")


def test_a_policy_is_drafted_approved_by_another_and_frozen() -> None:
    system = make.system()
    drafter, other = make.user(), make.user()
    draft = services.draft_policy(system=system, rules=[make.PERMIT_BY_CONSENT], by=drafter)
    redraft = services.draft_policy(system=system, rules=[make.PERMIT_BY_CONTRACT], by=drafter)
    assert (draft.pk, redraft.version) == (redraft.pk, 1)
    with pytest.raises(RuleBroken, match="ask a colleague"):
        services.approve_policy(policy=redraft, by=drafter)
    with pytest.raises(RuleBroken, match="changed since"):
        services.approve_policy(policy=redraft, by=other, seen=draft.stamp)
    approved = services.approve_policy(policy=redraft, by=other, seen=redraft.stamp)
    assert approved.state == "approved"
    with pytest.raises(RuleBroken, match="approved already"):
        services.approve_policy(policy=approved, by=other)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Policy.objects.update(rules=[])
    with pytest.raises(Invalid):
        services.draft_policy(system=system, rules=[{"id": "x"}], by=drafter)


# --- the SQL of the last word against the slow, obvious way ---------------------------------------------------

START = datetime(2026, 1, 1, tzinfo=UTC)
_moment = st.integers(0, 8).map(lambda n: START + timedelta(days=n))
_said = st.tuples(
    st.sampled_from(["alice", "bob"]),
    st.sampled_from(sorted(rules.ACTIONS)),
    _moment,  # effective
    st.integers(0, 4),  # recorded so many days later
    st.booleans(),  # explicit
    st.none() | st.integers(1, 6),  # expires so many days after
    st.none() | st.integers(0, 20),  # corrects the n-th event before
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=st.lists(_said, max_size=10), asked=st.lists(st.tuples(_moment, _moment), min_size=1, max_size=4)
)
def test_sql_and_oracle_agree_on_random_histories(system: Any, history: list, asked: list) -> None:
    notice = Notice.objects.get(system=system)
    with transaction.atomic():
        people = {name: Subject.objects.create(role="customer") for name in ("alice", "bob")}
        for name, subject in people.items():
            Alias.objects.create(system_id=system.pk, digest=pseudonym(system.pk, name), subject=subject)
        words: dict[str, list[rules.Word]] = {"alice": [], "bob": []}
        ids: list[UUID] = []
        for n, (name, action, effective, later, explicit, expires, corrects) in enumerate(history):
            corrected = ids[corrects] if corrects is not None and corrects < len(ids) else None
            row = ConsentEvent.objects.create(
                system_id=system.pk, subject=people[name], purpose="service", modality="text", action=action,
                explicit=explicit, effective_at=effective, recorded_at=effective + timedelta(days=later),
                expires_at=effective + timedelta(days=expires) if expires else None, notice=notice,
                corrects_id=corrected, source="t", source_event=str(n), content=uuid4(),
            )  # fmt: skip
            ids.append(row.pk)
            words[name].append(
                rules.Word(row.pk, action, effective, row.recorded_at, explicit, row.expires_at, 1, corrected)
            )
        for known_at in {k for _at, k in asked}:
            keys = [(pseudonym(system.pk, who), "service", "text", at) for who in words for at, _k in asked]
            found = selectors.last_words(system.pk, keys, known_at)
            # what one person's event corrects may be another's: the oracle sees corrections of everybody
            everyone = [w for said in words.values() for w in said]
            corrected_now = {w.corrects for w in everyone if w.corrects and w.recorded_at <= known_at}
            expected = [
                rules.last_word([w for w in words[who] if w.id not in corrected_now], at, known_at)
                for who in words
                for at, _k in asked
            ]
            assert [w.id if w else None for w in found] == [w.id if w else None for w in expected]
            assert [_valid(w, at) for w, at in zip(found, [k[3] for k in keys], strict=True)] == [
                _valid(w, at) for w, at in zip(expected, [k[3] for k in keys], strict=True)
            ]
        transaction.set_rollback(True)


def _valid(word: rules.Word | None, at: datetime) -> str:
    return rules.why_not_valid(word, at, explicit=True)


def test_standing_counts_last_words(system: Any) -> None:
    say(
        system,
        *(make.consent(n) for n in range(12)),
        make.consent("w", subject="customer-2", action="withdrawn", effective_at="2026-02-01T00:00:00Z"),
    )
    now = timezone.now()
    found = {(c.purpose, c.modality, c.action): c.people for c in selectors.standing(system, now)}
    assert found == {("service", "text", "given"): 11, ("service", "text", "withdrawn"): None}, (
        "one is too few"
    )
    assert selectors.people_by_action([system], now) == {system.pk: {"given": 11, "withdrawn": None}}
