"""How hard a text for the public is to read: long sentences by name, and the readability index LIX.

LIX (Björnsson 1968) = words per sentence + percentage of words of more than six letters. Unlike formulas over syllables
it asks for no dictionary and means the same in English and Dutch. Björnsson calls 30 to 40 easy and 40 to 50 middling.
No formula proves the level B1 of the Common European Framework: it finds what surely is harder.
"""

import re
from dataclasses import dataclass

LONGEST = 20
"""Words of a sentence; a longer one is named."""
HARDEST = 40
"""LIX of a text; above, it is called hard."""
_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+(?:[.,:/-]\d+)*%?")
_END = re.compile(r"(?<=[.!?:;])[\s\"'”’)]+|\s*\n\s*")
_MARKUP = re.compile(r"\[([^\]]*)\]\([^)]*\)|^[#>*+\-\s]+|[*_`]+", re.MULTILINE)
LONG_WORD = 7
"""Letters of a word that counts as long."""


@dataclass(frozen=True)
class Plainness:
    """What was found in one text; `lix` None where it has no words."""

    words: int
    lix: float | None
    long_sentences: tuple[str, ...]

    @property
    def is_hard(self) -> bool:
        """Whether somebody with B1 would surely stumble."""
        return bool(self.long_sentences) or (self.lix is not None and self.lix > HARDEST)


def plainness(text: str) -> Plainness:
    """Measure a text (plain or Markdown) in English or Dutch."""
    sentences = [one.strip() for one in _END.split(_MARKUP.sub(r"\1", text)) if _WORD.search(one)]
    found = [_WORD.findall(one) for one in sentences]
    words = [word for sentence in found for word in sentence]
    if not words:
        return Plainness(0, None, ())
    hard = sum(len(word) >= LONG_WORD for word in words)
    lix = len(words) / len(sentences) + 100 * hard / len(words)
    named = tuple(text for text, inside in zip(sentences, found, strict=True) if len(inside) > LONGEST)
    return Plainness(len(words), round(lix, 1), named)
