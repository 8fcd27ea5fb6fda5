"""How well a system reads sentiment."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from math import isnan

import numpy as np
from django.db.models import Count

from governance.audits import registry
from governance.audits.registry import AuditResult, AuditScope, Check, Judged, Table
from governance.audits.rules import Target
from governance.consent.floors import floor_of
from governance.registry.models import System
from metrics.ingest.models import EvaluationItem, EvaluationSet
from metrics.rollups import selectors as rollups
from metrics.stats import agreement, bootstrap, intervals, sentiment, verdict
from metrics.stats import figure as figures
from metrics.stats.figure import Figure, State
from metrics.stats.suppression import hidden
from portal.errors import N_, RuleBroken

Matrix = tuple[list[str], list[list[int]]]
REPLICATES = 10_000
"""Of the bootstrap: ten times those of a page, so that its own noise (about 0.0003) does not decide a
verdict."""
LIVE_DIMENSIONS = ("language", "channel", "subject_role", "modality")
TARGETS = (
    Target(
        key="accuracy",
        title=N_("Accuracy"),
        missed=N_("Sentiment is read less accurately than the target asks."),
        default=Decimal("0.80"),
    ),
    Target(
        key="macro_f1",
        title=N_("Macro-F1"),
        missed=N_("Some sentiment classes are read worse than the target asks."),
        default=Decimal("0.70"),
    ),
)


@dataclass(frozen=True)
class Slice:
    """The counts of one value of one dimension; `is_hidden` by the privacy floor (never of an evaluation set, in
    which nobody can be counted)."""

    dimension: str
    value: str
    labels: list[str]
    matrix: list[list[int]]
    is_hidden: bool = False


@dataclass(frozen=True)
class Material:
    """What a run judges: gold against predicted, as counts, whole and per slice."""

    labels: list[str]
    matrix: list[list[int]]
    source: str
    window: tuple[date, date] | None = None
    slices: Sequence[Slice] = ()
    counts: dict[str, object] = field(default_factory=dict)
    hidden_under: int | None = None
    """The privacy floor of the system where fewer people stand behind all of it."""

    def shown(self, found: Figure) -> Figure:
        """The figure, behind the privacy floor."""
        return found if self.hidden_under is None else figures.suppressed(found, self.hidden_under)


def evaluation_names(system: System) -> list[str]:
    """The evaluation sets of a system, newest first."""
    return list(
        EvaluationSet.objects.filter(system=system).order_by("-imported_at").values_list("name", flat=True)
    )


def _evaluation(scope: AuditScope) -> EvaluationSet:
    found = EvaluationSet.objects.filter(system=scope.system, name=scope.evaluation).first()
    if found is None:
        raise RuleBroken(
            N_("This system has no evaluation set '{name}'."),
            code="unknown_evaluation",
            field="evaluation",
            name=scope.evaluation,
        )
    return found


def validate(scope: AuditScope) -> None:
    """Raise RuleBroken for an evaluation set that is not there."""
    if scope.evaluation:
        _evaluation(scope)


@registry.audit(
    kind="sentiment_accuracy",
    title=N_("Sentiment accuracy"),
    question=N_("Does the system read the sentiment that people read?"),
    targets=TARGETS,
    takes_evaluation=True,
    names={
        "weighted_f1": N_("Weighted F1"),
        "balanced_accuracy": N_("Balanced accuracy"),
        "kappa": N_("Cohen's kappa"),
        "mcc": N_("Matthews correlation"),
        "f1": N_("F1"),
    },
    evaluations=evaluation_names,
    looks_at=rollups.window,
    validate=validate,
    sources=(agreement, bootstrap, intervals, sentiment, verdict, figures),
)
def sentiment_accuracy(scope: AuditScope) -> AuditResult:
    """Accuracy (Wilson) and macro-F1 (seeded bootstrap on the counts) against their targets.

    Source of the intervals: metrics/stats. Slices are shown from their minimum support on and never judged as
    passed.
    """
    material = _of_evaluation(scope) if scope.evaluation else _of_live(scope)
    scope.progress(20, N_("Counting done, drawing intervals"))
    measured = {
        "accuracy": lambda: material.shown(
            sentiment.accuracy_figure(material.matrix, source=material.source, window=material.window)
        ),
        "macro_f1": lambda: _bootstrapped("macro_f1", material, scope.seed),
    }
    return AuditResult(
        checks=[Check(key, _judge(scope, key, measure)) for key, measure in measured.items()],
        figures=[*_more_figures(material, scope.seed), *_f1_figures(material, scope.seed)],
        tables=[]
        if material.hidden_under
        else [_confusion(material), _per_class(material), _slices(material)],
        counts=material.counts,
    )


def _judge(scope: AuditScope, key: str, measure: Callable[[], Figure]) -> Callable[[], Judged]:
    def judged() -> Judged:
        found = measure()
        return Judged(found, verdict.against_target(found, float(scope.targets[key]), "at_least").value)

    return judged


def _bootstrapped(kpi: str, material: Material, seed: int) -> Figure:
    found = sentiment.bootstrap_figure(
        kpi,
        material.matrix,
        material.labels,
        source=material.source,
        window=material.window,
        replicates=REPLICATES,
        seed=seed,
    )
    return material.shown(found)


def _more_figures(material: Material, seed: int) -> list[Figure]:
    return [
        _bootstrapped(kpi, material, seed) for kpi in ("weighted_f1", "balanced_accuracy", "kappa", "mcc")
    ]


def _f1_figures(material: Material, seed: int) -> list[Figure]:
    """F1 of each class with its interval; a class without gold is 'not estimable'."""
    counts = agreement.counts(material.matrix)
    values = agreement.f1_per_class(counts)
    return [
        material.shown(_f1(material, counts, index, float(values[index]), seed))
        for index in range(len(material.labels))
    ]


def _f1(material: Material, counts: agreement.Floats, index: int, value: float, seed: int) -> Figure:
    gold = int(counts[index].sum())
    found = Figure(
        f"f1:{material.labels[index]}",
        n=gold,
        denominator=int(counts.sum()),
        source=material.source,
        window=material.window,
        method=f"F1 of one class; bootstrap on the counts, {REPLICATES} replicates, seed {seed}",
    )
    if gold == 0 or isnan(value):
        return replace(found, state=State.NOT_ESTIMABLE, reason=N_("No human label of this class."))
    if gold < sentiment.MINIMUM_GOLD or counts.sum() < sentiment.MINIMUM_BOOTSTRAP:
        return replace(
            found,
            state=State.NOT_ENOUGH_DATA,
            reason=N_("Not enough data: fewer than {minimum} human labels of this class or {items} in all."),
            reason_params={"minimum": sentiment.MINIMUM_GOLD, "items": sentiment.MINIMUM_BOOTSTRAP},
            more_needed=max(sentiment.MINIMUM_GOLD - gold, sentiment.MINIMUM_BOOTSTRAP - int(counts.sum())),
        )
    interval = bootstrap.multinomial(
        counts, lambda drawn: agreement.f1_per_class(drawn)[..., index], REPLICATES, seed
    )
    return replace(found, value=value, ci=interval)


def _of_evaluation(scope: AuditScope) -> Material:
    found = _evaluation(scope)
    labels: list[str] = found.counts["labels"]
    return Material(
        labels=labels,
        matrix=found.counts["matrix"],
        source=f"evaluation set {found.name}",
        slices=_evaluation_slices(found, labels),
        counts={"items": found.n, "input_sha256": found.sha256},
    )


def _evaluation_slices(found: EvaluationSet, labels: list[str]) -> list[Slice]:
    """The declared slices of the items of a set, counted by the database."""
    rows = (
        EvaluationItem.objects.filter(evaluation=found, slices__isnull=False)
        .values_list("slices", "gold", "predicted")
        .annotate(n=Count("source_id"))
        .order_by()
    )
    place = {label: index for index, label in enumerate(labels)}
    cells: dict[tuple[str, str], list[list[int]]] = defaultdict(
        lambda: np.zeros((len(labels),) * 2, int).tolist()
    )
    for slices, gold, predicted, n in rows:
        for dimension, value in (slices or {}).items():
            cells[str(dimension), str(value)][place[gold]][place[predicted]] += n
    return [Slice(dimension, value, labels, matrix) for (dimension, value), matrix in sorted(cells.items())]


def _of_live(scope: AuditScope) -> Material:
    """Live labelled interactions of the window, from the rollups."""
    if scope.date_from is None or scope.date_to is None:
        raise ValueError("a run over live use needs a window")
    window = (scope.date_from, scope.date_to)
    labels, matrix = rollups.confusion(scope.system, *window)
    people = rollups.people(scope.system, *window, topic="gold")
    floor = floor_of(scope.system)
    is_hidden = 0 < people < floor
    dimensions = [
        *LIVE_DIMENSIONS,
        *(name for name in scope.system.dimensions if name not in LIVE_DIMENSIONS),
    ]
    return Material(
        labels=labels,
        matrix=matrix,
        source="live interactions with a human label",
        window=window,
        slices=[
            part for dimension in dimensions for part in _live_slices(scope.system, window, dimension, floor)
        ],
        counts={} if is_hidden else {"labelled": int(np.sum(matrix)), "people": people},
        hidden_under=floor if is_hidden else None,
    )


def _live_slices(system: System, window: tuple[date, date], dimension: str, floor: int) -> list[Slice]:
    """The values of a dimension; those of too few people hide, and with one alone the smallest other."""
    found = rollups.confusion(system, *window, by=dimension)
    counted = rollups.people_by(system, *window, dimension)
    people = {value: counted.get(value, 0) for value in found}
    rest = rollups.without_value(system, *window, dimension)
    shut = hidden(people | {"": rest}, floor) | {v for v, n in people.items() if n == 0}
    return [Slice(dimension, value, *counts, value in shut) for value, counts in found.items()]


def _confusion(material: Material) -> Table:
    rows: list[list[str | int | float | None]] = [
        [label, *counts, sum(counts)] for label, counts in zip(material.labels, material.matrix, strict=True)
    ]
    return Table(
        key="confusion",
        title=N_("Confusion: human label in rows, predicted in columns"),
        columns=[N_("Human label"), *material.labels, N_("All")],
        rows=rows,
    )


def _per_class(material: Material) -> Table:
    counts = agreement.counts(material.matrix)
    columns = (
        agreement.precision_per_class(counts),
        agreement.recall_per_class(counts),
        agreement.f1_per_class(counts),
    )
    gold = counts.sum(axis=1).astype(int).tolist()
    rows = [
        [
            label,
            n,
            *(None if n < sentiment.MINIMUM_GOLD else _number(column[index]) for column in columns),
        ]
        for index, (label, n) in enumerate(zip(material.labels, gold, strict=True))
    ]
    return Table(
        key="per_class",
        title=N_("Per class"),
        columns=[N_("Class"), N_("Human labels"), N_("Precision"), N_("Recall"), N_("F1")],
        rows=rows,
    )


def _number(value: float) -> float | None:
    return None if isnan(value) else float(value)


def _slices(material: Material) -> Table:
    return Table(
        key="slices",
        title=N_("Slices"),
        columns=[
            N_("Dimension"),
            N_("Value"),
            N_("n"),
            N_("Accuracy"),
            N_("Low"),
            N_("High"),
            N_("Macro-F1"),
            N_("State"),
        ],
        rows=[_slice_row(part) for part in material.slices],
        note=N_("A slice without enough support is listed, and never counts as passed."),
    )


def _slice_row(part: Slice) -> list[str | int | float | None]:
    """A slice behind the privacy floor shows no number at all, not even its n."""
    if part.is_hidden:
        return [part.dimension, part.value, None, None, None, None, None, State.SUPPRESSED.value]
    found = sentiment.accuracy_figure(part.matrix)
    low, high = found.ci or (None, None)
    macro = sentiment.bootstrap_figure("macro_f1", part.matrix, part.labels, replicates=10)
    return [part.dimension, part.value, found.n, found.value, low, high, macro.value, found.state.value]
