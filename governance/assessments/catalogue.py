"""Reads questionnaires and the table of what needs them; a file with a mistake is refused, naming file and line."""

import datetime as dt
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from governance.assessments.questionnaire import (
    COLUMN_KINDS,
    DERIVED,
    ID,
    RISK_COLUMNS,
    Column,
    NotOwed,
    Question,
    QuestionKind,
    Questionnaire,
    Section,
)
from governance.assessments.rules import Kind, Requirement
from governance.registry.rules import FLOW_ENUMS, ProviderRole
from governance.screening.rules import Outcome
from portal.datafile import DataFileError, Reader, Text, compose, read

FOLDER = Path(__file__).resolve().parent.parent / "catalogue"
QUESTIONNAIRES = FOLDER / "questionnaires"
REQUIRED = FOLDER / "assessments.yaml"

# fields of the register with which a question may be filled, and the kinds of question that take them
PREFILLS: dict[str, tuple[str, ...]] = {
    "system.name": ("text", "long_text"),
    "system.description": ("long_text",),
    "system.unit": ("text",),
    "system.owner": ("person",),
    "system.provider_role": ("choice",),
    "system.vendor": ("text",),
    "system.version": ("text",),
    "system.training_data": ("long_text",),
    "system.hand_overs": ("table",),
    "system.languages": ("text", "long_text"),
    "system.labels": ("text", "long_text"),
    "system.dimensions": ("text", "long_text"),
    "system.goals": ("long_text",),
    "flows.table": ("table",),
    "flows.subjects": ("text", "long_text"),
    "flows.purposes": ("text", "long_text"),
    "flows.recipients": ("text", "long_text"),
    "screening.table": ("table",),
}


@cache
def questionnaires() -> dict[tuple[str, str], Questionnaire]:
    """All versions of all questionnaires that ship with the product, by (kind, version)."""
    return load_all(sorted(QUESTIONNAIRES.glob("*.yaml")))


@cache
def requirements() -> tuple[Requirement, ...]:
    """The table of what needs which assessment."""
    return load_requirements(REQUIRED)


def current(kind: str, on: dt.date) -> Questionnaire:
    """The questionnaire of a kind in force on a day: the one that came last before it (else the first there is)."""
    versions = sorted((q for q in questionnaires().values() if q.kind == kind), key=lambda q: q.valid_from)
    return next((q for q in reversed(versions) if q.valid_from <= on), versions[0])


def find(kind: str, version: str) -> Questionnaire:
    """The version that an assessment was made with. Raises KeyError where its file is gone."""
    return questionnaires()[kind, version]


def load_all(paths: Iterable[Path]) -> dict[tuple[str, str], Questionnaire]:
    """Read files; each kind and version occurs once, every kind occurs."""
    found: dict[tuple[str, str], Questionnaire] = {}
    path = QUESTIONNAIRES
    for path in paths:
        made = load(path)
        key = (made.kind, made.version)
        if key in found:
            raise DataFileError(
                str(path), 1, f"'{made.kind}' version '{made.version}' is in another file already"
            )
        found[key] = made
    for kind in Kind.values():
        if not any(known == kind for known, _ in found):
            raise DataFileError(str(path), 1, f"there is no questionnaire of the kind '{kind}'")
    return found


def load(path: Path) -> Questionnaire:
    """Read and check one questionnaire. Raises DataFileError with the line of the first mistake."""
    return _QuestionnaireReader(str(path)).questionnaire(compose(read(path), str(path)))


def load_requirements(path: Path) -> tuple[Requirement, ...]:
    """Read and check the table. Raises DataFileError likewise."""
    reader = _RequirementReader(str(path))
    root = reader.mapping(compose(read(path), str(path)), {"required"}, {"required"})
    return tuple(reader.requirement(node) for node in reader.items(root["required"]))


class _QuestionnaireReader(Reader):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.questions: dict[str, Question] = {}

    def questionnaire(self, root: yaml.Node) -> Questionnaire:
        needed = {"kind", "version", "valid_from", "title", "source", "sections"}
        found = self.mapping(root, needed, {*needed, "not_owed"})
        sections: list[Section] = []
        for node in self.items(found["sections"]):
            section = self.section(node)
            if any(section.id == other.id for other in sections):
                raise self.fail(node, f"the section '{section.id}' occurs twice")
            sections.append(section)
        if not sections:
            raise self.fail(found["sections"], "a questionnaire has at least one section")
        way_out = self.not_owed(found["not_owed"], sections) if "not_owed" in found else None
        return Questionnaire(
            kind=self.one_of(found["kind"], set(Kind.values())),
            version=self.string(found["version"]),
            valid_from=self.date(found["valid_from"]),
            title=self.text(found["title"]),
            source=self.string(found["source"]),
            sections=tuple(sections),
            not_owed=way_out,
        )

    def id(self, node: yaml.Node) -> str:
        value = self.string(node)
        if not ID.match(value) or len(value) > 60:
            raise self.fail(node, f"'{value}' is no id: lower-case letters, digits and _, at most 60")
        return value

    def section(self, node: yaml.Node) -> Section:
        found = self.mapping(node, {"id", "title", "questions"}, {"id", "title", "questions", "intro"})
        questions = []
        for item in self.items(found["questions"]):
            question = self.question(item)
            if question.id in self.questions:
                raise self.fail(item, f"the question '{question.id}' occurs twice")
            self.questions[question.id] = question
            questions.append(question)
        if not questions:
            raise self.fail(found["questions"], "a section has at least one question")
        return Section(
            id=self.id(found["id"]),
            title=self.text(found["title"]),
            intro=self.optional_text(found, "intro"),
            questions=tuple(questions),
        )

    def optional_text(self, found: Mapping[str, yaml.Node], key: str) -> Text:
        return self.text(found[key]) if key in found else {}

    def question(self, node: yaml.Node) -> Question:
        needed = {"id", "kind", "text"}
        more = {"required", "help", "reference", "prefill", "choices", "columns", "only_if"}
        found = self.mapping(node, needed, needed | more)
        kind = self.one_of(found["kind"], set(QuestionKind.values()))
        self.fits(node, found, "choices", kind in ("choice", "multi_choice"))
        self.fits(node, found, "columns", kind == "table")
        columns = [self.column(item) for item in self.items(found["columns"])] if "columns" in found else []
        return Question(
            id=self.id(found["id"]),
            kind=kind,
            text=self.text(found["text"]),
            required=self.yes(found["required"]) if "required" in found else True,
            help=self.optional_text(found, "help"),
            reference=self.string(found["reference"]) if "reference" in found else "",
            prefill=self.prefill(found["prefill"], kind) if "prefill" in found else "",
            choices=self.choices(found["choices"]) if "choices" in found else {},
            columns=RISK_COLUMNS if kind == "risks" else self.unique(found.get("columns"), columns),
            only_if=self.conditions(found["only_if"]) if "only_if" in found else {},
        )

    def fits(self, node: yaml.Node, found: Mapping[str, yaml.Node], key: str, wanted: bool) -> None:
        if wanted and key not in found:
            raise self.fail(node, f"'{key}' is missing")
        if key in found and not wanted:
            raise self.fail(found[key], f"this kind of question takes no '{key}'")

    def choices(self, node: yaml.Node) -> dict[str, Text]:
        found = self.mapping(node, set())
        if len(found) < 2:
            raise self.fail(node, "at least two choices are expected here")
        return {name: self.text(item) for name, item in found.items()}

    def column(self, node: yaml.Node) -> Column:
        found = self.mapping(node, {"id", "kind", "text"}, {"id", "kind", "text", "choices"})
        kind = self.one_of(found["kind"], set(COLUMN_KINDS))
        self.fits(node, found, "choices", kind == "choice")
        choices = self.choices(found["choices"]) if "choices" in found else {}
        return Column(self.id(found["id"]), kind, self.text(found["text"]), choices)

    def unique(self, node: yaml.Node | None, columns: list[Column]) -> tuple[Column, ...]:
        if node is not None and len({column.id for column in columns}) != max(len(columns), 1):
            raise self.fail(node, "each column occurs once, and there is at least one")
        return tuple(columns)

    def prefill(self, node: yaml.Node, kind: str) -> str:
        name = self.one_of(node, set(PREFILLS))
        if kind not in PREFILLS[name]:
            raise self.fail(node, f"'{name}' fills questions of the kind {' or '.join(PREFILLS[name])}")
        return name

    def conditions(self, node: yaml.Node) -> dict[str, frozenset[str]]:
        """Conditions may only look at questions that come before."""
        found: dict[str, frozenset[str]] = {}
        for key, value in self.mapping(node, set()).items():
            id, _, part = key.partition(".")
            question = self.questions.get(id)
            if question is None:
                raise self.fail(node, f"no question '{id}' comes before this one")
            found[key] = frozenset(
                self.one_of(item, self.possible(node, question, part)) for item in self.items(value)
            )
        if not found:
            raise self.fail(node, "no condition is given")
        return found

    def possible(self, node: yaml.Node, question: Question, part: str) -> set[str]:
        if question.kind == "risks" and part == DERIVED:
            return set(RISK_COLUMNS[-1].choices)
        if question.kind == "yes_no" and not part:
            return {"yes", "no"}
        if question.choices and not part:
            return set(question.choices)
        raise self.fail(node, f"a condition cannot look at '{question.id}' in this way")

    def not_owed(self, node: yaml.Node, sections: list[Section]) -> NotOwed:
        found = self.mapping(node, {"section"}, {"section", "refused_when"})
        section = self.one_of(found["section"], {section.id for section in sections})
        closed: list[Any] = self.items(found["refused_when"]) if "refused_when" in found else []
        return NotOwed(section, tuple(self.conditions(item) for item in closed))


class _RequirementReader(Reader):
    def requirement(self, node: yaml.Node) -> Requirement:
        needed = {"kind", "article", "source", "valid_from", "applies_from", "when", "why"}
        found = self.mapping(node, needed, needed)
        when = tuple(self.conditions(item) for item in self.items(found["when"]))
        if not when:
            raise self.fail(found["when"], "no condition is given")
        return Requirement(
            kind=self.one_of(found["kind"], set(Kind.values())),
            article=self.string(found["article"]),
            source=self.string(found["source"]),
            valid_from=self.date(found["valid_from"]),
            applies_from=self.date(found["applies_from"]),
            when=when,
            why=self.text(found["why"]),
        )

    def conditions(self, node: yaml.Node) -> dict[str, frozenset[str]]:
        known = {name: set(enum.values()) for name, enum in FLOW_ENUMS.items()}
        known |= {"outcome": set(Outcome.values()), "provider_role": set(ProviderRole.values())}
        found = self.mapping(node, set(), set(known))
        if not found:
            raise self.fail(node, "no condition is given")
        return {
            name: frozenset(self.one_of(value, known[name]) for value in self.items(item))
            for name, item in found.items()
        }
