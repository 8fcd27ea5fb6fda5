"""The kinds of audits: filled by the app that has the data, read by plans, runs, pages and the API."""

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TypeAlias

from governance.audits.rules import Target, Verdict
from governance.registry.models import System
from portal import __version__
from portal.web import badges


class FigureLike(Protocol):
    """What a check needs of a figure: the shape of the API."""

    def to_dict(self) -> dict[str, Any]:
        """`{kpi, value, ci, level, n, ...}`, see docs/contracts of the API."""


@dataclass(frozen=True)
class AuditScope:
    """What one run looks at: a system, an evaluation set or whole days (both included), targets, seed."""

    system: System
    targets: dict[str, str]
    seed: int
    date_from: date | None = None
    date_to: date | None = None
    evaluation: str = ""
    progress: Callable[[int, str], None] = lambda percent, note: None


@dataclass(frozen=True)
class Judged:
    """What a check measured and what that means against its target; `reason` where the figure does not say
    it."""

    figure: FigureLike
    verdict: str
    reason: str = ""


@dataclass(frozen=True)
class Check:
    """One line of the result. `measure` is called by the run: when it crashes, that is the result of this
    check."""

    key: str
    measure: Callable[[], Judged]


@dataclass(frozen=True)
class Table:
    """Evidence as a table: `columns` are English, marked for translation; cells are text, numbers or None.

    `words` are the places of columns whose cells are codes, said in words by the page (AuditKind.words).
    """

    key: str
    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | int | float | None]]
    note: str = ""
    words: Sequence[int] = ()

    def to_dict(self) -> dict[str, Any]:
        """The shape of the API."""
        return {
            "key": self.key,
            "title": self.title,
            "columns": list(self.columns),
            "rows": [list(row) for row in self.rows],
            "note": self.note,
            "words": list(self.words),
        }


@dataclass(frozen=True)
class Miss:
    """One thing that did not meet a complete count: when, the source's own id, its data flow, why (a code of
    AuditKind.words), and how many seconds after a stop."""

    at: datetime
    item: str
    flow: str
    reason: str
    lag_s: float | None = None


@dataclass(frozen=True)
class AuditResult:
    """What an audit hands back: checks to be measured, figures, evidence tables, counts of what it looked
    at."""

    checks: Sequence[Check]
    figures: Sequence[FigureLike] = ()
    tables: Sequence[Table] = ()
    counts: dict[str, Any] = field(default_factory=dict)


Measure: TypeAlias = Callable[[AuditScope], AuditResult]
Misses: TypeAlias = Callable[[AuditScope, tuple[datetime, str] | None, int], Sequence[Miss]]
"""(scope, time and id of the last one seen, how many) -> the next misses of the window, as the data are now."""


@dataclass(frozen=True)
class AuditKind:
    """One kind of audit: its name and question (English, for translation), its checks, and the code that does
    it.

    `names` are the titles of its figures by kpi (English, for translation; of 'f1:joy' that of 'f1').
    `words` are sentences for codes in its tables and misses; `misses` lists what a complete count found missing: asked
    of the data when somebody looks, because a stored list of ids would outlive the erasure of a person.
    `looks_at` finds the days that have data when nobody gave any; `validate` refuses a scope before a run is
    made (an evaluation set that does not exist).
    """

    kind: str
    title: str
    question: str
    targets: tuple[Target, ...]
    measure: Measure
    sources: tuple[ModuleType, ...] = ()
    names: dict[str, str] = field(default_factory=dict)
    takes_evaluation: bool = False
    evaluations: Callable[[System], Sequence[str]] = lambda system: ()
    looks_at: Callable[[System], tuple[date, date] | None] = lambda system: None
    validate: Callable[[AuditScope], None] = lambda scope: None
    words: Mapping[str, str] = field(default_factory=dict)
    misses: Misses | None = None

    def target(self, key: str) -> Target | None:
        """The declared check of that name."""
        return next((target for target in self.targets if target.key == key), None)


_kinds: dict[str, AuditKind] = {}


def audit(
    *, kind: str, title: str, question: str, targets: Sequence[Target], **more: Any
) -> Callable[[Measure], Measure]:
    """Register `fn(AuditScope) -> AuditResult` as an audit; `more` are the other fields of AuditKind.

    The function must depend on its scope and the stored data only (no clock, no random numbers but from the
    seed): the same window gives the same result.
    """

    def register(measure: Measure) -> Measure:
        known = _kinds.get(kind)
        if known is not None and known.measure.__qualname__ != measure.__qualname__:
            raise ValueError(f"two audits of kind '{kind}'")
        badges.learn({kind: title})
        _kinds[kind] = AuditKind(kind, title, question, tuple(targets), measure, **more)
        return measure

    return register


def find(kind: str) -> AuditKind | None:
    """The audit of that kind, or None."""
    return _kinds.get(kind)


def all_kinds() -> list[AuditKind]:
    """Every kind of audit, by name."""
    return [_kinds[kind] for kind in sorted(_kinds)]


@lru_cache
def code_version(kind: str) -> str:
    """The version of the package and a digest of the audit's source (its own file and those it declares)."""
    known = _kinds[kind]
    modules = [inspect.getmodule(known.measure), *known.sources]
    files = sorted(str(inspect.getsourcefile(module)) for module in modules if module is not None)
    digest = hashlib.sha256()
    for file in files:
        digest.update(Path(file).read_bytes())
    return f"{__version__}+{digest.hexdigest()[:12]}"


__all__ = [
    "AuditKind",
    "AuditResult",
    "AuditScope",
    "Check",
    "FigureLike",
    "Judged",
    "Miss",
    "Table",
    "Target",
    "Verdict",
    "all_kinds",
    "audit",
    "code_version",
    "find",
]
