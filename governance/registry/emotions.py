"""The emotion scheme that systems have in common; a file with a mistake is refused at start, naming its line."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

EMOTIONS_FILE = Path(__file__).resolve().parent.parent / "catalogue" / "emotions.yaml"
POLARITIES = ("negative", "neutral", "positive")


class EmotionsFileError(Exception):
    """A scheme that cannot be used: where and why."""

    def __init__(self, path: Path, line: int, why: str) -> None:
        super().__init__(f"{path}, line {line}: {why}")


@dataclass(frozen=True)
class Emotion:
    """One label of the shared scheme with its polarity and names."""

    id: str
    polarity: str
    en: str
    nl: str

    def name(self, language: str) -> str:
        """In the language of the reader; English where there is no other."""
        return self.nl if language.startswith("nl") else self.en


@dataclass(frozen=True)
class Scheme:
    """A version of the shared scheme."""

    version: str
    source: str
    labels: dict[str, Emotion]


@cache
def current() -> Scheme:
    """The scheme that ships with this version of the product."""
    return load(EMOTIONS_FILE)


def load(path: Path) -> Scheme:
    """Read and check a scheme. Raises EmotionsFileError with the line of the first mistake."""
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise EmotionsFileError(path, line, error.problem or "not YAML") from error
    top = _mapping(path, root, {"version", "source", "labels"})
    labels = _mapping(path, top["labels"])
    if not labels:
        raise EmotionsFileError(path, _line(top["labels"]), "there is no label")
    return Scheme(
        version=_text(path, top["version"]),
        source=_text(path, top["source"]),
        labels={name: _emotion(path, name, node) for name, node in labels.items()},
    )


def _emotion(path: Path, name: str, node: yaml.Node) -> Emotion:
    found = _mapping(path, node, {"polarity", "en", "nl"})
    polarity = _text(path, found["polarity"])
    if polarity not in POLARITIES:
        raise EmotionsFileError(path, _line(found["polarity"]), f"'{polarity}' is not one of {POLARITIES}")
    return Emotion(name, polarity, _text(path, found["en"]), _text(path, found["nl"]))


def _mapping(path: Path, node: yaml.Node | None, keys: set[str] | None = None) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise EmotionsFileError(path, _line(node), "a mapping is expected here")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if key.value in found or (keys is not None and key.value not in keys):
            raise EmotionsFileError(path, _line(key), f"'{key.value}' is unknown or occurs twice")
        found[key.value] = value
    if missing := (keys or set()) - found.keys():
        raise EmotionsFileError(path, _line(node), f"'{min(missing)}' is missing")
    return found


def _text(path: Path, node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or not node.value.strip():
        raise EmotionsFileError(path, _line(node), "a text is expected here")
    return str(node.value)


def _line(node: yaml.Node | None) -> int:
    return node.start_mark.line + 1 if node is not None else 1
