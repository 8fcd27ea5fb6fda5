"""Evaluation sets: gold against predicted, kept as confusion counts; a set is imported whole or not at all."""

import hashlib
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, transaction

from governance.registry.models import System
from metrics.ingest.models import EvaluationItem, EvaluationSet
from metrics.ingest.rules import Scheme, attribute_faults, label_fault, scheme
from metrics.ingest.shapes import EvaluationRow
from portal.errors import N_, Invalid, RuleBroken
from portal.ledger.services import actor_text, record
from portal.shapes import Fault, read

ROWS_AT_MOST = 1_000_000
FAULTS_SHOWN = 100
Lines = Sequence[int]


def import_evaluation(
    *, system: System, name: str, rows: list[dict[str, Any]], by: object, lines: Lines | None = None
) -> EvaluationSet:
    """Store a labelled evaluation set: rows of {"id", "gold", "predicted", "attributes"?}; all or nothing.

    `lines` are the line numbers of the rows in their file (default 1, 2, ...). Raises Invalid with one row per fault,
    its field like 'line 3: gold'; RuleBroken when the name is taken.
    """
    name = name_of(system, name)
    numbers = lines or range(1, len(rows) + 1)
    items = checked(rows, scheme(system.labels, system.dimensions or {}), numbers)
    labels = [x for x in system.labels if any(x in (i.gold, i.predicted) for i in items)]
    try:
        with transaction.atomic():
            evaluation = EvaluationSet.objects.create(
                system=system,
                name=name,
                n=len(items),
                counts=counts_of(items, labels),
                sha256=digest_of(items),
                imported_by=actor_text(by),
            )
            EvaluationItem.objects.bulk_create(
                [
                    EvaluationItem(
                        evaluation=evaluation,
                        source_id=i.id,
                        gold=i.gold,
                        predicted=i.predicted,
                        slices=i.attributes,
                    )
                    for i in items
                ],
                batch_size=5000,
            )
            record(
                type="ingest.evaluation_imported",
                by=by,
                subject=system.subject,
                body={
                    "evaluation": str(evaluation.pk),
                    "name": name,
                    "n": len(items),
                    "sha256": evaluation.sha256,
                    "counts": evaluation.counts,
                },
            )
    except IntegrityError as error:
        if "evaluation_name_once" in str(error):
            raise _taken() from error
        raise
    return evaluation


def name_of(system: System, name: str) -> str:
    """The name as it is stored. Raises RuleBroken for one that cannot be, or that another set of the system has."""
    name = name.strip()
    if not name or len(name) > 120 or "\x00" in name:
        raise RuleBroken(N_("Give the set a name of at most 120 characters."), code="name", field="name")
    if EvaluationSet.objects.filter(system=system, name=name).exists():
        raise _taken()
    return name


def _taken() -> RuleBroken:
    return RuleBroken(
        N_("This system has an evaluation set of this name already."), code="name_taken", field="name"
    )


def checked(rows: list[dict[str, Any]], declared: Scheme, lines: Lines) -> list[EvaluationRow]:
    """The rows as items. Raises Invalid naming line, field and reason of (at most the first hundred) faults."""
    if not rows:
        raise Invalid([{"field": "file", "code": "empty", "message": N_("There is no item in it.")}])
    found = read(rows, EvaluationRow, limit=ROWS_AT_MOST)
    seen: dict[str, int] = {}
    errors: list[dict[str, str]] = []
    for one, line in zip(found, lines, strict=True):
        if one.value is not None:
            one.faults = _faults(one.value, declared, seen, line)
        errors += [
            fault.to_dict() | {"field": f"line {line}: {fault.field}".rstrip(": ")} for fault in one.faults
        ]
        if len(errors) >= FAULTS_SHOWN:
            break
    if errors:
        raise Invalid(errors[:FAULTS_SHOWN])
    return [one.value for one in found if one.value is not None]


def _faults(item: EvaluationRow, declared: Scheme, seen: dict[str, int], line: int) -> list[Fault]:
    faults = [
        label_fault(name) for name in ("gold", "predicted") if getattr(item, name) not in declared.labels
    ]
    if "\x00" in item.id:
        faults.append(Fault("id", "nul", N_("A NUL character cannot be stored.")))
    if seen.setdefault(item.id, line) != line:
        faults.append(Fault("id", "duplicate", N_("This id occurs twice.")))
    return faults + attribute_faults(item.attributes or {}, declared)


def counts_of(items: Sequence[EvaluationRow], labels: list[str]) -> dict[str, Any]:
    """{"labels", "matrix"}: matrix[i][j] = items with gold labels[i] and predicted labels[j]."""
    place = {label: n for n, label in enumerate(labels)}
    matrix = [[0] * len(labels) for _ in labels]
    for item in items:
        matrix[place[item.gold]][place[item.predicted]] += 1
    return {"labels": labels, "matrix": matrix}


def digest_of(items: Sequence[EvaluationRow]) -> str:
    """SHA-256 over the sorted lines 'id,gold,predicted': the same set, however its file was written."""
    text = "\n".join(sorted(f"{i.id},{i.gold},{i.predicted}" for i in items))
    return hashlib.sha256(text.encode()).hexdigest()
