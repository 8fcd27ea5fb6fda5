"""The discussion and the minutes of a request: who reads, who writes."""

import datetime as dt
from typing import Any

from governance.review.models import DeploymentRequest
from governance.review.selectors.boards import current_round, secretaries, sits_on

TALKING = ("in_review", "returned")


def may_read(request: DeploymentRequest, user: Any, on: dt.date) -> bool:
    """Whether a person who sees the request also reads what the board says about it."""
    return request.board.open_threads or sits_on(user, request.board, on)


def may_comment(request: DeploymentRequest, user: Any, on: dt.date) -> bool:
    """Members of the board write; requester and owner answer where the discussion is open."""
    if request.state not in TALKING:
        return False
    asked = user.pk in (request.requested_by_id, request.system.owner_id)
    return sits_on(user, request.board, on) or (asked and request.board.open_threads)


def vote_begun(request: DeploymentRequest) -> bool:
    """Whether a vote of the latest round is in: from then on nobody changes what they wrote."""
    round_ = current_round(request)
    return round_ is not None and round_.votes.exists()


def may_keep_minutes(request: DeploymentRequest, user: Any, on: dt.date) -> bool:
    """The secretary of the board, while the request is with the board."""
    return request.state in TALKING and user.pk in secretaries(request.board, on)
