"""Questions about notices, policies and what people said."""

import uuid
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet

from governance.consent.floors import floors
from governance.consent.models import Alias, ConsentEvent, Notice, Policy
from governance.consent.policy_checks import DeclaredFlow, Doubt, doubts
from governance.consent.rules import MaterialNotice, Word, faults_in, policy_rule
from governance.registry.models import System
from governance.screening.models import Screening
from portal.prepared import prepared_cursor


def notices_of(system: System) -> QuerySet[Notice]:
    """All published notices, newest version first."""
    return Notice.objects.filter(system=system).order_by("-version", "language")


def policies_of(system: System) -> QuerySet[Policy]:
    """All versions of the policy, newest first."""
    return Policy.objects.filter(system=system).order_by("-version")


def policy_history(system_id: uuid.UUID) -> list[Policy]:
    """Approved versions, the one that took effect last first: the first with effective_at <= t is in force at t."""
    return list(
        Policy.objects.filter(system_id=system_id, state="approved").order_by("-effective_at", "-version")
    )


def material_notices(system_id: uuid.UUID) -> list[MaterialNotice]:
    """Notice versions that end older consent, with the day from which they do (after the grace period)."""
    rows = Notice.objects.filter(system_id=system_id, material_change=True).values_list(
        "version", "effective_at", "grace_days"
    )
    due: dict[int, datetime] = {}
    for version, effective_at, grace in rows:
        end = effective_at + timedelta(days=grace)
        due[version] = min(end, due.get(version, end))
    return [MaterialNotice(version, at) for version, at in sorted(due.items())]


_WORDS = """
SELECT q.n, e.id, e.action, e.effective_at::text, e.recorded_at::text, e.explicit, e.expires_at::text, v.version
FROM {asked}
JOIN governance_alias a ON a.system_id = %(system)s AND a.digest = q.digest
CROSS JOIN LATERAL (
    SELECT e.id, e.action, e.effective_at, e.recorded_at, e.explicit, e.expires_at, e.notice_id
    FROM governance_consentevent e
    WHERE e.system_id = %(system)s AND e.subject_id = a.subject_id
      AND e.purpose = {purpose} AND e.modality = {modality}
      AND e.effective_at <= q.at AND e.recorded_at <= %(known_at)s AND e.action <> 'requested'
      AND NOT EXISTS (SELECT 1 FROM governance_consentevent c
                      WHERE c.corrects_id = e.id AND c.recorded_at <= %(known_at)s)
    {which}
) e
LEFT JOIN governance_notice v ON v.id = e.notice_id
ORDER BY q.n, e.effective_at, e.recorded_at, e.action NOT IN ('given', 'renewed'), e.id
"""
"""Times come as text: Python reads them ten times faster than the driver."""
_MANY = {
    "asked": "unnest(%(digests)s::uuid[], %(kinds)s::int[], %(ats)s::timestamptz[]) WITH ORDINALITY"
    " AS q(digest, kind, at, n)",
    "purpose": "(%(purposes)s::text[])[q.kind]",
    "modality": "(%(modalities)s::text[])[q.kind]",
}
# where each topic is asked about one moment: its last word alone, however much was said before
_ALONE = (
    "ORDER BY e.effective_at DESC, e.recorded_at DESC, e.action IN ('given', 'renewed'), e.id DESC LIMIT 1"
)
_LAST = _WORDS.format(which=_ALONE, **_MANY)
# person by person through the index, also while the tables have no statistics yet
_STANDING = _WORDS.format(which="OFFSET 0", **_MANY)
_ONE = _WORDS.format(
    asked="(SELECT %(digest)s::uuid AS digest, %(at)s::timestamptz AS at, 1 AS n) q",
    purpose="%(purpose)s::text",
    modality="%(modality)s::text",
    which=_ALONE,
)

Key = tuple[uuid.UUID, str, str, datetime]
"""(pseudonym, purpose, modality, at): whose word about what, and when it has to have counted."""


def last_words(system_id: uuid.UUID, keys: Sequence[Key], known_at: datetime) -> list[Word | None]:
    """The last word for each key, in order: one statement for all of them.

    Asks once for what a person said about a purpose and modality, however many moments are asked about, and finds
    each moment in it. The same answer as rules.last_word gives on the whole history; a property test compares the two.
    """
    asked: dict[Topic, list[int]] = {}
    for place, (digest, purpose, modality, _at) in enumerate(keys):
        asked.setdefault((digest, purpose, modality), []).append(place)
    found: list[Word | None] = [None] * len(keys)
    if not asked:
        return found
    topics = list(asked)
    latest = [max(keys[place][3] for place in asked[topic]) for topic in topics]
    if len(topics) == len(keys) or len(topics) == len(set(keys)):  # one moment each
        one = len(topics) == 1
        rows = (
            _one(system_id, topics[0], latest[0], known_at)
            if one
            else _many(_LAST, system_id, topics, latest, known_at)
        )
        for row in rows:
            word = _word(row)
            for place in asked[topics[row[0] - 1]]:
                found[place] = word
        return found
    for number, of_topic in groupby(_many(_STANDING, system_id, topics, latest, known_at), itemgetter(0)):
        words = [_word(row) for row in of_topic]
        since = [word.effective_at for word in words]
        for place in asked[topics[number - 1]]:
            if n := bisect_right(since, keys[place][3]):
                found[place] = words[n - 1]
    return found


Topic = tuple[uuid.UUID, str, str]
"""(pseudonym, purpose, modality)."""


def _one(system_id: uuid.UUID, topic: Topic, latest: datetime, known_at: datetime) -> list[Any]:
    digest, purpose, modality = topic
    question = {"digest": digest, "purpose": purpose, "modality": modality, "at": latest}
    with prepared_cursor() as cursor:
        cursor.execute(_ONE, {"system": system_id, "known_at": known_at, **question})
        return list(cursor.fetchall())


def _many(
    statement: str, system_id: uuid.UUID, topics: Sequence[Topic], latest: list[datetime], known_at: datetime
) -> list[Any]:
    """(position in `topics` from 1, word): the words up to `latest`, the one that counts last at the end.

    The long arrays are written here (ids, numbers and times need no quoting): the driver takes twice as long over them
    as the database over its answer.
    """
    kinds: dict[tuple[str, str], int] = {}
    numbers = [kinds.setdefault(topic[1:], len(kinds) + 1) for topic in topics]
    question: dict[str, Any] = {
        "system": system_id,
        "digests": _array(topic[0].hex for topic in topics),
        "kinds": _array(map(str, numbers)),
        "ats": _array(f'"{at.isoformat()}"' for at in latest),
        "purposes": [purpose for purpose, _modality in kinds],
        "modalities": [modality for _purpose, modality in kinds],
        "known_at": known_at,
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, question)
        return list(cursor.fetchall())


def _array(values: Iterable[str]) -> str:
    return "{" + ",".join(values) + "}"


def _word(row: Sequence[Any]) -> Word:
    _n, event, action, effective_at, recorded_at, explicit, expires_at, version = row
    read = datetime.fromisoformat
    ends = read(expires_at) if expires_at else None
    return Word(event, action, read(effective_at), read(recorded_at), explicit, ends, version)


@dataclass(frozen=True)
class Coverage:
    """How many people said what last about one purpose × modality of a system; None below the privacy floor."""

    purpose: str
    modality: str
    action: str
    people: int | None


_COUNTED = """
SELECT system_id, purpose, modality, action, count(*) FROM (
  SELECT DISTINCT ON (system_id, subject_id, purpose, modality) system_id, purpose, modality, action
  FROM governance_consentevent e
  WHERE system_id = ANY(%(systems)s) AND effective_at <= %(at)s AND recorded_at <= %(at)s
    AND action <> 'requested'
    AND NOT EXISTS (SELECT 1 FROM governance_consentevent c
                    WHERE c.corrects_id = e.id AND c.recorded_at <= %(at)s)
  ORDER BY system_id, subject_id, purpose, modality, effective_at DESC, recorded_at DESC,
           (action IN ('given', 'renewed')), id DESC) last
GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
"""


def _counted(systems: Sequence[System], at: datetime) -> dict[uuid.UUID, list[Coverage]]:
    found: dict[uuid.UUID, list[Coverage]] = {}
    smallest = floors(system.pk for system in systems)
    with connection.cursor() as cursor:
        cursor.execute(_COUNTED, {"systems": list(smallest), "at": at})
        for system_id, purpose, modality, action, people in cursor.fetchall():
            shown = people if people >= smallest[system_id] else None
            found.setdefault(system_id, []).append(Coverage(purpose, modality, action, shown))
    return found


def standing(system: System, at: datetime) -> list[Coverage]:
    """Last words per purpose × modality × action at `at`, as known at `at`."""
    return _counted([system], at).get(system.pk, [])


def events_of(system_id: uuid.UUID, digest: uuid.UUID) -> QuerySet[ConsentEvent]:
    """Everything one pseudonym said to one system, oldest first."""
    subjects = Alias.objects.filter(system_id=system_id, digest=digest).values("subject_id")
    rows = ConsentEvent.objects.filter(system_id=system_id, subject_id__in=subjects)
    return rows.order_by("effective_at", "recorded_at")


def people_by_action(systems: Sequence[System], at: datetime) -> dict[uuid.UUID, dict[str, int | None]]:
    """Per system {action: last words of that kind}, over all purposes and modalities; two queries.

    None where one of the parts is hidden: the sum less the parts that are shown would give it away.
    """
    found: dict[uuid.UUID, dict[str, int | None]] = {}
    for system_id, rows in _counted(systems, at).items():
        counts = found.setdefault(system_id, {})
        for row in rows:
            before = counts.get(row.action, 0)
            counts[row.action] = None if before is None or row.people is None else before + row.people
    return found


def declared_flows(system: System) -> list[DeclaredFlow]:
    """The data flows of a system, as a policy is held against them."""
    risky = set(
        Screening.objects.filter(
            flow__system=system, superseded_at__isnull=True, outcome="high_risk"
        ).values_list("flow_id", flat=True)
    )
    return [
        DeclaredFlow(
            flow.slug, flow.subject_role, flow.purpose, flow.modality, flow.recipient, flow.pk in risky
        )
        for flow in system.flows.all()
    ]


def policy_doubts(system: System, rows: Sequence[dict[str, Any]], retention_days: int | None) -> list[Doubt]:
    """What is doubtful about these rules for this system; rows that are no rules are `rules.faults_in`'s business."""
    if faults_in(rows):
        return []
    return doubts(
        [policy_rule(row) for row in rows],
        declared_flows(system),
        privacy_floor=settings.PRIVACY_FLOOR,
        retention_days=retention_days,
    )


def policy_before(policy: Policy) -> Policy | None:
    """The version before this one."""
    earlier = Policy.objects.filter(system=policy.system, version__lt=policy.version)
    return earlier.order_by("-version").first()
