"""What the gate knows of a system: flows with their times in force, policies, material notices.

One statement asks which versions of those rows stand; only where one changed are they read again (four queries).
"""

import datetime as dt
import uuid
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property

from django.db import connection
from django.shortcuts import get_object_or_404

from governance.consent.models import Policy
from governance.consent.rules import MaterialNotice, policy_rule
from governance.consent.selectors import material_notices, policy_history
from governance.gate.rules import Flow, PolicyVersion, Stretch
from governance.registry.models import DataFlow, System
from governance.registry.selectors import UNREGISTERED
from governance.review.models import InForce
from portal.prepared import prepared_cursor

EXPLOITING = ("exploits_vulnerability", "sells_on_distress", "exploitation")
"""Facts of a flow (questions of the law catalogue) that mean selling on distress or exploiting vulnerability."""


@dataclass(frozen=True)
class Scope:
    """Everything about one system that a decision needs, besides what people said."""

    system_id: uuid.UUID
    flows: tuple[Flow, ...]
    policies: tuple[PolicyVersion, ...]  # the one that took effect last comes first
    material: tuple[MaterialNotice, ...]
    key: str = ""  # the key over the pseudonyms, as keys.keyed_under wants it

    def policy_at(self, at: dt.datetime) -> PolicyVersion | None:
        """The policy in force at `at`."""
        for policy in self.policies:  # as in Flow.stretch_at
            if policy.effective_at <= at:
                return policy
        return None

    @cached_property
    def _turns(self) -> list[dt.datetime]:
        return sorted([*(p.effective_at for p in self.policies), *(n.due_at for n in self.material)])

    def next_turn(self, at: dt.datetime) -> dt.datetime | None:
        """When, after `at`, another policy takes effect or a notice ends older consent."""
        place = bisect_right(self._turns, at)
        return self._turns[place] if place < len(self._turns) else None


_MARK = """
SELECT s.slug, s.state, (SELECT string_agg(xmin::text || ctid::text, ',' ORDER BY ctid)
  FROM governance_inforce WHERE system_id = s.id),
       (SELECT string_agg(xmin::text || ctid::text, ',' ORDER BY ctid)
  FROM governance_dataflow WHERE system_id = s.id),
       (SELECT string_agg(xmin::text || ctid::text, ',' ORDER BY ctid)
  FROM governance_policy WHERE system_id = s.id),
       (SELECT string_agg(xmin::text || ctid::text, ',' ORDER BY ctid)
  FROM governance_notice WHERE system_id = s.id),
       (SELECT generation || ' ' || key_id FROM governance_pseudonymkey WHERE system_id = s.id)
FROM governance_system s WHERE s.id = %s
"""
"""The version of every row behind a scope, as the database itself counts versions: transaction and place. It needs no
trigger and nobody can forget it: a suspension, committed anywhere, is seen by the next question."""
_MOST_KEPT = 500
_kept: dict[tuple[str, uuid.UUID], tuple[list[str | None], Scope]] = {}


def scope(system_id: uuid.UUID) -> Scope:
    """The scope of a system as it is now (the past is in it: stretches and policy versions).

    Kept in memory for as long as no row behind it changed. A row that changes between the two readings makes what is
    kept newer than its mark, never older: the next question finds another mark and reads again. Raises
    System.DoesNotExist.
    """
    return _scope(system_id)[2]


def own_scope(system_id: uuid.UUID) -> tuple[System, Scope] | None:
    """The registered system of a key (register.visible's rule), as far as a decision needs it, and its scope."""
    try:
        slug, state, found = _scope(system_id)
    except System.DoesNotExist:
        return None
    return None if state in UNREGISTERED else (System(id=system_id, slug=slug, state=state), found)


def _scope(system_id: uuid.UUID) -> tuple[str, str, Scope]:
    place = (str(connection.settings_dict["NAME"]), system_id)
    with prepared_cursor() as cursor:
        cursor.execute(_MARK, [system_id])
        row = cursor.fetchone()
    if row is None:
        raise System.DoesNotExist
    slug, state, *mark = row
    known = _kept.get(place)
    if known is None or known[0] != mark:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        known = _kept[place] = (mark, _read(system_id, mark[-1] or ""))
    return slug, state, known[1]


def _read(system_id: uuid.UUID, key: str) -> Scope:
    stretches: dict[uuid.UUID, list[Stretch]] = {}
    rows = InForce.objects.filter(system_id=system_id).order_by("starts_at")
    for flow_id, start, end in rows.values_list("flow_id", "starts_at", "ends_at"):
        stretches.setdefault(flow_id, []).append(Stretch(start, end))
    flows = tuple(
        Flow(
            id=flow.pk,
            slug=flow.slug,
            modality=flow.modality,
            subject_role=flow.subject_role,
            purpose=flow.purpose,
            recipient=flow.recipient,
            exploits=any(flow.facts.get(name) == "yes" for name in EXPLOITING),
            stretches=tuple(stretches.get(flow.pk, ())),
        )
        for flow in DataFlow.objects.filter(system_id=system_id)
    )
    policies = tuple(
        PolicyVersion(p.version, p.effective_at, tuple(policy_rule(row) for row in p.rules))
        for p in policy_history(system_id)
        if p.effective_at is not None
    )
    return Scope(system_id, flows, policies, tuple(material_notices(system_id)), key)


def policy_of_version(system_id: uuid.UUID, version: int) -> PolicyVersion:
    """One version of the policy, draft or not, as if it had always been in force; Http404 without one."""
    row = get_object_or_404(Policy, system_id=system_id, version=version)
    always = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    return PolicyVersion(row.version, always, tuple(policy_rule(rule) for rule in row.rules))
