"""Numbers in words: rounding does not make nearly all into all."""

import pytest
from django.utils import translation

from portal.web import numbers
from portal.web.templatetags.attune import method


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.99996, "share", "0.99996"),
        (0.99999999, "share", "0.999999"),
        (0.99999999, "percent", "99.999999\u00a0%"),
        (0.0000000001, "percent", "0.000001\u00a0%"),
        (1, "share", "1.0000"),
        (1, "percent", "100.0\u00a0%"),
        (0, "percent", "0.0\u00a0%"),
    ],
)
def test_what_is_not_quite_all_does_not_read_all(value: float, unit: str, text: str) -> None:
    with translation.override("en-gb"):
        assert numbers.format_value(value, unit=unit) == text


def test_how_a_figure_was_calculated_is_told_in_the_language_of_the_reader_with_its_numbers() -> None:
    text = "Cohen's kappa; multinomial bootstrap on the counts, 1000 replicates, seed 7"
    assert method(text) == text
    with translation.override("nl"):
        told = method(text)
        assert method("Wilson score interval") == "Wilson-score-interval"
    assert "1000 herhalingen, startwaarde 7" in told
    assert "bootstrap on the counts" not in told
    assert method("") == ""
    assert method("something nobody marked, 3 times") == "something nobody marked, 3 times"
