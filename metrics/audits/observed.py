"""Is what a system really reads what its data flows declare? A complete count of what came in.

Source: Regulation (EU) 2024/1689, Art. 3(39) and 26(1); the declaration is the register's.
"""

# ruff: noqa: S608 - our own texts put together; values travel as parameters

from decimal import Decimal
from typing import Any

from django.db import connection

from governance.audits import registry
from governance.audits.registry import AuditResult, AuditScope, Miss, Table
from governance.audits.rules import Target
from governance.registry.models import DataFlow
from metrics.audits import counting
from metrics.audits.counting import Mark, checks, is_small, listed, missed, moments
from metrics.rollups import selectors as rollups
from portal.errors import N_

TARGETS = (
    Target(
        key="flows",
        title=N_("Person, modality and purpose declared"),
        missed=N_("Something is read that no data flow declares."),
        default=Decimal(1),
        severity="critical",
    ),
    Target(
        key="recipients",
        title=N_("Recipients declared"),
        missed=N_("Readings went to somebody whom no data flow names."),
        default=Decimal(1),
    ),
    Target(
        key="languages",
        title=N_("Languages declared"),
        missed=N_("People were read in a language that the register does not name."),
        default=Decimal(1),
        severity="medium",
    ),
)
WORDS = {
    "undeclared": N_("No data flow declares this person, modality and purpose."),
    "undeclared_recipient": N_("No data flow names this recipient."),
    "undeclared_language": N_("The register does not name this language."),
}
# Of what was refused as undeclared only id, time, flow and reason are kept: that is enough to count it.
_JUDGED = """
WITH declared AS (
  SELECT * FROM unnest(%(roles)s::text[], %(modalities)s::text[], %(purposes)s::text[]) AS d(role, modality, purpose)
),
judged AS (
  SELECT i.source_id, i.occurred_at, i.flow_id, i.recipients, i.language,
    i.basis IN ('allow', 'basis_doubtful') AS kept,
    i.reason <> 'undeclared' AND (i.basis NOT IN ('allow', 'basis_doubtful') OR d.role IS NOT NULL) AS flow_good,
    i.recipients IS NULL OR i.recipients::text[] <@ %(recipients)s::text[] AS recipients_good,
    i.language IS NULL OR lower(split_part(i.language, '-', 1)) = ANY(%(languages)s::text[]) AS language_good
  FROM metrics_interaction i
  LEFT JOIN declared d ON d.role = i.subject_role AND d.modality = i.modality AND d.purpose = i.purpose
  WHERE i.system_id = %(system)s AND i.occurred_at >= %(since)s AND i.occurred_at < %(until)s AND NOT i.test
)
"""
COUNTS = (
    _JUDGED
    + """
SELECT count(*), count(*) FILTER (WHERE flow_good), count(*) FILTER (WHERE kept),
       count(*) FILTER (WHERE kept AND recipients_good), count(*) FILTER (WHERE kept AND language IS NOT NULL),
       count(*) FILTER (WHERE kept AND language IS NOT NULL AND language_good)
FROM judged
"""
)
STRANGE = (
    _JUDGED
    + """
SELECT 'undeclared_recipient', word, count(*) FROM judged, unnest(recipients) AS word
WHERE kept AND word <> ALL(%(recipients)s::text[]) GROUP BY 2
UNION ALL
SELECT 'undeclared_language', language, count(*) FROM judged WHERE kept AND NOT language_good GROUP BY 2
ORDER BY 3 DESC, 1, 2 LIMIT 50
"""
)
MISSES = (
    _JUDGED
    + """
SELECT occurred_at, source_id, flow_id, why, NULL::float8 FROM (
  SELECT *, CASE WHEN NOT flow_good THEN 'undeclared' WHEN NOT recipients_good THEN 'undeclared_recipient'
                 WHEN NOT language_good AND %(says_languages)s THEN 'undeclared_language' END AS why
  FROM judged
) j WHERE why IS NOT NULL AND (occurred_at, source_id) > (%(after_at)s, %(after_id)s)
ORDER BY occurred_at, source_id LIMIT %(limit)s
"""
)


def question(audited: AuditScope) -> dict[str, Any]:
    """The parameters of the statements: what the flows declare (removed ones too, for what was read before)."""
    since, until = moments(audited)
    flows = list(DataFlow.objects.filter(system=audited.system).order_by("pk"))
    languages = sorted({name.split("-")[0].lower() for name in audited.system.languages})
    return {
        "system": audited.system.pk,
        "since": since,
        "until": until,
        "roles": [flow.subject_role for flow in flows],
        "modalities": [flow.modality for flow in flows],
        "purposes": [flow.purpose for flow in flows],
        "recipients": sorted({flow.recipient for flow in flows} | {"system"}),
        "languages": languages,
        "says_languages": bool(languages),
    }


def misses(audited: AuditScope, after: Mark | None, limit: int) -> list[Miss]:
    """What came in outside the declaration, in the order in which it took place."""
    return missed(listed(MISSES, question(audited), after, limit), audited.system)


@registry.audit(
    kind="declared_observed",
    title=N_("Declared against observed"),
    question=N_("Is what the system reads what its data flows declare?"),
    targets=TARGETS,
    looks_at=rollups.window,
    misses=misses,
    validate=counting.rows_are_there,
    words=WORDS,
    sources=(counting,),
)
def declared_observed(audited: AuditScope) -> AuditResult:
    """Readings inside the declaration / readings; recipients and languages of what was kept."""
    asked = question(audited)
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, asked)
        total, inside, kept, recipients, spoken, languages = cursor.fetchone()
        cursor.execute(STRANGE, asked)
        strange = cursor.fetchall()
    good = {
        "flows": (inside, total),
        "recipients": (recipients, kept),
        "languages": (languages, spoken) if asked["says_languages"] else (0, 0),  # nothing to compare with
    }
    return AuditResult(
        checks=checks(
            audited,
            TARGETS,
            good,
            source=N_("interactions received"),
            kpis={target.key: f"declared_{target.key}" for target in TARGETS},
        ),
        tables=[] if is_small(audited) else [_strange(strange)],
        counts={} if is_small(audited) else {"interactions": total, "undeclared": total - inside},
    )


def _strange(rows: list[tuple[str, str, int]]) -> Table:
    return Table(
        key="undeclared",
        title=N_("Seen, and declared nowhere"),
        columns=[N_("Reason"), N_("Value"), N_("Readings")],
        rows=[list(row) for row in rows],
        words=(0,),
    )
