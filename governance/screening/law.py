"""Reads the law catalogue; a file with a mistake is refused, naming file and line. Pure but for reading the file."""

from functools import cache
from pathlib import Path

import yaml

from governance.registry.rules import ANSWERS, FLOW_ENUMS
from governance.screening.rules import Conditions, Duty, Law, Outcome, Rule
from portal.datafile import LANGUAGES, Reader, Text, compose, read

LAW_FILE = Path(__file__).resolve().parent.parent / "catalogue" / "law.yaml"


@cache
def shipped() -> Law:
    """The law that ships with this version of the product (what is in force: `rulesets.in_force`)."""
    return load(LAW_FILE)


def load(path: Path) -> Law:
    """Read and check a rules file. Raises DataFileError with the line of the first mistake."""
    return parse(read(path), str(path))


def parse(text: str, name: str) -> Law:
    """The law in a text; `name` is what errors call it. Raises DataFileError with the line of the first mistake."""
    return _Reader(name).law(compose(text, name))


class _Reader(Reader):
    """Turns the nodes of the file into the dataclasses of the rules, with the line at hand for each complaint."""

    def law(self, root: yaml.Node) -> Law:
        keys = {"version", "source", "questions", "duties", "rules"}
        found = self.mapping(root, keys, keys)
        questions = {name: self.text(node) for name, node in self.mapping(found["questions"], set()).items()}
        duties = {name: self.duty(name, node) for name, node in self.mapping(found["duties"], set()).items()}
        rules: list[Rule] = []
        for node in self.items(found["rules"]):
            rule = self.rule(node, questions, duties)
            if any(rule.id == other.id for other in rules):
                raise self.fail(node, f"the rule '{rule.id}' occurs twice")
            rules.append(rule)
        return Law(
            version=self.string(found["version"]),
            source=self.string(found["source"]),
            rules=tuple(rules),
            duties=duties,
            questions=questions,
        )

    def duty(self, name: str, node: yaml.Node) -> Duty:
        needed = {"article", "role", "applies_from", "text"}
        found = self.mapping(node, needed, {*needed, "other_reading"})
        other_from, other_text = None, {}
        if "other_reading" in found:
            other = self.mapping(found["other_reading"], {"applies_from", *LANGUAGES})
            other_from = self.date(other["applies_from"])
            other_text = {language: self.string(other[language]) for language in LANGUAGES}
        return Duty(
            id=name,
            article=self.string(found["article"]),
            role=self.one_of(found["role"], {"provider", "deployer", "both"}),
            applies_from=self.date(found["applies_from"]),
            text=self.text(found["text"]),
            other_from=other_from,
            other_text=other_text,
        )

    def rule(self, node: yaml.Node, questions: dict[str, Text], duties: dict[str, Duty]) -> Rule:
        needed = {"id", "outcome", "article", "source", "valid_from", "when", "reason", "would_change"}
        found = self.mapping(node, needed, {*needed, "valid_to", "applies_from", "unless", "duties"})
        valid_from = self.date(found["valid_from"])
        valid_to = self.date(found["valid_to"]) if "valid_to" in found else None
        if valid_to is not None and valid_to < valid_from:
            raise self.fail(found["valid_to"], "valid_to lies before valid_from")
        return Rule(
            id=self.string(found["id"]),
            outcome=self.one_of(found["outcome"], set(Outcome.values())),
            article=self.string(found["article"]),
            source=self.string(found["source"]),
            valid_from=valid_from,
            valid_to=valid_to,
            applies_from=self.date(found["applies_from"]) if "applies_from" in found else None,
            when=self.alternatives(found["when"], questions),
            unless=self.alternatives(found["unless"], questions) if "unless" in found else (),
            reason=self.text(found["reason"]),
            would_change=tuple(self.text(item) for item in self.items(found["would_change"])),
            duties=tuple(self.one_of(item, set(duties)) for item in self.optional(found, "duties")),
        )

    def optional(self, found: dict[str, yaml.Node], key: str) -> list[yaml.Node]:
        return self.items(found[key]) if key in found else []

    def alternatives(self, node: yaml.Node, questions: dict[str, Text]) -> tuple[Conditions, ...]:
        nodes = node.value if isinstance(node, yaml.SequenceNode) else [node]
        if not nodes:
            raise self.fail(node, "no condition is given")
        return tuple(self.conditions(item, questions) for item in nodes)

    def conditions(self, node: yaml.Node, questions: dict[str, Text]) -> Conditions:
        found = self.mapping(node, set(), {*FLOW_ENUMS, *questions})
        if not found:
            raise self.fail(node, "no condition is given")
        return {name: self.values(name, item) for name, item in found.items()}

    def values(self, name: str, node: yaml.Node) -> frozenset[str]:
        allowed = set(FLOW_ENUMS[name].values() if name in FLOW_ENUMS else ANSWERS) - {"unknown"}
        return frozenset(self.one_of(item, allowed) for item in self.items(node))
