"""What every act of review does: lock, ask the table, need a reason, end a round, write to the ledger."""

import datetime as dt
import uuid
from typing import Any, TypeVar

from django.db import models, transaction
from django.utils import timezone

from governance.registry.services import lock_system, person
from governance.review import rules, selectors
from governance.review.models import Deployment, DeploymentRequest, Minutes, Round
from portal.access.selectors import can
from portal.errors import N_, NotAllowed, RuleBroken
from portal.ledger.services import actor_text, record

Row = TypeVar("Row", bound=models.Model)


def locked(request: DeploymentRequest) -> DeploymentRequest:
    """The row, locked: votes, withdrawals and changes of one request happen one after the other."""
    lock_system(request.system_id)
    rows = DeploymentRequest.objects.select_for_update(of=("self",))
    return rows.select_related("system__unit", "board", "version").get(pk=request.pk)


def locked_deployment(deployment: Deployment) -> Deployment:
    """The row, locked, after its system."""
    lock_system(deployment.system_id)
    rows = Deployment.objects.select_for_update(of=("self",))
    return rows.select_related("system__unit", "request", "version").get(pk=deployment.pk)


def step(machine: str, state: str, act: str) -> str:
    """Where `act` leads; raises RuleBroken where the table has no such step."""
    target = rules.after(machine, state, act)
    if target is None:
        raise RuleBroken(
            N_("This is not possible in the state '{state}'."), code="wrong_state", state=state, act=act
        )
    return target


def need(text: str, field: str = "reason", message: str = N_("Give a reason.")) -> str:
    """The text without spaces around it; raises RuleBroken where nothing is left."""
    if not text.strip():
        code = "reason_missing" if field == "reason" else "required"
        raise RuleBroken(message, code=code, field=field)
    return text.strip()


def refuse_not_manager(by: Any, unit: Any) -> None:
    """Raise NotAllowed where a person does not manage the boards of a unit."""
    if not can(by, "manage_board", unit):
        raise NotAllowed(N_("You do not have the permission for this."), code="not_allowed")


def sent_before(model: type[Row], pk: uuid.UUID | None, **same: Any) -> Row | None:
    """The row that the same form made before, where it was sent twice (`same`: what must agree); else None.

    Under the lock that new rows of this kind take, so that two at once meet. Raises RuleBroken where the id is
    another row's.
    """
    found = model._default_manager.filter(pk=pk).first() if pk is not None else None
    if found is not None and any(getattr(found, name) != value for name, value in same.items()):
        raise RuleBroken(N_("There is such a row already."), code="taken")
    return found


def refuse_conflicted(request: DeploymentRequest, by: Any) -> None:
    """Raise where requester, owner or who stepped back would take part in the decision."""
    who = person(by)
    if request.recusals.filter(declared_by=who).exists():
        raise RuleBroken(N_("You declared a conflict of interest and stepped back."), code="recused")
    if who.pk in selectors.conflicted(request):
        raise RuleBroken(N_("Requester and owner take no part in the decision."), code="own_request")


def end_round(
    request: DeploymentRequest, result: str, reason: str, by: Any, now: dt.datetime
) -> Round | None:
    """End the open round, if there is one; from here on a trigger keeps it as it is."""
    round_ = request.rounds.filter(ended_at=None).first()
    if round_ is not None:
        round_.left_out = selectors.left_out(request)
        round_.result, round_.reason = result, reason[:4000]
        round_.ended_at, round_.ended_by = now, actor_text(by)
        round_.save()
    return round_


def close(
    request: DeploymentRequest, state: str, reason: str, by: Any, effective_at: dt.datetime | None
) -> None:
    """Set the last state of a request; its round ends, and its minutes close with it."""
    now = effective_at or timezone.now()
    end_round(request, state, reason, by, now)
    latest = Minutes.objects.filter(request=request, closed_at=None).order_by("-number").first()
    if latest is not None:
        step("minutes", latest.state, "close")
        latest.closed_at, latest.closed_by = now, actor_text(by)
        latest.save()
    request.state, request.closed_at, request.closed_by = state, now, actor_text(by)
    request.decision_reason = reason[:2000]
    request.row_version += 1
    request.save()


def give_back(request: DeploymentRequest, state: str, reason: str, by: Any, now: dt.datetime) -> None:
    """Send a request back to who made it: its round ends; the next one is the full board's unless delegated anew."""
    end_round(request, "returned", reason, by, now)
    request.state, request.delegated = state, False
    request.row_version += 1
    request.save()


def said(request: DeploymentRequest) -> list[dict[str, Any]]:
    """The votes of the latest round as the ledger keeps them once it ended and they are no secret any more."""
    round_ = selectors.current_round(request)
    votes = round_.votes.select_related("seat", "round") if round_ else []
    return [
        {
            "seat": vote.seat.discipline,
            "choice": vote.choice,
            "counted": vote.counts,
            "left_out": vote.left_out,
            "reason": vote.reason,
        }
        for vote in votes
    ]


def overtake(
    *, request: DeploymentRequest, reason: str, by: Any, effective_at: dt.datetime | None = None
) -> None:
    """Take a request from the board because what it asks for changed."""
    with transaction.atomic():
        row = locked(request)
        close(row, step("request", row.state, "overtake"), reason, by, effective_at)
        note("review.request_overtaken", row, by, effective_at, reason=reason, votes=said(row))


def note(
    type: str, thing: DeploymentRequest | Deployment, by: Any, effective_at: dt.datetime | None, **body: Any
) -> None:
    """One event about a request or a deployment, in the caller's transaction."""
    named = {"system": thing.system.slug, "version": thing.version.name, **body}
    record(type=type, by=by, subject=thing.subject, body=named, ts=effective_at)
