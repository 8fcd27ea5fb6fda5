"""How hard a text is to read: LIX by hand, sentences that are too long, Markdown, other punctuation."""

import pytest

from governance.transparency.plain import LONGEST, plainness

LONG = " ".join(["word"] * (LONGEST + 1)) + "."


@pytest.mark.parametrize(
    ("text", "words", "lix"),
    [
        # by hand: words / sentences + 100 * words of 7 letters or more / words
        ("", 0, None),
        ("...", 0, None),
        ("We read your words.", 4, 4.0),
        ("We read your words. You can say no.", 8, 4.0),
        ("Emotion recognition is forbidden.", 4, 4 + 100 * 3 / 4),
        ("Wij lezen uw toon. Zeg nee in de chat!", 9, 4.5),
        ("Een zin\nnog een zin", 5, 2.5),
        ("**We** read [your words](https://example.org/a/very/long/address).", 4, 4.0),
        ("It is right in 83.4% of 1,421 messages.", 8, 8 + 100 / 8),
        ("the court's well-known rule", 4, 4 + 100 * 2 / 4),
    ],
)
def test_lix_as_worked_out_by_hand(text: str, words: int, lix: float | None) -> None:
    found = plainness(text)
    assert (found.words, found.lix) == (words, lix if lix is None else round(lix, 1))


def test_a_sentence_that_is_too_long_is_named_and_makes_a_text_hard() -> None:
    found = plainness(f"Short. {LONG} Short again.")
    assert found.long_sentences == (LONG,)
    assert found.is_hard
    assert not plainness(LONG.removeprefix("word ")).is_hard
    assert plainness("Emotion recognition is forbidden.").is_hard  # LIX 79, however short
