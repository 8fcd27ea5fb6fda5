"""How two texts differ, paragraph by paragraph, in rows that a person can read. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

_BREAK = re.compile(r"\n\s*\n")


@dataclass(frozen=True)
class Difference:
    """One place where two texts differ: the number of the paragraph (in the new text, else in the old one), what
    stood there and what stands there now; '' where there was or is nothing."""

    paragraph: int
    before: str
    after: str


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text; lines of one paragraph stay together."""
    return [part.strip() for part in _BREAK.split(text.replace("\r\n", "\n")) if part.strip()]


def differences(before: str, after: str) -> list[Difference]:
    """Where two texts differ; blanks around a paragraph are no difference."""
    return list(_differences(paragraphs(before), paragraphs(after)))


def _differences(old: list[str], new: list[str]) -> Iterator[Difference]:
    for kind, i1, i2, j1, j2 in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            continue
        for n in range(max(i2 - i1, j2 - j1)):
            was = old[i1 + n] if i1 + n < i2 else ""
            now = new[j1 + n] if j1 + n < j2 else ""
            yield Difference((j1 if now else i1) + n + 1, was, now)
