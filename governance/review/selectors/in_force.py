"""What is allowed when, and what stands in the way."""

import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from django.db.models import Max, Q, QuerySet

from governance.registry.models import DataFlow, System
from governance.registry.selectors import flow_facts, visible
from governance.review import rules
from governance.review.models import Condition, CouncilRecord, Deployment, Document, InForce


def in_force(system_id: uuid.UUID, at: dt.datetime) -> QuerySet[DataFlow]:
    """The data flows of a system that were approved and neither suspended, voided nor lapsed at `at`: one query."""
    rows = InForce.objects.filter(system_id=system_id, starts_at__lte=at, ends_at__gt=at)
    return DataFlow.objects.filter(pk__in=rows.values("flow_id"))


def stretches(
    system_id: uuid.UUID, date_from: dt.datetime, date_to: dt.datetime
) -> list[tuple[uuid.UUID, dt.datetime, dt.datetime]]:
    """(flow id, from, until) of every stretch in force that touches the window; for batches, one query."""
    rows = InForce.objects.filter(system_id=system_id, starts_at__lte=date_to, ends_at__gt=date_from)
    return list(rows.values_list("flow_id", "starts_at", "ends_at"))


def visible_deployments(user: Any) -> QuerySet[Deployment]:
    """The deployments of systems whose reviews `user` may see."""
    return Deployment.objects.filter(system__in=visible(user, "view_review"))


def conditions_of(deployment: Deployment) -> QuerySet[Condition]:
    """The conditions of the approval, and those that came with a reinstatement."""
    return Condition.objects.filter(Q(request=deployment.request_id) | Q(request__reinstates=deployment))


def flow_states(
    deployment: Deployment, at: dt.datetime, flows: Iterable[DataFlow] | None = None
) -> list[tuple[DataFlow, str]]:
    """Each flow that the deployment still covers, and where it stands (rules.FlowState) at `at`.

    `flows`: those that it covers, where they were read before.
    """
    rows = list(deployment.stretches.all())
    over = deployment.state in ("lapsed", "voided") or deployment.valid_until <= at
    found = []
    for flow in deployment.flows.select_related("system") if flows is None else flows:
        own = [row for row in rows if row.flow_id == flow.pk]
        if over:
            state = "ended"
        elif any(row.starts_at <= at < row.ends_at for row in own):
            state = "running"
        else:
            state = "stopped" if own else "waiting"
        found.append((flow, state))
    return found


# --- works council ----------------------------------------------------------------------------


def touches_workers(flow: DataFlow) -> bool:
    """Whether the works council has to be asked about a flow."""
    return rules.touches_workers(
        {"subject_role": flow.subject_role, "setting": flow.setting, "purpose": flow.purpose}
    )


def visible_councils(user: Any) -> QuerySet[CouncilRecord]:
    """The works-council records of systems whose reviews `user` may see."""
    return CouncilRecord.objects.filter(system__in=visible(user, "view_review"))


def visible_documents(user: Any) -> QuerySet[Document]:
    """The files of works-council records and of evidence on systems whose reviews `user` may see."""
    rows = Document.objects.filter(system__in=visible(user, "view_review"))
    return rows.select_related("system", "council", "answer__record", "evidence__condition__request")


def without_council(flows: Iterable[DataFlow]) -> list[DataFlow]:
    """The flows that touch workers and have no works-council record that allows going live.

    A record counts for a flow as it was described when the council was informed; the latest answer decides, whichever
    record it is in.
    """
    workers = [flow for flow in flows if touches_workers(flow)]
    if not workers:
        return []
    latest: dict[uuid.UUID, str] = {}
    said = Max("answers__recorded_at")
    records = CouncilRecord.objects.filter(
        pk__in=CouncilRecord.objects.filter(flows__in=workers).values("pk")
    )
    answered = records.exclude(state="asked").annotate(said_at=said)
    for record in answered.order_by("said_at", "asked_at").prefetch_related("flows"):
        for flow in workers:
            told = _described(record.facts.get(flow.slug))
            if told == _described(flow_facts(flow)) and flow in record.flows.all():
                latest[flow.pk] = record.state
    return [flow for flow in workers if not rules.allows(latest.get(flow.pk, ""))]


def _described(facts: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the council was told of a flow; that it agreed, or a lawyer, is an answer and describes nothing."""
    return facts and {name: value for name, value in facts.items() if name not in rules.ANSWERED_BY_OTHERS}


def uncovered(system: System) -> QuerySet[DataFlow]:
    """The flows of a system that no living deployment covers: outside the approved scope."""
    alive = Deployment.objects.filter(system=system, state__in=["waiting", "in_force", "suspended"])
    return system.flows.exclude(deployments__in=alive)
