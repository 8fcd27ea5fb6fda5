"""A pack as bytes: BagIt 1.0 manifests, the signed statement over them, a zip that repeats. Pure."""

import base64
import datetime as dt
import hashlib
import io
import zipfile
from collections.abc import Mapping
from typing import Any, Final

import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

STATEMENT: Final = "signature/statement.dsse.json"
PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
PREDICATE_TYPE: Final = "https://attune.local/evidence-pack/v1"
BAGIT: Final = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def sha256(content: bytes) -> str:
    """The digest in hex."""
    return hashlib.sha256(content).hexdigest()


def manifest(files: Mapping[str, bytes]) -> bytes:
    """A manifest as `sha256sum -c` reads it: digest, two spaces, path; sorted."""
    return "".join(f"{sha256(files[name])}  {name}\n" for name in sorted(files)).encode()


def info(payload: Mapping[str, bytes], facts: Mapping[str, str]) -> bytes:
    """bag-info.txt: the facts, and the Payload-Oxum (bytes.files) by which a cut transfer shows quickly."""
    size = sum(len(content) for content in payload.values())
    rows = {**facts, "Payload-Oxum": f"{size}.{len(payload)}"}
    return "".join(f"{name}: {value}\n" for name, value in rows.items()).encode()


def bag(
    payload: Mapping[str, bytes], tags: Mapping[str, bytes], facts: Mapping[str, str]
) -> dict[str, bytes]:
    """Every file of the bag but the signature: payload (paths begin with data/), tag files, both manifests."""
    tagged = {
        **tags,
        "bagit.txt": BAGIT,
        "bag-info.txt": info(payload, facts),
        "manifest-sha256.txt": manifest(payload),
    }
    return {**payload, **tagged, "tagmanifest-sha256.txt": manifest(tagged)}


def statement(tagmanifest: bytes, predicate: Mapping[str, Any], key: Ed25519PrivateKey) -> bytes:
    """The DSSE envelope of an in-toto statement: 'this list of files is this pack', signed with Ed25519."""
    payload = orjson.dumps(
        {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": "tagmanifest-sha256.txt", "digest": {"sha256": sha256(tagmanifest)}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": dict(predicate),
        },
        option=orjson.OPT_SORT_KEYS,
    )
    kind = PAYLOAD_TYPE.encode()
    signed = b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)
    envelope = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [
            {
                "keyid": sha256(key.public_key().public_bytes_raw()),
                "sig": base64.b64encode(key.sign(signed)).decode(),
            }
        ],
    }
    return orjson.dumps(
        envelope, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    )


def zipped(files: Mapping[str, bytes], folder: str, at: dt.datetime) -> bytes:
    """The files below one folder as a zip whose bytes depend on nothing but its contents and `at`."""
    out = io.BytesIO()
    stamp = (max(at.year, 1980), at.month, at.day, at.hour, at.minute, at.second // 2 * 2)
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{folder}/{name}", stamp)
            entry.compress_type = zipfile.ZIP_STORED if name.endswith(".gz") else zipfile.ZIP_DEFLATED
            entry.create_system = 3
            entry.external_attr = (0o755 if name == "verify.py" else 0o644) << 16
            archive.writestr(entry, files[name], compresslevel=6)
    return out.getvalue()
