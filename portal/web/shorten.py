"""Long texts where there is little room."""

from django.utils.translation import gettext


def shorten(text: str, length: int) -> str:
    """A text of at most `length` characters on one line, with how many there are where it is longer; 0: as it is."""
    if not length:
        return text
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    note = gettext("{shown} of {all} characters").format(shown=length, all=len(line))
    return f"{line[:length].rstrip()}… [{note}]"
