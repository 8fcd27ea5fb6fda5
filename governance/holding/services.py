"""Legal holds, erasing a person, replaying erasures after a restore, and turning the key of pseudonyms."""

import secrets
import uuid
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from governance.holding import holders, keys, rules, selectors
from governance.holding.holders import Erasing, Person
from governance.holding.models import Erasure, LegalHold, PseudonymKey
from governance.registry.models import System
from portal.errors import N_, RuleBroken
from portal.ledger.services import actor_text, record

LOCKS = (11, 7)
"""Advisory locks of a system: consent events, then interactions and rollups. Always taken in this order."""


def place_hold(
    *, system: System, reason: str, by: object, subject: str = "", pseudonym: uuid.UUID | None = None
) -> LegalHold:
    """Keep everything of a system, or of one person in it (`subject`: the source's id, pseudonymised here)."""
    if not reason.strip():
        raise RuleBroken(N_("Say why it must be kept."), code="reason_missing", field="reason")
    with transaction.atomic():
        alone(system)
        if subject:
            pseudonym = keys.keyed(system.pk).pseudonym(subject)
        hold = LegalHold.objects.create(
            system=system,
            pseudonym=pseudonym,
            reason=reason.strip(),
            placed_at=timezone.now(),
            placed_by=actor_text(by),
        )
        body = {"hold": str(hold.pk), "whole_system": pseudonym is None}
        record(type="people.hold_placed", by=by, subject=system.subject, body=body)
    return hold


def release_hold(*, hold: LegalHold, reason: str, by: object) -> LegalHold:
    """End a hold; what waited for it goes on by itself."""
    if not reason.strip():
        raise RuleBroken(N_("Say why it need not be kept any longer."), code="reason_missing", field="reason")
    with transaction.atomic():
        locked = LegalHold.objects.select_for_update(of=("self",)).select_related("system").get(pk=hold.pk)
        if locked.released_at is not None:
            raise RuleBroken(N_("This hold was released before."), code="released")
        locked.released_at, locked.released_by = timezone.now(), actor_text(by)
        locked.release_reason = reason.strip()
        locked.save()
        body = {"hold": str(locked.pk)}
        record(type="people.hold_released", by=by, subject=locked.system.subject, body=body)
    return locked


def erase(*, person: Person, by: object, reference: str = "") -> Erasure:
    """Unname a person in one system: alias gone, own ids of the source replaced, times cut to days, counts kept.

    One transaction over every holder; `reference` (a request's id) enters the ledger. Raises RuleBroken while a legal
    hold stands. What the ledger and the rollups prove stays as it was.
    """
    system = person.system
    with transaction.atomic():
        alone(system)
        hold = selectors.hold_on(person)
        if hold is not None:
            raise RuleBroken(N_("A legal hold stops this: {reason}"), code="legal_hold", reason=hold.reason)
        key = keys.erasure_key()
        row = Erasure.objects.create(
            system=system,
            person_sha256=rules.person_digest(key, system.pk, person.pseudonym),
            generation=keys.generation_of(system.pk),
            erased_at=timezone.now(),
            erased_by=actor_text(by),
        )
        erasing = Erasing(
            id=row.pk,
            mark=partial(rules.mark, secrets.token_bytes(32)),
            tombstone=partial(rules.tombstone, key, system.pk),
            pseudonym=keys.keyed(system.pk).pseudonym,
        )
        counts = {one.name: one.erase(person, erasing) for one in holders.all_holders()}
        Erasure.objects.filter(pk=row.pk).update(done_at=timezone.now(), counts=counts)
        body: dict[str, Any] = {"erasure": str(row.pk), "rows": counts}
        record(type="people.erased", by=by, subject=system.subject, body=body | _about(reference))
    row.refresh_from_db()
    return row


def _about(reference: str) -> dict[str, str]:
    return {"request": reference} if reference else {}


def alone(system: System) -> None:
    """Keep batches of this system out until the transaction ends."""
    with connection.cursor() as cursor:
        for lock in LOCKS:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, %s))", [str(system.pk), lock])


# --- after a restore --------------------------------------------------------------------------


def erasure_list() -> list[dict[str, Any]]:
    """The list as it is kept outside the database: nothing in it names anybody."""
    rows = Erasure.objects.select_related("system").order_by("erased_at", "pk")
    return [
        {
            "erasure": str(row.pk),
            "system": str(row.system_id),
            "person_sha256": row.person_sha256,
            "generation": row.generation,
            "erased_at": row.erased_at.isoformat(),
        }
        for row in rows
    ]


def replay(*, entries: Iterable[Mapping[str, Any]], by: object) -> dict[str, int]:
    """Erase again whom an older copy of the database brought back; {"known": lines, "erased": people}.

    A line is compared with every pseudonym of its system, wrapped to the generation of the line.
    """
    wanted: dict[str, dict[str, int]] = {}
    known = 0
    for entry in entries:
        wanted.setdefault(str(entry["system"]), {})[str(entry["person_sha256"])] = int(entry["generation"])
        known += 1
    erased = 0
    for system in System.objects.filter(pk__in=list(wanted)):
        for pseudonym in _brought_back(system, wanted[str(system.pk)]):
            erase(person=Person(system, pseudonym), by=by)
            erased += 1
    return {"known": known, "erased": erased}


def _brought_back(system: System, digests: Mapping[str, int]) -> list[uuid.UUID]:
    """The pseudonyms of a system that are on the list."""
    key, now = keys.erasure_key(), keys.generation_of(system.pk)
    later = {g: keys.keyed_at(system.pk, g).names[now + 1 :] for g in set(digests.values()) if g >= now}
    names = {
        name for one in holders.all_holders() if one.list_names is not None for name in one.list_names(system)
    }
    return sorted(
        name
        for name in names
        if any(
            digests.get(rules.person_digest(key, system.pk, rules.wrapped(name, between))) == generation
            for generation, between in later.items()
        )
    )


# --- the key ----------------------------------------------------------------------------------


def rotate_key(*, system: System, by: object) -> int | None:
    """Wrap every pseudonym of a system in the next key of the ring; how many rows changed, None without a next key.

    One transaction: batches of the system wait, and afterwards everybody is who they were, under one more key.
    """
    with transaction.atomic():
        alone(system)
        generation = keys.generation_of(system.pk) + 1
        ring = keys.ring()
        if generation >= len(ring):
            return None
        row, _made = PseudonymKey.objects.update_or_create(
            system=system,
            defaults={
                "generation": generation,
                "key_id": rules.key_id(ring[generation]),
                "rotated_at": timezone.now(),
                "rotated_by": actor_text(by),
                "rotating": True,
            },
        )
        parameters = keys.wrapping(generation)
        with connection.cursor() as cursor:
            changed = {one.name: one.rekey(cursor, system, parameters) for one in holders.all_holders()}
        PseudonymKey.objects.filter(pk=row.pk).update(rotating=False)
        body = {"generation": generation, "key": row.key_id, "rows": changed}
        record(type="people.key_rotated", by=by, subject=system.subject, body=body)
    return sum(changed.values())
