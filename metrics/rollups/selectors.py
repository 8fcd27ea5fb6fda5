"""Questions to the rollups: the only place where pages, API and packs take numbers about use from."""

# ruff: noqa: S608 - our own text put together; values travel as parameters

import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Protocol, overload

from django.db import connection
from django.db.models import Count, Max, Min, Q, QuerySet, Sum

from metrics.rollups.models import ConfusionRollup, DayRollup, PersonDay
from metrics.rollups.rules import FIRST_PERSON
from metrics.rollups.sql import DISTINCT_PEOPLE

Matrix = tuple[list[str], list[list[int]]]
"""(labels, matrix): matrix[i][j] = items with gold labels[i] and predicted labels[j]."""


class HasScheme(Protocol):
    """What these questions need of a governance System."""

    id: uuid.UUID
    labels: list[str]


@overload
def confusion(
    system: HasScheme,
    date_from: date,
    date_to: date,
    by: None = None,
    *,
    version: str | None = None,
) -> Matrix: ...


@overload
def confusion(
    system: HasScheme,
    date_from: date,
    date_to: date,
    by: str,
    *,
    version: str | None = None,
) -> dict[str, Matrix]: ...


def confusion(
    system: HasScheme,
    date_from: date,
    date_to: date,
    by: str | None = None,
    *,
    version: str | None = None,
) -> Matrix | dict[str, Matrix]:
    """Gold × predicted counts of live, labelled, kept interactions; both days (UTC) included.

    Without `by`: (labels, matrix), labels in the order of the system's scheme. With `by` (language, channel,
    subject_role, modality or a declared attribute): {value of that dimension: (labels, matrix)}, values sorted.
    """
    rows = ConfusionRollup.objects.filter(system_id=system.id, day__gte=date_from, day__lte=date_to)
    rows = rows.filter(slice__startswith=f"{by}=") if by else rows.filter(slice="")
    if version is not None:
        rows = rows.filter(version=version)
    found: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    for name, gold, predicted, n in rows.values_list("slice", "gold", "predicted").annotate(total=Sum("n")):
        found[name.partition("=")[2]][gold, predicted] = n
    if by is None:
        return _matrix(system.labels, found.get("", {}))
    return {value: _matrix(system.labels, cells) for value, cells in sorted(found.items())}


def _matrix(scheme: list[str], cells: dict[tuple[str, str], int]) -> Matrix:
    labels = list(scheme)  # labels that left the scheme since then come last, so that no count is lost
    labels += sorted({x for pair, n in cells.items() if n for x in pair} - set(labels))
    return labels, [[int(cells.get((g, p), 0)) for p in labels] for g in labels]


def _days(system: HasScheme, date_from: date, date_to: date) -> QuerySet[DayRollup]:
    return DayRollup.objects.filter(system_id=system.id, day__gte=date_from, day__lte=date_to)


def day_series(
    system: HasScheme, date_from: date, date_to: date, keys: Iterable[str] | None = None
) -> dict[date, dict[str, Decimal]]:
    """{day (UTC): {key: value}} for the days that have data, in order; keys are those of rollups.rules."""
    rows = _days(system, date_from, date_to)
    if keys is not None:
        rows = rows.filter(key__in=list(keys))
    series: dict[date, dict[str, Decimal]] = {}
    for day, key, value in rows.order_by("day").values_list("day", "key", "value"):
        series.setdefault(day, {})[key] = value
    return series


def totals(system: HasScheme, date_from: date, date_to: date) -> dict[str, Decimal]:
    """{key: sum over the window}; a key that never counted is absent (read it with `.get(key, 0)`)."""
    rows = _days(system, date_from, date_to).values_list("key").annotate(total=Sum("value"))
    return {key: total for key, total in rows if total}


def people(system: HasScheme, date_from: date, date_to: date, topic: str = "interactions") -> int:
    """Distinct people (pseudonyms) behind the rows of a topic; exact, not summed over days.

    For days whose people are past their time the fullest day stands for all: a lower bound.

    Topics: 'interactions', 'gold' (labelled), 'gold|dimension=value', 'survey.<instrument>'.
    """
    rows = PersonDay.objects.filter(
        system_id=system.id, topic=topic, day__gte=date_from, day__lte=date_to, n__gt=0
    )
    numbers = Q(subject__lt=FIRST_PERSON)  # in the place of people whose time is over
    found = rows.aggregate(
        people=Count("subject", distinct=True, filter=~numbers),
        fullest=Count("subject", distinct=True, filter=numbers),
    )
    return max(int(found["people"]), int(found["fullest"]))


def people_by(system: HasScheme, date_from: date, date_to: date, by: str) -> dict[str, int]:
    """{value of the dimension: distinct people behind its labelled interactions}."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT topic, {DISTINCT_PEOPLE} FROM metrics_personday"
            " WHERE system_id = %s AND day BETWEEN %s AND %s AND n > 0 AND starts_with(topic, %s)"
            " GROUP BY topic ORDER BY topic",
            [system.id, date_from, date_to, f"gold|{by}="],
        )
        return {topic.partition("=")[2]: n for topic, n in cursor.fetchall()}


def without_value(system: HasScheme, date_from: date, date_to: date, by: str) -> int:
    """Distinct people behind labelled interactions that have no value of this dimension.

    Looked up only where there are such interactions.
    """
    inside = ConfusionRollup.objects.filter(system_id=system.id, day__gte=date_from, day__lte=date_to)
    n = inside.aggregate(
        all=Sum("n", filter=Q(slice="")), divided=Sum("n", filter=Q(slice__startswith=f"{by}="))
    )
    if (n["all"] or 0) <= (n["divided"] or 0):
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {DISTINCT_PEOPLE} FROM (SELECT subject FROM metrics_personday"
            " WHERE system_id = %s AND day BETWEEN %s AND %s AND (topic = 'gold' OR starts_with(topic, %s))"
            " GROUP BY day, subject HAVING sum(CASE topic WHEN 'gold' THEN n ELSE -n END) > 0) AS rest",
            [system.id, date_from, date_to, f"gold|{by}="],
        )
        return int(cursor.fetchone()[0])


def window(system: HasScheme) -> tuple[date, date] | None:
    """(first, last) day with data, None when there is none."""
    found = DayRollup.objects.filter(system_id=system.id).aggregate(first=Min("day"), last=Max("day"))
    return (found["first"], found["last"]) if found["first"] else None
