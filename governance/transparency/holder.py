"""What requests and links hold about a person, and how they let go of it."""

# ruff: noqa: S608 - names of our own tables and columns are put into the text, values never

from collections.abc import Iterator
from typing import Any

from django.utils import timezone

from governance.holding import holders
from governance.holding.holders import Erasing, Person
from governance.holding.models import LegalHold
from governance.holding.rules import WRAP_SQL
from governance.registry.models import System
from governance.transparency import copies
from governance.transparency.models import LinkedPerson, PersonalCopy, PersonRequest
from portal.errors import N_

_TABLES = ("governance_linkedperson", "governance_personrequest", "governance_legalhold")


def _of(model: Any, person: Person) -> Any:
    return model.objects.filter(system=person.system, pseudonym=person.pseudonym)


def find(person: Person) -> int:
    """Requests, links and holds of somebody."""
    return int(sum(_of(model, person).count() for model in (PersonRequest, LinkedPerson, LegalHold)))


def export(person: Person) -> Iterator[dict[str, Any]]:
    """What they asked for and what they were told."""
    for row in _of(PersonRequest, person).order_by("received_at"):
        yield {
            "kind": row.kind,
            "state": row.state,
            "received_at": row.received_at.isoformat(),
            "due_on": row.due_on.isoformat(),
            "text": row.text,
            "reading": row.reading,
            "decision": row.decision,
            "answer": row.answer,
            "extension_reason": row.extension_reason,
        }


def erase(person: Person, erasing: Erasing) -> int:
    """That there was a request, of which kind, and when it was answered stays; words, readings and copies go."""
    mark, found = erasing.everyone(person)[person.pseudonym], _of(PersonRequest, person)
    for copy in PersonalCopy.objects.filter(request__in=found):
        copies.path_of(copy).unlink(missing_ok=True)
        PersonalCopy.objects.filter(pk=copy.pk, removed_at__isnull=True).update(removed_at=timezone.now())
    changed = int(found.update(pseudonym=None, text="", ref="", reading={}, answer="", extension_reason=""))
    _of(LegalHold, person).update(pseudonym=mark)
    deleted, _ = _of(LinkedPerson, person).delete()
    return changed + int(deleted)


def rekey(cursor: Any, system: System, parameters: dict[str, bytes]) -> int:
    """Wrap everybody in the next key."""
    changed = 0
    for table in _TABLES:
        cursor.execute(
            f"UPDATE {table} SET pseudonym = {WRAP_SQL.format(use='name', column='pseudonym')}"
            " WHERE system_id = %(system)s AND pseudonym IS NOT NULL",
            parameters | {"system": system.pk},
        )
        changed += int(cursor.rowcount)
    return changed


def fill() -> None:
    """Put requests and links into the register."""
    holders.register(
        holders.Holder("requests", N_("What you asked for"), find, export, erase, rekey=rekey, order=70)
    )
