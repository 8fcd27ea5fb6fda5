"""The board paper: everything a member reads before voting, gathered for one reader."""

import datetime as dt
import uuid
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext

from governance.registry.rules import FLOW_ENUMS, FLOW_FACTS
from governance.review import compared, conditions, rules, selectors
from governance.review.models import Comment, DeploymentRequest, Round
from governance.screening import rulesets
from governance.screening import selectors as screenings
from governance.screening.forms import LABELS
from portal.access.selectors import can
from portal.ledger.selectors import history
from portal.web.shorten import shorten

# characters of each text, and rows of each list, that fit one page together (A4; held by a browser test)
LIMITS = {
    "summary": 450,
    "answer": 200,
    "description": 200,
    "notes": 150,
    "law": 160,
    "consulted": 160,
    "alternatives": 240,
    "doubts": 240,
    "dissent": 100,
    "name": 50,
    "value": 60,
}
ROWS = {"flows": 3, "councils": 2, "assessments": 4, "dissents": 2, "earlier": 1, "differences": 4}


def one_page(request: DeploymentRequest, now: dt.datetime) -> dict[str, Any]:
    """The board paper: the question, what is read of whom, the law, who was consulted, doubts. Texts whole."""
    today = now.date()
    rule = selectors.rule_of(request)
    flows = list(request.flows.select_related("system"))
    with_votes = request.rounds.prefetch_related("votes__seat", "votes__cast_by")
    round_ = with_votes.order_by("-number").first()
    return {
        "asked": request,
        "system": request.system,
        "law": rulesets.in_force(),
        "kind": rules.RequestKind(request.kind),
        "flows": _flows(flows, today),
        "assessments": selectors.assessments_bound(request, today),
        "differences": compared.differences(request),
        "earlier": selectors.chain(request),
        "policy": selectors.policy_in_use(request.system_id),
        "workers": [flow for flow in flows if selectors.touches_workers(flow)],
        "without_council": selectors.without_council(flows),
        "councils": request.system.council_records.filter(flows__in=flows).distinct(),
        "rule": rule,
        "majority": rules.Majority(rule.majority),
        "required": [rules.Discipline(name) for name in rule.required],
        "risk": rules.Risk(request.risk) if request.risk else None,
        "round": round_,
        "dissents": [row for row in _votes(round_) if row["dissent"]] if round_ else [],
        "today": today,
        "limits": dict.fromkeys(LIMITS, 0),
    }


def sheet(request: DeploymentRequest, now: dt.datetime) -> dict[str, Any]:
    """The board paper as it goes on one printed page: texts cut at `LIMITS`, lists at `ROWS`; the file has the rest."""
    paper = {**one_page(request, now), "limits": LIMITS, "more": {}}
    for name, most in ROWS.items():
        rows = list(paper[name] or ())
        if len(rows) > most:
            paper["more"][name] = len(rows) - most
        paper[name] = rows[:most] if paper[name] is not None else None
    if paper["differences"]:
        paper["differences"] = [_short(row) for row in paper["differences"]]
    return paper


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """A difference with its words cut."""
    short = {name: row[name] and shorten(row[name], LIMITS["value"]) for name in ("field", "before", "after")}
    return row | short


def board_paper(request: DeploymentRequest, user: Any, now: dt.datetime) -> dict[str, Any]:
    """The context of the page: the paper, seats, rounds, discussion, the reader's own standing and what they may do."""
    today = now.date()
    standing = selectors.standing(request, user, now)
    in_review = request.state == "in_review"
    open_file = request.state in ("draft", "returned")
    decided = request.state in ("approved", "approved_with_conditions", "rejected")
    talks = selectors.may_read(request, user, today) and request.state != "draft"
    return {
        **one_page(request, now),
        "problems": _problems(request, today) if open_file else [],
        "seats": _seats(request, today),
        "progress": selectors.progress(request, today),
        "tally": selectors.tally(request, today) if decided else None,
        "closed": decided,
        "rounds": _rounds(request),
        "conditions": _conditions(request, user, today),
        "deployment": getattr(request, "deployment", None) or request.reinstates,
        "standing": standing,
        "seat": rules.Discipline(standing.seat.discipline) if standing.seat else None,
        "steps": _steps(request),
        "events": history(request.subject),
        "threads": _threads(request, user) if talks else [],
        "talks": talks,
        "minutes": list(request.minutes.select_related("written_by").order_by("-number")) if talks else [],
        **_may(request, user, standing, now, in_review),
    }


def _may(
    request: DeploymentRequest, user: Any, standing: selectors.Standing, now: dt.datetime, in_review: bool
) -> dict[str, bool]:
    mine = user.pk == request.requested_by_id
    # a change opened the draft of a re-approval: it belongs to whoever may ask
    open_to_all = request.kind == "reapproval" and request.state == "draft"
    asks = (mine or open_to_all) and can(user, "request_deployment", request.system)
    chairs = in_review and can(user, "chair", request.system) and user.pk not in selectors.conflicted(request)
    return {
        "may_submit": request.state == "draft" and asks,
        "may_resubmit": request.state == "returned" and asks,
        "may_edit": request.state in ("draft", "returned") and (mine or (open_to_all and asks)),
        "may_withdraw": rules.after("request", request.state, "withdraw") is not None and mine,
        "may_close": chairs,
        "may_extend": chairs,
        "may_return": in_review and selectors.may_return(request, user, now),
        "may_recuse": in_review and standing.seat is not None and not standing.why_not,
        "may_comment": selectors.may_comment(request, user, now.date()),
        "may_keep_minutes": selectors.may_keep_minutes(request, user, now.date()),
        "may_ask_again": request.state in ("rejected", "withdrawn")
        and request.kind != "reinstatement"
        and can(user, "request_deployment", request.system),
    }


def _flows(flows: list[Any], today: dt.date) -> list[dict[str, Any]]:
    current = screenings.current_of(flows)
    return [
        {
            "flow": flow,
            "facts": [
                (str(LABELS[name]), gettext(FLOW_ENUMS[name](getattr(flow, name)).sentence))
                for name in FLOW_FACTS
            ],
            "said": {name: FLOW_ENUMS[name](getattr(flow, name)) for name in FLOW_FACTS},
            "screening": current.get(flow.pk),
            "signed": screenings.is_signed(current.get(flow.pk), flow, today),
        }
        for flow in flows
    ]


def _problems(request: DeploymentRequest, today: dt.date) -> list[dict[str, str]]:
    """What the file lacks, in words, with the page where that is mended if it is another one."""
    policy = reverse("system_consent", args=[request.system.slug])
    pages = {"policy": (policy, gettext("Consent and policy"))}
    if vendor := request.system.vendor:
        terms = ("contract_reference", "contract_until", "transfer_tool")
        pages |= dict.fromkeys(terms, (vendor.get_absolute_url(), vendor.name))
    rows = []
    for problem in selectors.problems(request, today):
        address, label = pages.get(problem.field, ("", ""))
        said = gettext(problem.message).format(**problem.params)
        rows.append({"text": said, "address": address, "label": label})
    return rows


# --- seats, rounds, conditions, discussion ------------------------------------------------------


def _seats(request: DeploymentRequest, today: dt.date) -> list[dict[str, Any]]:
    """Each seat: whether it voted in this round, and whether anybody may; never what it said."""
    round_ = selectors.current_round(request)
    voted = set(round_.votes.values_list("seat_id", flat=True)) if round_ else set()
    required, left_out = selectors.rule_of(request).required, selectors.left_out(request)
    return [
        {
            "discipline": rules.Discipline(h.seat.discipline),
            "advisory": h.seat.advisory,
            "chairs": h.seat.chairs,
            "required": h.seat.discipline in required,
            "left_out": h.seat.discipline in left_out,
            "state": "done" if h.seat.pk in voted else "open" if h.user_id else "inactive",
        }
        for h in selectors.holders(request, today)
    ]


def _rounds(request: DeploymentRequest) -> list[dict[str, Any]]:
    """Each round, the latest first, with its recusals and, once it ended, its votes: dissent marked."""
    rows = request.rounds.select_related("submitted_by").prefetch_related(
        "votes__seat", "votes__cast_by", "recusals__seat", "recusals__declared_by"
    )
    return [
        {"round": row, "votes": _votes(row), "recusals": row.recusals.all(), "open": row.ended_at is None}
        for row in reversed(rows)
    ]


def _votes(round_: Round) -> list[dict[str, Any]]:
    if round_.ended_at is None:
        return []
    return [
        {
            "vote": vote,
            "discipline": rules.Discipline(vote.seat.discipline),
            "dissent": rules.dissents(vote.choice, vote.counts, round_.result),
        }
        for vote in round_.votes.all()
    ]


def _conditions(request: DeploymentRequest, user: Any, today: dt.date) -> list[dict[str, Any]]:
    rows = request.conditions.select_related("owner", "set_by", "accepted_by_seat", "request__system__unit")
    return [
        {
            "row": row,
            "seat": rules.Discipline(row.accepted_by_seat.discipline),
            "evidence": list(row.evidence.all()),
            "overdue": row.state != "met" and row.due_on < today,
            "may_hand_in": row.state == "open"
            and (user.pk == row.owner_id or can(user, "chair", request.system)),
            "may_answer": row.state == "handed_in" and conditions.may_answer(row, user, today),
        }
        for row in rows.prefetch_related(
            "evidence__handed_in_by",
            "evidence__answered_by",
            "evidence__files",
            "request__recusals",
            "accepted_by_seat__memberships",
        )
    ]


def _threads(request: DeploymentRequest, user: Any) -> list[dict[str, Any]]:
    """The comments, each with its answers below it."""
    frozen = request.state not in ("in_review", "returned") or selectors.vote_begun(request)
    rows = list(request.comments.select_related("written_by"))

    def shown(row: Comment) -> dict[str, Any]:
        return {"row": row, "may_edit": not frozen and row.written_by_id == user.pk}

    return [
        {
            **shown(row),
            "token": uuid.uuid4(),
            "replies": [shown(other) for other in rows if other.parent_id == row.pk],
        }
        for row in rows
        if row.parent_id is None
    ]


def _steps(request: DeploymentRequest) -> list[dict[str, str]]:
    """Draft -> in review -> decided, for the line at the top."""
    place = {"draft": 0, "in_review": 1, "returned": 1}.get(request.state, 2)
    last = request.state if place == 2 else "approved"
    middle = request.state if place == 1 else "in_review"
    names = [rules.RequestState("draft"), rules.RequestState(middle), rules.RequestState(last)]
    labels = [gettext(name.sentence) for name in names]
    if place < 2:
        labels[2] = gettext("Decision")
    return [
        {"label": label, "state": "done" if i < place or place == 2 else "now" if i == place else "later"}
        for i, label in enumerate(labels)
    ]
