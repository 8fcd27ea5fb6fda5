"""What a file needs before the board sees it, besides law and assessments: a data-use policy, terms with the vendor."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from governance.consent import services as consent
from governance.registry import vendors
from governance.review import changes, selectors, services
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


# --- the vendor --------------------------------------------------------------------------------

IN_ORDER = {"contract_reference": "contract 7", "transfer_tool": "none_needed"}


def supplied(**terms: Any) -> Any:
    """A request for a system of a vendor on these terms, with everything else."""
    system = make.system()
    buyer = make.person("system_owner", unit=system.unit)
    vendor = vendors.add_vendor(
        by=buyer, unit=system.unit, slug=f"v-{make.number()}", name="Voice BV", **terms
    )
    changes.update_system(
        system=system, by=system.owner, expected_version=system.row_version, reason="Bought.", vendor=vendor
    )
    make.policy(system)
    return drafted(system)


@pytest.mark.parametrize(
    ("terms", "code", "field"),
    [
        ({"contract_reference": ""}, "no_contract", "contract_reference"),
        ({"contract_until": dt.date(2026, 1, 1)}, "contract_ended", "contract_until"),
        ({"transfer_tool": ""}, "no_transfer_tool", "transfer_tool"),
        ({"transfer_tool": "missing"}, "no_transfer_tool", "transfer_tool"),
    ],
)
def test_without_terms_with_its_vendor_a_system_is_not_submitted(
    terms: dict[str, Any], code: str, field: str
) -> None:
    request = supplied(**(IN_ORDER | terms))
    why = refused(request)
    assert (why.code, why.field) == (code, field)
    assert "Voice BV" in str(why)
    vendor = request.system.vendor
    buyer = make.person("system_owner", unit=vendor.unit)
    mended = IN_ORDER | {"contract_until": make.today()}
    changes.update_vendor(vendor=vendor, by=buyer, expected_version=1, reason="Agreed.", **mended)
    services.submit(request=type(request).objects.get(pk=request.pk), by=request.requested_by)


def test_a_contract_that_is_gone_when_the_last_vote_is_cast_is_mended_before_it_counts() -> None:
    request = supplied(**IN_ORDER)
    services.submit(request=request, by=request.requested_by)
    vendor = request.system.vendor
    buyer = make.person("system_owner", unit=vendor.unit)
    changes.update_vendor(vendor=vendor, by=buyer, expected_version=1, reason="Over.", contract_reference="")
    with pytest.raises(RuleBroken) as found:
        make.votes(request)
    assert found.value.code == "no_contract"
    request.refresh_from_db()
    assert (request.state, request.rounds.get().votes.count()) == ("in_review", 2)
    changes.update_vendor(vendor=vendor, by=buyer, expected_version=2, reason="So.", contract_reference="8")
    voted = request.rounds.get().votes.values("seat")
    last = request.board.seats.exclude(pk__in=voted).get().memberships.get().user
    services.cast_vote(request=request, choice="approve", reason="So.", by=last)
    request.refresh_from_db()
    assert (
        request.state == "approved"
    )  # its digest holds: what is agreed is the same, and so was what was read
    assert selectors.in_force(request.system_id, timezone.now()).exists()


def test_what_was_made_in_house_needs_no_contract_and_a_draft_waits_for_none() -> None:
    system = make.system(provider_role="provider")
    make.policy(system)
    services.submit(request=drafted(system), by=system.owner)
    request = supplied(contract_reference="")
    assert [row.field for row in selectors.problems(request, make.today())] == [
        "contract_reference", "transfer_tool",
    ]  # fmt: skip
    services.revise_request(request=request, by=request.requested_by, expected_version=1, summary="Or this?")
