"""Questions about costs, benefits and the return; a simulation is computed once per set of inputs."""

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.core.cache import cache

from governance.registry.models import System
from metrics.roi import rules
from metrics.roi.models import ValueEntry, ValueItem
from metrics.stats import roi

log = logging.getLogger(__name__)
KEPT_SECONDS = 30 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Line:
    """One item with its months inside the window and what they add up to."""

    item: ValueItem
    entries: tuple[ValueEntry, ...]
    total: Decimal

    @property
    def kind(self) -> str:
        """What the item is, in English, marked for translation."""
        return rules.KINDS[self.item.kind]

    @property
    def attribution(self) -> str:
        """How it was attributed, in English, marked for translation."""
        return rules.ATTRIBUTIONS[self.item.attribution]

    @property
    def spread(self) -> str:
        """How sure it is, in English, marked for translation."""
        return rules.SPREADS[self.item.spread]


@dataclass(frozen=True, slots=True)
class Return:
    """Costs and benefits of a window: cash and attributable only, and with intangible benefits."""

    lines: tuple[Line, ...]
    cash: roi.Outcome | None
    everything: roi.Outcome | None
    not_attributable: tuple[Line, ...]
    from_fewer_hours: Decimal
    months: int
    digest: str = ""


def lines(systems: Sequence[System], date_from: date, date_to: date) -> dict[UUID, tuple[Line, ...]]:
    """Items with entries whose month lies in the window, per system; one query for all."""
    entries = (
        ValueEntry.objects.filter(
            item__system__in=[s.pk for s in systems], month__gte=date_from.replace(day=1), month__lte=date_to
        )
        .select_related("item")
        .order_by("item__kind", "item__name", "item__pk", "month")
    )
    grouped: dict[UUID, dict[UUID, list[ValueEntry]]] = defaultdict(lambda: defaultdict(list))
    for entry in entries:
        grouped[entry.item.system_id][entry.item_id].append(entry)
    return {
        system_id: tuple(
            Line(months[0].item, tuple(months), sum((entry.amount for entry in months), Decimal(0)))
            for months in items.values()
        )
        for system_id, items in grouped.items()
    }


def all_lines(system: System) -> tuple[Line, ...]:
    """Every item of a system with all its months."""
    return lines([system], date(2000, 1, 1), date(2100, 12, 31)).get(system.pk, ())


def returns(systems: Sequence[System], date_from: date, date_to: date) -> dict[UUID, Return]:
    """The return of each system that has entries in the window."""
    return {pk: of_lines(found) for pk, found in lines(systems, date_from, date_to).items()}


def of_lines(found: tuple[Line, ...]) -> Return:
    """Simulate these lines, or take the outcome of the same inputs from the cache."""
    start = min(entry.month for line in found for entry in line.entries)
    last = max(entry.month for line in found for entry in line.entries)
    rows = [
        (line.item.key, definition_of(line.item), [(entry.month, entry.amount) for entry in line.entries])
        for line in found
    ]
    items = rules.to_items(rows, start)
    attributed = [item for item in items if item.in_headline]
    cash = [item for item in attributed if item.is_cost or item.cash]
    return Return(
        lines=found,
        cash=simulated(cash),
        everything=simulated(attributed),
        not_attributable=tuple(line for line in found if line.item.attribution == rules.BEFORE_AFTER),
        from_fewer_hours=sum((line.total for line in found if line.item.fewer_hours), Decimal(0)),
        months=(last.year - start.year) * 12 + last.month - start.month + 1,
        digest=rules.digest(items),
    )


def definition_of(item: ValueItem) -> rules.Definition:
    """The stored definition of an item as the rules take it."""
    return rules.Definition(**{name: getattr(item, name) for name in rules.DEFINITION})


def counts_for_headline(item: ValueItem) -> bool:
    """Whether an item stands in the cash headline: a cost, or an attributable benefit in cash."""
    definition = definition_of(item)
    return rules.in_headline(definition) and (definition.kind == rules.COST or definition.cash)


def simulated(items: Sequence[roi.Item]) -> roi.Outcome | None:
    """The outcome of these inputs, from the cache where known; without a cache it costs time only."""
    if not items:
        return None
    key = f"roi:{rules.digest(items)}"
    try:
        known = cache.get(key)
    except Exception:  # whatever the cache is, a page does not depend on it
        log.warning("the cache does not answer", exc_info=True)
        return roi.simulate(items, rules.RATE)
    if known is None:
        known = roi.simulate(items, rules.RATE)
        cache.set(key, known, KEPT_SECONDS)
    outcome: roi.Outcome | None = known
    return outcome
