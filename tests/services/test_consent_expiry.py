"""Consent that ends by its date stops the system, once, and only where it was the person's last word."""

import datetime as dt
from typing import Any

import pytest
import time_machine

from governance.consent.expiry import end_what_expired
from governance.consent.pseudonyms import pseudonym
from governance.consent.services import record_consent_events
from governance.stops.models import Stop
from portal.jobs import bell
from portal.jobs.rules import JobState
from portal.jobs.runner import run_job
from portal.jobs.services import enqueue
from tests import make

pytestmark = pytest.mark.django_db
GIVEN = "2026-03-01T10:00:00+00:00"
ENDS = "2026-04-01T10:00:00+00:00"
AFTER = dt.datetime(2026, 4, 1, 10, 30, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell.current_app, "send_task", lambda *args, **more: None)


@pytest.fixture
def system() -> Any:
    return make.live_system(make.PERMIT_BY_CONSENT)


def say(system: Any, *items: dict[str, Any], at: str = GIVEN) -> None:
    with time_machine.travel(at, tick=False):
        told = record_consent_events(system=system, items=list(items), by="system")
    assert {row["status"] for row in told} == {"accepted"}, told


def test_the_system_is_told_once_from_the_very_moment(system: Any) -> None:
    say(system, make.consent(1, subject="a", effective_at=GIVEN, expires_at=ENDS))
    assert end_what_expired(system=system, now=dt.datetime(2026, 4, 1, 9, 59, tzinfo=dt.UTC)) == 0
    assert end_what_expired(system=system, now=AFTER) == 1
    stop = Stop.objects.get()
    assert (stop.type, stop.subject_ref) == ("consent.expired", pseudonym(system.pk, "a"))
    assert stop.effective_at == dt.datetime(2026, 4, 1, 10, tzinfo=dt.UTC)
    assert (stop.purpose, stop.modality) == ("service", "text")
    assert end_what_expired(system=system, now=AFTER) == 0


@pytest.mark.parametrize(
    ("action", "more", "stops"),
    [
        ("renewed", {}, []),
        ("withdrawn", {}, ["consent.withdrawn"]),
        ("renewed", {"expires_at": "2026-04-01T10:15:00+00:00"}, ["consent.expired"]),
    ],
)
def test_the_last_word_counts(system: Any, action: str, more: dict[str, Any], stops: list[str]) -> None:
    later = "2026-03-20T10:00:00+00:00"
    say(system, make.consent(1, subject="a", effective_at=GIVEN, expires_at=ENDS))
    say(system, make.consent(2, subject="a", action=action, effective_at=later, **more), at=later)
    end_what_expired(system=system, now=AFTER)
    assert list(Stop.objects.values_list("type", flat=True)) == stops


def test_what_had_ended_when_it_became_known_stops_nothing(system: Any) -> None:
    say(
        system,
        make.consent(1, subject="a", effective_at=GIVEN, expires_at=ENDS),
        at="2026-04-01T10:20:00+00:00",
    )
    assert end_what_expired(system=system, now=AFTER) == 0


@pytest.mark.parametrize(
    ("renewed_under", "stops"), [(None, ["consent.reconsent_due"]), (1, ["consent.reconsent_due"]), (2, [])]
)
def test_consent_to_a_notice_that_changed_stops_when_the_grace_is_over(
    system: Any, renewed_under: int | None, stops: list[str]
) -> None:
    say(system, make.consent(1, subject="a", effective_at=GIVEN))
    changed = dt.datetime(2026, 3, 10, tzinfo=dt.UTC)
    make.notice(system, material_change=True, grace_days=20, effective_at=changed)
    if renewed_under:
        later = "2026-03-20T10:00:00+00:00"
        word = make.consent(
            2, subject="a", action="renewed", effective_at=later, notice_version=renewed_under
        )
        say(system, word, at=later)
    due = changed + dt.timedelta(days=20)
    assert end_what_expired(system=system, now=due - dt.timedelta(minutes=1)) == 0
    assert end_what_expired(system=system, now=due + dt.timedelta(minutes=30)) == len(stops)
    assert list(Stop.objects.values_list("type", flat=True)) == stops
    assert all(stop.effective_at == due for stop in Stop.objects.all())
    assert end_what_expired(system=system, now=due + dt.timedelta(hours=2)) == 0


def test_the_round_of_the_job_goes_over_every_system(system: Any) -> None:
    other = make.live_system(make.PERMIT_BY_CONSENT)
    for one in (system, other):
        say(one, make.consent(1, subject="a", effective_at=GIVEN, expires_at=ENDS))
    with time_machine.travel(AFTER, tick=True):
        job = enqueue(kind="expire_consent", payload={}, by="system", bell=False)
        assert run_job(job.pk) is JobState.DONE
    job.refresh_from_db()
    assert job.result == {"stops": 2}
    assert set(Stop.objects.values_list("system", flat=True)) == {system.pk, other.pk}
