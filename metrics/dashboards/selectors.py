"""The figures of systems over a window, from rollups only: a number of queries that no number of rows changes."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max, Sum
from django.utils import timezone

from governance.audits.models import AuditRun
from governance.consent.floors import floors
from governance.registry.models import Goal, System
from metrics.catalogue import KPIS
from metrics.dashboards import rules, stops, worth
from metrics.ingest.models import EvaluationSet
from metrics.roi import selectors as values
from metrics.roi.rules import Standing
from metrics.rollups.models import ConfusionRollup, DayRollup
from metrics.rollups.selectors import without_value
from metrics.rollups.sql import DISTINCT_PEOPLE
from metrics.stats.change import Change, change
from metrics.stats.figure import Figure, suppressed
from metrics.stats.sentiment import accuracy_figure, bootstrap_figure, sentiment_figures
from metrics.stats.suppression import hidden
from metrics.stats.verdict import Verdict, against_target

Figures = dict[str, Figure]
Floors = Mapping[UUID, int]
Matrix = tuple[list[str], list[list[int]]]
AUDITED = ("sentiment_accuracy", "consent_coverage")


@dataclass(frozen=True, slots=True)
class Card:
    """One KPI as a page shows it: now, against the period before, against its goal."""

    figure: Figure
    before: Figure | None = None
    change: Change | None = None
    goal: Goal | None = None
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class Board:
    """All cards of one system, the return behind the money figures, and the last day with data."""

    system: System
    cards: Mapping[str, Card]
    worth: worth.Worth
    days: int
    fresh_until: date | None = None

    @property
    def figures(self) -> Figures:
        """The figures alone, by KPI."""
        return {kpi: card.figure for kpi, card in self.cards.items()}


@dataclass(frozen=True, slots=True)
class Slice:
    """The accuracy of one value of a dimension."""

    value: str
    figures: Figures = field(default_factory=dict)


def figures(system: System, date_from: date, date_to: date, by: str | None = None) -> Figures:
    """Every figure of one system; with `by`, 'value:kpi' for each value of that dimension as well."""
    found = dict(boards([system], rules.Range(date_from, date_to))[0].figures)
    if by:
        for part in slices(system, date_from, date_to, by):
            found |= {f"{part.value}:{kpi}": figure for kpi, figure in part.figures.items()}
    return found


def boards(systems: Sequence[System], span: rules.Range) -> list[Board]:
    """The board of each system, in the order given: fourteen queries, however many systems, days or rows."""
    smallest = floors(system.pk for system in systems)
    now, before = _measured(systems, smallest, *span.window), _measured(systems, smallest, *span.previous)
    for pk, judged_on_a_set in _of_evaluations(systems, now):
        now[pk] |= judged_on_a_set
        for kpi in judged_on_a_set:  # a set and live use are two populations: no change between them
            before[pk].pop(kpi, None)
    judged, returns = _standings(systems), values.returns(systems, *span.window)
    goals, fresh = _goals(systems), _fresh(systems)
    made = []
    for system in systems:
        standings = _of_roi(judged.get(system.pk, {}), now[system.pk]["consent_coverage"])
        money = worth.of_return(returns.get(system.pk), standings, span.window)
        both = now[system.pk] | money.figures
        wanted = goals.get(system.pk, {})
        cards = {
            kpi: _card(both[kpi], before[system.pk].get(kpi), wanted.get(kpi)) for kpi in KPIS if kpi in both
        }
        made.append(Board(system, cards, money, span.days, fresh.get(system.pk)))
    return made


def worth_of(system: System, span: rules.Range) -> worth.Worth:
    """The return of one system alone, held against consent and accuracy as on its board."""
    coverage = rules.rights(counters_of(system, *span.window), span.window)["consent_coverage"]
    standings = _of_roi(_standings([system]).get(system.pk, {}), coverage)
    return worth.of_return(values.returns([system], *span.window).get(system.pk), standings, span.window)


def _card(figure: Figure, before: Figure | None, goal: Goal | None) -> Card:
    verdict = against_target(figure, float(goal.target), goal.direction) if goal else None
    return Card(figure, before, change(figure, before) if before else None, goal, verdict)


def _measured(
    systems: Sequence[System], smallest: Floors, date_from: date, date_to: date
) -> dict[UUID, Figures]:
    counters = _counters(systems, date_from, date_to)
    cells = _confusions(systems, date_from, date_to)
    people = people_of(systems, smallest, date_from, date_to, set(rules.TOPICS.values()) - {rules.STOPS})
    stopped = stops.counted([(system.pk, date_from, date_to) for system in systems])
    for system, (bins, persons) in zip(systems, stopped, strict=True):
        counters.setdefault(system.pk, {}).update(bins)
        people[system.pk][rules.STOPS] = persons
    return {
        system.pk: rules.measured(
            counters.get(system.pk, {}),
            *matrix_of(system.labels, cells.get(system.pk, {})),
            people.get(system.pk, {}),
            (date_from, date_to),
            smallest[system.pk],
        )
        for system in systems
    }


def _counters(systems: Sequence[System], date_from: date, date_to: date) -> dict[UUID, dict[str, Decimal]]:
    found: dict[UUID, dict[str, Decimal]] = defaultdict(dict)
    rows = DayRollup.objects.filter(
        system_id__in=[s.pk for s in systems], day__gte=date_from, day__lte=date_to
    )
    for pk, key, total in rows.values_list("system_id", "key").annotate(total=Sum("value")).order_by():
        found[pk][key] = total
    return found


def counters_of(system: System, date_from: date, date_to: date) -> dict[str, Decimal]:
    """The counters of one system, summed over the window."""
    return _counters([system], date_from, date_to).get(system.pk, {})


def _confusions(
    systems: Sequence[System], date_from: date, date_to: date
) -> dict[UUID, dict[tuple[str, str], int]]:
    found: dict[UUID, dict[tuple[str, str], int]] = defaultdict(dict)
    rows = ConfusionRollup.objects.filter(
        system_id__in=[s.pk for s in systems], day__gte=date_from, day__lte=date_to, slice=""
    )
    totals = rows.values_list("system_id", "gold", "predicted").annotate(total=Sum("n")).order_by()
    for pk, gold, predicted, n in totals:
        found[pk][gold, predicted] = n
    return found


def matrix_of(scheme: Sequence[str], cells: Mapping[tuple[str, str], int]) -> Matrix:
    """Labels and counts (gold in rows); labels that left the scheme come last, so that no count is lost."""
    labels = list(scheme) + sorted({x for pair, n in cells.items() if n for x in pair} - set(scheme))
    return labels, [[int(cells.get((gold, said), 0)) for said in labels] for gold in labels]


def people_of(
    systems: Sequence[System], smallest: Floors, date_from: date, date_to: date, topics: Iterable[str]
) -> dict[UUID, dict[str, int]]:
    """Distinct people (pseudonyms) behind each topic over the window; at least the floor or exact below it."""
    wanted = [(system.pk, topic, date_from, date_to) for system in systems for topic in sorted(topics)]
    found: dict[UUID, dict[str, int]] = defaultdict(dict)
    for (pk, topic, _from, _to), people in zip(wanted, people_in(wanted, smallest), strict=True):
        found[pk][topic] = people
    return found


def people_in(wanted: Sequence[tuple[UUID, str, date, date]], smallest: Floors) -> list[int]:
    """Distinct people per (system, topic, first day, last day), in one query; `smallest`: the floor of each system.

    What decides is whether they reach the floor, so the first rows are read and, only where those are of too few
    people, all: the number is exact below the floor and a lower bound above it, and its cost does not grow.
    """
    if not wanted:
        return []
    columns = [list(column) for column in zip(*wanted, strict=True)]
    floor_of_each = [smallest[system] for system, *_ in wanted]
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [*columns, floor_of_each, _FIRST_ROWS])
        return [people for (people,) in cursor.fetchall()]


_FIRST_ROWS = 1_000
_PEOPLE = f"""
SELECT CASE WHEN few.people >= w.floor THEN few.people ELSE (
  SELECT {DISTINCT_PEOPLE} FROM metrics_personday
  WHERE system_id = w.system AND topic = w.topic AND day BETWEEN w.first AND w.last AND n > 0
) END
FROM unnest(%s::uuid[], %s::text[], %s::date[], %s::date[], %s::int[])
  WITH ORDINALITY AS w(system, topic, first, last, floor, place)
CROSS JOIN LATERAL (
  SELECT {DISTINCT_PEOPLE} AS people FROM (
    SELECT subject FROM metrics_personday
    WHERE system_id = w.system AND topic = w.topic AND day BETWEEN w.first AND w.last AND n > 0 LIMIT %s
  ) AS begun
) AS few
ORDER BY w.place
"""  # noqa: S608 - our own text


def _of_evaluations(systems: Sequence[System], now: Mapping[UUID, Figures]) -> Iterable[tuple[UUID, Figures]]:
    """Where nothing live was labelled, how well the system reads comes from its newest evaluation set.

    Live labels of too few people (hidden: n is None) stay hidden; a set does not take their place.
    """
    newest = {e.system_id: e for e in _evaluations(systems).distinct("system_id")}
    for system in systems:
        evaluation = newest.get(system.pk)
        if evaluation is not None and now[system.pk]["accuracy"].n == 0:
            yield system.pk, evaluation_figures(evaluation)


def _evaluations(systems: Sequence[System]) -> Any:
    return EvaluationSet.objects.filter(system__in=[s.pk for s in systems]).order_by(
        "system_id", "-imported_at"
    )


def evaluations(system: System) -> list[EvaluationSet]:
    """The evaluation sets of a system, newest first."""
    return list(_evaluations([system]))


def evaluation_figures(evaluation: EvaluationSet) -> Figures:
    """How well the system reads an evaluation set: accuracy, macro-F1, kappa, MCC, balanced accuracy."""
    counts = evaluation.counts
    source = f"evaluation set {evaluation.name} (sha256 {evaluation.sha256[:12]})"
    return sentiment_figures(counts["labels"], counts["matrix"], source=source)


def _standings(systems: Sequence[System]) -> dict[UUID, dict[str, Standing]]:
    """The verdict of the newest finished audit per system and kind."""
    runs = (
        AuditRun.objects.filter(
            system__in=[s.pk for s in systems], kind__in=AUDITED, finished_at__isnull=False
        )
        .order_by("system_id", "kind", "-finished_at")
        .distinct("system_id", "kind")
        .values_list("system_id", "kind", "verdict")
    )
    found: dict[UUID, dict[str, Standing]] = defaultdict(dict)
    for pk, kind, verdict in runs:
        found[pk][kind] = Standing(verdict, "audit")
    return found


def _of_roi(judged: Mapping[str, Standing], coverage: Figure) -> tuple[Standing, Standing]:
    """How consent and accuracy stand: by their newest audit; consent else by the complete count of the window."""
    counted = Standing(against_target(coverage, 1.0).value, "rollups")
    missing = Standing(Verdict.NOT_ENOUGH_EVIDENCE.value)
    return judged.get("consent_coverage", counted), judged.get("sentiment_accuracy", missing)


def _goals(systems: Sequence[System]) -> dict[UUID, dict[str, Goal]]:
    """The goal of each KPI: the one that falls due next, else the last one."""
    found: dict[UUID, dict[str, Goal]] = defaultdict(dict)
    today = timezone.now().date()
    rows = Goal.objects.filter(system__in=[s.pk for s in systems], removed_at__isnull=True)
    for goal in rows.order_by("due_on"):
        known = found[goal.system_id].get(goal.kpi)
        if known is None or known.due_on < today:
            found[goal.system_id][goal.kpi] = goal
    return found


def goal_of(system: System, kpi: str) -> Goal | None:
    """The goal that a card and a chart of this KPI are held against."""
    return _goals([system]).get(system.pk, {}).get(kpi)


def _fresh(systems: Sequence[System]) -> dict[UUID, date]:
    rows = DayRollup.objects.filter(system_id__in=[s.pk for s in systems])
    return dict(rows.values_list("system_id").annotate(last=Max("day")).order_by())


# --- by a dimension ---------------------------------------------------------------------------

STANDARD_DIMENSIONS = ("language", "channel", "subject_role", "modality")


def dimensions(system: System) -> list[str]:
    """What the figures of a system can be divided by."""
    return [*STANDARD_DIMENSIONS, *sorted(set(system.dimensions) - set(STANDARD_DIMENSIONS))]


def slices(system: System, date_from: date, date_to: date, by: str) -> list[Slice]:
    """Accuracy and macro-F1 per value of a dimension, behind the privacy floor with complementary suppression."""
    cells: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    rows = ConfusionRollup.objects.filter(
        system_id=system.pk, day__gte=date_from, day__lte=date_to, slice__startswith=f"{by}="
    )
    for name, gold, said, n in (
        rows.values_list("slice", "gold", "predicted").annotate(total=Sum("n")).order_by()
    ):
        cells[name.partition("=")[2]][gold, said] = n
    topics = {f"gold|{by}={value}": value for value in cells}
    smallest = floors([system.pk])
    floor = smallest[system.pk]
    counted = people_of([system], smallest, date_from, date_to, topics).get(system.pk, {})
    people = {value: counted.get(topic, 0) for topic, value in topics.items()}
    # those without a value are a group too: the total minus all values shows them
    rest = without_value(system, date_from, date_to, by)
    shut = hidden(people | {"": rest}, floor) | {v for v, n in people.items() if n == 0}
    return [
        Slice(
            value,
            _slice_figures(
                matrix_of(system.labels, cells[value]), (date_from, date_to), floor if value in shut else None
            ),
        )
        for value in sorted(cells)
    ]


def _slice_figures(matrix: Matrix, window: rules.Window, hidden_under: int | None) -> Figures:
    labels, counts = matrix
    found = {
        "accuracy": accuracy_figure(counts, source=rules.LIVE, window=window),
        "macro_f1": bootstrap_figure("macro_f1", counts, labels, source=rules.LIVE, window=window),
    }
    if hidden_under is not None:
        return {kpi: suppressed(figure, hidden_under) for kpi, figure in found.items()}
    return found


def matrix(system: System, date_from: date, date_to: date) -> Matrix:
    """Gold x predicted counts of the window; the newest evaluation set where nothing live was labelled."""
    found = matrix_of(system.labels, _confusions([system], date_from, date_to).get(system.pk, {}))
    if any(any(row) for row in found[1]):
        smallest = floors([system.pk])
        people = people_of([system], smallest, date_from, date_to, ["gold"])[system.pk]["gold"]
        return found if people >= smallest[system.pk] else ([], [])
    newest = _evaluations([system]).first()
    return (newest.counts["labels"], newest.counts["matrix"]) if newest else ([], [])
