"""The board paper: everything a member reads before voting, gathered for one reader."""

import datetime as dt
from typing import Any

from django.utils.translation import gettext

from governance.registry.rules import FLOW_ENUMS, FLOW_FACTS
from governance.review import rules, selectors
from governance.review.models import DeploymentRequest
from governance.screening import rulesets
from governance.screening import selectors as screenings
from governance.screening.forms import LABELS
from portal.access.selectors import can
from portal.ledger.selectors import history


def board_paper(request: DeploymentRequest, user: Any, now: dt.datetime) -> dict[str, Any]:
    """The context of the page: file, law, seats, tally, the reader's own standing and what they may do."""
    today = now.date()
    system = request.system
    standing = selectors.standing(request, user, today)
    own = user.pk in (request.requested_by_id, system.owner_id)
    in_review = request.state == "in_review"
    draft = request.state == "draft"
    return {
        "asked": request,
        "system": system,
        "law": rulesets.in_force(),
        "flows": _flows(request, today),
        "assessments": selectors.assessments_bound(request, today),
        "problems": [_problem(p) for p in selectors.problems(request, today)] if draft else [],
        "seats": _seats(request, today),
        "tally": selectors.tally(request, today),
        "closed": request.state not in ("draft", "in_review", "withdrawn"),
        "votes": _votes(request),
        "recusals": request.recusals.select_related("seat", "declared_by"),
        "conditions": request.conditions.select_related("owner", "set_by"),
        "deployment": getattr(request, "deployment", None),
        "standing": standing,
        "seat": rules.Discipline(standing.seat.discipline) if standing.seat else None,
        "majority": rules.Majority(
            request.board.majority_high_risk if request.high_risk else request.board.majority
        ),
        "steps": _steps(request),
        "events": history(request.subject),
        "today": today,
        "may_submit": draft
        and user.pk == request.requested_by_id
        and can(user, "request_deployment", system),
        "may_withdraw": (in_review or draft) and user.pk == request.requested_by_id,
        "may_close": in_review and not own and can(user, "chair", system),
        "may_recuse": in_review and standing.seat is not None and not standing.why_not,
    }


def _flows(request: DeploymentRequest, today: dt.date) -> list[dict[str, Any]]:
    flows = list(request.flows.select_related("system"))
    current = screenings.current_of(flows)
    return [
        {
            "flow": flow,
            "facts": [
                (str(LABELS[name]), gettext(FLOW_ENUMS[name](getattr(flow, name)).sentence))
                for name in FLOW_FACTS
            ],
            "screening": current.get(flow.pk),
            "signed": screenings.is_signed(current.get(flow.pk), flow, today),
        }
        for flow in flows
    ]


def _problem(problem: rules.Problem) -> str:
    return gettext(problem.message).format(**problem.params)


def _seats(request: DeploymentRequest, today: dt.date) -> list[dict[str, Any]]:
    """Each seat: whether it voted, and whether anybody may; never what it said."""
    voted = set(request.votes.values_list("seat_id", flat=True))
    return [
        {
            "discipline": rules.Discipline(h.seat.discipline),
            "advisory": h.seat.advisory,
            "required": h.seat.required,
            "state": "done" if h.seat.pk in voted else "open" if h.user_id else "inactive",
        }
        for h in selectors.holders(request, today)
    ]


def _votes(request: DeploymentRequest) -> list[dict[str, Any]]:
    return [
        {"vote": vote, "discipline": rules.Discipline(vote.seat.discipline)}
        for vote in selectors.votes_shown(request)
    ]


def _steps(request: DeploymentRequest) -> list[dict[str, str]]:
    """Draft -> in review -> decided, for the line at the top."""
    place = {"draft": 0, "in_review": 1}.get(request.state, 2)
    last = request.state if place == 2 else "approved"
    names = [rules.RequestState("draft"), rules.RequestState("in_review"), rules.RequestState(last)]
    labels = [gettext(name.sentence) for name in names]
    if place < 2:
        labels[2] = gettext("Decision")
    return [
        {"label": label, "state": "done" if i < place or place == 2 else "now" if i == place else "later"}
        for i, label in enumerate(labels)
    ]
