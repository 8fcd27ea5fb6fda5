"""Reads data files (YAML) strictly: what is wrong is refused with file and line. Pure but for reading the file."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path

import yaml

LANGUAGES = ("en", "nl")
Text = Mapping[str, str]


class DataFileError(Exception):
    """A data file that cannot be used: where and why."""

    def __init__(self, name: str, line: int, why: str) -> None:
        self.line, self.why = line, why
        super().__init__(f"{name}, line {line}: {why}")


def read(path: Path) -> str:
    """The text of a file. Raises DataFileError where it is not UTF-8."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataFileError(str(path), 1, "the file is not UTF-8") from error


def compose(text: str, name: str) -> yaml.Node:
    """The root node of a text, each node with its line; `name` is what errors call it.

    Raises DataFileError where it is no YAML or empty.
    """
    try:
        # BaseLoader leaves every scalar a string, so that `yes` stays an answer and no date is guessed
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise DataFileError(name, line, error.problem or "not YAML") from error
    except (yaml.reader.ReaderError, RecursionError) as error:
        raise DataFileError(name, 1, "a character that YAML does not allow, or nested too deeply") from error
    if root is None:
        raise DataFileError(name, 1, "the file is empty")
    return root


class Reader:
    """Nodes to plain values, with the line at hand for each complaint."""

    def __init__(self, name: str) -> None:
        self.name = name

    def fail(self, node: yaml.Node, why: str) -> DataFileError:
        """The error to raise about a node."""
        return DataFileError(self.name, node.start_mark.line + 1, why)

    def mapping(
        self, node: yaml.Node, needed: set[str], allowed: set[str] | None = None
    ) -> dict[str, yaml.Node]:
        """The entries of a mapping; all of `needed`, and nothing beyond `allowed` (None: any key)."""
        if not isinstance(node, yaml.MappingNode):
            raise self.fail(node, "a mapping is expected here")
        found: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if key.value in found:
                raise self.fail(key, f"'{key.value}' occurs twice")
            if allowed is not None and key.value not in allowed:
                raise self.fail(key, f"unknown key '{key.value}'")
            found[key.value] = value
        for name in sorted(needed - found.keys()):
            raise self.fail(node, f"'{name}' is missing")
        return found

    def items(self, node: yaml.Node) -> list[yaml.Node]:
        """The nodes of a list."""
        if not isinstance(node, yaml.SequenceNode):
            raise self.fail(node, "a list is expected here")
        return list(node.value)

    def string(self, node: yaml.Node) -> str:
        """A text that is not empty."""
        if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
            raise self.fail(node, "a text is expected here")
        return str(node.value)

    def one_of(self, node: yaml.Node, allowed: set[str]) -> str:
        """A text out of a set."""
        value = self.string(node)
        if value not in allowed:
            raise self.fail(node, f"'{value}' is not one of {', '.join(sorted(allowed))}")
        return value

    def yes(self, node: yaml.Node) -> bool:
        """yes or no."""
        return self.one_of(node, {"yes", "no"}) == "yes"

    def date(self, node: yaml.Node) -> dt.date:
        """A day as YYYY-MM-DD."""
        try:
            return dt.date.fromisoformat(self.string(node))
        except ValueError as error:
            raise self.fail(node, f"'{self.string(node)}' is not a date (YYYY-MM-DD)") from error

    def text(self, node: yaml.Node) -> Text:
        """The same text in every language of the product."""
        found = self.mapping(node, set(LANGUAGES), set(LANGUAGES))
        return {language: self.string(found[language]) for language in LANGUAGES}
