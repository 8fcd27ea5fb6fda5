"""Published instruments and how an answer is scored; pure, decimals so that sums stay exact."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

import yaml

from portal.errors import N_
from portal.shapes import Fault

PLACES = Decimal("0.000001")


@dataclass(frozen=True)
class Instrument:
    """A questionnaire: its items, the range of an answer, and the items of each factor."""

    key: str
    title: str
    items: tuple[str, ...]
    low: int
    high: int
    whole: bool
    factors: Mapping[str, tuple[str, ...]]
    source: str
    question: str = ""


@cache
def instruments() -> dict[str, Instrument]:
    """All instruments by key, from instruments.yaml beside this file."""
    text = (Path(__file__).parent / "instruments.yaml").read_text(encoding="utf-8")
    return {
        key: Instrument(
            key=key,
            title=row["title"],
            items=tuple(row["items"]),
            low=row["range"][0],
            high=row["range"][1],
            whole=row.get("whole", False),
            factors={name: tuple(items) for name, items in row.get("factors", {key: row["items"]}).items()},
            source=row["source"],
            question=row.get("question", ""),
        )
        for key, row in yaml.safe_load(text).items()
    }


def faults_in(instrument: Instrument, answers: Mapping[str, float]) -> list[Fault]:
    """What is wrong with a set of answers: unknown or missing items, values outside the range."""
    faults = [
        Fault(f"answers.{name[:60]}", "unknown_item", N_("The instrument has no such item."))
        for name in answers
        if name not in instrument.items
    ]
    for name in instrument.items:
        if name not in answers:
            faults.append(Fault(f"answers.{name}", "required", N_("Every item needs an answer.")))
        elif not instrument.low <= answers[name] <= instrument.high:
            faults.append(
                Fault(f"answers.{name}", "range", N_("The answer lies outside the range of the item."))
            )
        elif instrument.whole and answers[name] != int(answers[name]):
            faults.append(Fault(f"answers.{name}", "whole", N_("The answer is a whole number.")))
    return faults


def normalised(instrument: Instrument, answers: Mapping[str, float]) -> dict[str, int | str]:
    """Answers as whole numbers, or as decimal text with at most six places, in the order of the items."""
    return {
        name: int(answers[name]) if answers[name] == int(answers[name]) else str(_decimal(answers[name]))
        for name in instrument.items
    }


def _decimal(value: float) -> Decimal:
    return Decimal(str(value)).quantize(PLACES).normalize()


def scores(instrument: Instrument, answers: Mapping[str, float]) -> dict[str, str]:
    """{factor: mean of its items, as decimal text with six places}."""
    return {
        factor: str((sum((_decimal(answers[i]) for i in items), Decimal(0)) / len(items)).quantize(PLACES))
        for factor, items in instrument.factors.items()
    }
