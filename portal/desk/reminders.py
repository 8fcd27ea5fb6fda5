"""From what waits for a person, and from dates that come near, to messages in their inbox."""

import datetime as dt
from collections.abc import Callable, Iterator

from django.utils import timezone, translation

from portal.accounts.models import User
from portal.desk.dates import dates
from portal.desk.selectors import waiting
from portal.notify.models import Message
from portal.notify.rules import OVERDUE, key, stage
from portal.notify.services import tell


def remind_everybody(progress: Callable[[int], None] = lambda percent: None) -> dict[str, int]:
    """Tell everybody with an account that is in use what is new: {"people", "offered"}. Harmless to repeat."""
    people = list(User.objects.filter(is_active=True))
    today, offered = timezone.localdate(), 0
    for number, person in enumerate(people):
        if number % 20 == 0:
            progress(100 * number // len(people))
        if not person.ended(timezone.now()):
            offered += remind(person, today)
    return {"people": len(people), "offered": offered}


def remind(user: User, today: dt.date) -> int:
    """Tell one person what is new; each thing once, and each date once per reminder. Returns how many were offered."""
    with translation.override("en-gb"):  # stored as the English phrase, shown in the reader's language
        return tell([*_tasks(user, today), *_dated(user, today)])


def _tasks(user: User, today: dt.date) -> Iterator[Message]:
    for task in waiting(user, today):
        kind = str(task.kind)
        yield Message(
            user=user,
            key=key("task", kind, task.url, task.title),
            kind=kind,
            title=task.title,
            place=task.place,
            url=task.url,
            due_on=task.due_on,
        )


def _dated(user: User, today: dt.date) -> Iterator[Message]:
    for row in dates(user):
        near = stage(row.on, today, row.remind)
        if near is None:
            continue
        kind = str(row.kind)
        yield Message(
            user=user,
            # the day belongs to it: a date that moved is announced again
            key=key("date", kind, row.url, row.title, row.on, "overdue" if near == OVERDUE else near),
            kind=kind,
            title=row.title,
            place=row.place,
            url=row.url,
            due_on=row.on,
        )
