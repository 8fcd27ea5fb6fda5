"""What a complete count found missing, item by item, as the data are now."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from governance.audits import registry
from governance.audits.models import AuditRun
from governance.audits.registry import AuditScope, Miss
from portal.accounts.models import MachineUser

AT_ONCE = 100
"""Misses on one page, or in one answer."""
IN_A_FILE = 5_000
"""Misses that a file asks for at a time."""
Mark = tuple[dt.datetime, str]


def reading(user: Any) -> str:
    """The permission that opens misses: they name items of single people, so an audit's verdict is not enough."""
    return "run_audits" if isinstance(user, MachineUser) else "view_consent"


def are_listed(run: AuditRun) -> bool:
    """Whether this run is of a kind that lists its misses, and has ended."""
    kind = registry.find(run.kind)
    return bool(run.verdict and kind is not None and kind.misses and run.window_from and run.window_to)


def after(run: AuditRun, mark: Mark | None, limit: int = AT_ONCE) -> list[Miss]:
    """The next misses of the run's window after `mark` (None: from the start)."""
    kind = registry.find(run.kind)
    if kind is None or kind.misses is None:
        return []
    scope = AuditScope(
        system=run.system,
        targets=run.targets,
        seed=run.seed,
        date_from=run.window_from,
        date_to=run.window_to,
    )
    return list(kind.misses(scope, mark, limit))


def every(run: AuditRun) -> Iterator[Miss]:
    """All of them, read in portions while they are sent."""
    mark: Mark | None = None
    while found := after(run, mark, IN_A_FILE):
        yield from found
        if len(found) < IN_A_FILE:
            return
        mark = (found[-1].at, found[-1].item)


def token(miss: Miss) -> str:
    """Where a list goes on, as text for an address."""
    return f"{miss.at.astimezone(dt.UTC).isoformat()}~{miss.item}"


def mark_of(text: str) -> Mark | None:
    """The place that `token` named; None for the start. Raises ValueError for any other text."""
    if not text:
        return None
    at, tilde, item = text.partition("~")
    moment = dt.datetime.fromisoformat(at)
    if not tilde or moment.tzinfo is None or "\x00" in item:
        raise ValueError(text)
    return moment, item
