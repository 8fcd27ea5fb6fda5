"""Evidence packs for tests: made for real, and the verifier run as an auditor runs it."""

import datetime as dt
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.db import connections

from governance.evidence import services, verify
from governance.evidence.models import EvidencePack
from governance.findings.services import open_finding
from portal.jobs.runner import run_job
from portal.ledger import keys, rules, signer
from portal.ledger.models import Leaf, LedgerBody
from tests import make

VERIFIER = Path(verify.__file__)


@dataclass
class Made:
    """Packs as bytes, made once for all tests of this module: two of one history, one of a rebuilt history."""

    old: bytes
    new: bytes
    rebuilt: bytes
    key: Ed25519PrivateKey


def governed() -> Any:
    """A system with screening, votes, deployment and a finding in its history."""
    system = make.system(slug="chatbot", name="=Chatbot", unit=make.unit("Claims"))
    make.approved_deployment(system)
    open_finding(
        system=system,
        check="a.b",
        severity="high",
        title="Too few\nlabels",
        detail="x",
        source="test",
        by="system",
    )
    return system


def pack_of(system: Any, **fields: Any) -> EvidencePack:
    values: dict[str, Any] = {
        "date_from": make.today() - dt.timedelta(days=30),
        "date_to": make.today(),
        "sample_size": 5,
        "by": "system",
    }
    pack = services.request_pack(systems=[system], bell=False, **(values | fields))
    assert pack.job is not None
    run_job(pack.job.pk)
    pack.refresh_from_db()
    return pack


def bytes_of(pack: EvidencePack) -> bytes:
    assert pack.made_at is not None, pack.job and pack.job.error
    return services.path_of(pack).read_bytes()


def make_all() -> Made:
    system = governed()
    old = bytes_of(pack_of(system))
    make.flow(system)
    new = bytes_of(pack_of(system))
    key = keys.load()
    _rebuild_history()
    return Made(old, new, bytes_of(pack_of(system)), key)


def _rebuild_history() -> None:
    """The owner of database, key and machine writes another history and signs all of it anew."""
    leaf = Leaf.objects.get(index=3)
    body = LedgerBody.objects.get(event=leaf.event)
    forged = {**body.body, "forged": True}
    header = json.loads(bytes(leaf.header)) | {"body_sha256": rules.body_digest(bytes(body.salt), forged)}
    with connections["owner"].cursor() as cursor:
        for table in ("leaf", "ledgerbody", "checkpoint"):
            cursor.execute(f"ALTER TABLE portal_{table} DISABLE TRIGGER USER")
        cursor.execute(
            "UPDATE portal_ledgerbody SET body = %s WHERE event = %s", [json.dumps(forged), leaf.event]
        )
        cursor.execute("UPDATE portal_leaf SET header = %s WHERE index = 3", [rules.canonical(header)])
        cursor.execute("DELETE FROM portal_checkpoint")
    keys.leaves_file().unlink()
    Path(settings.LEDGER_CHECKPOINT_FILE).unlink()
    signer.checkpoint()


def run(*arguments: object, cwd: Path | None = None) -> tuple[int, dict[str, Any]]:
    """The verifier as an auditor runs it: another process, isolated from every installed package."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(VERIFIER), *map(str, arguments), "--json"],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )
    assert done.returncode in (0, 1), done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, answer


def unpacked(content: bytes, folder: Path) -> Path:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(folder)
    (inner,) = folder.iterdir()
    return inner
