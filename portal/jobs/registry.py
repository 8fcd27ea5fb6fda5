"""The kinds of long work, filled by the slices that do it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from portal.jobs.rules import Every

if TYPE_CHECKING:
    from portal.jobs.context import JobContext
    from portal.jobs.models import Job

Work: TypeAlias = "Callable[[JobContext], dict[str, Any]]"


@dataclass(frozen=True)
class Handler:
    """One kind of work: its title (English, marked for translation), the code, and where its result is shown.

    `page(job)` answers the address of the page of its result ('' where there is none yet); without one the page of
    the job shows those values of the result that `shows` names (key -> English label). `gave_up(job)` is called once,
    in the transaction that buries the job, when its attempts are used up. `standing`: the rhythm of work that every
    installation needs; the tick sets its schedule. `passes_over`: standing work that also follows acts, soon after
    any type in the ledger that does not begin with one of these (None: it keeps to its rhythm).
    """

    kind: str
    title: str
    work: Work
    page: Callable[["Job"], str] | None = None
    gave_up: Callable[["Job"], None] | None = None
    shows: Mapping[str, str] = field(default_factory=dict)
    standing: Every | None = None
    passes_over: tuple[str, ...] | None = None


_handlers: dict[str, Handler] = {}


def handler(
    kind: str,
    *,
    title: str,
    page: Callable[["Job"], str] | None = None,
    gave_up: Callable[["Job"], None] | None = None,
    shows: Mapping[str, str] | None = None,
    standing: Every | None = None,
    passes_over: tuple[str, ...] | None = None,
) -> Callable[[Work], Work]:
    """Register `fn(ctx) -> result` as the work of one kind of job.

    The work may be run again after a crash: write effects in one transaction together with
    `ctx.finish(result)`, or make them harmless to repeat. The result is a JSON object, shown on the job's
    page.
    """

    def register(work: Work) -> Work:
        known = _handlers.get(kind)
        if known is not None and known.work.__qualname__ != work.__qualname__:
            raise ValueError(f"two handlers for jobs of kind '{kind}'")
        _handlers[kind] = Handler(kind, title, work, page, gave_up, shows or {}, standing, passes_over)
        return work

    return register


def find(kind: str) -> Handler | None:
    """The handler of a kind, or None where no slice registered one."""
    return _handlers.get(kind)


def get(kind: str) -> Handler:
    """The handler of a kind. Raises LookupError where this version has none."""
    if (found := _handlers.get(kind)) is None:
        raise LookupError(f"no handler for jobs of kind '{kind}' in this version")
    return found


def all_handlers() -> list[Handler]:
    """Every kind of work, by name."""
    return sorted(_handlers.values(), key=lambda item: item.kind)
