"""Policies to start from, read from the catalogue; a file with a mistake stops the start, naming file and line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from governance.consent.rules import faults_in
from portal.datafile import Reader, compose, read

FILE = Path(__file__).resolve().parent.parent / "catalogue" / "policies.yaml"
_AT = re.compile(r"rules\[(\d+)\]")


@dataclass(frozen=True)
class PolicyTemplate:
    """A policy to start from."""

    key: str
    title: dict[str, str]
    retention_days: int
    rules: list[dict[str, Any]]


@cache
def all_templates() -> Mapping[str, PolicyTemplate]:
    """Every template by its key. Raises DataFileError with the line of the first mistake."""
    return load(FILE)


def load(path: Path) -> dict[str, PolicyTemplate]:
    """Read and check a file of templates. Raises DataFileError with the line of the first mistake."""
    reader, found = _Reader(str(path)), dict[str, PolicyTemplate]()
    for node in reader.items(compose(read(path), str(path))):
        template = reader.template(node)
        if template.key in found:
            raise reader.fail(node, f"the template '{template.key}' occurs twice")
        found[template.key] = template
    return found


class _Reader(Reader):
    """Turns the nodes of the file into templates."""

    def template(self, node: yaml.Node) -> PolicyTemplate:
        keys = {"key", "title", "retention_days", "rules"}
        found = self.mapping(node, keys, keys)
        days, nodes = self.plain(found["retention_days"]), self.items(found["rules"])
        if type(days) is not int or days < 1:
            raise self.fail(found["retention_days"], "a number of days is expected here")
        rules = [
            {name: self.plain(value) for name, value in self.mapping(row, set()).items()} for row in nodes
        ]
        for fault in faults_in(rules):
            at = _AT.match(fault["field"])
            where = nodes[int(at.group(1)) - 1] if at else found["rules"]
            raise self.fail(where, f"{fault['field']}: {fault['message']}")
        return PolicyTemplate(self.string(found["key"]), dict(self.text(found["title"])), days, rules)

    def plain(self, node: yaml.Node) -> Any:
        """A value of a rule: text, whole number, true or false, or a list of texts."""
        if isinstance(node, yaml.SequenceNode):
            return [self.string(one) for one in node.value]
        text = self.string(node)
        if getattr(node, "style", None) is not None:  # in quotes: text, whatever it looks like
            return text
        if text in ("true", "false"):
            return text == "true"
        return int(text) if text.isascii() and text.isdigit() else text
