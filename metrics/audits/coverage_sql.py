"""Whether each reading of a window had a valid basis, judged by the database in one statement.

Two answers for every interaction: as known now (was it in fact covered?) and as known when it took place (did the
operator act in good faith?). Intervals are made on the fly with lead(), so they are never stale; only where an event
was recorded after it counted, or was corrected later, can the second answer differ, and only there the last word is
looked up once more. governance.consent.rules.last_word and why_not_valid are the same rules, slow and obvious; a
property test compares them with this.
"""

# ruff: noqa: S608 - our own texts put together; values travel as parameters

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from governance.consent.rules import MaterialNotice
from governance.holding.rules import MARK

CONSENT, OBJECTION, NONE = "consent", "objection", ""
"""What has to be asked of the person: consent, whether they objected, nothing."""


@dataclass(frozen=True)
class Ground:
    """What the policy asks for the interactions of a flow, read under a policy version, for these recipients."""

    flow_id: UUID
    policy_version: int
    recipients: tuple[str, ...]
    need: str
    explicit: bool


_WHY = """
CASE
  WHEN r.basis NOT IN ('allow', 'basis_doubtful') THEN r.reason
  WHEN r.need = '' THEN ''
  WHEN r.need = 'objection' THEN
    CASE WHEN w.action IN ('objected', 'withdrawn', 'refused') THEN 'objected'
         WHEN w.action IN ('revoked', 'invalidated', 'expired') THEN w.action ELSE '' END
  WHEN w.action IS NULL THEN 'no_consent'
  WHEN w.action IN ('refused', 'withdrawn', 'revoked', 'invalidated', 'expired', 'objected') THEN w.action
  WHEN w.action NOT IN ('given', 'renewed') THEN 'no_consent'
  WHEN w.expires_at <= r.occurred_at THEN 'expired'
  WHEN r.explicit AND NOT w.explicit THEN 'not_explicit'
  WHEN EXISTS (SELECT FROM unnest(%(material)s::int[], %(due)s::timestamptz[]) AS m(version, due_at)
               WHERE m.version > coalesce(w.version, 0) AND m.due_at <= r.occurred_at) THEN 'reconsent_due'
  ELSE ''
END"""

JUDGED = f"""
WITH ground AS MATERIALIZED (
  SELECT * FROM unnest(%(flows)s::uuid[], %(versions)s::int[], %(recipients)s::text[], %(needs)s::text[],
                       %(explicits)s::bool[]) AS g(flow_id, policy_version, recipients, need, explicit)
),
reading AS (
  SELECT i.source_id, i.occurred_at, i.flow_id, i.basis, i.reason, i.purpose, i.modality, a.subject_id,
         -- of somebody who was erased, or past their time, nothing can be asked: what the gate answered then stands
         CASE WHEN starts_with(i.source_id, '{MARK}') THEN ''
              ELSE coalesce(g.need, CASE WHEN i.reason IN ('consented', 'exception') THEN 'consent' ELSE '' END)
         END AS need,
         coalesce(g.explicit, false) AS explicit
  FROM metrics_interaction i
  LEFT JOIN governance_alias a ON a.system_id = i.system_id AND a.digest = i.subject
  LEFT JOIN ground g ON g.flow_id = i.flow_id AND g.policy_version = i.policy_version
                    AND g.recipients = coalesce(array_to_string(i.recipients, ','), '')
  WHERE i.system_id = %(system)s AND i.occurred_at >= %(since)s AND i.occurred_at < %(until)s AND NOT i.test
),
event AS NOT MATERIALIZED (
  SELECT e.id, e.subject_id, e.purpose, e.modality, e.action, e.explicit, e.expires_at, e.effective_at, e.recorded_at,
         n.version, c.recorded_at AS corrected_at
  FROM governance_consentevent e
  LEFT JOIN governance_notice n ON n.id = e.notice_id
  LEFT JOIN (SELECT corrects_id, min(recorded_at) AS recorded_at FROM governance_consentevent
             WHERE system_id = %(system)s AND corrects_id IS NOT NULL GROUP BY 1) c ON c.corrects_id = e.id
  WHERE e.system_id = %(system)s AND e.action <> 'requested'
),
standing AS (
  SELECT *, lead(effective_at) OVER (
      PARTITION BY subject_id, purpose, modality
      ORDER BY effective_at, recorded_at, (action NOT IN ('given', 'renewed')), id) AS until
  FROM event WHERE corrected_at IS NULL
),
judged AS (
  SELECT r.*, w.effective_at AS word_at, {_WHY} AS why
  FROM reading r
  LEFT JOIN standing w ON w.subject_id = r.subject_id AND w.purpose = r.purpose AND w.modality = r.modality
       AND w.effective_at <= r.occurred_at AND (w.until IS NULL OR r.occurred_at < w.until)
),
unsure AS (  -- when somebody knew less, or something else, than is known now
  SELECT subject_id, purpose, modality, effective_at AS since, recorded_at AS until
  FROM event WHERE recorded_at > effective_at
  UNION ALL
  SELECT subject_id, purpose, modality, recorded_at, corrected_at FROM event WHERE corrected_at IS NOT NULL
),
doubtful AS MATERIALIZED (
  SELECT r.source_id, r.occurred_at, r.subject_id, r.purpose, r.modality, r.basis, r.reason, r.need, r.explicit
  FROM judged r
  WHERE r.need <> '' AND r.basis IN ('allow', 'basis_doubtful') AND EXISTS (
    SELECT FROM unsure u WHERE u.subject_id = r.subject_id AND u.purpose = r.purpose AND u.modality = r.modality
      AND u.since <= r.occurred_at AND r.occurred_at < u.until)
),
then_known AS (
  SELECT r.source_id, {_WHY} AS why
  FROM doubtful r
  LEFT JOIN LATERAL (
    SELECT e.action, e.explicit, e.expires_at, n.version
    FROM governance_consentevent e LEFT JOIN governance_notice n ON n.id = e.notice_id
    WHERE e.system_id = %(system)s AND e.subject_id = r.subject_id AND e.purpose = r.purpose
      AND e.modality = r.modality AND e.action <> 'requested'
      AND e.effective_at <= r.occurred_at AND e.recorded_at <= r.occurred_at
      AND NOT EXISTS (SELECT FROM governance_consentevent c
                      WHERE c.corrects_id = e.id AND c.recorded_at <= r.occurred_at)
    ORDER BY e.effective_at DESC, e.recorded_at DESC, (e.action IN ('given', 'renewed')), e.id DESC
    LIMIT 1
  ) w ON true
),
answered AS (
  SELECT j.source_id, j.occurred_at, j.flow_id, j.need, j.why AS why_now, coalesce(t.why, j.why) AS why_then,
         CASE WHEN j.why IN ('withdrawn', 'objected', 'revoked', 'refused') THEN j.occurred_at - j.word_at END AS lag
  FROM judged j LEFT JOIN then_known t USING (source_id)
)
"""

COUNTS = (
    JUDGED
    + """
SELECT flow_id, why_now, why_then, count(*), max(extract(epoch FROM lag))::float8
FROM answered GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3
"""
)
"""How many readings have which pair of answers."""

MISSES = (
    JUDGED
    + """
SELECT occurred_at, source_id, flow_id, why_now, extract(epoch FROM lag)::float8
FROM answered WHERE (why_now <> '' OR why_then <> '') AND (occurred_at, source_id) > (%(after_at)s, %(after_id)s)
ORDER BY occurred_at, source_id LIMIT %(limit)s
"""
)
"""Every reading without a valid basis, now or then, in the order in which they took place."""


def parameters(
    system_id: UUID,
    since: dt.datetime,
    until: dt.datetime,
    grounds: Sequence[Ground],
    material: Sequence[MaterialNotice],
) -> dict[str, Any]:
    """What the statements want: readings from `since` until before `until`, what policies ask, material notices."""
    return {
        "system": system_id,
        "since": since,
        "until": until,
        "flows": [ground.flow_id for ground in grounds],
        "versions": [ground.policy_version for ground in grounds],
        "recipients": [",".join(ground.recipients) for ground in grounds],
        "needs": [ground.need for ground in grounds],
        "explicits": [ground.explicit for ground in grounds],
        "material": [notice.version for notice in material],
        "due": [notice.due_at for notice in material],
    }
