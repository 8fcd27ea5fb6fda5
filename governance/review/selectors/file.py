"""The file of a request: what it holds, what it lacks, and the assessments that it binds."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

from django.db.models import Min, QuerySet
from django.utils.translation import gettext

from governance.assessments import selectors as assessments
from governance.assessments.models import Assessment
from governance.assessments.rules import Kind
from governance.consent.selectors import policy_history
from governance.registry import checks
from governance.registry import content as described
from governance.registry.fields import APPROVED_PARTS, FLOW, SYSTEM, VENDOR, VERSION
from governance.registry.models import DataFlow
from governance.registry.selectors import flow_facts, goals_without_mission
from governance.review import rules
from governance.review.models import DeploymentRequest
from governance.review.selectors.boards import rule_now, voting_seats
from governance.screening import selectors as screenings


def file_of(request: DeploymentRequest, on: dt.date) -> list[rules.FlowFile]:
    """Each flow of a request with its outcome and whether a valid signature is under it."""
    flows = list(request.flows.select_related("system"))
    current = screenings.current_of(flows)
    rows = []
    for flow in flows:
        screening = current.get(flow.pk)
        signed = screenings.is_signed(screening, flow, on)
        rows.append(rules.FlowFile(flow.slug, screening.outcome if screening else None, signed))
    return rows


def problems(request: DeploymentRequest, on: dt.date) -> list[rules.Problem]:
    """What stands in the way of submitting a draft or a returned request."""
    seats = voting_seats(request, on)
    risk = rules.risk_of(row.outcome for row in file_of(request, on))
    rule, spoken = rule_now(request.board, risk), {holder.seat.discipline for holder in seats}
    unspoken = [gettext(rules.Discipline(name).sentence) for name in rule.required if name not in spoken]
    goals: list[str] = []
    if request.kind != "reinstatement":  # what was approved before goes on as it was
        goals = list(goals_without_mission(request.system).values_list("statement", flat=True))
    return file_problems(
        request, on, voting_seats=len(seats), goals=goals, quorum=rule.quorum, unspoken=unspoken
    )


def file_problems(
    request: DeploymentRequest,
    on: dt.date,
    *,
    voting_seats: int,
    goals: Sequence[str] = (),
    quorum: int = 0,
    unspoken: Sequence[str] = (),
) -> list[rules.Problem]:
    """Likewise with the number of votes as it is given: what is asked again when the last vote is in."""
    vendor = request.system.vendor
    return rules.problems(
        file_of(request, on),
        summary=request.summary,
        voting_seats=voting_seats,
        lacking=[
            (gettext(Kind(row.kind).sentence), row.why)
            for row in assessments.missing(request.system, request.flows.all(), on)
        ],
        goals=[text[:80] for text in goals],
        quorum=quorum,
        unspoken=unspoken,
        has_policy=policy_in_use(request.system_id) is not None,
        vendor=vendor.name if vendor else "",
        vendor_gaps=checks.vendor_gaps(vars(vendor), on) if vendor else (),
    )


def content(request: DeploymentRequest, on: dt.date) -> dict[str, Any]:
    """What an approval covers, as canonical data: every field that `registry.fields` calls material of the system, its
    vendor, version, rows and flows, and nothing else of them; the legal outcome of the flows, policy, question, and
    the assessments that are in use on that day, by the digests that their signatures cover.

    Rows stand under their ids: another name, which is not material, does not make them another row.
    """
    flows = list(request.flows.select_related("system").order_by("slug"))
    current = screenings.current_of(flows)
    system, version = request.system, request.version
    return {
        "system": {"slug": system.slug, **described.material(SYSTEM.values(), system)},
        "vendor": described.material(VENDOR, system.vendor) if system.vendor else None,
        "version": described.material(VERSION.fields, version),
        "parts": {
            part.kind: {
                str(row.pk): described.material(part.fields, row) for row in described.rows(system, part)
            }
            for part in APPROVED_PARTS
        },
        "flows": [_flow_content(flow, current[flow.pk]) for flow in flows if flow.pk in current],
        "policy": policy_in_use(system.pk),
        "assessments": assessments.bound(system, flows, on),
        "request": {
            "kind": request.kind,
            "reinstates": str(request.reinstates_id) if request.reinstates_id else None,
            "summary": request.summary,
            "alternatives": request.alternatives,
            "doubts": request.doubts,
            "consulted": request.consulted,
            "valid_months": request.valid_months,
        },
    }


def file_changed(request: DeploymentRequest, on: dt.date) -> bool:
    """Whether what was submitted is no longer what an approval would cover."""
    return rules.digest(content(request, on)) != request.digest


def _flow_content(flow: DataFlow, screening: Any) -> dict[str, Any]:
    said = described.material(FLOW.fields, flow)
    said.pop("facts")  # its answers stand among the facts of the law
    return {
        "slug": flow.slug,
        "facts": {**said, **flow_facts(flow)},
        "outcome": screening.outcome,
        "rule": screening.rule,
        "rules_version": screening.rules_version,
    }


def policy_in_use(system_id: uuid.UUID) -> dict[str, Any] | None:
    """The approved data-use policy that took effect last: version and rows; None where there is none yet."""
    policy = next(iter(policy_history(system_id)), None)
    if policy is None:
        return None
    return {"version": policy.version, "rules": policy.rules, "retention_days": policy.retention_days}


# --- assessments ------------------------------------------------------------------------------


def assessments_bound(request: DeploymentRequest, on: dt.date) -> QuerySet[Assessment]:
    """The signed versions that the request binds; while it is with its requester those that it would bind now."""
    digests = (
        assessments.bound(request.system, request.flows.all(), on)
        if request.state in ("draft", "returned")
        else _bound_in(request)
    )
    rows = Assessment.objects.filter(system=request.system, digest__in=digests.values())
    return rows.select_related("signed_by", "system")


def assessments_changed(request: DeploymentRequest, on: dt.date) -> list[assessments.Missing]:
    """Of what was submitted, the assessments that are no longer in use as they were, each with the reason."""
    return assessments.changed(request.system, _bound_in(request), on)


def assessed_until(request: DeploymentRequest) -> dt.date | None:
    """The last day on which everything that the request binds is valid; None where it binds nothing."""
    rows = Assessment.objects.filter(system=request.system_id, digest__in=_bound_in(request).values())
    last: dt.date | None = rows.aggregate(first=Min("valid_until"))["first"]
    return last


def _bound_in(request: DeploymentRequest) -> dict[str, str]:
    return dict((request.content or {}).get("assessments", {}))
