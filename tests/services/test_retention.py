"""Retention: what goes when its time is over, what stays as a log, what a hold keeps, and that nothing counts twice."""

import datetime as dt
import json
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from governance.audits.models import AuditRun
from governance.consent.models import Alias, ConsentEvent
from governance.consent.pseudonyms import pseudonym
from governance.consent.services import approve_policy, draft_policy, record_consent_events
from governance.holding.holders import Part, Person
from governance.holding.models import Retained
from governance.holding.selectors import kept_from
from governance.holding.services import erase, place_hold, rotate_key
from governance.retention import rules, selectors, services
from governance.screening.models import Screening
from metrics.ingest.models import Batch, Interaction, Label
from metrics.ingest.services import receive, receive_labels
from metrics.rollups import selectors as rollups
from metrics.rollups.models import DayRollup, PersonDay
from metrics.rollups.rules import FIRST_PERSON
from metrics.rollups.services import rebuild
from metrics.surveys.models import SurveyAnswer
from metrics.surveys.services import record_answers
from portal.errors import RuleBroken
from portal.jobs import bell, registry
from portal.jobs.models import Job
from portal.jobs.rules import JobState
from portal.jobs.runner import run_job
from portal.ledger.models import LedgerBody, PendingEvent
from tests import audits, make

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 6, 1)
OLD, NEW = "2026-02-10T10:00:00+00:00", "2026-05-20T10:00:00+00:00"
"""Older and younger than 90 days on DAY."""


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell.current_app, "send_task", lambda *args, **more: None)


def kept(days: int | None, *rules_: dict[str, Any], default: int | None = None) -> Any:
    """A live system whose policy keeps what people are read in for so many days."""
    permit = {**make.PERMIT_BY_CONTRACT, "retention_days": days} if days else make.PERMIT_BY_CONTRACT
    made = make.system()
    long_ago = dt.datetime(2025, 12, 1, tzinfo=dt.UTC)
    draft = draft_policy(system=made, rules=[*rules_, permit], retention_days=default, by="system")
    approve_policy(policy=draft, by="system", effective_at=long_ago)
    make.approved_deployment(made, [make.flow(made, slug="chat")], effective_at=long_ago)
    return made


def read(system: Any, *items: dict[str, Any], **more: Any) -> list[str]:
    receipt = receive(system=system, items=list(items), by="system", client="bot", **more)
    return [row["status"] for row in receipt["items"]]


def sums(system: Any) -> list[Any]:
    return list(
        DayRollup.objects.filter(system_id=system.pk)
        .order_by("day", "key")
        .values_list("day", "key", "value")
    )


def test_what_is_past_its_time_goes_and_what_was_counted_stays() -> None:
    system = kept(90)
    items = [make.item(1, id="old", occurred_at=OLD, gold="joy"), make.item(2, id="new", occurred_at=NEW)]
    assert read(system, *items) == ["accepted", "accepted"]
    receive_labels(
        system=system, items=[{"id": "old", "rater": "r", "label": "joy"}], by="system", client="bot"
    )
    before, people = sums(system), rollups.people(system, dt.date(2026, 1, 1), DAY)

    done = services.retain(system=system, day=DAY)

    assert done == {"deleted": 1, "unnamed": done["unnamed"], "held": 0} and done["unnamed"] > 0
    assert list(Interaction.objects.values_list("source_id", flat=True)) == ["new"]
    assert not Label.objects.exists()
    assert sums(system) == before
    assert rollups.people(system, dt.date(2026, 1, 1), DAY) <= people, "a lower bound of people"
    assert rebuild(system=system) == {"rows": rebuild(system=system)["rows"], "differing": 0}
    assert sums(system) == before, "a rebuild does not reach behind what went"
    assert services.retain(system=system, day=DAY) == {"deleted": 0, "unnamed": 0, "held": 0}


def test_each_batch_has_its_certificate_in_the_ledger(monkeypatch: pytest.MonkeyPatch) -> None:
    system = kept(90)
    read(system, *(make.item(n, occurred_at=OLD) for n in range(5)))
    monkeypatch.setattr(services, "BATCH", 2)
    services.retain(system=system, day=DAY)
    row = Retained.objects.get(part=Part.READINGS.value)
    assert (row.deleted, row.days, row.before) == (5, 90, rules.first_kept(DAY, 90))
    events = (
        PendingEvent.objects.filter(type="retention.deleted").order_by("pk").values_list("event", flat=True)
    )
    told = [LedgerBody.objects.get(event=event).body for event in events]
    readings = [body for body in told if body["part"] == "readings"]
    assert [body["deleted"] for body in readings] == [2, 2, 1]
    assert {body["certificate"] for body in readings} == {str(row.pk)}


def test_the_same_items_sent_again_count_nothing_twice() -> None:
    system = kept(90)
    items = [make.item(1, id="old", occurred_at=OLD), make.item(2, id="new", occurred_at=NEW)]
    read(system, *items, idempotency_key="k")
    answer = {
        "id": "s",
        "instrument": "csat",
        "asked_at": OLD,
        "subject": "c",
        "answered_at": OLD,
        "answers": {"csat": 4},
    }
    record_answers(system=system, items=[answer], by="system", client="bot")
    before = sums(system)
    services.retain(system=system, day=DAY)
    receipt = receive(system=system, items=items, by="system", client="bot")
    assert [row["status"] for row in receipt["items"]] == ["refused", "duplicate"]
    assert [fault["code"] for fault in receipt["items"][0]["errors"]] == ["past_retention"]
    told = record_answers(system=system, items=[answer], by="system", client="bot")
    assert [row["status"] for row in told["items"]] == ["refused"]
    assert not SurveyAnswer.objects.exists()
    assert sums(system) == before
    Batch.objects.filter(idempotency_key="k").update(received_at=dt.datetime(2026, 2, 11, tzinfo=dt.UTC))
    services.retain(system=system, day=DAY)
    again = receive(system=system, items=items, by="system", client="bot", idempotency_key="k")
    assert (again["counts"], again["items"]) == ({"accepted": 2}, []), "the numbers stay, the list went"
    assert sums(system) == before


def test_each_kind_of_reading_has_its_own_limit() -> None:
    sales = {**make.PERMIT_BY_CONTRACT, "id": "short", "purpose": "quality", "retention_days": 30}
    system = kept(None, sales, default=200)
    plan = selectors.plan(system, DAY)
    days = {cut.part: cut.days for cut in plan.cuts}
    assert days == {Part.BARE: 200, Part.RECEIPTS: 30, Part.ANSWERS: 200, Part.COUNTED: 30}
    limits = selectors.limits_on(system, DAY)
    assert limits is not None
    assert limits.readings("customer", "quality", "text") == 30
    assert limits.readings("customer", "service", "text") == 200


def test_without_a_limit_nothing_goes_and_the_audit_says_so() -> None:
    system = kept(None)
    read(system, *(make.item(n, occurred_at=OLD) for n in range(12)))
    found = selectors.plan(system, DAY)
    assert found.cuts == () and [one.purpose for one in found.unlimited] == ["service"]
    assert services.retain(system=system, day=DAY) == {"deleted": 0, "unnamed": 0, "held": 0}
    run = audits.run(system, kind="retention", date_from=dt.date(2026, 2, 1), date_to=DAY)
    assert audits.verdicts(run) == {"in_time": "met", "limited": "not_met"}


def test_a_hold_keeps_everything_or_one_person() -> None:
    system = kept(90)
    read(system, make.item(1, id="a", subject="held", occurred_at=OLD), make.item(2, id="b", occurred_at=OLD))
    place_hold(system=system, subject="held", reason="claim 7", by="system")
    services.retain(system=system, day=DAY)
    assert list(Interaction.objects.values_list("source_id", flat=True)) == ["a"]
    place_hold(system=system, reason="inquiry", by="system")
    assert services.retain(system=system, day=dt.date(2027, 6, 1)) == {"deleted": 0, "unnamed": 0, "held": 1}
    assert Interaction.objects.count() == 1


@pytest.mark.parametrize(("day", "left"), [(dt.date(2027, 12, 1), 0), (dt.date(2027, 12, 2), 1)])
def test_logs_at_high_risk_stay_six_months_without_what_was_personal(day: dt.date, left: int) -> None:
    system = kept(30)
    at = dt.datetime.combine(day - dt.timedelta(days=100), dt.time(10), tzinfo=dt.UTC)
    with time_machine.travel(at + dt.timedelta(minutes=1), tick=False):
        item = make.item(
            1, id="log-1", subject="wanda", session="s-1", occurred_at=at.isoformat(), gold="joy"
        )
        assert read(system, item) == ["accepted"]
    Screening.objects.filter(flow__system=system, superseded_at__isnull=True).update(outcome="high_risk")
    before = sums(system)
    done = services.retain(system=system, day=day)
    rows = list(Interaction.objects.all())
    assert (len(rows), done["deleted"]) == (left, 1 - left)
    assert sums(system) == before
    for row in rows:
        assert row.source_id.startswith("erased-") and str(row.session).startswith("erased-")
        assert row.occurred_at == at.replace(hour=0) and row.gold == "joy"
        assert read(system, item) == ["refused"], "sent again it is not taken in anew"
        assert services.retain(system=system, day=day) == {"deleted": 0, "unnamed": 0, "held": 0}
        later = day + dt.timedelta(days=rules.LOG_MINIMUM_DAYS)
        assert services.retain(system=system, day=later)["deleted"] == 1
    assert not Interaction.objects.exists()


def test_days_past_their_time_have_numbers_in_the_place_of_people() -> None:
    system = kept(90)
    read(system, *(make.item(n, id=f"a{n}", subject=f"p{n}", occurred_at=OLD) for n in range(4)))
    read(
        system,
        *(
            make.item(n, id=f"b{n}", subject=f"p{n}", occurred_at=OLD.replace("-10T", "-11T"))
            for n in range(3)
        ),
    )
    read(system, *(make.item(n, id=f"c{n}", subject=f"p{n}", occurred_at=NEW) for n in range(2)))
    services.retain(system=system, day=DAY)
    assert PersonDay.objects.filter(subject__lt=FIRST_PERSON).values("subject").distinct().count() == 4
    assert PersonDay.objects.filter(subject__gte=FIRST_PERSON, day__lt=kept_from(system.pk)).count() == 0
    whole = (dt.date(2026, 2, 1), DAY)
    assert rollups.people(system, *whole) == 4, "the fullest day; never more than there were"
    assert rollups.people(system, dt.date(2026, 5, 1), DAY) == 2


def test_the_audit_finds_what_is_late_and_lists_it() -> None:
    system = kept(90)
    read(system, *(make.item(n, id=f"i-{n:02}", occurred_at=NEW) for n in range(12)))
    late = rules.first_kept(DAY, 91) - dt.timedelta(seconds=1)
    read(system, make.item(20, id="late", occurred_at=late.isoformat()))
    read(system, make.item(21, id="tonight", occurred_at=(late + dt.timedelta(seconds=2)).isoformat()))

    def run() -> AuditRun:
        return audits.run(system, kind="retention", date_from=dt.date(2026, 2, 1), date_to=DAY)

    done = run()
    assert audits.verdicts(done) == {"in_time": "not_met", "limited": "met"}
    from governance.audits import misses

    assert [(one.item, one.reason) for one in misses.after(done, None)] == [("late", "past_limit")]
    services.retain(system=system, day=DAY)
    assert audits.verdicts(run()) == {"in_time": "met", "limited": "met"}


def test_the_command_counts_and_deletes_and_the_round_is_a_standing_job() -> None:
    system = kept(90)
    read(system, make.item(1, occurred_at=OLD))
    out = StringIO()
    with time_machine.travel(dt.datetime(2026, 6, 1, 3, tzinfo=dt.UTC), tick=True):
        call_command("retain", "--dry-run", "--json", system=system.slug, stdout=out)
        rows = json.loads(out.getvalue())
        assert {row["part"]: row["rows"] for row in rows} == {
            "readings": 1,
            "bare": 0,
            "receipts": 0,
            "answers": 0,
            "counted": 1,
        }
        assert Interaction.objects.count() == 1
        call_command("retain", system=system.slug, stdout=out)
    assert Interaction.objects.count() == 0
    assert registry.get(services.RETAIN).standing is not None
    job = services.request_round(system=None, by="system", bell=False)
    assert run_job(job.pk) is JobState.DONE


def test_an_audit_of_single_items_asks_for_a_window_that_is_whole() -> None:
    system = kept(90)
    read(system, *(make.item(n, occurred_at=OLD) for n in range(12)))
    read(system, *(make.item(n, id=f"new-{n}", occurred_at=NEW) for n in range(12)))
    services.retain(system=system, day=DAY)
    with pytest.raises(RuleBroken) as refused:
        audits.run(system, kind="disclosure", date_from=dt.date(2026, 2, 1), date_to=DAY)
    assert (refused.value.code, refused.value.field) == ("past_retention", "date_from")
    done = audits.run(system, kind="disclosure", date_from=kept_from(system.pk), date_to=DAY)
    assert {one["figure"]["denominator"] for one in done.checks if one["key"] == "ai_disclosure"} == {12}


def test_a_limit_for_sums_alone_deletes_sums_but_for_people_under_a_hold() -> None:
    system = kept(None, {**make.PERMIT_BY_CONTRACT, "id": "sums", "layer": "aggregate", "retention_days": 60})
    read(system, *(make.item(n, id=f"s{n}", subject=f"p{n}", occurred_at=OLD) for n in range(3)))
    read(system, make.item(9, id="new", occurred_at=NEW))
    place_hold(system=system, subject="p1", reason="claim", by="system")
    assert services.retain(system=system, day=DAY)["deleted"] > 0
    assert set(DayRollup.objects.values_list("day", flat=True)) == {dt.date(2026, 5, 20)}
    left = PersonDay.objects.filter(day__lt=dt.date(2026, 5, 1)).values_list("subject", flat=True)
    assert set(left) == {pseudonym(system.pk, "p1")}
    assert Interaction.objects.count() == 4, "readings have no limit here"
    assert rebuild(system=system)["differing"] == 0, "a rebuild does not bring the sums back"


def test_a_turned_key_makes_nobody_of_the_numbers(settings: Any) -> None:
    system = kept(90)
    read(system, *(make.item(n, id=f"a{n}", subject=f"p{n}", occurred_at=OLD) for n in range(9)))
    read(system, *(make.item(n, id=f"c{n}", subject=f"p{n}", occurred_at=NEW) for n in range(5)))
    services.retain(system=system, day=DAY)
    settings.PSEUDONYM_KEYS = ["second" * 8]
    rotate_key(system=system, by="system")
    assert rollups.people(system, dt.date(2026, 1, 1), DAY) == 9


def test_late_items_of_a_day_with_numbers_add_nobody() -> None:
    sales = {**make.PERMIT_BY_CONTRACT, "id": "short", "purpose": "quality", "retention_days": 30}
    system = kept(None, sales, default=365)
    read(system, *(make.item(n, id=f"a{n}", subject=f"p{n}", occurred_at=OLD) for n in range(4)))
    services.retain(system=system, day=DAY)
    before = sums(system)
    assert read(system, make.item(1, id="late", subject="p1", occurred_at=OLD)) == ["accepted"]
    assert sums(system) != before, "it counts"
    assert rollups.people(system, dt.date(2026, 1, 1), DAY) == 4, "but nobody twice"
    services.retain(system=system, day=DAY)
    assert rollups.people(system, dt.date(2026, 1, 1), DAY) == 4


def test_logs_of_one_session_lose_its_name_only_where_they_are_past_their_time() -> None:
    system, day = kept(30), dt.date(2027, 12, 5)
    past, young = (
        dt.datetime.combine(day - dt.timedelta(days=days), dt.time(10), tzinfo=dt.UTC) for days in (40, 10)
    )
    with time_machine.travel(young + dt.timedelta(minutes=1), tick=False):
        items = [
            make.item(1, id="old", subject="w", session="s", occurred_at=past.isoformat()),
            make.item(2, id="held", subject="h", session="s", occurred_at=past.isoformat()),
            make.item(3, id="young", subject="w", session="s", occurred_at=young.isoformat()),
        ]
        assert read(system, *items) == ["accepted"] * 3
    Screening.objects.filter(flow__system=system, superseded_at__isnull=True).update(outcome="high_risk")
    place_hold(system=system, subject="h", reason="claim", by="system")
    services.retain(system=system, day=day)
    rows = dict(Interaction.objects.values_list("source_id", "session"))
    assert {name: rows[name] for name in ("held", "young")} == {"held": "s", "young": "s"}
    assert len(rows) == 3 and "old" not in rows


@pytest.mark.parametrize("turned", [False, True], ids=["key as it was", "key turned since"])
def test_what_was_said_under_a_session_stays_in_an_erasures_reach(turned: bool, settings: Any) -> None:
    system = kept(90)
    make.notice(system, effective_at=dt.datetime(2025, 12, 1, tzinfo=dt.UTC))
    read(system, make.item(1, subject="w", session="chat-7", occurred_at=OLD))
    said = [make.consent(1, id="e-1", subject="chat-7"), make.consent(2, id="e-2", subject="chat-8")]
    record_consent_events(system=system, items=said, by="system")
    services.retain(system=system, day=DAY)
    assert not Interaction.objects.exists()
    if turned:
        settings.PSEUDONYM_KEYS = ["second" * 8]
        rotate_key(system=system, by="system")
    row = erase(person=Person(system, pseudonym(system.pk, "w")), by="system")
    assert row.counts["consent"] == 2  # the event and what the source called them
    assert list(Alias.objects.values_list("digest", flat=True)) == [pseudonym(system.pk, "chat-8")]
    assert "e-1" not in set(ConsentEvent.objects.values_list("source_event", flat=True))


def test_the_audit_of_logs_counts_what_is_there_or_went_with_a_lawful_certificate() -> None:
    system, day = kept(30), dt.date(2027, 12, 5)
    with time_machine.travel(dt.datetime(2027, 11, 29, tzinfo=dt.UTC), tick=False):
        for month, of in (("10", 2), ("11", 20)):
            at = f"2027-{month}-{of:02}T10:00:00+00:00"
            read(system, *(make.item(n, id=f"{month}-{n}", occurred_at=at, gold="joy") for n in range(12)))
    Screening.objects.filter(flow__system=system, superseded_at__isnull=True).update(outcome="high_risk")

    def verdict(last: dt.date = day) -> str:
        with time_machine.travel(dt.datetime(2027, 12, 6, tzinfo=dt.UTC), tick=True):
            run = audits.run(system, kind="retention", date_from=dt.date(2027, 11, 1), date_to=last)
        return audits.verdicts(run)["log_minimum"]

    before = sums(system)
    assert services.retain(system=system, day=day)["unnamed"] >= 12
    assert sums(system) == before
    assert verdict() == verdict(dt.date(2027, 12, 3)) == "met"
    Interaction.objects.filter(source_id="11-3").delete()  # by hand, past the portal
    assert verdict() == "not_met"


def test_the_page_and_the_api_say_how_long_and_what_went(client: Client) -> None:
    system = kept(90)
    read(system, make.item(1, occurred_at=OLD))
    officer = make.person("data_protection_officer", unit=system.unit)
    client.force_login(officer)
    with time_machine.travel(dt.datetime(2026, 6, 1, 3, tzinfo=dt.UTC), tick=True):
        answer = client.get(f"/api/v1/systems/{system.slug}/retention").json()
        few = next(row for row in answer["limits"] if row["part"] == "readings")
        assert (few["past_rows"], few["past_oldest"]) == (None, None)  # one row is one person's
        assert "fewer than 10" in client.get(reverse("retention_list", args=[system.slug])).content.decode()
        read(system, *(make.item(n, occurred_at=OLD) for n in range(2, 12)))
        answer = client.get(f"/api/v1/systems/{system.slug}/retention").json()
        assert {row["part"]: row["past_rows"] for row in answer["limits"]}["readings"] == 11
        page = client.post(reverse("retention_run", args=[system.slug]))
        assert page.status_code == 302
        assert run_job(Job.objects.get(kind=services.RETAIN).pk) is JobState.DONE
        answer = client.get(f"/api/v1/systems/{system.slug}/retention").json()
        text = client.get(reverse("retention_list", args=[system.slug])).content.decode()
    gone = {row["part"]: row["deleted"] for row in answer["certificates"]}
    assert gone["readings"] == 11 and answer["policy_version"] == 1
    assert ("Readings of people" in text and "2 Mar" in text) or "3 Mar" in text
