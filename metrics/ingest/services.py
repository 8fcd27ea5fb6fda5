"""Taking in interactions and evaluation sets."""

from typing import Any

from governance.registry.models import System
from metrics.ingest.models import EvaluationSet


def receive(
    *,
    system: System,
    items: list[Any] | bytes,
    by: object,
    client: str = "",
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """Take in a batch of interactions: validated, pseudonymised, asked of the gate, stored and counted at once.

    `items`: a list of dicts as in the API, or the body of the call (JSON {"items": [...]} or NDJSON). Returns
    {"receipt", "counts": {status: n}, "items": [{"id", "status", "basis", "errors"}]}.
    """
    raise NotImplementedError


def import_evaluation(
    *, system: System, name: str, rows: list[dict[str, Any]], by: object
) -> EvaluationSet:
    """Store a labelled evaluation set: rows of {"id", "gold", "predicted", slices?}; all or nothing.

    Raises portal.errors.Invalid with one row per fault (field 'line 3: gold').
    """
    raise NotImplementedError
