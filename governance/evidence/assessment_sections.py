"""Impact assessments and plans for a pack: every signed version with what was signed, its digest and its standing."""

from typing import Any

from governance.assessments.models import Assessment
from governance.evidence.sections import PackFile, Scope, document, person, table

COLUMNS = [
    "assessment", "system", "kind", "version", "state", "not_owed", "questionnaire", "created_at", "created_by",
    "submitted_at", "signed_at", "signed_by", "sign_reason", "valid_until", "superseded_at", "withdrawn_at",
    "withdraw_reason", "digest",
]  # fmt: skip


def assessments(scope: Scope) -> list[PackFile]:
    """Versions begun by the end of the period; what is in the signed ones, files by their hashes only.

    The digest is SHA-256 over the JSON of `content` with sorted keys, no blanks and UTF-8.
    """
    rows = (
        Assessment.objects.filter(system__in=scope.systems, created_at__lt=scope.until)
        .select_related("system")
        .order_by("system__slug", "kind", "version")
    )
    signed = [_signed(row) for row in rows if scope.reached(row.signed_at)]
    exceptions = tuple(
        (
            row.system.slug,
            "signature withdrawn",
            str(row.pk),
            row.withdraw_reason,
            row.withdrawn_at.isoformat(),
        )
        for row in rows
        if row.signed_at and row.withdrawn_at and scope.since <= row.withdrawn_at < scope.until
    )
    lines = [_line(row, scope) for row in rows]
    return [
        table("assessments.csv", COLUMNS, lines, str(rows.query), exceptions=exceptions),
        document(
            "assessments.json", signed, "content and digest of the versions signed by the end of the period"
        ),
    ]


def _state(row: Assessment, scope: Scope) -> str:
    """The state at the end of the period."""
    steps = (
        ("withdrawn", row.withdrawn_at),
        ("superseded", row.superseded_at),
        ("signed", row.signed_at),
        ("in_review", row.submitted_at if row.state != "draft" else None),
    )
    return next((state for state, moment in steps if scope.reached(moment)), "draft")


def _line(row: Assessment, scope: Scope) -> tuple[Any, ...]:
    signed, withdrawn = scope.reached(row.signed_at), scope.reached(row.withdrawn_at)
    return (
        row.pk,
        row.system.slug,
        row.kind,
        row.version,
        _state(row, scope),
        row.not_owed,
        row.questionnaire,
        row.created_at,
        person(row.created_by_id),
        scope.reached(row.submitted_at),
        signed,
        person(row.signed_by_id) if signed else "",
        row.sign_reason if signed else "",
        row.valid_until if signed else None,
        scope.reached(row.superseded_at),
        withdrawn,
        row.withdraw_reason if withdrawn else "",
        row.digest if signed else "",
    )


def _signed(row: Assessment) -> dict[str, Any]:
    return {
        "assessment": str(row.pk),
        "digest": row.digest,
        "signed_at": row.signed_at,
        "signed_by": person(row.signed_by_id),
        "valid_until": row.valid_until,
        "content": row.content,
    }
