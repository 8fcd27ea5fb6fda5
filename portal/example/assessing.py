"""Assess the systems of the example through the product's own services: signed, renewed, in review, a draft."""

from datetime import datetime, timedelta
from typing import Any

from django.core.files.base import ContentFile
from django.utils import timezone

from governance.assessments import answers as answering
from governance.assessments import attachments, services, threads
from governance.assessments.models import Assessment
from governance.registry.models import System
from governance.review import changes
from portal.accounts.models import User
from portal.example import assessments

RENEWED = timedelta(days=340)
SIGNED = timedelta(hours=8)  # in the afternoon of the day on which it is filled in


def assess(systems: dict[str, System], cast: dict[str, User], before: datetime, recent: datetime) -> None:
    """What was signed before the first decisions."""
    for row in assessments.ASSESSMENTS:
        system, at = systems[row["system"]], recent if row.get("recent") else before
        made = _filled(row, system, cast, at)
        if (system.slug, made.kind) == assessments.ATTACHED[:2]:
            _attach(made, at)
        _signed(made, row["reason"], cast, at)


def open_now(systems: dict[str, System], cast: dict[str, User], recent: datetime) -> None:
    """One that waits for its signature, with a question and its answer, and a draft."""
    row = assessments.IN_REVIEW
    waiting = _filled(row, systems[row["system"]], cast, recent + timedelta(days=30))
    services.submit(
        assessment=waiting, by=waiting.system.owner, effective_at=recent + timedelta(days=30, hours=5)
    )
    _thread(waiting, cast, recent + timedelta(days=31))
    _filled(assessments.DRAFT, systems[assessments.DRAFT["system"]], cast, recent + timedelta(days=35))


def renew(systems: dict[str, System], cast: dict[str, User], before: datetime) -> datetime | None:
    """Sign anew whose year is nearly over: what was approved with it is void from the moment that this returns.

    None where nothing is that old yet.
    """
    again = before + RENEWED
    if again + timedelta(days=1) > timezone.now():
        return None
    for row in assessments.ASSESSMENTS:
        if not row.get("recent"):
            system = systems[row["system"]]
            made = services.start(system=system, kind=row["kind"], by=system.owner, effective_at=again)
            _signed(made, "Looked at again after a year: the answers still hold.", cast, again)
    return again + SIGNED


def _signed(made: Assessment, reason: str, cast: dict[str, User], at: datetime) -> None:
    services.submit(assessment=made, by=made.system.owner, effective_at=at + timedelta(hours=3))
    changes.sign_assessment(assessment=made, reason=reason, by=cast["dpo"], effective_at=at + SIGNED)


def _filled(row: dict[str, Any], system: System, cast: dict[str, User], at: datetime) -> Assessment:
    made = services.start(system=system, kind=row["kind"], by=system.owner, effective_at=at)
    if row.get("not_owed"):
        services.set_not_owed(
            assessment=made, not_owed=True, reason=row["not_owed"], by=system.owner, effective_at=at
        )
    answering.save_answers(
        assessment=made, answers=_named(row["answers"], cast), expected=made.row_version, by=system.owner,
        effective_at=at,
    )  # fmt: skip
    return made


def _named(value: Any, cast: dict[str, User]) -> Any:
    """The data with people in place of their keys (`@supervisor`)."""
    if isinstance(value, dict):
        return {name: _named(inner, cast) for name, inner in value.items()}
    if isinstance(value, list):
        return [_named(inner, cast) for inner in value]
    return str(cast[value[1:]].pk) if isinstance(value, str) and value.startswith("@") else value


def _attach(made: Assessment, at: datetime) -> None:
    _system, _kind, name, text = assessments.ATTACHED
    file = ContentFile(text.encode(), name=name)
    attachments.attach(assessment=made, file=file, by=made.system.owner, effective_at=at)


def _thread(row: Assessment, cast: dict[str, User], at: datetime) -> None:
    _system, _kind, question, asked, answer = assessments.THREAD
    first = threads.comment(assessment=row, question=question, text=asked, by=cast["legal"], effective_at=at)
    threads.comment(
        assessment=row, question=question, text=answer, parent=first, by=row.system.owner,
        effective_at=at + timedelta(hours=6),
    )  # fmt: skip
