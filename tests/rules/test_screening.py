"""The legal screening against its golden cases, and the loader against files with mistakes."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from governance.registry.rules import ANSWERS, FLOW_ENUMS
from governance.screening import law, rules
from portal.datafile import DataFileError

FILE = Path(__file__).with_name("screening_cases.yaml")
DATA = yaml.safe_load(FILE.read_text(encoding="utf-8"))
TODAY = dt.date(2026, 11, 23)


def _facts(case: dict[str, Any]) -> dict[str, str]:
    clean = {} if case.get("bare") else DATA["clean"]
    return {"provider_role": "both", **clean, **case["facts"]}


@pytest.mark.parametrize("case", DATA["cases"], ids=lambda case: str(case["name"]))
def test_golden_case(case: dict[str, Any]) -> None:
    facts = _facts(case)
    for name, value in facts.items():  # a typing error in a case must not pass as an unknown fact
        if name in FLOW_ENUMS:
            assert value in FLOW_ENUMS[name].values(), name
        elif name != "provider_role":
            assert value in ANSWERS and name in law.shipped().questions, name
    result = rules.evaluate(facts, law.shipped(), case.get("day", TODAY))
    assert result.outcome == case["outcome"], result
    if "rule" in case:
        assert result.rule == case["rule"]
    if "open" in case:
        assert {q["fact"] for q in result.open_questions} >= set(case["open"])
    if "in_effect" in case:
        assert {d["id"] for d in result.duties if d["in_effect"]} == set(case["in_effect"])
        assert {d["id"] for d in result.duties if not d["in_effect"]} == set(case["later"])
    assert result.reason["en"] and result.reason["nl"]


def test_each_rule_decides_a_case_or_holds_one() -> None:
    """No rule is dead: without it some golden case, or a hold, comes out differently."""
    base = law.shipped()
    unused = []
    for rule in base.rules:
        without = rules.Law(
            base.version,
            base.source,
            tuple(r for r in base.rules if r is not rule),
            base.duties,
            base.questions,
        )
        if all(
            rules.evaluate(_facts(c), without, c.get("day", TODAY))
            == rules.evaluate(_facts(c), base, c.get("day", TODAY))
            for c in DATA["cases"]
        ):
            unused.append(rule.id)
    assert unused == []


def test_each_duty_is_owed_by_some_rule() -> None:
    owed = {name for rule in law.shipped().rules for name in rule.duties}
    assert owed == set(law.shipped().duties)


def test_unsettled_duties_show_both_readings() -> None:
    case = next(c for c in DATA["cases"] if c["name"] == "customer's voice on 1 December 2027")
    duties = {d["id"]: d for d in rules.evaluate(_facts(case), law.shipped(), TODAY).duties}
    assert duties["incidents"]["applies_from"] == "2027-12-02"
    assert duties["incidents"]["other_reading"]["applies_from"] == "2026-08-02"


def test_answering_an_open_question_never_makes_it_less_certain() -> None:
    """From a hold by open questions, answers lead somewhere: all 'no' is never a hold for the same questions."""
    for case in DATA["cases"]:
        facts = _facts(case)
        result = rules.evaluate(facts, law.shipped(), TODAY)
        asked = [q["fact"] for q in result.open_questions if q["fact"] in law.shipped().questions]
        again = rules.evaluate({**facts, **dict.fromkeys(asked, "no")}, law.shipped(), TODAY)
        assert not {q["fact"] for q in again.open_questions} & set(asked), case["name"]


GOOD = law.LAW_FILE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("outcome: prohibited", "outcome: forbidden", "'forbidden' is not one of"),
        ("valid_from: 2025-02-02", "valid_from: 2025-02-30", "is not a date"),
        ("valid_from: 2025-02-02", "valid_from: 2025-02-02\n    valid_to: 2024-01-01", "before valid_from"),
        ("modality: [voice, face, behaviour, physiology]", "modality: [voices]", "'voices' is not one of"),
        ("      modality:", "      modalities:", "unknown key 'modalities'"),
        ("id: aia-5-1-f-workplace", "id: aia-5-1-ab-manipulation", "occurs twice"),
        ("duties: [health_data, dpia, works_council]", "duties: [helth]", "'helth' is not one of"),
        ('version: "2026.1"\n', "", "'version' is missing"),
        ("rules:\n", "rules:\n  - {\n", "expected"),
    ],
)
def test_a_file_with_a_mistake_is_refused_with_its_line(
    tmp_path: Path, before: str, after: str, why: str
) -> None:
    path = tmp_path / "law.yaml"
    assert before in GOOD
    path.write_text(GOOD.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(DataFileError, match=r"law\.yaml, line \d+: ") as refused:
        law.load(path)
    assert why in str(refused.value)
    changed = path.read_text(encoding="utf-8").splitlines()
    if "missing" not in why and why != "expected" and "twice" not in why:
        assert after.strip().splitlines()[-1].strip() in changed[refused.value.line - 1]


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "law.yaml"
    path.write_text("", encoding="utf-8")
    with pytest.raises(DataFileError, match="empty"):
        law.load(path)


@pytest.mark.parametrize(
    ("signed", "until"),
    [("2026-11-23", "2027-11-23"), ("2028-02-29", "2029-02-28"), ("2027-02-28", "2028-02-28")],
)
def test_a_signature_lasts_a_year(signed: str, until: str) -> None:
    assert rules.a_year_later(dt.date.fromisoformat(signed)) == dt.date.fromisoformat(until)


def test_worse() -> None:
    assert rules.worse("prohibited", "high_risk")
    assert rules.worse("hold", "minimal")
    assert not rules.worse("minimal", "not_emotion_recognition")
