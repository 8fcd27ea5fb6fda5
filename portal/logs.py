"""How a log line is written: nothing that a client sends begins a line, and no secret address stands in it."""

import logging
import re

_BREAKS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _shown(found: "re.Match[str]") -> str:
    return f"\\x{ord(found[0]):02x}"


_SECRET = re.compile(r"(/(?:my|calendar|accounts/password/reset/key)/)[^/\s?\"'.]+")


def without_secrets(text: str) -> str:
    """The text without what opens something by itself in an address: tokens of personal pages, calendars, passwords."""
    return _SECRET.sub(r"\1[secret]", text)


class OneLine(logging.Formatter):
    """A message is one line: control characters are written out; the lines of a traceback are set in."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the library's name
        """The line."""
        return _BREAKS.sub(_shown, without_secrets(super().formatMessage(record)))

    def formatException(self, ei: object) -> str:  # noqa: N802
        """The traceback, each line behind two blanks."""
        lines = super().formatException(ei).splitlines()  # type: ignore[arg-type]
        return "\n".join("  " + _BREAKS.sub(_shown, without_secrets(line)) for line in lines)
