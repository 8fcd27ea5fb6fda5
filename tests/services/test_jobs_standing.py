"""Standing schedules: work that every installation needs begins by itself."""
# ruff: noqa: F811 - a fixture is imported and asked for by the same name

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.core import mail
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from governance.findings.services import add_action, open_finding
from portal.accounts.models import User
from portal.jobs import registry, runner, services, sweeper
from portal.jobs.clock import database_now
from portal.jobs.models import Job, Schedule
from portal.jobs.rules import Every, JobState
from portal.ledger import sequencer
from portal.ledger.services import record
from portal.notify.models import Message
from tests import make
from tests.jobs import Work, in_threads, kind, rings  # noqa: F401 - fixtures are found by name

STANDING = {
    "deliver_stops": Every.HOURLY,
    "expire_consent": Every.HOURLY,
    "expire_signatures": Every.HOURLY,
    "lapse_deployments": Every.HOURLY,
    "remind": Every.HOURLY,
    "rescreen_flows": Every.DAILY,
    "retain": Every.DAILY,
    "send_digest": Every.DAILY,
    "sweep_people": Every.DAILY,
    "sweep_register": Every.DAILY,
    "watch_learning": Every.DAILY,
    "watch_stops": Every.HOURLY,
}


@pytest.mark.django_db
def test_the_first_tick_sets_them_and_later_ones_leave_them_as_they_are(rings: list[str]) -> None:
    sweeper.tick()
    assert dict(Schedule.objects.values_list("name", "every")) == {k: str(v) for k, v in STANDING.items()}
    assert {h.kind: h.standing for h in registry.all_handlers() if h.standing} == STANDING
    services.stop_schedule(name="remind")
    services.set_schedule(name="send_digest", kind="send_digest", payload={}, every=Every.WEEKLY)
    Schedule.objects.filter(name="rescreen_flows").delete()
    before = set(Schedule.objects.values_list("pk", flat=True))
    sweeper.tick()
    sweeper.tick()
    assert Schedule.objects.exclude(pk__in=before).get().name == "rescreen_flows"
    assert not Schedule.objects.get(name="remind").active
    assert Schedule.objects.get(name="send_digest").every == Every.WEEKLY
    assert all(due > database_now() for due in Schedule.objects.values_list("next_due_at", flat=True))


@pytest.mark.django_db
def test_they_cost_a_tick_one_question(rings: list[str]) -> None:
    sweeper.tick()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        sweeper._stand()
    assert len(asked) == 1


def test_two_schedulers_that_start_together_set_each_once(committed_db: Any, rings: list[str]) -> None:
    in_threads(lambda number: sweeper.tick(), 4)
    assert sorted(Schedule.objects.values_list("name", flat=True)) == sorted(STANDING)


@pytest.fixture
def following(kind: Callable[[Work], str], rings: list[str]) -> str:
    """Standing work that follows acts, its schedule set, all acts so far looked at."""
    name = kind(lambda context: {})
    registry._handlers[name] = replace(registry.get(name), standing=Every.DAILY, passes_over=("made.often",))
    sequencer.run_once()
    sweeper.tick()
    Job.objects.filter(kind=name).update(state="done", finished_at=database_now())
    return name


def act(type: str) -> None:
    with transaction.atomic():
        record(type=type, by="system", subject="thing:1", body={})


def asked(kind: str) -> int:
    sequencer.run_once()
    before = Job.objects.filter(kind=kind).count()
    sweeper.tick()
    return Job.objects.filter(kind=kind).count() - before


def test_work_that_follows_acts_is_asked_for_once_however_many_there_were(
    committed_db: Any, following: str, rings: list[str]
) -> None:
    assert asked(following) == 0, "nothing happened"
    act("made.often")
    assert asked(following) == 0, "it passes this type over"
    act("thing.done")
    act("made.often")
    act("thing.done")
    assert asked(following) == 1
    job = Job.objects.filter(kind=following, state="queued").get()
    assert str(job.pk) in rings
    act("thing.done")
    assert asked(following) == 0, "one waits already and will see it"
    assert runner.run_job(job.pk) is JobState.DONE
    assert asked(following) == 1, "it may have passed what came while it ran"
    Schedule.objects.filter(name=following).update(active=False)
    act("thing.done")
    runner.run_job(Job.objects.get(kind=following, state="queued").pk)
    assert asked(following) == 0, "a stopped schedule stays stopped"


def test_two_schedulers_that_see_an_act_at_once_ask_once(
    committed_db: Any, following: str, rings: list[str]
) -> None:
    act("thing.done")
    sequencer.run_once()
    before = Job.objects.filter(kind=following).count()
    in_threads(lambda number: sweeper.tick(), 4)
    assert Job.objects.filter(kind=following).count() == before + 1


def test_what_an_act_puts_into_an_inbox_is_mailed_by_the_next_ticks_jobs(
    committed_db: Any, rings: list[str]
) -> None:
    sweeper.tick()
    system = make.system(name="Chat")
    User.objects.filter(pk=system.owner.pk).update(mail="immediate")
    open_finding(
        system=system, check="a.b", severity="high", title="Too low", detail="", source="t", by="system"
    )
    sequencer.run_once()
    sweeper.tick()
    for name in ("remind", "send_mail"):
        assert runner.run_job(Job.objects.get(kind=name).pk) is JobState.DONE
    assert [letter.to for letter in mail.outbox if "Too low" in letter.body] == [[system.owner.email]]
    sequencer.run_once()
    sweeper.tick()
    assert Job.objects.filter(kind="remind").count() == 1, "to be told is no act"


def test_an_action_that_is_due_reaches_its_owner_by_inbox_and_mail(
    committed_db: Any, rings: list[str]
) -> None:
    system = make.system(name="Chat")
    owner = system.owner
    User.objects.filter(pk=owner.pk).update(mail="immediate")
    finding = open_finding(
        system=system, check="a.b", severity="high", title="Too low", detail="", source="t", by="system"
    )
    due = make.today() + dt.timedelta(days=5)
    add_action(finding=finding, text="Label 200 more", owner=owner, due_on=due, by=owner)
    sweeper.tick()
    assert not Job.objects.filter(kind="remind").exists()
    border = Schedule.objects.get(name="remind").last_covered_until  # an hour passes
    Schedule.objects.filter(name="remind").update(
        last_covered_until=border - dt.timedelta(hours=1), next_due_at=border
    )
    sweeper.tick()
    for name in ("remind", "send_mail"):
        assert runner.run_job(Job.objects.get(kind=name).pk) is JobState.DONE
    assert "Label 200 more" in Message.objects.filter(user=owner).values_list("title", flat=True)
    assert [letter.to for letter in mail.outbox if "Label 200 more" in letter.body] == [[owner.email]]
