"""What people are told: once each, in their inbox, by mail as they chose, and in their calendar."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from icalendar import Calendar

from governance.findings.services import add_action, open_finding
from governance.registry.models import Goal, System
from portal.accounts.models import User
from portal.desk.calendar import draw
from portal.desk.dates import dates
from portal.desk.reminders import remind
from portal.desk.tasks import remind as remind_job
from portal.jobs.models import Job
from portal.ledger.selectors import history
from portal.notify import selectors, services
from portal.notify.models import CalendarFeed, Message
from portal.notify.rules import DUE_DAYS, EXPIRY_DAYS, OVERDUE, Mail, stage
from tests import make

TODAY = dt.date(2026, 11, 25)
pytestmark = pytest.mark.django_db


class Context:
    """What the job asks of its context."""

    def __init__(self) -> None:
        self.job = Job(kind="remind")

    def progress(self, percent: int, note: str = "") -> None:
        """Nothing to show."""


@pytest.fixture
def owner() -> User:
    """The owner of a system with an open finding and an action that is due in five days."""
    system = make.system(name="Chat", unit=make.unit("De Linde"))
    finding = open_finding(
        system=system, check="a.check", severity="high", title="Too low", detail="", source="t", by="system"
    )
    add_action(
        finding=finding,
        text="Label 200 more\r\nBcc: everybody@example.org",
        owner=system.owner,
        due_on=TODAY + dt.timedelta(days=5),
        by=system.owner,
    )
    owner: User = system.owner
    return owner


def choose(user: User, mode: Mail) -> None:
    User.objects.filter(pk=user.pk).update(mail=mode.value)
    user.refresh_from_db()


@pytest.mark.parametrize(
    ("left", "days", "expected"),
    [
        (91, EXPIRY_DAYS, None), (90, EXPIRY_DAYS, 90), (31, EXPIRY_DAYS, 90), (30, EXPIRY_DAYS, 30),
        (8, EXPIRY_DAYS, 30), (7, EXPIRY_DAYS, 7), (0, EXPIRY_DAYS, 7), (-1, EXPIRY_DAYS, OVERDUE),
        (8, DUE_DAYS, None), (7, DUE_DAYS, 7), (1, DUE_DAYS, 1), (0, DUE_DAYS, 1), (-400, DUE_DAYS, OVERDUE),
    ],
)  # fmt: skip
def test_a_reminder_has_its_day(left: int, days: tuple[int, ...], expected: int | None) -> None:
    assert stage(TODAY + dt.timedelta(days=left), TODAY, days) == expected


def test_what_waits_is_told_once_and_a_date_once_per_reminder(owner: User) -> None:
    remind(owner, TODAY)
    first = set(selectors.inbox(owner).values_list("kind", flat=True))
    assert {"Your action", "Open finding"} <= first
    n = selectors.unread(owner)
    remind(owner, TODAY)
    remind(owner, TODAY)
    assert selectors.unread(owner) == n
    remind(owner, TODAY + dt.timedelta(days=4))
    assert selectors.unread(owner) == n + 1, "the day before"
    remind(owner, TODAY + dt.timedelta(days=6))
    assert selectors.inbox(owner).filter(kind="Your action", title__startswith="Label").count() == 4


def test_an_approval_reminds_at_90_30_and_7_days_those_whom_it_concerns() -> None:
    system = make.system(unit=make.unit("De Linde"))
    deployment = make.approved_deployment(system, [make.flow(system)])
    chair = make.person("board_chair", unit=system.unit)
    stranger = make.person("board_chair", unit=make.unit("Elsewhere"))
    end = deployment.valid_until.date()
    told = []
    for left in (120, 91, 90, 60, 30, 10, 7, 1, 0):
        for person in (system.owner, chair, stranger):
            remind(person, end - dt.timedelta(days=left))
        told.append(Message.objects.filter(user=chair, kind="Approval ends").count())
    assert told == [0, 0, 1, 1, 2, 2, 3, 3, 3]
    assert Message.objects.filter(user=system.owner, kind="Approval ends").count() == 3
    assert not Message.objects.filter(user=stranger, kind="Approval ends").exists()


def test_one_mail_a_person_in_their_language_with_one_line_of_subject(owner: User, settings: Any) -> None:
    settings.BASE_URL = "https://attune.example.org"
    User.objects.filter(pk=owner.pk).update(language="nl")
    owner.refresh_from_db()
    remind(owner, TODAY)
    waiting = selectors.unread(owner)
    assert services.send(Mail.IMMEDIATE) == {"sent": 1, "failed": 0}
    (sent,) = mail.outbox
    assert sent.to == [owner.email]
    assert "\n" not in sent.subject and str(waiting) in sent.subject
    assert "Uw maatregel: Label 200 more" in sent.body
    assert "https://attune.example.org/findings/" in sent.body
    assert not sent.bcc and not sent.cc
    assert services.send(Mail.IMMEDIATE) == {"sent": 0, "failed": 0}
    assert len(mail.outbox) == 1


def test_a_hostile_title_stays_out_of_the_headers(owner: User) -> None:
    hostile = Message(user=owner, key="k", kind="Your action", title="Pay\r\nBcc: x@example.org", url="/")
    services.tell([hostile])
    services.send(Mail.IMMEDIATE)
    (sent,) = mail.outbox
    assert sent.subject == "Attune: Your action: Pay Bcc: x@example.org"
    assert "Bcc" not in sent.message()


@pytest.mark.parametrize(("mode", "sender"), [(Mail.DIGEST, Mail.DIGEST), (Mail.OFF, None)])
def test_mail_comes_as_the_person_chose(owner: User, mode: Mail, sender: Mail | None) -> None:
    choose(owner, mode)
    remind(owner, TODAY)
    assert selectors.unread(owner) > 0
    assert services.send(Mail.IMMEDIATE)["sent"] == 0
    assert services.send(Mail.DIGEST)["sent"] == (1 if sender else 0)


def test_a_mail_that_is_refused_is_noted_and_stays_in_the_inbox(owner: User, monkeypatch: Any) -> None:
    def refuse(self: Any, fail_silently: bool = False) -> int:
        raise OSError("no route")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refuse)
    remind(owner, TODAY)
    assert services.send(Mail.IMMEDIATE) == {"sent": 0, "failed": 1}
    assert set(selectors.inbox(owner).values_list("mail", flat=True)) == {"failed"}
    assert selectors.unread(owner) > 0


def test_nobody_whose_access_is_over_is_mailed(owner: User) -> None:
    remind(owner, TODAY)
    User.objects.filter(pk=owner.pk).update(valid_until=timezone.now())
    assert services.send(Mail.IMMEDIATE)["sent"] == 0
    assert not mail.outbox


def test_the_job_tells_everybody_and_asks_for_the_mails(owner: User) -> None:
    context = Context()
    result = remind_job(context)  # type: ignore[arg-type]
    assert result["people"] == User.objects.filter(is_active=True).count()
    assert selectors.unread(owner) > 0
    remind_job(context)  # type: ignore[arg-type]
    assert Job.objects.filter(kind="send_mail").count() == 1, "the same round done again asks once"
    services.send(Mail.IMMEDIATE)
    remind_job(Context())  # type: ignore[arg-type]
    assert Job.objects.filter(kind="send_mail").count() == 1, "nothing new, no mail"


def test_a_round_during_which_mails_go_out_asks_for_mails_of_its_own(owner: User) -> None:
    remind_job(Context())  # type: ignore[arg-type]
    Job.objects.filter(kind="send_mail").update(state="running", lease_until=timezone.now())
    User.objects.update(mail=Mail.IMMEDIATE.value)
    services.tell([Message(user=owner, key="late", kind="Your vote", title="Late", url="/")])
    remind_job(Context())  # type: ignore[arg-type]
    assert Job.objects.filter(kind="send_mail", state="queued").count() == 1


def test_the_inbox_shows_and_marks_only_what_is_ones_own(owner: User, client: Client) -> None:
    other = make.user("Other")
    services.tell([Message(user=other, key="k", kind="Your vote", title="Secret of another", url="/")])
    remind(owner, TODAY)
    client.force_login(owner, backend="portal.accounts.backends.SignInBackend")
    page = client.get("/inbox/").content.decode()
    assert "Too low" in page and "Secret of another" not in page
    assert "Secret of another" not in client.get("/inbox/?export=csv").content.decode()
    theirs = Message.objects.get(user=other)
    client.post("/inbox/read/", {"id": [str(theirs.pk)]})
    theirs.refresh_from_db()
    assert theirs.read_at is None
    assert client.post("/inbox/read/", {"id": ["nonsense"]}).status_code == 302
    assert selectors.unread(owner) > 0
    client.post("/inbox/read/")
    assert selectors.unread(owner) == 0


def test_the_calendar_has_what_is_due_and_ends_with_its_address(owner: User, client: Client) -> None:
    token = services.new_feed(user=owner)
    answer = client.get(f"/calendar/{token}.ics")
    assert answer["Content-Type"].startswith("text/calendar")
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    assert len(events) == len(dates(owner))
    action = next(event for event in events if "Label 200 more" in str(event["SUMMARY"]))
    assert action.decoded("DTSTART") == TODAY + dt.timedelta(days=5)
    assert b"\r\nBcc:" not in answer.content, "a line break in a title is no line of the calendar"
    again = Calendar.from_ical(client.get(f"/calendar/{token}.ics").content).walk("VEVENT")
    assert {str(e["UID"]) for e in again} == {str(e["UID"]) for e in events}
    newer = services.new_feed(user=owner)
    assert client.get(f"/calendar/{token}.ics").status_code == 404
    assert client.get(f"/calendar/{newer}.ics").status_code == 200
    User.objects.filter(pk=owner.pk).update(is_active=False)
    assert client.get(f"/calendar/{newer}.ics").status_code == 404
    assert not CalendarFeed.objects.filter(token_sha256=newer).exists(), "the address itself is not stored"


def test_dates_in_the_same_words_are_dates_of_their_own(owner: User) -> None:
    goal = {"kpi": "csat", "target": "0.8", "direction": "at_least", "statement": "Calls end well."}
    system = System.objects.get(owner=owner)
    for days in (40, 80):
        Goal.objects.create(
            system=system,
            due_on=TODAY + dt.timedelta(days=days),
            created_at=timezone.now(),
            created_by=owner,
            **goal,
        )
    rows = [row for row in dates(owner) if "Calls end well." in str(row.title)]
    assert len(rows) == 2
    events = Calendar.from_ical(draw(owner)).walk("VEVENT")
    names = [str(event["UID"]) for event in events]
    assert len(set(names)) == len(names) == len(dates(owner))
    assert names == [str(event["UID"]) for event in Calendar.from_ical(draw(owner)).walk("VEVENT")]


def test_the_address_is_shown_once_and_can_be_ended(owner: User, client: Client) -> None:
    client.force_login(owner, backend="portal.accounts.backends.SignInBackend")
    assert "no calendar address yet" in client.get("/calendar/").content.decode()
    made = client.post("/calendar/", {"act": "make"}).content.decode()
    assert ".ics" in made
    assert ".ics" not in client.get("/calendar/").content.decode()
    client.post("/calendar/", {"act": "end"})
    assert not CalendarFeed.objects.filter(user=owner, revoked_at__isnull=True).exists()
    kinds = [line.type for line in history(f"user:{owner.pk}")]
    assert {"people.calendar_made", "people.calendar_ended"} <= set(kinds)


def test_reminding_takes_as_many_queries_for_ten_things_as_for_one(
    owner: User, django_assert_max_num_queries: Any
) -> None:
    with CaptureQueriesContext(connection) as few:
        remind(owner, TODAY)
    system = System.objects.get(owner=owner)
    for n in range(10):
        open_finding(
            system=system, check=f"c.{n}", severity="low", title="x", detail="", source="t", by="system"
        )
    with django_assert_max_num_queries(len(few)):
        remind(owner, TODAY)
