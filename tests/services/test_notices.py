"""Notices: to whom they were shown, how two differ, whose consent a material change ends."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from governance.consent import notices, services
from governance.consent.models import Notice, NoticeServed, Subject
from governance.consent.wording import Difference, differences
from governance.gate.services import decide
from portal.errors import Invalid
from portal.ledger.models import PendingEvent
from tests import make

pytestmark = pytest.mark.django_db
FLOOR = 10  # people: settings.PRIVACY_FLOOR of the tests


@pytest.fixture
def system() -> Any:
    return make.live_system(make.PERMIT_BY_CONSENT)


def served(n: int | str = 1, **fields: Any) -> dict[str, Any]:
    return {
        "id": f"showing-{n}",
        "subject": f"customer-{n}",
        "notice_version": 1,
        "language": "en",
        "served_at": "2026-02-01T10:00:00+00:00",
        "channel": "app",
    } | fields


def show(system: Any, *items: dict[str, Any], **fields: Any) -> list[dict[str, Any]]:
    return services.record_notices_served(system=system, items=list(items), by="system", **fields)


def test_what_was_shown_is_stored_once_under_a_pseudonym(system: Any) -> None:
    first = show(system, served(1), served(2))
    assert [one["status"] for one in first] == ["accepted", "accepted"]
    again = show(system, served(1), served(1, channel="letter"))
    assert [(one["status"], one["event"]) for one in again] == [
        ("duplicate", first[0]["event"]),
        ("conflict", first[0]["event"]),
    ]
    assert NoticeServed.objects.count() == 2
    assert Subject.objects.count() == 2
    assert PendingEvent.objects.filter(type="consent.notices_served").count() == 1


def test_who_was_shown_a_notice_and_who_consents_is_one_person(system: Any) -> None:
    show(system, served(1))
    services.record_consent_events(system=system, items=[make.consent(1, subject="customer-1")], by="system")
    assert Subject.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "field", "code"),
    [
        ({"notice_version": 9}, "notice_version", "unknown_notice"),
        ({"language": "nl"}, "language", "unknown_notice"),
        ({"served_at": "2023-01-01T00:00:00Z"}, "served_at", "before_notice"),
        ({"served_at": "2099-01-01T00:00:00Z"}, "served_at", "future"),
        ({"served_at": "1999-01-01T00:00:00Z"}, "served_at", "too_early"),
        ({"subject": None}, "subject", "required"),
        ({"channel": "  "}, "channel", "required"),
        ({"channel": "a\x00"}, "", "nul"),
        ({"mood": "good"}, "mood", "unknown_field"),
    ],
)
def test_what_cannot_have_been_shown_is_refused_by_name(
    system: Any, fields: dict[str, Any], field: str, code: str
) -> None:
    answers = show(system, served("good"), served("bad", **fields))
    assert [one["status"] for one in answers] == ["accepted", "refused"]
    assert (field, code) in [(one["field"], one["code"]) for one in answers[1]["errors"]]


def test_the_database_refuses_to_change_what_was_shown(system: Any) -> None:
    show(system, served(1))
    for act in (lambda: NoticeServed.objects.update(channel="x"), NoticeServed.objects.all().delete):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()


def test_people_are_counted_per_text_and_channel_and_small_groups_hidden(system: Any) -> None:
    make.notice(system, version=1, language="nl", text="Wij lezen emotie.")
    show(system, *(served(n) for n in range(FLOOR)), served("again", subject="customer-1"))
    show(system, *(served(f"s{n}", channel="letter") for n in range(FLOOR - 1)))
    (version,) = notices.versions(system)
    assert (version.number, version.missing) == (1, [])
    assert [(one.channel, one.language, one.people) for one in version.shown] == [
        ("app", "en", FLOOR),
        ("letter", "en", None),
    ]
    assert [one.people for one in notices.shown_of(version.texts[0])] == [FLOOR, None]


def test_the_languages_that_the_newest_version_lacks(system: Any) -> None:
    rows = list(system.notices.all())
    assert notices.missing_languages(rows) == (1, ["nl"])
    make.notice(system, version=1, language="nl", text="Wij lezen emotie.")
    assert notices.missing_languages(system.notices.all()) == (1, [])
    make.notice(system)
    assert notices.missing_languages(system.notices.all()) == (2, ["nl"])
    assert notices.missing_languages([]) == (0, [])


def test_texts_differ_paragraph_by_paragraph() -> None:
    old = "We read your words.\n\nWe keep them a month.\n\nCall us."
    new = "We read your words.\n\nWe keep them a year.\n\nWe share nothing.\n\nCall us."
    assert differences(old, new) == [
        Difference(2, "We keep them a month.", "We keep them a year."),
        Difference(3, "", "We share nothing."),
    ]
    assert differences(new, old)[1] == Difference(3, "We share nothing.", "")
    assert differences(old, old.replace("\n", "\r\n") + "\n\n ") == []


# --- whose consent ends ---------------------------------------------------------------------------------------


def test_a_material_change_lists_whose_consent_ends_and_the_gate_agrees(system: Any) -> None:
    people = [make.consent(n, subject=f"c{n}") for n in range(FLOOR + 2)]
    services.record_consent_events(system=system, items=people, by="system", source="crm")
    now = timezone.now()
    assert notices.reconsent(system, now) == []
    changed = now - timedelta(days=10)
    make.notice(system, material_change=True, grace_days=30, effective_at=changed)
    (row,) = notices.reconsent(system, now)
    assert (row.version, row.people, row.due_at) == (2, FLOOR + 2, changed + timedelta(days=30))
    # those who renewed, withdrew or expired need not be asked
    services.record_consent_events(
        system=system,
        items=[
            make.consent("r", subject="c0", notice_version=2, effective_at=now.isoformat(), action="renewed"),
            make.consent("w", subject="c1", action="withdrawn", effective_at="2026-03-01T00:00:00Z"),
        ],
        by="system",
        source="crm",
    )
    later = timezone.now()
    (row,) = notices.reconsent(system, later)
    assert row.people == FLOOR
    ids = [(one[0], one[1]) for one in notices.events_to_reask(system, later)]
    assert ids == sorted(("crm", f"c-{n}") for n in range(2, FLOOR + 2))
    question = {"subject": "c5", "subject_role": "customer", "purpose": "service", "modality": "text"}
    ends = row.due_at
    before, after = decide(
        system=system, items=[question | {"at": ends - timedelta(seconds=1)}, question | {"at": ends}]
    )
    assert (before.outcome, after.reason) == ("allow", "reconsent_due")


def test_a_group_that_is_too_small_is_hidden_but_can_be_asked_again(system: Any) -> None:
    services.record_consent_events(system=system, items=[make.consent(1)], by="system")
    make.notice(system, material_change=True, grace_days=0, effective_at=datetime(2026, 2, 1, tzinfo=UTC))
    now = timezone.now()
    assert [row.people for row in notices.reconsent(system, now)] == [None]
    assert len(list(notices.events_to_reask(system, now))) == 1


def test_an_empty_batch_is_no_batch(system: Any) -> None:
    with pytest.raises(Invalid):
        show(system)


def test_a_translation_changes_what_its_version_changes(system: Any) -> None:
    make.notice(system, version=1, language="nl", material_change=True, grace_days=9)
    assert set(Notice.objects.values_list("material_change", "grace_days")) == {(False, 0)}
    make.notice(system, material_change=True, grace_days=30, effective_at=timezone.now())
    make.notice(system, version=2, language="nl", effective_at=timezone.now())
    assert set(Notice.objects.filter(version=2).values_list("material_change", "grace_days")) == {(True, 30)}
