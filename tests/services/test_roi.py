"""Costs and benefits as they come in, and the return that is made of them."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache

from metrics.roi import selectors
from metrics.roi.models import ValueEntry, ValueItem
from metrics.roi.services import record_values
from metrics.stats import roi
from portal.ledger.models import PendingEvent
from tests import make

pytestmark = pytest.mark.django_db

LICENCE = {
    "item": "licence",
    "name": "Licence fee",
    "kind": "cost",
    "category": "licence",
    "month": "2026-01",
    "amount": "1000.00",
    "source": "invoice 12",
}
HOURS = {
    "item": "saved-hours",
    "name": "Shorter conversations",
    "kind": "benefit",
    "category": "service",
    "attribution": "randomised",
    "fewer_hours": True,
    "spread": "pert",
    "low": "0.5",
    "likely": "1",
    "high": "1.4",
    "month": "2026-01",
    "amount": 2500,
    "source": "holdout of March",
}


def statuses(results: list[dict[str, Any]]) -> list[str]:
    return [result["status"] for result in results]


def test_the_same_month_again_is_a_duplicate_another_amount_a_conflict_a_correction_is_kept() -> None:
    system = make.system()
    again = LICENCE | {"amount": "1100"}
    batches: list[list[Any]] = [[LICENCE, HOURS], [LICENCE, again], [again | {"correction": True}]]
    found = [statuses(record_values(system=system, items=batch, by="system")) for batch in batches]
    assert found == [["accepted", "accepted"], ["duplicate", "conflict"], ["corrected"]]
    entry = ValueEntry.objects.get(item__key="licence")
    assert (entry.amount, entry.revision, entry.recorded_by) == (Decimal("1100.00"), 1, "system")
    assert PendingEvent.objects.filter(subject=system.subject, type="values.recorded").count() == 2


def test_a_batch_half_bad_keeps_its_good_half_and_says_what_is_wrong() -> None:
    system = make.system()
    bad: list[Any] = [
        LICENCE | {"amount": -1},
        LICENCE | {"amount": "NaN"},
        LICENCE | {"amount": True},
        LICENCE | {"month": "2026-13"},
        LICENCE | {"source": " "},
        LICENCE | {"colour": "red"},
        LICENCE | {"item": "Bad Key"},
        LICENCE | {"kind": "loss"},
        LICENCE | {"name": "zero\0"},
        LICENCE | {"cash": "yes"},
        LICENCE | {"attribution": "randomised"},
        {key: HOURS[key] for key in HOURS if key != "attribution"},
        HOURS | {"low": 2},
        HOURS | {"spread": "lognormal", "low": 0},
        HOURS | {"high": "many"},
        {"item": "new", "month": "2026-01", "amount": 1, "source": "x"},
        LICENCE | {"correction": "yes"},
        "nonsense",
        None,
    ]
    results = record_values(system=system, items=[*bad, LICENCE], by="system")
    assert statuses(results) == ["refused"] * len(bad) + ["accepted"]
    assert all(result["errors"] for result in results[:-1])
    fields = [result["errors"][0]["field"] for result in results[:7]]
    assert fields == ["amount", "amount", "amount", "month", "source", "colour", "item"]
    assert ValueItem.objects.count() == 1


def test_another_definition_is_a_conflict_unless_it_is_a_correction() -> None:
    system = make.system()
    record_values(system=system, items=[HOURS], by="system")
    wider = HOURS | {"high": 2, "month": "2026-02"}
    assert statuses(record_values(system=system, items=[wider], by="system")) == ["conflict"]
    assert statuses(record_values(system=system, items=[wider | {"correction": True}], by="system")) == [
        "accepted"
    ]
    assert ValueItem.objects.get().high == 2
    worse = wider | {"low": 3, "correction": True}
    assert statuses(record_values(system=system, items=[worse], by="system")) == ["refused"]


def test_the_headline_leaves_out_what_is_not_attributable_and_what_is_not_cash() -> None:
    system = make.system()
    before = HOURS | {"item": "guess", "attribution": "before_after", "amount": 90_000, "fewer_hours": False}
    mood = HOURS | {"item": "mood", "cash": False, "amount": 700, "fewer_hours": False}
    record_values(system=system, items=[LICENCE, HOURS, before, mood], by="system")
    found = selectors.returns([system], date(2026, 1, 1), date(2026, 3, 31))[system.pk]
    assert found.cash is not None
    assert found.everything is not None
    assert found.cash.npv.p90 < 2500 * 1.4 - 1000
    assert found.everything.npv.p50 > found.cash.npv.p50
    assert [line.item.key for line in found.not_attributable] == ["guess"]
    assert found.from_fewer_hours == 2500
    assert selectors.returns([system], date(2026, 2, 1), date(2026, 3, 31)) == {}


def test_the_same_inputs_are_simulated_once(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    system = make.system()
    record_values(system=system, items=[LICENCE, HOURS], by="system")
    window = date(2026, 1, 1), date(2026, 3, 31)
    first = selectors.returns([system], *window)[system.pk].cash

    def refuse(*_args: object) -> None:
        raise AssertionError("simulated again")

    monkeypatch.setattr(roi, "simulate", refuse)
    assert selectors.returns([system], *window)[system.pk].cash == first
    record_values(system=system, items=[LICENCE | {"month": "2026-02"}], by="system")
    with pytest.raises(AssertionError, match="again"):
        selectors.returns([system], *window)


def test_without_a_cache_the_return_is_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_args: object) -> None:
        raise ConnectionError("no cache")

    monkeypatch.setattr(cache, "get", down)
    assert selectors.simulated([roi.Item("a", True, ((0, 5.0),))]) is not None
