"""Consent that ends by itself: nobody says anything, and yet processing must stop.

It ends on the day that was agreed, or when the notice it rests on changed materially and the period of grace is over.
"""

import datetime as dt

from django.db import connection, transaction

from governance.consent.selectors import material_notices
from governance.registry.models import System
from governance.stops.rules import ENDINGS, OUTDATED
from governance.stops.services import Order, order

LOOK_BACK = dt.timedelta(days=92)
"""How long nobody may have looked; what ended earlier is not looked for again and again."""
BATCH = 1_000

_ENDED = """
SELECT e.id, a.digest, e.purpose, e.modality, e.expires_at
FROM governance_consentevent e
CROSS JOIN LATERAL (
  SELECT digest FROM governance_alias
  WHERE system_id = e.system_id AND subject_id = e.subject_id ORDER BY digest LIMIT 1
) a
CROSS JOIN LATERAL (
  SELECT w.id FROM governance_consentevent w
  WHERE w.system_id = e.system_id AND w.subject_id = e.subject_id AND w.purpose = e.purpose
    AND w.modality = e.modality AND w.action <> 'requested' AND w.effective_at <= %(now)s
    AND NOT EXISTS (SELECT FROM governance_consentevent c WHERE c.corrects_id = w.id)
  ORDER BY w.effective_at DESC, w.recorded_at DESC, (w.action IN ('given', 'renewed')), w.id DESC LIMIT 1
) last
WHERE e.system_id = %(system)s AND e.expires_at > %(since)s AND e.expires_at <= %(now)s
  AND e.expires_at > e.recorded_at AND e.action IN ('given', 'renewed') AND last.id = e.id
  AND NOT EXISTS (SELECT FROM governance_stop s WHERE s.event = e.id)
ORDER BY e.expires_at, e.id LIMIT %(limit)s
"""
_OUTDATED = """
SELECT e.id, a.digest, e.purpose, e.modality, d.due
FROM (
  SELECT DISTINCT ON (subject_id, purpose, modality)
         id, subject_id, purpose, modality, action, notice_id, expires_at, recorded_at
  FROM governance_consentevent w
  WHERE system_id = %(system)s AND effective_at <= %(now)s AND action <> 'requested'
    AND NOT EXISTS (SELECT FROM governance_consentevent c WHERE c.corrects_id = w.id)
  ORDER BY subject_id, purpose, modality, effective_at DESC, recorded_at DESC, (action IN ('given', 'renewed')), id DESC
) e
JOIN governance_notice v ON v.id = e.notice_id
CROSS JOIN LATERAL (
  SELECT min(effective_at + grace_days * interval '1 day') AS due FROM governance_notice
  WHERE system_id = %(system)s AND material_change AND version > v.version
) d
CROSS JOIN LATERAL (
  SELECT digest FROM governance_alias
  WHERE system_id = %(system)s AND subject_id = e.subject_id ORDER BY digest LIMIT 1
) a
WHERE e.action IN ('given', 'renewed') AND d.due > %(since)s AND d.due <= %(now)s AND e.recorded_at < d.due
  AND (e.expires_at IS NULL OR e.expires_at > d.due)
  AND NOT EXISTS (SELECT FROM governance_stop s WHERE s.event = e.id)
ORDER BY d.due, e.id LIMIT %(limit)s
"""


def end_what_expired(*, system: System, now: dt.datetime) -> int:
    """Order a stop for each person's consent that ended by itself since somebody looked; how many.

    Consent that had ended when it became known stops nothing: no processing followed it. Done again, it finds the rest.
    """
    since = now - LOOK_BACK
    total = 0
    if any(
        since < notice.due_at <= now for notice in material_notices(system.pk)
    ):  # seldom, and goes over everybody; first: what was outdated before it expired ended on the earlier day
        total += _stopped(system, _OUTDATED, OUTDATED, since, now)
    return total + _stopped(system, _ENDED, ENDINGS["expired"], since, now)


def _stopped(system: System, statement: str, type_: str, since: dt.datetime, now: dt.datetime) -> int:
    total = 0
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            # one after the other: two rounds at once would both find the same
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [str(system.pk)])
            cursor.execute(statement, {"system": system.pk, "now": now, "since": since, "limit": BATCH})
            found = [
                Order(type_, ended, digest, purpose, modality, event)
                for event, digest, purpose, modality, ended in cursor.fetchall()
            ]
            order(system=system, orders=found, by="system")
        total += len(found)
        if len(found) < BATCH:
            return total
