"""The reminders that an approval ends: raised once each, by the daily job; others tell people."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from governance.review import selectors
from governance.review.acts import note
from governance.review.models import Reminder


def raise_due(*, now: dt.datetime | None = None) -> list[selectors.Due]:
    """Note the reminders that have come due and give them back; called again, it gives only new ones."""
    moment = now or timezone.now()
    raised = []
    for due in selectors.due_reminders(moment.date()):
        with transaction.atomic():
            _row, made = Reminder.objects.get_or_create(
                deployment=due.deployment, days=due.days, defaults={"raised_at": moment}
            )
            if made:
                note("review.end_announced", due.deployment, "system", None, days=due.days)
                raised.append(due)
    return raised
