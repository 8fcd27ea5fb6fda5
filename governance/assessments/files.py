"""Which files are taken as attachments: by ending and first bytes together; nothing is unpacked. Pure."""

import re
import unicodedata
from collections.abc import Callable

from portal.errors import N_, RuleBroken

MAX_BYTES = 10 * 1024 * 1024
MAX_FILES = 40
MAX_NAME = 120

_OFFICE = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"
# the names of the first entry of a document as office programs write it; read from the header, nothing is unpacked
_OOXML_FIRST = re.compile(rb"(\[Content_Types\]\.xml|_rels/|docProps/|word/|xl/|ppt/|customXml/)")
_MARKUP = re.compile(rb"\s*<(!doctype|html|head|body|script|svg|\?xml|iframe)", re.IGNORECASE)


def _starts(*magic: bytes) -> Callable[[bytes], bool]:
    return lambda data: data.startswith(magic)


def _ooxml(data: bytes) -> bool:
    length = int.from_bytes(data[26:28], "little")
    return data.startswith(b"PK\x03\x04") and bool(_OOXML_FIRST.match(data[30 : 30 + length]))


def _odf(media_type: str) -> Callable[[bytes], bool]:
    # OpenDocument 1.2 part 3, 3.3: the first entry is `mimetype`, stored as it is
    wanted = b"mimetype" + media_type.encode()
    return lambda data: data.startswith(b"PK\x03\x04") and data[30:].startswith(wanted)


def _text(data: bytes) -> bool:
    if b"\x00" in data or data.startswith(b"#!") or _MARKUP.match(data.removeprefix(b"\xef\xbb\xbf")):
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


# ending -> (media type, do these bytes look like it)
TYPES: dict[str, tuple[str, Callable[[bytes], bool]]] = {
    "pdf": ("application/pdf", _starts(b"%PDF-")),
    "png": ("image/png", _starts(b"\x89PNG\r\n\x1a\n")),
    "jpg": ("image/jpeg", _starts(b"\xff\xd8\xff")),
    "jpeg": ("image/jpeg", _starts(b"\xff\xd8\xff")),
    "docx": (f"{_OFFICE}.wordprocessingml.document", _ooxml),
    "xlsx": (f"{_OFFICE}.spreadsheetml.sheet", _ooxml),
    "pptx": (f"{_OFFICE}.presentationml.presentation", _ooxml),
    "odt": (f"{_ODF}.text", _odf(f"{_ODF}.text")),
    "ods": (f"{_ODF}.spreadsheet", _odf(f"{_ODF}.spreadsheet")),
    "txt": ("text/plain", _text),
    "md": ("text/plain", _text),
    "csv": ("text/csv", _text),
}
ACCEPTED = tuple(f".{ending}" for ending in TYPES)


def safe_name(name: str) -> str:
    """The last part of a name without folders, control and direction characters, at most 120 long, ending kept."""
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    visible = "".join(c for c in last if unicodedata.category(c)[0] != "C" and c not in '"<>:|?*')
    stem, dot, ending = visible.strip(" .").rpartition(".")
    if not dot:
        return visible.strip(" .")[:MAX_NAME]
    return f"{stem.strip(' .')[: MAX_NAME - len(ending) - 1]}.{ending}"


def media_type(name: str, data: bytes) -> str:
    """The media type of a file whose (safe) name and bytes agree. Raises RuleBroken with the reason."""
    stem, _, ending = name.rpartition(".")
    known = TYPES.get(ending.lower())
    if known is None or not stem:
        raise _refusal(
            N_("Files of this kind are not taken. Possible: {endings}."),
            "file_type",
            endings=", ".join(TYPES),
        )
    if not data:
        raise _refusal(N_("The file is empty."), "file_empty")
    if len(data) > MAX_BYTES:
        raise too_large()
    if not known[1](data):
        raise _refusal(N_("The content of the file is not what its ending says."), "file_content")
    return known[0]


def too_large() -> RuleBroken:
    """The refusal of a file beyond the limit."""
    return _refusal(
        N_("The file is larger than {limit} MB."), "file_too_large", limit=MAX_BYTES // 1024 // 1024
    )


def _refusal(message: str, code: str, **params: object) -> RuleBroken:
    return RuleBroken(message, code=code, field="file", **params)
