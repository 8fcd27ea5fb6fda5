"""A file of a person: live interactions in batches, or an evaluation set whole or not at all."""

import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from governance.registry.models import System
from governance.registry.services import permitted
from metrics.ingest.evaluation import import_evaluation, name_of
from metrics.ingest.files import check_columns, read_table
from metrics.ingest.models import EvaluationSet
from metrics.ingest.selectors import IMPORT
from metrics.ingest.services import receive
from portal.accounts.models import User
from portal.jobs.models import Job
from portal.jobs.services import enqueue
from portal.web import uploads

BATCH = 5_000
ERRORS_SHOWN = 100


@dataclass
class Imported:
    """What became of a live file: items per status, per outcome of the gate, and the first hundred errors."""

    counts: Counter[str] = field(default_factory=Counter)
    bases: Counter[str] = field(default_factory=Counter)
    errors: list[dict[str, str]] = field(default_factory=list)
    receipts: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """For --json and the page."""
        return {
            "counts": dict(sorted(self.counts.items())),
            "bases": dict(sorted(self.bases.items())),
            "errors": self.errors,
            "receipts": self.receipts,
        }


def request_import(
    *,
    system: System,
    kind: str,
    token: str,
    by: User,
    mapping: Mapping[str, str],
    fixed: Mapping[str, str],
    name: str = "",
) -> Job:
    """Hand an upload of this person to a worker; asked twice, it is one job.

    Raises NotAllowed; Invalid for columns that do not fit and RuleBroken for a name that is taken, where waiting for
    a worker to say so would help nobody. LookupError where the upload is gone.
    """
    permitted(by, "import_data", system)
    data = uploads.find(token, str(by.pk))
    if data is None:
        raise LookupError(token)
    check_columns(data, mapping=mapping, fixed=fixed, evaluation=kind == "evaluation")
    if kind == "evaluation":
        name = name_of(system, name)
    return enqueue(
        kind=IMPORT,
        payload={
            "system": str(system.pk),
            "kind": kind,
            "token": token,
            "mapping": dict(mapping),
            "fixed": dict(fixed),
            "name": name,
        },
        by=by,
        unique_key=f"{IMPORT}:{token}",
        unit=system.unit,
        about=f"{system.name}: {name}" if name else system.name,
    )


def import_evaluation_file(
    *,
    system: System,
    name: str,
    data: bytes,
    by: object,
    mapping: Mapping[str, str] | None = None,
    fixed: Mapping[str, str] | None = None,
) -> EvaluationSet:
    """Import a labelled CSV as an evaluation set. Raises Invalid with line, field and reason; then nothing is kept."""
    table = read_table(data, mapping=mapping or {}, fixed=fixed or {}, evaluation=True)
    return import_evaluation(system=system, name=name, rows=table.rows, lines=table.lines, by=by)


def import_live_file(
    *,
    system: System,
    data: bytes,
    by: object,
    mapping: Mapping[str, str] | None = None,
    fixed: Mapping[str, str] | None = None,
    after_batch: Callable[[int, Imported], None] | None = None,
) -> Imported:
    """Import live interactions in batches, each like a call of the API: good lines are stored, bad ones named.

    The same file again finds its receipts: nothing is counted twice. `after_batch(percent, so far)` is called behind
    each batch and may raise to stop; what came before stays. Raises Invalid where the file as a whole cannot be read.
    """
    table = read_table(data, mapping=mapping or {}, fixed=fixed or {}, evaluation=False)
    digest = hashlib.sha256(
        data + repr(sorted((mapping or {}).items()) + sorted((fixed or {}).items())).encode()
    )
    result = Imported()
    for start in range(0, len(table.rows), BATCH):
        receipt = receive(
            system=system,
            items=table.rows[start : start + BATCH],
            by=by,
            client=f"file:{system.pk}",
            idempotency_key=f"{digest.hexdigest()}:{start}",
            strict=False,
        )
        _add(result, receipt, table.lines[start : start + BATCH])
        if after_batch is not None:
            after_batch(min(100, 100 * (start + BATCH) // len(table.rows)), result)
    return result


def _add(result: Imported, receipt: dict[str, Any], lines: list[int]) -> None:
    result.counts.update(receipt["counts"])
    result.receipts.append(receipt["receipt"])
    for line, item in zip(lines, receipt["items"], strict=True):
        if item["basis"]:
            result.bases[item["basis"]] += 1
        for error in item["errors"]:
            if len(result.errors) < ERRORS_SHOWN:
                result.errors.append(error | {"field": f"line {line}: {error['field']}".rstrip(": ")})
