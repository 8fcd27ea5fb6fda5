"""Assessments without a database: states, answers, conditions, differences, what the law asks, data files, uploads."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from governance.assessments import catalogue, files, questionnaire, rules
from governance.assessments.questionnaire import Column, NotOwed, Question, Questionnaire, Section, Wrong
from portal.datafile import DataFileError
from portal.errors import RuleBroken

TODAY = dt.date(2026, 11, 23)
DOCS = Path(__file__).resolve().parents[2] / "docs"


# --- states -------------------------------------------------------------------------------------


def test_the_diagram_in_the_docs_is_the_table() -> None:
    assert (DOCS / "assessment-states.md").read_text(encoding="utf-8") == rules.diagram(), (
        "python -m governance.assessments.rules > docs/assessment-states.md"
    )


ALLOWED = {
    ("draft", "submit"): "in_review",
    ("draft", "withdraw"): "withdrawn",
    ("in_review", "return"): "draft",
    ("in_review", "sign"): "signed",
    ("in_review", "withdraw"): "withdrawn",
    ("signed", "supersede"): "superseded",
    ("signed", "revoke"): "withdrawn",
}


@pytest.mark.parametrize("act", ["submit", "withdraw", "return", "sign", "supersede", "revoke"])
@pytest.mark.parametrize("state", rules.State.values())
def test_every_state_knows_what_each_act_does(state: str, act: str) -> None:
    assert rules.after(state, act) == ALLOWED.get((state, act))
    if act != "supersede":
        assert bool(rules.why_not(act, state)) == ((state, act) not in ALLOWED)


@pytest.mark.parametrize(
    ("kind", "act", "perm"),
    [
        ("dpia", "sign", "sign_dpia"),
        ("dpia", "revoke", "sign_dpia"),
        ("fria", "sign", "sign_assessment"),
        ("bias", "return", "sign_assessment"),
        ("oversight", "sign", "sign_assessment"),
        ("dpia", "submit", "edit_register"),
        ("fria", "withdraw", "edit_register"),
    ],
)
def test_an_act_takes_the_permission_of_its_kind(kind: str, act: str, perm: str) -> None:
    assert rules.permission(kind, act) == perm


def test_who_wrote_does_not_sign() -> None:
    assert rules.why_not_sign(state="in_review", is_author=False) == ""
    assert rules.why_not_sign(state="in_review", is_author=True) == rules.IS_AUTHOR
    assert rules.why_not_sign(state="draft", is_author=False) != ""


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({}, ""),
        ({"state": "signed"}, "Only a draft can be submitted."),
        ({"open_questions": 1}, "Questions are still open. Answer them first."),
        ({"not_owed": True}, "Give the reason why it is not owed."),
        ({"not_owed": True, "reason": "No."}, ""),
        ({"not_owed": True, "reason": "No.", "owed": True}, "By its own answers it is owed."),
        ({"not_owed": True, "reason": "No.", "required": True}, "A data flow of this system needs it."),
        ({"owed": True, "required": True}, ""),
    ],
)
def test_what_stops_a_submission(fields: dict[str, Any], refused: str) -> None:
    base = {
        "state": "draft",
        "open_questions": 0,
        "not_owed": False,
        "reason": "",
        "owed": False,
        "required": False,
    }
    why = rules.why_not_submit(**{**base, **fields})
    assert why.startswith(refused) and bool(why) == bool(refused)


@pytest.mark.parametrize(
    ("state", "until", "counts"),
    [
        ("signed", TODAY, True),
        ("signed", dt.date(2026, 11, 22), False),
        ("superseded", TODAY, False),
        ("draft", None, False),
    ],
)
def test_validity_ends_after_its_last_day(state: str, until: dt.date | None, counts: bool) -> None:
    assert rules.valid(state=state, valid_until=until, on=TODAY) is counts


# --- golden cases: which flows need what --------------------------------------------------------

CHAT = {
    "outcome": "transparency", "provider_role": "both", "modality": "text", "subject_role": "customer",
    "setting": "self_service", "purpose": "service", "output": "emotion", "consequence": "reply", "recipient": "system",
}  # fmt: skip
ALL = ["dpia", "fria", "bias", "oversight"]
TIRED = {"output": "physical_state", "outcome": "not_emotion_recognition"}
HIRED = {"subject_role": "candidate", "output": "sentiment", "outcome": "minimal"}
PROVIDED = {"outcome": "high_risk", "provider_role": "provider"}
CASES: list[tuple[str, list[dict[str, Any]], dt.date, list[str]]] = [
    ("a customer's chat that reads one person's emotion", [{}], TODAY, ["dpia"]),
    ("the same, figures about groups only", [{"output": "aggregate"}], TODAY, []),
    ("the same, the tone of one message", [{"output": "sentiment"}], TODAY, []),
    ("a customer's chat without duties, emotion of one person", [{"outcome": "minimal"}], TODAY, ["dpia"]),
    ("a sign of illness", [{"output": "health"}], TODAY, ["dpia"]),
    ("workers, figures about groups only", [{"subject_role": "employee", "output": "aggregate"}], TODAY, ["dpia"]),
    ("candidates, minimal", [HIRED], TODAY, ["dpia"]),
    ("fatigue of drivers", [{**TIRED, "subject_role": "employee"}], TODAY, ["dpia"]),
    ("fatigue of visitors", [{**TIRED, "subject_role": "visitor"}], TODAY, []),
    ("a customer's voice, high risk", [{"outcome": "high_risk", "modality": "voice"}], TODAY, ALL),
    ("the same, we only provide", [PROVIDED], TODAY, ["dpia", "bias", "oversight"]),
    ("the same, we only deploy", [{"outcome": "high_risk", "provider_role": "deployer"}], TODAY, ALL),
    ("high risk before the product asked", [{"outcome": "high_risk"}], dt.date(2025, 12, 31), ["dpia"]),
    ("high risk when the duty applies", [{"outcome": "high_risk"}], dt.date(2027, 12, 2), ALL),
    ("prohibited", [{"outcome": "prohibited", "subject_role": "employee"}], TODAY, []),
    ("on hold", [{"outcome": "hold", "subject_role": "employee"}], TODAY, []),
    ("not screened", [{"outcome": None}], TODAY, []),
    ("one calm flow and one high-risk flow", [{"output": "aggregate"}, {"outcome": "high_risk"}], TODAY, ALL),
    ("no flow", [], TODAY, []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "flows", "day", "kinds"), CASES, ids=[case[0] for case in CASES])
def test_golden_case_of_what_is_needed(
    name: str, flows: list[dict[str, Any]], day: dt.date, kinds: list[str]
) -> None:
    found = rules.required(catalogue.requirements(), [{**CHAT, **flow} for flow in flows], day)
    assert list(found) == kinds
    assert all(row.why["en"] and row.why["nl"] and row.article for row in found.values())


def test_each_row_of_the_table_is_needed_by_some_case() -> None:
    table = catalogue.requirements()
    for row in table:
        without = [other for other in table if other is not row]
        assert any(
            list(rules.required(without, [{**CHAT, **f} for f in flows], day)) != kinds
            for _name, flows, day, kinds in CASES
        ), row


# --- answers ------------------------------------------------------------------------------------


def ask(kind: str, **fields: Any) -> Question:
    return Question(id="q", kind=kind, text={"en": "Q?"}, **fields)


COLOURS = {"red": {"en": "Red"}, "blue": {"en": "Blue"}}
COLUMNS = (Column("what", "text", {"en": "What"}), Column("hue", "choice", {"en": "Hue"}, COLOURS))
PERSON = "3f0f8a52-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("question", "answer", "stored"),
    [
        (ask("text"), "  Words \r\n", "Words"),
        (ask("text"), "   ", None),
        (ask("long_text"), "a\r\nb", "a\nb"),
        (ask("yes_no"), "yes", "yes"),
        (ask("choice", choices=COLOURS), "red", "red"),
        (ask("multi_choice", choices=COLOURS), ["blue", "red"], ["red", "blue"]),
        (ask("multi_choice", choices=COLOURS), [], None),
        (ask("date"), "2026-02-28", "2026-02-28"),
        (ask("person"), PERSON.upper(), PERSON),
        (ask("table", columns=COLUMNS), [{"what": "x"}, {"what": "", "hue": ""}], [{"what": "x", "hue": ""}]),
        (ask("risks"), [{}], None),
    ],
)  # fmt: skip
def test_an_answer_is_stored_in_one_form(question: Question, answer: Any, stored: Any) -> None:
    assert questionnaire.cleaned(question, answer) == stored


@pytest.mark.parametrize(
    ("question", "answer", "code"),
    [
        (ask("text"), "x" * 301, "too_long"),
        (ask("long_text"), "x" * 20_001, "too_long"),
        (ask("long_text"), "a\x00b", "malformed"),
        (ask("text"), 5, "not_a_text"),
        (ask("text"), ["x"], "not_a_text"),
        (ask("yes_no"), "perhaps", "unknown_value"),
        (ask("choice", choices=COLOURS), "green", "unknown_value"),
        (ask("multi_choice", choices=COLOURS), ["green"], "unknown_value"),
        (ask("multi_choice", choices=COLOURS), "red", "unknown_value"),
        (ask("multi_choice", choices=COLOURS), [{}], "unknown_value"),
        (ask("date"), "2026-02-30", "invalid"),
        (ask("person"), "Ines", "invalid"),
        (ask("table", columns=COLUMNS), "x", "not_rows"),
        (ask("table", columns=COLUMNS), ["x"], "not_rows"),
        (ask("table", columns=COLUMNS), [{"what": "x", "more": "y"}], "unknown_column"),
        (ask("table", columns=COLUMNS), [{"what": "x", "hue": "green"}], "unknown_value"),
        (ask("table", columns=COLUMNS), [{"what": "x" * 2001}], "too_long"),
        (ask("table", columns=COLUMNS), [{"what": "x"}] * 51, "too_many"),
    ],
)  # fmt: skip
def test_an_answer_of_another_shape_is_refused_with_its_reason(
    question: Question, answer: Any, code: str
) -> None:
    with pytest.raises(Wrong) as refused:
        questionnaire.cleaned(question, answer)
    assert refused.value.code == code
    assert refused.value.message.endswith(".")


def test_a_row_of_risks_is_answered_when_every_cell_is() -> None:
    question = ask("risks", columns=questionnaire.RISK_COLUMNS)
    row = {"risk": "r", "likelihood": "probable", "severity": "severe", "measure": "m", "residual": "low"}
    assert questionnaire.is_answered(question, [row])
    assert not questionnaire.is_answered(question, [row, {**row, "measure": ""}])
    assert questionnaire.level(row) == "high"
    assert questionnaire.level({**row, "severity": ""}) == ""
    assert set(questionnaire.LEVELS) == {
        (one, other) for one in questionnaire.Likelihood.values() for other in questionnaire.Severity.values()
    }


def made(*questions: Question, way_out: NotOwed | None = None, version: str = "1") -> Questionnaire:
    return Questionnaire(
        kind="dpia", version=version, valid_from=TODAY, title={"en": "T"}, source="S",
        sections=(Section("a", {"en": "A"}, questions), Section("b", {"en": "B"}, (ask("text", ),))), not_owed=way_out,
    )  # fmt: skip


def named(id: str, **fields: Any) -> Question:
    return Question(**{"id": id, "kind": "text", "text": {"en": f"{id}?"}, **fields})


def test_progress_counts_what_is_asked_and_required() -> None:
    first = named("first", kind="yes_no")
    then = named("then", only_if={"first": frozenset({"yes"})})
    risks = named("risks", kind="risks", columns=questionnaire.RISK_COLUMNS)
    high = named("high", only_if={"risks.residual": frozenset({"high"})})
    asks = made(first, then, named("free", required=False), risks, high)
    row = {"risk": "r", "likelihood": "probable", "severity": "severe", "measure": "m", "residual": "high"}

    def left(**answers: Any) -> list[str]:
        return [q.id for q in questionnaire.progress(asks, answers)[0].open]

    assert left() == ["first", "risks"]
    assert left(first="no") == ["risks"]
    assert left(first="yes", risks=[row]) == ["then", "high"]
    assert left(first="yes", then="x", risks=[{**row, "residual": "low"}]) == []
    assert [p.section.id for p in questionnaire.progress(asks, {})] == ["a", "b"]
    out = made(first, way_out=NotOwed("a", ({"first": frozenset({"yes"})},)))
    assert [p.section.id for p in questionnaire.progress(out, {}, not_owed=True)] == ["a"]
    assert questionnaire.owed_after_all(out, {"first": "yes"})
    assert not questionnaire.owed_after_all(out, {"first": "no"})
    assert questionnaire.owed_after_all(asks, {})  # no way out at all


def test_differences_tell_changed_new_and_gone_questions_apart() -> None:
    old = made(named("kept"), named("same"), named("gone"))
    new = made(named("kept"), named("same"), named("fresh"), version="2")
    found = questionnaire.differences(
        old, {"kept": "a", "same": "s", "gone": "g"}, new, {"kept": "b", "same": "s"}
    )
    assert [(d.question.id, d.before, d.after, d.before_known, d.after_known) for d in found] == [
        ("kept", "a", "b", True, True),
        ("fresh", None, None, False, True),
        ("gone", "g", None, True, False),
    ]


def test_a_new_version_takes_over_only_answers_that_still_fit() -> None:
    old = made(named("kept"), named("hue", kind="choice", choices=COLOURS), named("turned"))
    new = made(named("kept"), named("hue", kind="choice", choices={"red": {}}), named("turned", kind="date"))
    answers = {"kept": "a", "hue": "blue", "turned": "2026-01-01"}
    assert questionnaire.carried(old, answers, new) == {"kept": "a"}


# --- the data files -----------------------------------------------------------------------------


def test_every_kind_has_a_questionnaire_in_both_languages() -> None:
    for kind in rules.Kind.values():
        asks = catalogue.current(kind, TODAY)
        assert asks.source
        assert all(q.text["en"] and q.text["nl"] for q in asks.questions.values())
    fria = catalogue.current("fria", TODAY)
    cited = {q.reference for q in fria.questions.values()}
    assert {f"AI Act, Art 27(1)({letter})" for letter in "abcdef"} <= cited  # the six elements
    assert catalogue.current("dpia", dt.date(2020, 1, 1)).version == "2026.1"  # the first there is


GOOD = """\
kind: dpia
version: "1"
valid_from: 2026-01-01
title: {en: "T", nl: "T"}
source: "S"
sections:
  - id: one
    title: {en: "One", nl: "Een"}
    questions:
      - id: first
        kind: yes_no
        text: {en: "First?", nl: "Eerst?"}
      - id: then
        kind: choice
        text: {en: "Then?", nl: "Dan?"}
        only_if: {first: ["yes"]}
        choices:
          a: {en: "A", nl: "A"}
          b: {en: "B", nl: "B"}
"""


CHOICES = GOOD[GOOD.index("        choices:") :]


@pytest.mark.parametrize(
    ("change", "line", "why"),
    [
        (("kind: dpia", "kind: tea"), 1, "'tea' is not one of"),
        (("valid_from: 2026-01-01", "valid_from: soon"), 3, "not a date"),
        (('title: {en: "T", nl: "T"}', 'title: {en: "T"}'), 4, "'nl' is missing"),
        (('source: "S"', 'source: "S"\nsauce: "x"'), 6, "unknown key 'sauce'"),
        (("kind: yes_no", "kind: maybe"), 11, "'maybe' is not one of"),
        (("id: then", "id: first"), 13, "the question 'first' occurs twice"),
        (("id: then", "id: Then"), 13, "'Then' is no id"),
        (("{first: [", "{second: ["), 16, "no question 'second' comes before"),
        (('["yes"]', '["perhaps"]'), 16, "'perhaps' is not one of no, yes"),
        (("{first: [", "{first.residual: ["), 16, "cannot look at 'first'"),
        ((CHOICES, ""), 13, "'choices' is missing"),
        (('          b: {en: "B", nl: "B"}\n', ""), 18, "at least two choices"),
        (("kind: yes_no", "kind: yes_no\n        choices: {a: {en: x, nl: x}}"), 12, "takes no 'choices'"),
        (("kind: yes_no", "kind: yes_no\n        prefill: system.name"), 12, "fills questions of the kind"),
        (("kind: yes_no", "kind: yes_no\n        prefill: system.mood"), 12, "'system.mood' is not one of"),
        (("kind: yes_no", "kind: yes_no\n        required: maybe"), 12, "'maybe' is not one of no, yes"),
        (("version:", "version: [\nx:"), 2, ""),
        (('text: {en: "First?"', 'text: {en: ""'), 12, "a text is expected"),
    ],
)  # fmt: skip
def test_a_file_with_a_mistake_is_refused_by_file_and_line(
    tmp_path: Path, change: tuple[str, str], line: int, why: str
) -> None:
    path = tmp_path / "dpia.yaml"
    path.write_text(GOOD.replace(*change), encoding="utf-8")
    with pytest.raises(DataFileError) as refused:
        catalogue.load(path)
    assert str(refused.value).startswith(f"{path}, line ")
    assert why in refused.value.why
    if why:
        assert refused.value.line == line


def test_a_sound_file_is_read_whole_and_two_of_one_version_are_refused(tmp_path: Path) -> None:
    one, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    for path in (one, other):
        path.write_text(GOOD, encoding="utf-8")
    asks = catalogue.load(one)
    assert asks.questions["then"].only_if == {"first": frozenset({"yes"})}
    with pytest.raises(DataFileError, match="in another file already"):
        catalogue.load_all([one, other])
    with pytest.raises(DataFileError, match="no questionnaire of the kind 'fria'"):
        catalogue.load_all([one])
    other.write_bytes(b"\xff\xfe")
    with pytest.raises(DataFileError, match="line 1"):
        catalogue.load(other)
    other.write_text("", encoding="utf-8")
    with pytest.raises(DataFileError, match="the file is empty"):
        catalogue.load(other)


def test_a_table_of_requirements_with_a_mistake_is_refused_by_file_and_line(tmp_path: Path) -> None:
    text = catalogue.REQUIRED.read_text(encoding="utf-8")
    lines = text.splitlines()
    path = tmp_path / "assessments.yaml"
    for before, after, why in (
        ("outcome: [high_risk]", "outcome: [awful]", "'awful' is not one of"),
        ("output: [emotion, health]", "smell: [emotion]", "unknown key 'smell'"),
        ("kind: bias", "kind: luck", "'luck' is not one of"),
    ):
        path.write_text(text.replace(before, after, 1), encoding="utf-8")
        line = next(n for n, row in enumerate(lines, start=1) if before in row)
        with pytest.raises(DataFileError) as refused:
            catalogue.load_requirements(path)
        assert (refused.value.line, why in refused.value.why) == (line, True), refused.value


# --- files --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\x\\plan.docx", "plan.docx"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie x.pdf"),
        ("\u202efdp.exe", "fdp.exe"),
        ('na"me<b>.pdf', "nameb.pdf"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
        ("..", ""),
        ("/", ""),
        ("", ""),
        ("Café.pdf", "Café.pdf"),
    ],
)
def test_a_name_keeps_its_last_part_only(given: str, kept: str) -> None:
    assert files.safe_name(given) == kept
    assert len(files.safe_name(given)) <= files.MAX_NAME


ZIP = b"PK\x03\x04" + b"\x14\x00" * 11
OFFICE = (
    ZIP + len(b"[Content_Types].xml").to_bytes(2, "little") + b"\x00\x00" + b"[Content_Types].xml" + b"data"
)
ODT = ZIP + (8).to_bytes(2, "little") + b"\x00\x00" + b"mimetypeapplication/vnd.oasis.opendocument.text"


@pytest.mark.parametrize(
    ("name", "data", "media"),
    [
        ("a.pdf", b"%PDF-1.7 ...", "application/pdf"),
        ("a.PNG", b"\x89PNG\r\n\x1a\n...", "image/png"),
        ("a.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("a.txt", "Gelezen, één keer.".encode(), "text/plain"),
        ("a.csv", b"a;b\n1;2\n", "text/csv"),
        ("a.docx", OFFICE, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.odt", ODT, "application/vnd.oasis.opendocument.text"),
    ],
)
def test_a_file_whose_ending_and_content_agree_is_taken(name: str, data: bytes, media: str) -> None:
    assert files.media_type(name, data) == media


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.exe", b"MZ\x90", "file_type"),
        ("a.html", b"<html>", "file_type"),
        ("a.svg", b"<svg>", "file_type"),
        ("a.zip", ZIP, "file_type"),
        ("a.pdf.exe", b"%PDF-", "file_type"),
        ("pdf", b"%PDF-", "file_type"),
        (".pdf", b"%PDF-", "file_type"),
        ("", b"%PDF-", "file_type"),
        ("a.pdf", b"", "file_empty"),
        ("a.pdf", b"MZ\x90\x00", "file_content"),
        ("a.pdf", b"\n%PDF-1.7", "file_content"),
        ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg'>", "file_content"),
        ("a.txt", b"<!DOCTYPE html><script>", "file_content"),
        ("a.txt", b"\xef\xbb\xbf  <svg onload=x>", "file_content"),
        ("a.md", b"#!/bin/sh\nrm -rf /", "file_content"),
        ("a.csv", b"a\x00b", "file_content"),
        ("a.txt", b"\xff\xfe\x00", "file_content"),
        ("a.docx", ZIP + b"\x05\x00\x00\x00bomb/", "file_content"),
        ("a.docx", b"PK\x03\x04", "file_content"),
        ("a.odt", OFFICE, "file_content"),
        ("a.xlsx", b"\xd0\xcf\x11\xe0", "file_content"),
        ("a.txt", b"x" * (files.MAX_BYTES + 1), "file_too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_hostile_file_is_refused_with_the_reason(name: str, data: bytes, code: str) -> None:
    with pytest.raises(RuleBroken) as refused:
        files.media_type(name, data)
    assert (refused.value.code, refused.value.field) == (code, "file")
