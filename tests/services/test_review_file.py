"""What a file needs before the board sees it, besides law and assessments: a data-use policy."""

from typing import Any

import pytest

from governance.consent import services as consent
from governance.review import selectors, services
from portal.errors import RuleBroken
from tests import make

pytestmark = pytest.mark.django_db


def drafted(system: Any) -> Any:
    """A request with everything but a policy."""
    flow = make.flow(system)
    make.board_with_members(system.unit)
    make.assessed(system)
    return services.create_request(
        system=system, flows=[flow], version=system.versions.get(), summary="May we?", by=system.owner
    )


def refused(request: Any, **fields: Any) -> RuleBroken:
    """Why the board does not get it; it stays where it was, and nothing of it reached the ledger."""
    before = request.state
    act = services.resubmit if before == "returned" else services.submit
    with pytest.raises(RuleBroken) as found:
        act(request=request, by=request.requested_by, **fields)
    request.refresh_from_db()
    assert request.state == before
    return found.value


def test_without_an_approved_policy_nothing_is_submitted() -> None:
    system = make.system()
    request = drafted(system)
    why = refused(request)
    assert (why.code, why.field) == ("no_policy", "policy")
    draft = consent.draft_policy(system=system, rules=[make.PERMIT_BY_CONTRACT], by=system.owner)
    assert refused(request).code == "no_policy"  # a draft is none
    make.policy(make.system())  # nor is that of another system
    assert refused(request).code == "no_policy"
    consent.approve_policy(policy=draft, by="system")
    services.submit(request=request, by=system.owner)
    assert request.content["policy"]["version"] == 1
    make.votes(request)
    assert selectors.in_force(system.pk, request.closed_at).exists()
