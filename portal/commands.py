"""What the commands that read a file share."""

import sys
from argparse import ArgumentTypeError
from pathlib import Path

from django.core.management.base import CommandError
from django.utils.translation import gettext


def pair(text: str) -> tuple[str, str]:
    """'a=b' as ('a', 'b'), for an option of argparse. Raises ArgumentTypeError."""
    left, equals, right = text.partition("=")
    if not equals or not left.strip():
        raise ArgumentTypeError(f"'{text}' is not of the form name=value")
    return left.strip(), right.strip()


def read_file(name: str) -> bytes:
    """The bytes of a file; '-' is standard input. Raises CommandError naming why it cannot be read."""
    if name == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(name).read_bytes()
    except OSError as error:
        raise CommandError(
            gettext("The file cannot be read: {why}").format(why=error.strerror or error)
        ) from error
