"""Telling a board at once what became of a vote."""

import datetime as dt

from governance.review import selectors
from governance.review.models import DeploymentRequest
from portal.accounts.models import User
from portal.errors import N_
from portal.notify.models import Message
from portal.notify.rules import key
from portal.notify.services import tell

GIVEN_BACK = N_("Back with who asked: the file changed during the vote")


def tell_board(request: DeploymentRequest, kind: str, which: str, on: dt.date) -> int:
    """Put a message into the inbox of who asked and of everybody who speaks for a seat, once per `which` (a round)."""
    speakers = {row.user_id for row in selectors.holders(request, on) if row.user_id is not None}
    people = User.objects.filter(pk__in=speakers | {request.requested_by_id}, is_active=True)
    title, url = f"{request.system.name} {request.version.name}", request.get_absolute_url()
    return tell(
        Message(
            user=person,
            key=key("review", kind, url, which),
            kind=kind,
            title=title,
            place=request.system.name,
            url=url,
        )
        for person in people
    )
