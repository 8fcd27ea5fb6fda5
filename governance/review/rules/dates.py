"""Dates of review: how long an approval holds. Pure."""

import datetime as dt


def months_later(moment: dt.datetime, months: int) -> dt.datetime:
    """The same day and time `months` later; the last day of the month where that day does not exist."""
    year, month = divmod(moment.month - 1 + months, 12)
    for day in range(moment.day, 27, -1):
        try:
            return moment.replace(year=moment.year + year, month=month + 1, day=day)
        except ValueError:
            continue
    return moment.replace(year=moment.year + year, month=month + 1)


def in_force_until(valid_until: dt.datetime, due_on: dt.date | None) -> dt.datetime:
    """When an approval stops by itself: at its own date, or where that is earlier after the last day (in UTC) on
    which the first condition still open could be met (`due_on`, None: no condition is open)."""
    if due_on is None or due_on >= valid_until.date():
        return valid_until
    return after_day(due_on)


def after_day(day: dt.date) -> dt.datetime:
    """The moment at which a last day (in UTC) is over."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min, dt.UTC)
