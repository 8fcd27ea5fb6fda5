"""Where files lie: outside the web root, under random names, readable by us alone, whole or not at all."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from django.conf import settings

from governance.assessments import files
from portal.errors import N_, RuleBroken


class Upload(Protocol):
    """What a form or a call hands over (Django's UploadedFile)."""

    @property
    def name(self) -> str | None:
        """The name that the sender gave."""

    @property
    def size(self) -> int | None:
        """In bytes."""

    def read(self, num_bytes: int | None = None, /) -> bytes:
        """The bytes."""


@dataclass(frozen=True)
class Checked:
    """A file whose name, size and content agree."""

    name: str
    media_type: str
    sha256: str
    data: bytes


def check(file: Upload) -> Checked:
    """Read a file. Raises RuleBroken naming what is wrong with it."""
    if (file.size or 0) > files.MAX_BYTES:
        raise files.too_large()
    name = files.safe_name(file.name or "")
    data = file.read(files.MAX_BYTES + 1)
    return Checked(name, files.media_type(name, data), hashlib.sha256(data).hexdigest(), data)


def path(folder: str, stored_as: str) -> Path:
    """Where the bytes of a file lie; `folder`: of whose files it is."""
    return Path(settings.MEDIA_ROOT) / folder / stored_as[:2] / stored_as


@dataclass
class Writing:
    """Files that were written and belong to nothing yet."""

    folder: str
    names: list[str] = field(default_factory=list)

    def write(self, data: bytes) -> str:
        """Write the bytes; returns the random name."""
        name = write(self.folder, data)
        self.names.append(name)
        return name

    def undo(self) -> None:
        """Remove them again."""
        for name in self.names:
            path(self.folder, name).unlink(missing_ok=True)


@contextmanager
def writing(folder: str) -> Iterator[Writing]:
    """Write files for what a transaction makes: where it is not made, they are gone afterwards."""
    files = Writing(folder)
    try:
        yield files
    except BaseException:
        files.undo()
        raise


def write(folder: str, data: bytes) -> str:
    """Write the bytes; returns the random name."""
    name = secrets.token_hex(16)
    place = path(folder, name)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = place.with_suffix(".part")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(data)
        out.flush()
        os.fsync(out.fileno())
    part.replace(place)
    return name


def intact(folder: str, stored_as: str, sha256: str) -> Path:
    """Where the bytes lie. Raises RuleBroken where they are gone or are no longer what was added."""
    place = path(folder, stored_as)
    if not place.is_file():
        raise RuleBroken(N_("The file is no longer there."), code="file_gone")
    if hashlib.sha256(place.read_bytes()).hexdigest() != sha256:
        raise RuleBroken(N_("The file is not the one that was added: its hash differs."), code="file_changed")
    return place
