"""A file of a person with consent events or notices served: good lines are stored, bad ones named one by one."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from governance.consent import files
from governance.consent.services import EVENTS_AT_ONCE, record_consent_events, record_notices_served
from governance.registry.models import System
from governance.registry.services import permitted
from portal.accounts.models import User
from portal.errors import N_, Invalid
from portal.jobs.models import Job
from portal.jobs.services import enqueue
from portal.web import uploads

IMPORT = "import_consent"
"""The kind of job that imports a file of consent."""
SOURCE = "import"
"""The source of what comes from a file that names none."""
REFUSALS_KEPT = 10_000
RECORD = {files.EVENTS: record_consent_events, files.SERVED: record_notices_served}


@dataclass
class Imported:
    """What became of a file: items per status, and what was refused: (field, code, message, id) rows in the order of
    the file, the first ten thousand of `refused`."""

    total: int = 0
    done: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    errors: list[dict[str, str]] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """For --json, the job and the page."""
        return {
            "total": self.total,
            "done": self.done,
            "counts": dict(sorted(self.counts.items())),
            "refused": self.refused,
            "errors": self.errors,
        }

    def add(self, answers: list[dict[str, Any]], places: list[str], broken: frozenset[str]) -> None:
        """Count the answers to one batch; `broken`: places whose line is no JSON."""
        self.done += len(answers)
        for place, answer in zip(places, answers, strict=True):
            self.counts[answer["status"]] += 1
            for fault in [_NO_JSON] if place in broken else _faults(answer):
                self.refused += 1
                if len(self.errors) < REFUSALS_KEPT:
                    where = f"{place}: {fault['field']}".removesuffix(": ")
                    self.errors.append(fault | {"field": where, "id": answer["id"] or ""})


_NO_JSON = {"field": "", "code": "malformed", "message": N_("This line is not well-formed JSON.")}


def _faults(answer: dict[str, Any]) -> list[dict[str, str]]:
    if answer["status"] == "conflict":
        message = N_("An event of this id is stored with other content.")
        return [{"field": "id", "code": "conflict", "message": message}]
    return list(answer["errors"])


def import_consent_file(
    *,
    system: System,
    kind: str,
    data: bytes,
    by: object,
    source: str = "",
    mapping: Mapping[str, str] | None = None,
    fixed: Mapping[str, str] | None = None,
    after_batch: Callable[[int, Imported], None] | None = None,
) -> Imported:
    """Import a file in batches, each like a call of the API; the same file again finds every event known.

    `kind`: one of files.KINDS. `after_batch(percent, so far)` is called behind each batch and may raise to stop; what
    came before stays. Raises Invalid where the file as a whole cannot be read.
    """
    items = files.read_items(data, kind, mapping=mapping, fixed=fixed)
    result = Imported(total=len(items.rows))
    for start in range(0, result.total, EVENTS_AT_ONCE):
        part = slice(start, start + EVENTS_AT_ONCE)
        answers = RECORD[kind](
            system=system, items=items.rows[part], by=by, source=source or SOURCE, strict=items.strict
        )
        result.add(answers, items.places[part], items.broken)
        if after_batch is not None:
            after_batch(100 * result.done // result.total, result)
    return result


def request_import(
    *,
    system: System,
    kind: str,
    token: str,
    by: User,
    source: str = "",
    mapping: Mapping[str, str] | None = None,
    fixed: Mapping[str, str] | None = None,
) -> Job:
    """Hand an upload of this person to a worker; asked twice, it is one job.

    Raises NotAllowed; Invalid for columns that do not fit, where waiting for a worker to say so would help nobody.
    LookupError where the upload is gone.
    """
    permitted(by, "manage_consent", system)
    data = uploads.find(token, str(by.pk))
    if data is None:
        raise LookupError(token)
    if "\x00" in source:
        raise Invalid(
            [{"field": "source", "code": "nul", "message": N_("A NUL character cannot be stored.")}]
        )
    files.check(data, kind, mapping=mapping, fixed=fixed)
    return enqueue(
        kind=IMPORT,
        payload={
            "system": str(system.pk),
            "kind": kind,
            "token": token,
            "source": source or SOURCE,
            "mapping": dict(mapping or {}),
            "fixed": dict(fixed or {}),
        },
        by=by,
        unique_key=f"{IMPORT}:{token}",
        unit=system.unit,
        about=system.name,
    )
