"""Deleting what is past its time: in batches, each with its certificate in the ledger."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import F

from governance.holding import holders
from governance.holding.holders import Cut, Gone, Part
from governance.holding.models import Retained
from governance.holding.selectors import held_people, held_systems
from governance.holding.services import alone
from governance.registry.models import System
from governance.retention import selectors
from portal.jobs.models import Job
from portal.jobs.services import enqueue
from portal.ledger.services import record

RETAIN = "retain"
"""The kind of job that deletes what is past its time."""
BATCH = 20_000
"""Rows in one transaction: short enough that what comes in meanwhile waits for less than a second."""


def request_round(*, system: System | None, by: Any, bell: bool = True) -> Job:
    """Have what is past its time deleted by a worker, in one system or in all."""
    return enqueue(
        kind=RETAIN,
        payload={"system": str(system.pk) if system else None},
        by=by,
        unique_key=f"{RETAIN}:{system.pk if system else ''}",
        unit=system.unit if system else None,
        about=system.name if system else "",
        bell=bell,
    )


def retain(
    *, system: System, day: dt.date, by: object = "system", check: Callable[[], None] = lambda: None
) -> dict[str, int]:
    """Delete what is past its time in a system on a day: {"deleted", "unnamed", "held"}.

    `held` is 1 where a legal hold on the whole system stops it. `check` is called before each batch and may raise.
    Each batch, its certificate and its event in the ledger are one transaction; done again, it goes on with the rest.
    """
    found = selectors.plan(system, day)
    if found.held:
        return {"deleted": 0, "unnamed": 0, "held": 1}
    deleted = unnamed = 0
    # sums last: who is counted on a day is put there by its rows
    for cut in sorted(found.cuts, key=lambda one: list(Part).index(one.part)):
        while gone := _batch(cut, found.policy_version or 0, by, check):
            deleted, unnamed = deleted + gone.deleted, unnamed + gone.unnamed
    return {"deleted": deleted, "unnamed": unnamed, "held": 0}


def _batch(cut: Cut, policy_version: int, by: object, check: Callable[[], None]) -> Gone:
    check()
    with transaction.atomic():
        alone(cut.system)
        if held_systems([cut.system]) or held_people(cut.system) != cut.held:
            return Gone()  # a hold came meanwhile: the next round sees it
        deleted = unnamed = 0
        for holder in holders.all_holders():
            gone = holder.retain(cut, BATCH - deleted - unnamed)
            deleted, unnamed = deleted + gone.deleted, unnamed + gone.unnamed
            if deleted + unnamed >= BATCH:
                break
        if not (deleted or unnamed):
            return Gone()
        row, _made = Retained.objects.get_or_create(
            system=cut.system,
            part=cut.part.value,
            subject_role=cut.of.subject_role,
            purpose=cut.of.purpose,
            modality=cut.of.modality,
            before=cut.before,
            days=cut.days,
            defaults={"log_before": cut.log_before, "policy_version": policy_version},
        )
        Retained.objects.filter(pk=row.pk).update(
            deleted=F("deleted") + deleted, unnamed=F("unnamed") + unnamed
        )
        body = {
            "certificate": str(row.pk),
            "part": cut.part.value,
            "subject_role": cut.of.subject_role,
            "purpose": cut.of.purpose,
            "modality": cut.of.modality,
            "before": cut.before.isoformat(),
            "days": cut.days,
            "policy_version": policy_version,
            "deleted": deleted,
            "unnamed": unnamed,
        }
        record(type="retention.deleted", by=by, subject=cut.system.subject, body=body)
    return Gone(deleted, unnamed)
