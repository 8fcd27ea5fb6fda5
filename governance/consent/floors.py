"""How many people a group must have before a number about it is shown: one answer per system, for every page."""

import uuid
from collections.abc import Iterable

from django.conf import settings
from django.utils import timezone

from governance.consent.models import Policy
from governance.registry.models import System


def floors(system_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, int]:
    """{system: smallest group of people}, in one query.

    The largest 'smallest group' of the rules of the policy in force, never under the installation's floor: figures
    cover all flows of a system, so the most careful rule speaks for each of them.
    """
    wanted = list(system_ids)
    found = dict.fromkeys(wanted, settings.PRIVACY_FLOOR)
    approved = Policy.objects.filter(system__in=wanted, state="approved", effective_at__lte=timezone.now())
    newest = approved.order_by("system_id", "-effective_at", "-version").distinct("system_id")
    for system_id, rules in newest.values_list("system_id", "rules"):
        found[system_id] = max(found[system_id], *(rule.get("min_group") or 0 for rule in rules), 0)
    return found


def floor_of(system: System) -> int:
    """The smallest group of one system; see `floors`. One query."""
    return floors([system.pk])[system.pk]
