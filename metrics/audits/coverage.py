"""Had every reading a valid basis at that moment? A complete count, judged in one statement.

Source: Regulation (EU) 2016/679, Art. 5(2), 6, 7(1) and 7(3).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from governance.audits import registry
from governance.audits.registry import AuditResult, AuditScope, Miss, Table
from governance.audits.rules import Target
from governance.consent.rules import Situation
from governance.consent.selectors import material_notices
from governance.gate import rules as gate
from governance.gate.selectors import Scope, scope
from metrics.audits import counting
from metrics.audits import coverage_sql as sql
from metrics.audits.counting import Mark, checks, flow_names, is_small, listed, missed, moments, small_flows
from metrics.rollups import selectors as rollups
from portal.errors import N_

STOPPED = ("withdrawn", "objected", "revoked", "refused")
"""Words after which nothing may be read."""
TARGETS = (
    Target(
        key="covered",
        title=N_("Covered, as known now"),
        missed=N_("Emotions were read without a valid basis."),
        default=Decimal(1),
        severity="critical",
    ),
    Target(
        key="good_faith",
        title=N_("Covered, as known at that moment"),
        missed=N_("Emotions were read although nothing then known allowed it."),
        default=Decimal(1),
    ),
    Target(
        key="after_withdrawal",
        title=N_("Read after the person had said stop"),
        missed=N_("Emotions were read after people had withdrawn, refused or objected."),
        default=Decimal(0),
        direction="at_most",
        severity="critical",
    ),
)


@dataclass(frozen=True)
class Counted:
    """So many readings of a flow with the same two answers ('' = covered); the longest lag after a stop, in seconds."""

    flow_id: UUID | None
    why_now: str
    why_then: str
    n: int
    lag: float | None


def grounds(known: Scope, recipients: Sequence[tuple[str, ...]]) -> list[sql.Ground]:
    """What each policy version asks of the interactions of each flow, for every set of recipients that occurs."""
    found = []
    for flow in known.flows:
        for policy in known.policies:
            for several in ((), *recipients):
                answers = [
                    gate.by_policy(
                        policy, Situation(flow.subject_role, flow.purpose, flow.modality, recipient=one)
                    )
                    for one in several or (flow.recipient,)
                ]
                wants = [answer.wants for answer in answers if answer.wants is not None]
                asks = [rule for rule in wants if rule.basis == "consent"]
                need = sql.CONSENT if asks else sql.OBJECTION if wants else sql.NONE
                explicit = any(rule.wants_explicit(flow.modality) for rule in asks)
                found.append(sql.Ground(flow.id, policy.version, several, need, explicit))
    return found


def question(audited: AuditScope) -> dict[str, Any]:
    """The parameters of the statements for a run."""
    since, until = moments(audited)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT recipients FROM metrics_interaction WHERE system_id = %s AND occurred_at >= %s"
            " AND occurred_at < %s AND recipients <> '{}' ORDER BY 1",
            [audited.system.pk, since, until],
        )
        recipients = [tuple(row[0]) for row in cursor.fetchall()]
    known = scope(audited.system.pk)
    return sql.parameters(
        audited.system.pk,
        since,
        until,
        grounds(known, recipients),
        material_notices(audited.system.pk),
    )


def counted(asked: dict[str, Any]) -> list[Counted]:
    """The readings of the window, counted by flow and by their two answers."""
    with connection.cursor() as cursor:
        cursor.execute(sql.COUNTS, asked)
        return [Counted(*row) for row in cursor.fetchall()]


def misses(audited: AuditScope, after: Mark | None, limit: int) -> list[Miss]:
    """The readings without a valid basis, in the order in which they took place."""
    found = listed(sql.MISSES, question(audited), after, limit)
    rows = [(at, item, flow, now or "known_late", lag) for at, item, flow, now, lag in found]
    return missed(rows, audited.system)


@registry.audit(
    kind="consent_coverage",
    title=N_("Consent coverage"),
    question=N_("Had every reading a valid basis at that moment?"),
    targets=TARGETS,
    looks_at=rollups.window,
    misses=misses,
    validate=counting.rows_are_there,
    words={
        **gate.SENTENCES,
        "known_late": N_("Covered by what became known later; not by what was known then."),
    },
    sources=(sql, counting, gate),
)
def consent_coverage(audited: AuditScope) -> AuditResult:
    """Readings with a valid basis / all readings of the window, as known now and as known at that moment."""
    audited.progress(10, N_("Comparing every reading with what the person said"))
    found = counted(question(audited))
    total = sum(row.n for row in found)
    measured = {
        "covered": (sum(row.n for row in found if not row.why_now), total),
        "good_faith": (sum(row.n for row in found if not row.why_then), total),
        "after_withdrawal": (sum(row.n for row in found if row.why_now in STOPPED), total),
    }
    lags = [row.lag for row in found if row.lag is not None]
    counts = {
        "interactions": total,
        "without_basis_now": total - measured["covered"][0],
        "without_basis_then": total - measured["good_faith"][0],
        "longest_after_stop_s": max(lags, default=None),
    }
    return AuditResult(
        checks=checks(
            audited,
            TARGETS,
            measured,
            source=N_("interactions received"),
            kpis={"covered": "consent_coverage"},
        ),
        tables=[] if is_small(audited) else [_reasons(found), _by_flow(audited, found)],
        counts={} if is_small(audited) else counts,
    )


def _reasons(found: Sequence[Counted]) -> Table:
    now, then = Counter[str](), Counter[str]()
    for row in found:
        now[row.why_now] += row.n
        then[row.why_then] += row.n
    codes = sorted((set(now) | set(then)) - {""}, key=lambda code: (-now[code], code))
    return Table(
        key="reasons",
        title=N_("Why readings had no valid basis"),
        columns=[N_("Reason"), N_("As known now"), N_("As known at that moment")],
        rows=[[code, now[code], then[code]] for code in codes],
        words=(0,),
    )


def _by_flow(audited: AuditScope, found: Sequence[Counted]) -> Table:
    names, hidden = flow_names(audited.system), small_flows(audited)
    total, without = Counter[UUID | None](), Counter[UUID | None]()
    for row in found:
        total[row.flow_id] += row.n
        without[row.flow_id] += row.n if row.why_now else 0
    rows: list[list[str | int | float | None]] = [
        [name, None, None] if flow in hidden else [name, total[flow], without[flow]]
        for name, flow in sorted(((names.get(flow, "–"), flow) for flow in total), key=lambda pair: pair[0])
    ]
    return Table(
        key="flows",
        title=N_("Per data flow"),
        columns=[N_("Data flow"), N_("Readings"), N_("Without a valid basis")],
        rows=rows,
        note=N_("A flow behind which stand too few people shows no numbers."),
    )
