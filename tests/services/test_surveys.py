"""Survey answers: scored, counted, idempotent; free text and values outside the range refused."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from metrics.rollups import selectors
from metrics.rollups.services import rebuild
from metrics.stats import scales
from metrics.surveys import rules
from metrics.surveys.models import SurveyAnswer
from metrics.surveys.services import record_answers
from tests import make

pytestmark = pytest.mark.django_db
YEAR = (date(2026, 1, 1), date(2026, 12, 31))
AT = "2026-03-01T10:00:00+00:00"


def answer(n: int, instrument: str, answers: dict | None, **fields: Any) -> dict:
    item = {"id": f"s-{n}", "instrument": instrument, "asked_at": AT, "subject": f"customer-{n}"}
    item |= {} if answers is None else {"answered_at": AT, "answers": answers}
    return item | fields


def record(system: Any, *items: dict) -> list[str]:
    return [one["status"] for one in record_answers(system=system, items=list(items), by="system")["items"]]


def test_answers_are_counted_as_histograms_and_sums() -> None:
    system = make.system()
    pets = {item: 50.0 + n for n, item in enumerate(rules.instruments()["pets"].items)}
    trust = dict.fromkeys(rules.instruments()["trust"].items, 4)
    assert record(
        system, answer(1, "csat", {"csat": 5}), answer(2, "csat", {"csat": 5}), answer(3, "csat", None),
        answer(4, "nps", {"nps": 10}), answer(5, "ces", {"ces": 7}), answer(6, "pets", pets), answer(7, "trust", trust),
    ) == ["accepted"] * 7  # fmt: skip
    totals = selectors.totals(system, *YEAR)
    assert (totals["csat.5"], totals["nps.10"], totals["ces.7"]) == (2, 1, 1)
    assert (totals["survey.csat.asked"], totals["survey.csat.answered"]) == (3, 2)
    expected = scales.score(scales.PETS, pets)
    assert float(totals["score.pets_er.sum"]) == pytest.approx(expected["ER"])
    assert float(totals["score.pets_ut.sumsq"]) == pytest.approx(expected["UT"] ** 2)
    assert totals["item.pets.E1.sum"] == 50
    assert totals["score.distrust.sum"] == Decimal(4)
    assert selectors.people(system, *YEAR, topic="survey.csat") == 2
    assert rebuild(system=system)["differing"] == 0


def test_asked_first_and_answered_later_is_corrected_once() -> None:
    system = make.system()
    asked = answer(1, "csat", None)
    assert record(system, asked) == ["accepted"]
    later = answer(1, "csat", {"csat": 4}, answered_at="2026-03-05T10:00:00+00:00")
    assert record(system, later) == ["corrected"]
    assert record(system, later) == ["duplicate"]
    assert record(system, answer(1, "csat", {"csat": 1})) == ["conflict"]
    assert list(selectors.day_series(system, *YEAR)) == [date(2026, 3, 5)]
    assert rebuild(system=system)["differing"] == 0


def test_asked_and_answered_within_one_batch() -> None:
    system = make.system()
    assert record(system, answer(1, "csat", None), answer(1, "csat", {"csat": 4})) == [
        "accepted",
        "corrected",
    ]
    assert SurveyAnswer.objects.get().answers == {"csat": 4}
    assert rebuild(system=system)["differing"] == 0


@pytest.mark.parametrize(
    ("item", "code"),
    [
        (answer(1, "csat", {"csat": 6}), "range"),
        (answer(1, "csat", {"csat": 4.5}), "whole"),
        (answer(1, "csat", {"csat": 4, "why": 1}), "unknown_item"),
        (answer(1, "pets", {"E1": 4}), "required"),
        (answer(1, "mood", {"mood": 4}), "unknown_instrument"),
        (answer(1, "csat", {"csat": "very"}), "invalid"),
        (answer(1, "csat", {"csat": 4}, comment="nice"), "unknown_field"),
        (answer(1, "csat", {"csat": 4}, answered_at=None), "required"),
        (answer(1, "csat", {"csat": 4}, asked_at="1990-01-01T00:00:00Z"), "too_early"),
        (answer(1, "csat", {"csat": 4}, subject=None), "required"),
        (answer(1, "csat", {"csat": 4}, subject="a\x00"), "nul"),
    ],
)
def test_bad_answers_are_refused_and_the_others_stored(item: dict, code: str) -> None:
    system = make.system()
    receipt = record_answers(system=system, items=[item, answer(2, "nps", {"nps": 0})], by="system")
    assert [one["status"] for one in receipt["items"]] == ["refused", "accepted"]
    assert code in [e["code"] for e in receipt["items"][0]["errors"]]
