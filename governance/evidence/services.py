"""Asking for evidence packs, making them, handing them out; each of these acts is in the ledger."""

import contextlib
import datetime as dt
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from governance.evidence import bag, build
from governance.evidence.models import EvidencePack
from governance.registry.models import System
from governance.registry.services import permitted
from portal.accounts.models import ApiKey, MachineUser, User
from portal.errors import N_, RuleBroken
from portal.jobs import services as jobs
from portal.jobs.context import JobContext
from portal.ledger import signer
from portal.ledger.models import Checkpoint
from portal.ledger.services import actor_text, record

JOB = "evidence_pack"
LONGEST = dt.timedelta(days=5 * 366)


def request_pack(
    *,
    systems: Sequence[System],
    date_from: dt.date,
    date_to: dt.date,
    by: Any,
    auditor_number: str = "",
    end_size: int | None = None,
    sample_size: int = 25,
    bell: bool = True,
) -> EvidencePack:
    """Ask for a pack about these systems over whole days, both included; a worker makes it.

    `auditor_number` enters the seed of the sample and needs `end_size`, the size of the checkpoint that the auditor
    held before choosing it. Raises NotAllowed, or RuleBroken for a period or number that cannot be.
    """
    chosen = sorted(set(systems), key=lambda system: system.slug)
    if not chosen:
        raise RuleBroken(N_("Choose at least one system."), code="no_system", field="systems")
    for system in chosen:
        permitted(MachineUser(by) if isinstance(by, ApiKey) else by, "export_evidence", system)
    _check_period(date_from, date_to)
    number = auditor_number.strip()
    _check_number(number, end_size)
    with transaction.atomic():
        pack = EvidencePack.objects.create(
            date_from=date_from,
            date_to=date_to,
            end_size=end_size if number else None,
            sample_size=sample_size,
            auditor_number=number,
            requested_at=timezone.now(),
            requested_by=by if isinstance(by, User) else None,
            requested_as=actor_text(by),
        )
        pack.systems.set(chosen)
        pack.job = jobs.enqueue(
            kind=JOB,
            payload={"pack": str(pack.pk)},
            by=by,
            # of several units nobody but the requester sees the job: its name tells the systems
            unit=chosen[0].unit if len({system.unit_id for system in chosen}) == 1 else None,
            about=", ".join(system.name for system in chosen)[:200],
            bell=bell,
        )
        pack.save(update_fields=["job"])
        _record(pack, "evidence.pack_requested", by, {"sample_size": sample_size, "auditor_number": number})
    return pack


def _check_period(date_from: dt.date, date_to: dt.date) -> None:
    if date_to < date_from:
        raise RuleBroken(N_("The period ends before it begins."), code="period_order", field="to")
    if date_to > timezone.now().date():
        raise RuleBroken(N_("The period ends in the future."), code="period_future", field="to")
    if date_to - date_from > LONGEST:
        raise RuleBroken(N_("The period is longer than five years."), code="period_long", field="from")


def _check_number(number: str, end_size: int | None) -> None:
    if number and (end_size is None or not Checkpoint.objects.filter(size=end_size).exists()):
        raise RuleBroken(
            N_("A number of your own needs the checkpoint that you held before you chose it."),
            code="no_checkpoint",
            field="end_size",
        )


def make(pack: EvidencePack, context: JobContext) -> dict[str, Any]:
    """Make the file of a pack. Made twice, after a crash, it is the same file."""
    context.progress(5, N_("Closing the log"))
    _settle_end(pack)
    context.progress(15, N_("Gathering what is in scope"))
    files, start = build.files(pack)
    context.progress(80, N_("Packing"))
    folder = pack.file_name.removesuffix(".zip")
    content = bag.zipped(files, folder, pack.requested_at)
    result = {"pack": str(pack.pk), "sha256": bag.sha256(content), "size_bytes": len(content)}
    _keep(path_of(pack), content)
    with transaction.atomic():
        EvidencePack.objects.filter(pk=pack.pk).update(
            made_at=timezone.now(),
            start_size=start,
            sha256=result["sha256"],
            size_bytes=result["size_bytes"],
        )
        body = {"sha256": result["sha256"], "size_bytes": len(content), "start": start, "end": pack.end_size}
        _record(pack, "evidence.pack_made", "system", body)
        context.finish(result)
    return result


def _settle_end(pack: EvidencePack) -> None:
    """Where the log of this pack ends: at the auditor's checkpoint, else at one over everything recorded by now."""
    if pack.end_size is not None:
        return
    try:
        newest = signer.checkpoint_over_all()
    except signer.Refused as refused:
        raise RuleBroken(
            N_("The ledger is not signed, so no pack is made: {why}."), code="ledger_refused", why=refused
        ) from refused
    pack.end_size = newest.size
    pack.save(update_fields=["end_size"])


def path_of(pack: EvidencePack) -> Path:
    """Where the file of a pack lies."""
    return Path(settings.PACKS_DIR) / f"{pack.pk}.zip"


def _keep(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.ExitStack() as stack:
        handle = stack.enter_context(partial.open("wb"))
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    partial.replace(path)
    for left in path.parent.glob(f"{path.name}.*"):  # of a worker that was killed while it wrote
        left.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    """Of a file that may be larger than memory."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def download(*, pack: EvidencePack, by: Any) -> Path:
    """The file of a pack, and a line in the ledger about who took it. Raises RuleBroken until it is made."""
    path = path_of(pack)
    if pack.made_at is None:
        raise RuleBroken(N_("This pack is not made yet."), code="not_made")
    if not path.is_file() or _sha256(path) != pack.sha256:
        raise RuleBroken(
            N_("The file of this pack is gone or was changed: ask for a new one."), code="pack_file_gone"
        )
    with transaction.atomic():
        _record(pack, "evidence.pack_downloaded", by, {"sha256": pack.sha256})
    return path


def _record(pack: EvidencePack, type: str, by: Any, body: dict[str, Any]) -> None:
    scope = {
        "systems": sorted(pack.systems.values_list("slug", flat=True)),
        "from": str(pack.date_from),
        "to": str(pack.date_to),
    }
    record(type=type, by=by, subject=f"pack:{pack.pk}", body={**scope, **body})
