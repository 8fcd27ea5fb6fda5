"""Audits by complete count: consent coverage, disclosure, declared against observed."""

import datetime as dt
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.audits import misses
from governance.audits.models import AuditRun
from governance.audits.registry import AuditScope
from governance.consent import rules, services
from governance.consent.models import Alias, ConsentEvent, Notice, Subject
from governance.consent.pseudonyms import pseudonym
from governance.consent.selectors import material_notices
from governance.holding.holders import Person
from governance.holding.services import erase
from metrics.audits import coverage
from metrics.ingest.models import Interaction
from portal.jobs import bell
from tests import audits, make

pytestmark = pytest.mark.django_db
MARCH = {"date_from": date(2026, 3, 1), "date_to": date(2026, 3, 31)}
MANY = 12  # more than the privacy floor


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell.current_app, "send_task", lambda *args, **more: None)


def say(system: Any, *items: dict, at: str = "") -> None:
    """Report what people said: at once, as the first item's time has it, unless `at` says when it became known."""
    with time_machine.travel(at or items[0]["effective_at"], tick=False):
        told = services.record_consent_events(system=system, items=list(items), by="system")
    assert {one["status"] for one in told} == {"accepted"}


def crowd(system: Any, *, consent: bool = True, **fields: Any) -> None:
    """MANY people who gave consent in January and are read on 1 March."""
    if consent:
        say(system, *(make.consent(n) for n in range(MANY)))
    make.receive(system, *(make.item(n, **fields) for n in range(MANY)))


def figures(run: AuditRun) -> dict[str, tuple[float | None, float | None]]:
    return {one["key"]: (one["figure"]["numerator"], one["figure"]["denominator"]) for one in run.checks}


def reasons(run: AuditRun) -> list[list[Any]]:
    return next(table["rows"] for table in run.tables if table["key"] == "reasons")


class TestConsentCoverage:
    @pytest.fixture
    def system(self) -> Any:
        return make.live_system(make.PERMIT_BY_CONSENT)

    def run(self, system: Any) -> AuditRun:
        return audits.run(system, kind="consent_coverage", **MARCH)

    def test_all_covered_is_met_on_every_check(self, system: Any) -> None:
        crowd(system)
        done = self.run(system)
        assert audits.verdicts(done) == {"covered": "met", "good_faith": "met", "after_withdrawal": "met"}
        assert figures(done)["covered"] == (MANY, MANY)
        assert misses.after(done, None) == []

    def test_a_withdrawal_that_became_known_late_was_good_faith_and_is_a_miss_now(self, system: Any) -> None:
        crowd(system)
        withdrawn = make.consent(
            "w", subject="customer-3", action="withdrawn", effective_at="2026-02-28T10:00:00Z"
        )
        say(system, withdrawn, at="2026-03-02T10:00:00Z")
        done = self.run(system)
        assert audits.verdicts(done) == {
            "covered": "not_met", "good_faith": "met", "after_withdrawal": "not_met",
        }  # fmt: skip
        assert figures(done)["covered"] == (MANY - 1, MANY)
        assert reasons(done) == [["withdrawn", 1, 0]]
        assert done.counts["longest_after_stop_s"] == 24 * 3600
        found = misses.after(done, None)
        assert [(one.item, one.reason, one.lag_s, one.flow) for one in found] == [
            ("i-3", "withdrawn", 24 * 3600, "chat")
        ]
        assert "consent_coverage.covered" in audits.open_checks(system)

    def test_of_somebody_who_was_erased_the_answer_of_the_gate_stands(self, system: Any) -> None:
        crowd(system)
        erase(person=Person(system, pseudonym(system.pk, "customer-3")), by="system")
        done = self.run(system)
        assert figures(done)["covered"] == (MANY, MANY)
        assert misses.after(done, None) == []

    def test_what_was_kept_without_a_basis_is_counted_with_the_reason_of_its_time(self, system: Any) -> None:
        crowd(system)
        make.receive(system, make.item("nobody"), make.item("shop", purpose="sales"))
        done = self.run(system)
        assert figures(done)["covered"] == (MANY, MANY + 2)
        assert sorted(reasons(done)) == [["no_consent", 1, 1], ["undeclared", 1, 1]]

    def test_consent_sent_too_late_covers_now_but_was_not_known_then(self, system: Any) -> None:
        """The gate said no at that time; a correction of the reading after the consent came in says yes."""
        crowd(system)
        make.receive(system, make.item("late"))
        say(system, make.consent("late"), at="2026-03-02T10:00:00Z")
        make.receive(system, make.item("late", correction=True))
        done = self.run(system)
        assert figures(done)["covered"] == (MANY + 1, MANY + 1)
        assert figures(done)["good_faith"] == (MANY, MANY + 1)
        assert [(one.item, one.reason) for one in misses.after(done, None)] == [("i-late", "known_late")]

    def test_too_few_people_show_no_number(self, system: Any) -> None:
        say(system, make.consent(1))
        make.receive(system, make.item(1))
        done = self.run(system)
        assert set(audits.verdicts(done).values()) == {"not_enough_evidence"}
        assert {one["figure"]["state"] for one in done.checks} == {"suppressed"}
        assert (done.tables, done.counts) == ([], {})

    def test_an_objection_counts_where_the_basis_is_legitimate_interest(self) -> None:
        rule = {"id": "li", "effect": "permit", "basis": "legitimate_interest", "purpose": "service"}
        system = make.live_system(rule)
        crowd(system, consent=False)
        objected = make.consent(5, action="objected", effective_at="2026-02-01T00:00:00Z")
        say(system, objected, at="2026-03-02T10:00:00Z")
        done = self.run(system)
        assert figures(done)["covered"] == (MANY - 1, MANY)
        assert reasons(done) == [["objected", 1, 0]]

    def test_misses_are_listed_in_portions_without_a_gap(self, system: Any) -> None:
        crowd(system)
        make.receive(
            system, *(make.item(f"x{n}", occurred_at=f"2026-03-0{1 + n % 5}T10:00:00Z") for n in range(9))
        )
        done = self.run(system)
        seen: list[str] = []
        mark = None
        while page := misses.after(done, mark, 4):
            seen += [one.item for one in page]
            mark = misses.mark_of(misses.token(page[-1]))
        assert sorted(seen) == sorted(f"i-x{n}" for n in range(9))
        assert [one.item for one in misses.every(done)] == seen


# --- the one statement against the slow, obvious way ------------------------------------------------------------

START = datetime(2026, 3, 1, tzinfo=UTC)
_moment = st.integers(0, 8).map(lambda n: START + timedelta(days=n))
_said = st.tuples(
    st.sampled_from(["alice", "bob"]),
    st.sampled_from(sorted(rules.ACTIONS)),
    _moment,  # effective
    st.integers(0, 4),  # recorded so many days later
    st.booleans(),  # explicit
    st.none() | st.integers(1, 6),  # expires so many days after
    st.none() | st.integers(0, 20),  # corrects the n-th event before
    st.sampled_from([1, 2]),  # notice version
)
_read = st.tuples(st.sampled_from(["alice", "bob", "carol"]), _moment)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=st.lists(_said, max_size=10),
    read=st.lists(_read, min_size=1, max_size=8),
    explicit=st.booleans(),
    material=st.none() | st.integers(0, 6),
)
def test_sql_and_oracle_agree_on_random_histories(
    history: list[Any], read: list[Any], explicit: bool, material: int | None
) -> None:
    with transaction.atomic():
        system = make.live_system(make.PERMIT_BY_CONSENT | {"explicit": explicit})
        make.notice(
            system,
            version=2,
            material_change=material is not None,
            grace_days=material or 0,
            effective_at=START - timedelta(days=1),
        )
        words, everyone = _told(system, history)
        _readings(system, read)
        scope = AuditScope(
            system=system, targets={}, seed=0, date_from=START.date(), date_to=date(2026, 3, 31)
        )
        found = Counter[tuple[str, str]]()
        for row in coverage.counted(coverage.question(scope)):
            found[row.why_now, row.why_then] += row.n
        changes = material_notices(system.pk)
        expected = Counter(
            (
                _oracle(
                    words.get(who, []), everyone, at, datetime(2030, 1, 1, tzinfo=UTC), explicit, changes
                ),
                _oracle(words.get(who, []), everyone, at, at, explicit, changes),
            )
            for who, at in read
        )
        assert found == expected
        listed = Counter(one.reason for one in coverage.misses(scope, None, 100))
        assert sum(listed.values()) == sum(n for why, n in expected.items() if why != ("", ""))
        transaction.set_rollback(True)


def _told(system: Any, history: list[Any]) -> tuple[dict[str, list[rules.Word]], list[rules.Word]]:
    notices = {notice.version: notice for notice in Notice.objects.filter(system=system)}
    people = {name: Subject.objects.create(role="customer") for name in ("alice", "bob")}
    words: dict[str, list[rules.Word]] = {name: [] for name in people}
    for name, subject in people.items():
        Alias.objects.create(system_id=system.pk, digest=pseudonym(system.pk, name), subject=subject)
    everyone: list[rules.Word] = []
    for n, (name, action, effective, later, explicit, expires, corrects, version) in enumerate(history):
        corrected = everyone[corrects].id if corrects is not None and corrects < len(everyone) else None
        row = ConsentEvent.objects.create(
            system_id=system.pk, subject=people[name], purpose="service", modality="text", action=action,
            explicit=explicit, effective_at=effective, recorded_at=effective + timedelta(days=later),
            expires_at=effective + timedelta(days=expires) if expires else None, notice=notices[version],
            corrects_id=corrected, source="t", source_event=str(n), content=uuid4(),
        )  # fmt: skip
        word = rules.Word(
            row.pk, action, effective, row.recorded_at, explicit, row.expires_at, version, corrected
        )
        everyone.append(word)
        words[name].append(word)
    return words, everyone


def _readings(system: Any, read: list[Any]) -> None:
    flow: UUID = system.flows.get().pk
    Interaction.objects.bulk_create(
        Interaction(
            system_id=system.pk, source_id=f"r{n}", occurred_at=at, batch_id=uuid4(), content=uuid4(), flow_id=flow,
            basis="allow", reason="consented", policy_version=1, subject=pseudonym(system.pk, who),
            subject_role="customer", modality="text", purpose="service",
        )
        for n, (who, at) in enumerate(read)
    )  # fmt: skip


def _oracle(
    said: list[rules.Word],
    everyone: list[rules.Word],
    at: datetime,
    known_at: datetime,
    explicit: bool,
    material: Any,
) -> str:
    corrected = {word.corrects for word in everyone if word.corrects and word.recorded_at <= known_at}
    word = rules.last_word([word for word in said if word.id not in corrected], at, known_at)
    return rules.why_not_valid(word, at, explicit=explicit, material=material)


class TestDisclosure:
    def run(self, system: Any) -> AuditRun:
        return audits.run(system, kind="disclosure", **MARCH)

    TOLD = {
        "disclosed_at": "2026-03-01T09:00:00Z", "emotion_notice_at": "2026-03-01T09:00:00Z",
        "notice_version": 1, "language": "en",
    }  # fmt: skip

    def test_told_in_time_and_in_their_language(self) -> None:
        system = make.live_system()
        crowd(system, consent=False, **self.TOLD)
        done = self.run(system)
        assert set(audits.verdicts(done).values()) == {"met"}
        assert figures(done)["language"] == (MANY, MANY)

    def test_late_never_and_in_another_language_are_told_apart(self) -> None:
        system = make.live_system()
        crowd(system, consent=False, **self.TOLD)
        make.receive(
            system,
            make.item("late", **self.TOLD | {"emotion_notice_at": "2026-03-01T11:00:00Z"}),
            make.item("never", language="en"),
            make.item("nl", **self.TOLD | {"language": "nl-NL"}),
        )
        done = self.run(system)
        assert figures(done) == {
            "ai_disclosure": (MANY + 2, MANY + 3),
            "emotion_notice": (MANY + 1, MANY + 3),
            "language": (MANY + 1, MANY + 2),
        }
        assert reasons(done) == [
            ["no_ai_disclosure", 1], ["no_emotion_notice", 1], ["late_emotion_notice", 1], ["other_language", 1],
        ]  # fmt: skip
        assert {(one.item, one.reason) for one in misses.after(done, None)} == {
            ("i-late", "late_emotion_notice"), ("i-never", "no_emotion_notice"), ("i-nl", "other_language"),
        }  # fmt: skip

    def test_a_notice_that_was_reported_as_shown_tells_as_well(self) -> None:
        system = make.live_system()
        crowd(system, consent=False, **self.TOLD)
        silent = {name: value for name, value in self.TOLD.items() if name != "emotion_notice_at"}
        make.receive(system, *(make.item(name, **silent) for name in ("before", "after", "never")))
        shown = [
            {"id": name, "subject": f"customer-{name}", "notice_version": 1, "language": "en",
             "served_at": f"2026-03-01T{hour}:00:00Z", "channel": "app"}
            for name, hour in (("before", "09"), ("after", "11"))
        ]  # fmt: skip
        services.record_notices_served(system=system, items=shown, by="system")
        done = self.run(system)
        assert figures(done)["emotion_notice"] == (MANY + 1, MANY + 3)
        assert {(one.item, one.reason) for one in misses.after(done, None)} == {
            ("i-after", "late_emotion_notice"), ("i-never", "no_emotion_notice"),
        }  # fmt: skip

    def test_a_session_is_judged_at_its_first_reading_and_in_the_window_where_it_began(self) -> None:
        system = make.live_system()
        crowd(system, consent=False, **self.TOLD)
        make.receive(
            system,
            make.item("a1", session="s", subject=None, occurred_at="2026-02-28T23:59:00Z"),
            make.item("a2", session="s", subject=None, occurred_at="2026-03-01T00:01:00Z"),
            make.item("b1", session="t", subject=None, **self.TOLD),
            make.item("b2", session="t", subject=None, occurred_at="2026-03-01T10:05:00Z"),
        )
        assert figures(self.run(system))["emotion_notice"] == (MANY + 1, MANY + 1)


class TestDeclaredObserved:
    def run(self, system: Any) -> AuditRun:
        return audits.run(system, kind="declared_observed", **MARCH)

    def test_inside_the_declaration(self) -> None:
        system = make.live_system(languages=["nl", "en"])
        crowd(system, consent=False, language="nl-BE")
        assert set(audits.verdicts(self.run(system)).values()) == {"met"}

    def test_what_nobody_declared_is_named(self) -> None:
        system = make.live_system(languages=["nl"])
        crowd(system, consent=False, language="nl")
        make.receive(
            system, make.item("pl", language="pl"), make.item("sales", recipients=["sales-team"]),
            make.item("voice", modality="voice"),
        )  # fmt: skip
        done = self.run(system)
        assert figures(done) == {
            "flows": (MANY + 2, MANY + 3), "recipients": (MANY + 1, MANY + 2), "languages": (MANY, MANY + 1),
        }  # fmt: skip
        assert done.tables[0]["rows"] == [
            ["undeclared_language", "pl", 1], ["undeclared_recipient", "sales-team", 1],
        ]  # fmt: skip
        assert {one.item: one.reason for one in misses.every(done)} == {
            "i-pl": "undeclared_language", "i-sales": "undeclared_recipient", "i-voice": "undeclared",
        }  # fmt: skip

    def test_without_declared_languages_there_is_nothing_to_compare(self) -> None:
        system = make.live_system()
        type(system).objects.update(languages=[])  # from before languages were asked
        system.refresh_from_db()
        crowd(system, consent=False, language="nl")
        assert audits.verdicts(self.run(system))["languages"] == "not_enough_evidence"


def test_a_place_in_the_list_that_nobody_was_given_is_refused() -> None:
    assert misses.mark_of("") is None
    assert misses.mark_of("2026-03-01T00:00:00+00:00~a~b") == (dt.datetime(2026, 3, 1, tzinfo=UTC), "a~b")
    for text in ("x", "2026-03-01T00:00:00~a", "2026-03-01T00:00:00+00:00", "2026-03-01T00:00:00Z~\x00"):
        with pytest.raises(ValueError, match=r"."):
            misses.mark_of(text)
