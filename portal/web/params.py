"""What fills the `{names}` of a stored or refused sentence, as the reader writes it: words, dates, numbers."""

import re
from collections.abc import Mapping
from datetime import date

from django.utils.formats import date_format, number_format

from portal.web import badges

CODES = frozenset({"state", "before", "after", "kind"})  # names whose value is a code
DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
DECIMAL = re.compile(r"-?\d+\.\d+")


def shown(params: Mapping[str, object]) -> dict[str, object]:
    """The parameters for people: codes as words, ISO days and decimals in the form of the reader's language."""
    return {name: _shown(name, value) for name, value in params.items()}


def _shown(name: str, value: object) -> object:
    if not isinstance(value, str):
        return value
    if name in CODES:
        return badges.word(value)
    if DECIMAL.fullmatch(value):
        return number_format(value, decimal_pos=len(value.partition(".")[2]))
    return DAY.sub(_day, value)


def _day(found: "re.Match[str]") -> str:
    try:
        return str(date_format(date.fromisoformat(found[0]), "SHORT_DATE_FORMAT"))
    except ValueError:  # looks like a day and is none
        return found[0]
