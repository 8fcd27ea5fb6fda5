"""Were people told before the first reading, in their language? A complete count of sessions.

Source: Regulation (EU) 2024/1689, Art. 50(1), (3) and (5).
"""

# ruff: noqa: S608 - our own texts put together; values travel as parameters

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection

from governance.audits import registry
from governance.audits.registry import AuditResult, AuditScope, Miss, Table
from governance.audits.rules import Target
from metrics.audits import counting
from metrics.audits.counting import Mark, checks, is_small, listed, missed, moments
from metrics.rollups import selectors as rollups
from portal.errors import N_

TARGETS = (
    Target(
        key="ai_disclosure",
        title=N_("Told that an AI answers"),
        missed=N_("People were not told in time that an AI answers."),
        default=Decimal(1),
    ),
    Target(
        key="emotion_notice",
        title=N_("Told that emotion is read"),
        missed=N_("People were not told in time that their emotion is read."),
        default=Decimal(1),
        severity="critical",
    ),
    Target(
        key="language",
        title=N_("Told in their language"),
        missed=N_("The notice was not there in the person's language."),
        default=Decimal(1),
    ),
)
WORDS = {
    "no_ai_disclosure": N_("Nobody told that an AI answers."),
    "late_ai_disclosure": N_("Told that an AI answers, but after the first reading."),
    "no_emotion_notice": N_("Nobody told that emotion is read."),
    "late_emotion_notice": N_("Told that emotion is read, but after the first reading."),
    "other_language": N_("The notice is not published in the person's language."),
}

# A session belongs to the window in which its first reading falls: the day before is read along to find it.
# Without a session the person is the session, without a person the reading itself.
SESSIONS = """
WITH reading AS (
  SELECT coalesce(session, subject::text, source_id) AS session, source_id, occurred_at, flow_id, subject, disclosed_at,
         emotion_notice_at, language, notice_version
  FROM metrics_interaction
  WHERE system_id = %(system)s AND occurred_at >= %(since)s - interval '1 day' AND occurred_at < %(until)s
    AND NOT test AND basis IN ('allow', 'basis_doubtful')
),
told AS (
  SELECT session, min(disclosed_at) AS disclosed_at, min(emotion_notice_at) AS emotion_notice_at,
         min(language) AS language, min(notice_version) AS notice_version
  FROM reading GROUP BY session
),
opening AS (
  SELECT DISTINCT ON (session) session, source_id, occurred_at, flow_id, subject
  FROM reading ORDER BY session, occurred_at, source_id
),
judged AS (
  SELECT o.source_id, o.occurred_at, o.flow_id,
    CASE WHEN t.disclosed_at IS NULL THEN 'no_ai_disclosure'
         WHEN t.disclosed_at > o.occurred_at THEN 'late_ai_disclosure' ELSE '' END AS ai_why,
    CASE WHEN least(t.emotion_notice_at, s.served_at) IS NULL THEN 'no_emotion_notice'
         WHEN least(t.emotion_notice_at, s.served_at) > o.occurred_at THEN 'late_emotion_notice' ELSE ''
    END AS emotion_why,
    CASE WHEN t.language IS NULL OR t.notice_version IS NULL THEN 'unknown'
         WHEN EXISTS (SELECT FROM governance_notice n WHERE n.system_id = %(system)s AND n.version = t.notice_version
                        AND split_part(n.language, '-', 1) = lower(split_part(t.language, '-', 1))) THEN ''
         ELSE 'other_language' END AS language_why
  FROM opening o JOIN told t USING (session)
  -- a notice of the system says that emotion is read: a showing that was reported tells as well as the reading does
  LEFT JOIN governance_alias a ON a.system_id = %(system)s AND a.digest = o.subject
  LEFT JOIN LATERAL (SELECT min(served_at) AS served_at FROM governance_noticeserved
                     WHERE system_id = %(system)s AND subject_id = a.subject_id) s ON true
  WHERE o.occurred_at >= %(since)s
)
"""
COUNTS = SESSIONS + (
    "SELECT ai_why, emotion_why, language_why, count(*) FROM judged GROUP BY 1, 2, 3 ORDER BY 4 DESC, 1, 2, 3"
)
MISSES = (
    SESSIONS
    + """
SELECT occurred_at, source_id, flow_id, why, NULL::float8 FROM (
  SELECT *, coalesce(nullif(emotion_why, ''), nullif(ai_why, ''), nullif(nullif(language_why, 'unknown'), '')) AS why
  FROM judged
) j WHERE why IS NOT NULL AND (occurred_at, source_id) > (%(after_at)s, %(after_id)s)
ORDER BY occurred_at, source_id LIMIT %(limit)s
"""
)


@dataclass(frozen=True)
class Counted:
    """So many sessions with the same three answers ('' = told in time; `unknown` = the language was not sent)."""

    ai_why: str
    emotion_why: str
    language_why: str
    n: int


def question(audited: AuditScope) -> dict[str, Any]:
    """The parameters of the statements for a run."""
    since, until = moments(audited)
    return {"system": audited.system.pk, "since": since, "until": until}


def counted(audited: AuditScope) -> list[Counted]:
    """The sessions that began in the window, counted by their answers."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, question(audited))
        return [Counted(*row) for row in cursor.fetchall()]


def misses(audited: AuditScope, after: Mark | None, limit: int) -> list[Miss]:
    """The first readings of sessions whose people were not told in time or not in their language."""
    return missed(listed(MISSES, question(audited), after, limit), audited.system)


@registry.audit(
    kind="disclosure",
    title=N_("Disclosure"),
    question=N_("Was every person told before the first reading, in their language?"),
    targets=TARGETS,
    looks_at=rollups.window,
    misses=misses,
    validate=counting.rows_are_there,
    words=WORDS,
    sources=(counting,),
)
def disclosure(audited: AuditScope) -> AuditResult:
    """Sessions whose person was told in time / sessions that began in the window."""
    found = counted(audited)
    total = sum(row.n for row in found)
    silent = sum(row.n for row in found if row.language_why == "unknown")
    good = {
        "ai_disclosure": (sum(row.n for row in found if not row.ai_why), total),
        "emotion_notice": (sum(row.n for row in found if not row.emotion_why), total),
        "language": (sum(row.n for row in found if not row.language_why), total - silent),
    }
    return AuditResult(
        checks=checks(
            audited,
            TARGETS,
            good,
            source=N_("sessions that began in the window"),
            left_out={"language": {"language or notice version not sent": silent}} if silent else {},
        ),
        tables=[] if is_small(audited) else [_reasons(found)],
        counts={} if is_small(audited) else {"sessions": total, "language_not_sent": silent},
    )


def _reasons(found: Sequence[Counted]) -> Table:
    seen = Counter[str]()
    for row in found:
        for why in (row.ai_why, row.emotion_why, row.language_why):
            seen[why] += row.n
    return Table(
        key="reasons",
        title=N_("What was missing"),
        columns=[N_("Reason"), N_("Sessions")],
        rows=[[code, seen[code]] for code in WORDS if seen[code]],
        words=(0,),
    )
