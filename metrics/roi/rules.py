"""What a cost or benefit may say, which of them count for the headline, and when a return is withheld."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from metrics.stats.roi import DRAWS, SEED, Item, Spread
from portal.errors import N_

RATE = 0.10  # the yearly discount rate that TEI studies use
CURRENCY = "EUR"
MODEL = 2  # raised when the arithmetic changes, so that an older cached outcome is not reused

COST, BENEFIT = "cost", "benefit"
KINDS = {COST: N_("Cost"), BENEFIT: N_("Benefit")}
CATEGORIES = {
    "build": N_("Building and introducing"),
    "licence": N_("Licences and computing"),
    "oversight": N_("Human oversight and audits"),
    "incident": N_("Incidents"),
    "complaint": N_("Complaints"),
    "training": N_("Training"),
    "service": N_("Service and handling"),
    "retention": N_("Customers who stay"),
    "wellbeing": N_("Well-being and absence"),
    "other": N_("Other"),
}
SPREADS = {
    Spread.CERTAIN.value: N_("Certain: booked or contracted"),
    Spread.PERT.value: N_("PERT: lowest, likely, highest"),
    Spread.TRIANGULAR.value: N_("Triangular: lowest, likely, highest"),
    Spread.LOGNORMAL.value: N_("Lognormal: P10 and P90"),
}
RANDOMISED, DIFFERENCE, BEFORE_AFTER, NOT_APPLICABLE = (
    "randomised",
    "difference_in_differences",
    "before_after",
    "not_applicable",
)
ATTRIBUTIONS = {
    RANDOMISED: N_("Randomised holdout"),
    DIFFERENCE: N_("Difference in differences"),
    BEFORE_AFTER: N_("Before and after: not attributable, kept out of the headline"),
    NOT_APPLICABLE: N_("Not applicable: a cost"),
}
ATTRIBUTABLE = frozenset({RANDOMISED, DIFFERENCE})

DEFINITION = (
    "name", "kind", "category", "cash", "spread", "low", "likely", "high", "attribution", "fewer_hours"
)  # fmt: skip
FIELDS = frozenset({"id", "item", "month", "amount", "source", "correction", *DEFINITION})
_KEY = re.compile(r"[a-z0-9]+([_-][a-z0-9]+)*\Z")
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])\Z")
LARGEST = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class Definition:
    """What an item is, once for all its months."""

    name: str
    kind: str
    category: str = "other"
    cash: bool = True
    spread: str = Spread.CERTAIN.value
    low: Decimal = Decimal(1)
    likely: Decimal = Decimal(1)
    high: Decimal = Decimal(1)
    attribution: str = NOT_APPLICABLE
    fewer_hours: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One month of one item as it came in; `stated` are the fields of its definition that were given."""

    item: str
    month: date
    amount: Decimal
    source: str
    correction: bool
    stated: Mapping[str, Any]


def read_row(raw: Any) -> tuple[Row | None, list[dict[str, str]]]:
    """A row from JSON or a form, or what is wrong with it as rows of field, code and message."""
    if not isinstance(raw, Mapping):
        return None, [_error("", "invalid", N_("An item is an object."))]
    errors = [
        _error(str(name), "unknown_field", N_("This field is not known.")) for name in raw.keys() - FIELDS
    ]
    item, month, source = str(raw.get("item", "")), str(raw.get("month", "")), raw.get("source", "")
    if not _KEY.match(item) or len(item) > 60:
        errors.append(
            _error("item", "invalid", N_("Use lower-case letters, digits and hyphens, at most 60."))
        )
    if not _MONTH.match(month) or not 2000 <= int(month[:4]) <= 2100:
        errors.append(_error("month", "invalid", N_("A month reads as 2026-03.")))
    if not isinstance(source, str) or not source.strip() or len(source) > 200 or "\0" in source:
        errors.append(
            _error("source", "required", N_("Say where the amount comes from, in at most 200 signs."))
        )
    amount = _amount(raw.get("amount"))
    if amount is None:
        errors.append(
            _error("amount", "invalid", N_("An amount is a number, not negative, with two decimals."))
        )
    if not isinstance(raw.get("correction", False), bool):
        errors.append(_error("correction", "invalid", N_("This is true or false.")))
    stated = {name: raw[name] for name in DEFINITION if name in raw}
    errors += _field_errors(stated)
    if errors or amount is None:
        return None, errors
    first = date(int(month[:4]), int(month[5:]), 1)
    return Row(item, first, amount, source.strip(), raw.get("correction") is True, _typed(stated)), []


def define(stated: Mapping[str, Any]) -> tuple[Definition | None, list[dict[str, str]]]:
    """The definition of a new item, or what is missing or does not go together."""
    missing = [name for name in ("name", "kind") if name not in stated]
    if missing:
        return None, [_error(name, "required", N_("A new item needs this.")) for name in missing]
    definition = Definition(**stated)
    errors = definition_errors(definition)
    return (None, errors) if errors else (definition, [])


def definition_errors(definition: Definition) -> list[dict[str, str]]:
    """What does not go together in a definition."""
    errors = []
    is_cost = definition.kind == COST
    if is_cost and (definition.attribution != NOT_APPLICABLE or definition.fewer_hours):
        errors.append(_error("attribution", "invalid", N_("A cost needs no attribution.")))
    if not is_cost and definition.attribution == NOT_APPLICABLE:
        errors.append(
            _error("attribution", "required", N_("Say how the benefit was attributed to the system."))
        )
    low, likely, high = definition.low, definition.likely, definition.high
    if definition.spread != Spread.CERTAIN.value and not (0 <= low <= likely <= high and low < high):
        errors.append(_error("low", "order", N_("low ≤ likely ≤ high, and low below high.")))
    if definition.spread == Spread.LOGNORMAL.value and low == 0:
        errors.append(_error("low", "order", N_("The P10 of a lognormal is above zero.")))
    return errors


def in_headline(definition: Definition) -> bool:
    """Costs always; a benefit only where the design attributes it to the system."""
    return definition.kind == COST or definition.attribution in ATTRIBUTABLE


def to_items(
    rows: Sequence[tuple[str, Definition, Sequence[tuple[date, Decimal]]]], start: date
) -> tuple[Item, ...]:
    """What the simulation takes: months counted from `start`."""
    return tuple(
        Item(
            key,
            definition.kind == COST,
            tuple(
                ((month.year - start.year) * 12 + month.month - start.month, float(amount))
                for month, amount in sorted(amounts)
            ),
            Spread(definition.spread),
            float(definition.low),
            float(definition.likely),
            float(definition.high),
            definition.cash,
            in_headline(definition),
        )
        for key, definition, amounts in sorted(rows, key=lambda row: row[0])
    )


def digest(items: Sequence[Item], rate: float = RATE, draws: int = DRAWS, seed: int = SEED) -> str:
    """Names one simulation: the same inputs give the same digest, so an outcome is computed once."""
    body = [MODEL, rate, draws, seed, [asdict(item) for item in items]]
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Standing:
    """How a condition of the return stands: a verdict, and whether anything was there to judge."""

    verdict: str
    source: str = ""


def restriction(consent: Standing, accuracy: Standing) -> tuple[str, list[str]]:
    """(reason to withhold or '', warnings): a return earned by misreading people is no return."""
    named = [
        (
            consent,
            N_("Withheld: consent coverage is not met."),
            N_("Consent coverage: not enough evidence yet."),
        ),
        (accuracy, N_("Withheld: sentiment accuracy is not met."), N_("Accuracy: not enough evidence yet.")),
    ]
    for standing, reason, _warning in named:
        if standing.verdict == "not_met":
            return reason, []
    return "", [warning for standing, _reason, warning in named if standing.verdict != "met"]


def _error(field: str, code: str, message: str) -> dict[str, str]:
    return {"field": field, "code": code, "message": message}


def _amount(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return None
    try:
        amount = Decimal(str(value))
        return amount.quantize(Decimal("0.01")) if 0 <= amount < LARGEST and amount.is_finite() else None
    except InvalidOperation:
        return None


_CHOICES: dict[str, Mapping[str, str]] = {
    "kind": KINDS,
    "category": CATEGORIES,
    "spread": SPREADS,
    "attribution": ATTRIBUTIONS,
}


def _field_errors(stated: Mapping[str, Any]) -> list[dict[str, str]]:
    errors = []
    for name, value in stated.items():
        if name in _CHOICES and (not isinstance(value, str) or value not in _CHOICES[name]):
            errors.append(_error(name, "unknown_value", N_("This is not one of the choices.")))
        if name in ("cash", "fewer_hours") and not isinstance(value, bool):
            errors.append(_error(name, "invalid", N_("This is true or false.")))
        if name in ("low", "likely", "high") and (_factor(value) is None):
            errors.append(_error(name, "invalid", N_("A factor is a number from 0 to 1000.")))
        if name == "name" and not (
            isinstance(value, str) and 0 < len(value.strip()) <= 120 and "\0" not in value
        ):
            errors.append(_error(name, "required", N_("A name has 1 to 120 signs.")))
    return errors


def _factor(value: Any) -> Decimal | None:
    amount = _amount(value)
    return Decimal(str(value)).quantize(Decimal("0.0001")) if amount is not None and amount <= 1000 else None


def _typed(stated: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _factor(value) if name in ("low", "likely", "high") else value for name, value in stated.items()
    }
