"""What people may ask for, by when they are answered and by whom; the table of states of a request. Pure."""

import calendar
import datetime as dt
from dataclasses import dataclass

from governance.registry.rules import Described
from portal.errors import N_, RuleBroken

LINK_DAYS, MOST_LINK_DAYS = 7, 30
"""How long a personal link works where nobody says otherwise, and at most."""
TOKEN_BYTES = 32  # 256 bits
COPY_DAYS = 7
"""How long a copy of somebody's data lies ready."""
CONTEST_DAYS = 14
"""Our own clock for a contested reading, inside the month of GDPR 12(3): a supervisor looks while it still matters."""
SOURCE = "personal page"
"""The source of consent events that come from a personal page."""


class RequestKind(Described):
    """What somebody asks for."""

    CONTEST = "contest", N_("A reading is contested")
    ACCESS = "access", N_("A copy of the data (GDPR Art 15)")
    ERASURE = "erasure", N_("Erasure (GDPR Art 17)")
    OBJECTION = "objection", N_("Objection (GDPR Art 21)")


class RequestState(Described):
    """Where a request stands."""

    RECEIVED = "received", N_("Received")
    IN_PROGRESS = "in_progress", N_("In progress")
    ANSWERED = "answered", N_("Answered")
    REFUSED = "refused", N_("Refused with a reason")
    WITHDRAWN = "withdrawn", N_("Taken back by the person")


class Decision(Described):
    """What an answer to a contested reading or an objection says."""

    GRANTED = "granted", N_("The person is right")
    KEPT = "kept", N_("It stays as it is, for the reason given")


OPEN = ("received", "in_progress")
ANSWERED_BY = {
    RequestKind.CONTEST.value: "answer_contests",
    RequestKind.ACCESS.value: "answer_people",
    RequestKind.ERASURE.value: "answer_people",
    RequestKind.OBJECTION.value: "answer_people",
}
"""The permission that it takes to see and to answer each kind."""
STANDS_IN = {RequestKind.CONTEST.value: "answer_people"}
"""The permission that takes its place on a system where nobody holds that one, so that nothing waits unseen."""


@dataclass(frozen=True)
class Transition:
    """One row of the table: in `source`, `act` by `by` leads to `target`."""

    source: str
    act: str
    target: str
    by: str
    sentence: str


TRANSITIONS = (
    Transition("received", "start", "in_progress", "staff", N_("somebody takes it up")),
    Transition("received", "extend", "received", "staff", N_("two months more, with the reason told; once")),
    Transition(
        "in_progress", "extend", "in_progress", "staff", N_("two months more, with the reason told; once")
    ),
    Transition("received", "answer", "answered", "staff", N_("answered")),
    Transition("in_progress", "answer", "answered", "staff, job", N_("answered")),
    Transition("received", "refuse", "refused", "staff", N_("refused, with the reason told")),
    Transition("in_progress", "refuse", "refused", "staff", N_("refused, with the reason told")),
    Transition("received", "withdraw", "withdrawn", "person", N_("taken back by the person")),
    Transition("in_progress", "withdraw", "withdrawn", "person", N_("taken back by the person")),
)


def after(state: str, act: str) -> str:
    """The state that an act leads to. Raises RuleBroken where the table has no such row."""
    for row in TRANSITIONS:
        if (row.source, row.act) == (state, act):
            return row.target
    raise RuleBroken(N_("This request is closed; nothing can be done with it any more."), code="closed")


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day of a later month, or its last day where it has no such day: the earlier reading of 'a month'."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def due_on(kind: str, received: dt.date) -> dt.date:
    """The last day for an answer: one month (GDPR 12(3)); for a contested reading sooner."""
    month = months_later(received, 1)
    if kind == RequestKind.CONTEST.value:
        return min(month, received + dt.timedelta(days=CONTEST_DAYS))
    return month


def extended_due(received: dt.date) -> dt.date:
    """The last day after an extension: two months more (GDPR 12(3))."""
    return months_later(received, 3)


def check_extension(*, extended: bool, today: dt.date, received: dt.date) -> None:
    """Raises RuleBroken for a second extension, or one that comes after the first month, when it is too late."""
    if extended:
        raise RuleBroken(N_("A request is extended once; it was."), code="extended_before")
    if today > months_later(received, 1):
        raise RuleBroken(
            N_("An extension must be told within one month of receipt (GDPR Art 12(3)); that month is over."),
            code="too_late",
        )
