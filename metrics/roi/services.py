"""Recording what a system costs and brings."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction

from governance.registry.models import System
from metrics.roi import rules
from metrics.roi.models import ValueEntry, ValueItem
from metrics.roi.selectors import definition_of
from portal.errors import N_
from portal.ledger.services import actor_text, record

Result = dict[str, Any]


@dataclass
class _Book:
    """The items and months of one system, locked, while a batch is written."""

    system: System
    author: str
    items: dict[str, ValueItem]
    entries: dict[tuple[str, Any], ValueEntry]


def record_values(*, system: System, items: Sequence[Any], by: object) -> list[Result]:
    """Record months of costs and benefits; one result per row, in order.

    A row is {"item", "month": "2026-03", "amount", "source", "correction"?} and, the first time its item
    occurs, "name", "kind" (cost, benefit) and where it applies "category", "cash", "spread", "low",
    "likely", "high", "attribution" (needed for a benefit) and "fewer_hours". Status: accepted, duplicate,
    conflict (another amount or definition than stored, without "correction": true), corrected, refused
    (with errors). Valid rows are kept when others are refused. One transaction, one ledger event.
    """
    with transaction.atomic():
        System.objects.select_for_update().get(pk=system.pk)
        stored = {item.key: item for item in ValueItem.objects.filter(system=system)}
        entries = {
            (entry.item.key, entry.month): entry
            for entry in ValueEntry.objects.filter(item__system=system).select_related("item")
        }
        book = _Book(system, actor_text(by), stored, entries)
        results = [_record_row(book, raw) for raw in items]
        counts: dict[str, int] = {}
        for result in results:
            counts[result["status"]] = counts.get(result["status"], 0) + 1
        if counts.keys() & {"accepted", "corrected"}:
            record(
                type="values.recorded",
                by=by,
                subject=system.subject,
                body={
                    "counts": counts,
                    "rows": [_told(raw, r) for raw, r in zip(items, results, strict=True)][:500],
                },
            )
    return results


def _record_row(book: _Book, raw: Any) -> Result:
    row, errors = rules.read_row(raw)
    name = (
        str(raw.get("id") or f"{raw.get('item', '')}:{raw.get('month', '')}") if isinstance(raw, dict) else ""
    )
    if row is None:
        return _result(name, "refused", errors)
    status, errors = _settle_item(book, row)
    if errors or status == "conflict":
        return _result(name, status, errors)
    return _result(name, _settle_entry(book, row, status), [])


def _settle_item(book: _Book, row: rules.Row) -> tuple[str, list[dict[str, str]]]:
    """Make the item, or hold the row against the stored one: '', 'corrected', 'conflict' or 'refused'."""
    item = book.items.get(row.item)
    if item is None:
        definition, errors = rules.define(row.stated)
        if definition is None:
            return "refused", errors
        item = ValueItem(system=book.system, key=row.item, recorded_by=book.author)
        return _save_item(book, item, definition), []
    known = definition_of(item)
    changed = replace(known, **row.stated)
    if changed == known:
        return "", []
    if not row.correction:
        message = N_("The item is stored with another definition; send a correction to change it.")
        return "conflict", [{"field": "item", "code": "conflict", "message": message}]
    errors = rules.definition_errors(changed)
    if errors:
        return "refused", errors
    _save_item(book, item, changed)
    return "corrected", []


def _save_item(book: _Book, item: ValueItem, definition: rules.Definition) -> str:
    for name in rules.DEFINITION:
        setattr(item, name, getattr(definition, name))
    item.save()
    book.items[item.key] = item
    return ""


def _settle_entry(book: _Book, row: rules.Row, status: str) -> str:
    entry = book.entries.get((row.item, row.month))
    if entry is None:
        book.entries[row.item, row.month] = ValueEntry.objects.create(
            item=book.items[row.item],
            month=row.month,
            amount=row.amount,
            source=row.source,
            recorded_by=book.author,
        )
        return "accepted"
    if entry.amount == row.amount and entry.source == row.source:
        return status or "duplicate"
    if not row.correction:
        return "conflict"
    entry.amount, entry.source, entry.recorded_by = row.amount, row.source, book.author
    entry.revision += 1
    entry.save(update_fields=["amount", "source", "recorded_by", "revision"])
    return "corrected"


def _result(name: str, status: str, errors: list[dict[str, str]]) -> Result:
    return {"id": name, "status": status, "errors": errors}


def _told(raw: Any, result: Result) -> dict[str, str]:
    """What the ledger keeps of a row: no name of a person stands in a key, a month or an amount."""
    told = {"id": str(result["id"])[:200], "status": result["status"]}
    if result["status"] in ("accepted", "corrected"):
        told |= {"amount": str(raw.get("amount")), "month": str(raw.get("month"))}
    return told
