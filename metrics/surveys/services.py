"""Storing what people answered."""

from typing import Any

from governance.registry.models import System


def record_answers(
    *,
    system: System,
    items: list[Any],
    by: object,
    client: str = "",
    idempotency_key: str | None = None,
) -> dict[str, Any]:
    """Validate, score and store survey answers and count them in the rollups, in one transaction.

    Items: {"id", "instrument", "asked_at", "answered_at"?, "subject"?, "session"?, "interaction"?, "version"?,
    "answers": {item: number}?} (an item without answers is somebody who was asked). Returns a receipt
    {"receipt", "counts", "items": [{"id", "status", "errors"}]} like that of interactions.
    """
    raise NotImplementedError
