"""What a vote rests on stays as it was: the file, the rule of the board, and who takes no part."""

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from governance.review import boards, changes, selectors, services, terms
from governance.review.models import Deployment, DeploymentRequest, Round
from governance.review.paper import board_paper
from governance.screening.models import Screening
from portal.access.services import grant_role
from portal.errors import RuleBroken
from portal.ledger.models import LedgerBody, PendingEvent
from tests import make

pytestmark = pytest.mark.django_db
SEATS = ("legal", "ethics", "technology", "data_protection")
NOW = timezone.now()


def _asked(
    board: dict[str, Any] | None = None, seats: tuple[str, ...] = SEATS, **fields: Any
) -> tuple[Any, list[Any], Any]:
    """A request before a board, its members in the order of the seats, and a chair (by role)."""
    system = make.system()
    found, members = make.board_with_members(system.unit, seats, **(board or {}))
    request = services.create_request(
        system=system,
        flows=[make.flow(system, **fields)],
        version=system.versions.get(),
        summary="May we?",
        board=found,
        by=make.person("system_owner", system=system),
    )
    make.complete(system)
    services.submit(request=request, by=request.requested_by)
    return request, members, make.person("board_chair", unit=system.unit)


def _vote(request: Any, *members: Any, choice: str = "approve", **fields: Any) -> None:
    for member in members:
        services.cast_vote(request=request, choice=choice, reason="Because.", by=member, **fields)


def _admin(request: Any) -> Any:
    return make.person("administrator", unit=request.system.unit)


def _by_the_clock(request: Any, _last: Any) -> None:
    assert services.close_due(now=NOW + dt.timedelta(days=15)) == 1


def _by_a_recusal(request: Any, last: Any) -> None:
    services.recuse(request=request, reason="My brother sells it.", by=last)


def _by_a_dismissal(request: Any, last: Any) -> None:
    membership = last.memberships.get()
    terms.dismiss(membership=membership, reason="Left.", by=_admin(request))
    assert not selectors.sits_on(last, request.board, make.today())


BY_THEMSELVES = pytest.mark.parametrize("close", [_by_the_clock, _by_a_recusal, _by_a_dismissal])


def _hand_over(request: Any, owner: Any) -> None:
    """The system gets another owner."""
    system = type(request.system).objects.get(pk=request.system_id)
    changes.update_system(
        system=system,
        by=request.requested_by,
        expected_version=system.row_version,
        reason="New job.",
        owner=owner,
    )


# --- the file changed in mid-vote --------------------------------------------------------------


def test_the_chair_does_not_close_a_vote_on_a_file_that_changed() -> None:
    request, members, chair = _asked()
    _vote(request, *members[:3])
    make.policy(request.system)
    with pytest.raises(RuleBroken) as refused:
        services.close_vote(request=request, by=chair)
    assert refused.value.code == "file_changed"
    request.refresh_from_db()
    assert request.state == "in_review"
    services.return_request(request=request, questions="Does the new policy fit?", by=chair)
    services.resubmit(request=request, answer="It does.", by=request.requested_by)
    _vote(request, *members)
    assert (request.state, request.content["policy"]["version"]) == ("approved", 2)


@BY_THEMSELVES
def test_a_file_that_changed_is_overtaken_where_the_vote_closes_by_itself(close: Any) -> None:
    request, members, _chair = _asked()
    _vote(request, *members[:3])
    make.policy(request.system)
    close(request, members[3])
    request.refresh_from_db()
    assert (request.state, request.closed_by) == ("withdrawn", "system")
    assert "has changed since" in request.decision_reason
    assert not Deployment.objects.filter(request=request).exists()


def test_what_was_refused_stays_refused_though_the_file_changed() -> None:
    request, members, chair = _asked()
    _vote(request, *members[:3], choice="reject")
    make.policy(request.system)
    services.close_vote(request=request, by=chair)
    assert request.state == "rejected"


# --- what cannot be approved any more ------------------------------------------------------------


@BY_THEMSELVES
def test_where_a_signature_ran_out_the_file_goes_back_and_the_member_still_leaves(close: Any) -> None:
    request, members, _chair = _asked()
    _vote(request, *members[:3])
    yesterday = make.today() - dt.timedelta(days=1)
    Screening.objects.filter(flow__in=request.flows.all()).update(valid_until=yesterday)
    close(request, members[3])
    request.refresh_from_db()
    round_ = request.rounds.get()
    assert (request.state, round_.result, round_.ended_by) == ("returned", "returned", "system")
    assert "no valid signature" in round_.reason
    assert request.recusals.exists() == (close is _by_a_recusal)


def test_a_decision_after_a_recusal_is_not_that_of_who_stepped_back() -> None:
    request, members, _chair = _asked()
    _vote(request, *members[:3])
    services.recuse(request=request, reason="Kin.", by=members[3])
    assert (request.state, request.closed_by) == ("approved", "system")


def test_a_vote_that_expires_is_given_back_like_a_file_with_questions() -> None:
    request, _members, _chair = _asked()
    DeploymentRequest.objects.filter(pk=request.pk).update(delegated=True)
    before = request.row_version
    _by_the_clock(request, None)
    request.refresh_from_db()
    assert (request.state, request.delegated, request.row_version) == ("returned", False, before + 1)


# --- who stepped back ------------------------------------------------------------------------------


def _with_a_chair_who_stepped_back() -> tuple[Any, list[Any], Any]:
    """Three of five have voted, one is silent, the fifth is a chair who stepped back; and another chair."""
    request, members, other = _asked(seats=(*SEATS, "hr"))
    grant_role(user=members[0], role="board_chair", unit=request.system.unit, by="system")
    services.recuse(request=request, reason="Kin.", by=members[0])
    _vote(request, *members[1:4])
    assert request.state == "in_review"
    return request, members, other


def test_a_chair_who_stepped_back_neither_closes_nor_extends_nor_returns() -> None:
    request, members, other = _with_a_chair_who_stepped_back()
    until = make.today() + dt.timedelta(days=30)
    acts = (
        lambda by: services.close_vote(request=request, by=by),
        lambda by: services.extend_vote(request=request, until=until, reason="Holidays.", by=by),
        lambda by: services.return_request(request=request, questions="Why?", by=by),
    )
    for act in acts:
        with pytest.raises(RuleBroken, match="stepped back") as refused:
            act(members[0])
        assert refused.value.code == "recused"
    buttons = ("may_close", "may_extend", "may_return")
    offered = {by: [board_paper(request, by, NOW)[name] for name in buttons] for by in (members[0], other)}
    assert offered == {members[0]: [False] * 3, other: [True] * 3}
    services.extend_vote(request=request, until=until, reason="Holidays.", by=other)
    services.close_vote(request=request, by=other)
    assert request.state == "approved"


def test_where_the_only_chair_stepped_back_the_vote_closes_at_its_last_moment() -> None:
    request, _members, _other = _with_a_chair_who_stepped_back()
    _by_the_clock(request, None)
    request.refresh_from_db()
    assert request.state == "approved"


def test_a_member_who_stepped_back_returns_nothing_where_members_may() -> None:
    request, members, _chair = _asked({"members_return": True})
    services.recuse(request=request, reason="Kin.", by=members[0])
    assert not selectors.may_return(request, members[0], NOW)
    assert selectors.may_return(request, members[1], NOW)


# --- the rule of the board --------------------------------------------------------------------------


def test_a_vote_keeps_the_rule_under_which_its_file_was_submitted() -> None:
    request, members, chair = _asked({"quorum": 4, "majority": "two_thirds"})
    _vote(request, *members[:2])
    _vote(request, members[2], choice="reject")
    boards.set_rule(
        board=request.board,
        risk=request.risk,
        quorum=3,
        majority="simple",
        reason="It takes too long.",
        by=_admin(request),
    )
    with pytest.raises(RuleBroken, match="quorum"):
        services.close_vote(request=request, by=chair)
    assert (selectors.progress(request, make.today()).needed, selectors.rule_of(request).majority) == (
        4,
        "two_thirds",
    )
    _vote(request, members[3], choice="reject")
    assert request.state == "rejected"


def test_a_discipline_required_later_does_not_hold_up_an_open_vote() -> None:
    request, members, chair = _asked()
    _vote(request, *members[:3])
    admin = _admin(request)
    boards.add_seat(board=request.board, discipline="hr", required=True, by=admin)
    services.close_vote(request=request, by=chair)
    assert request.state == "approved"


def test_a_casting_vote_given_in_mid_vote_breaks_no_tie() -> None:
    request, members, _chair = _asked()
    request.board.seats.filter(discipline="legal").update(chairs=True)
    _vote(request, *members[:2])
    _vote(request, members[2], choice="reject")
    boards.change_board(board=request.board, casting_vote=True, reason="Ties.", by=_admin(request))
    request = DeploymentRequest.objects.get(pk=request.pk)
    _vote(request, members[3], choice="reject")
    assert request.state == "rejected"


def test_the_next_round_takes_the_rule_of_its_own_day() -> None:
    request, members, chair = _asked({"quorum": 4})
    boards.set_rule(board=request.board, risk=request.risk, quorum=3, reason="Fewer.", by=_admin(request))
    services.return_request(request=request, questions="Why?", by=chair)
    assert selectors.rule_of(DeploymentRequest.objects.get(pk=request.pk)).quorum == 3
    services.resubmit(request=request, answer="So.", by=request.requested_by)
    assert list(request.rounds.values_list("quorum", flat=True)) == [4, 3]
    _vote(request, *members[:3])
    services.close_vote(request=request, by=chair)
    assert request.state == "approved"


@pytest.mark.parametrize(
    "values", [{"quorum": 5}, {"majority": "two_thirds"}, {"required": ["legal"]}, {"casting_vote": True}]
)
def test_what_an_open_vote_takes_is_not_changed_even_behind_the_products_back(values: Any) -> None:
    request, _members, _chair = _asked()
    with pytest.raises(DatabaseError, match="kept as it was"), transaction.atomic():
        Round.objects.filter(request=request).update(**values)
    Round.objects.filter(request=request).update(vote_closes_at=NOW + dt.timedelta(days=20))


# --- another owner in mid-vote ----------------------------------------------------------------------


def test_the_vote_of_a_member_who_became_the_owner_does_not_count() -> None:
    request, members, chair = _asked()
    due = make.today() + dt.timedelta(days=30)
    row = {"text": "Train.", "owner": request.requested_by, "due_on": due}
    _vote(request, members[0], choice="conditions", conditions=[row])
    _vote(request, *members[1:3])
    before = request.system.owner
    _hand_over(request, members[0])
    request = DeploymentRequest.objects.get(pk=request.pk)
    assert selectors.progress(request, make.today()).cast == 2
    page = board_paper(request, chair, NOW)
    assert [str(s["discipline"].value) for s in page["seats"] if s["left_out"]] == ["legal"]
    with pytest.raises(RuleBroken, match="quorum"):
        services.close_vote(request=request, by=chair)
    _vote(request, members[3])
    assert (request.state, request.conditions.count()) == ("approved", 0)
    legal = request.votes.get(seat__discipline="legal")
    assert (legal.left_out, legal.counts, request.rounds.get().left_out) == (True, False, ["legal"])
    said = PendingEvent.objects.get(subject=request.subject, type="review.request_decided")
    told = LedgerBody.objects.get(event=said.event).body["votes"]
    assert [(v["seat"], v["counted"]) for v in told if v["left_out"]] == [("legal", False)]
    # who owns the system later changes nothing of what was decided
    _hand_over(request, before)
    request = DeploymentRequest.objects.get(pk=request.pk)
    assert selectors.tally(request, make.today()).votes_for == 3


def test_page_and_api_say_whose_vote_was_left_out(client: Any) -> None:
    request, members, chair = _asked()
    client.force_login(chair)

    def page() -> str:
        return str(client.get(request.get_absolute_url()).content.decode())

    _vote(request, *members[:3])
    assert "does not count" not in page()
    _hand_over(request, members[0])
    assert page().count("does not count: the voter now owns the system") == 1
    _vote(DeploymentRequest.objects.get(pk=request.pk), members[3])
    assert page().count("not counted: the voter had become the owner") == 1
    (round_,) = client.get(f"/api/v1/requests/{request.pk}/rounds").json()
    assert (round_["votes_in"], round_["quorum"], round_["majority"]) == (3, 3, "simple")
    assert [(v["seat"], v["counted"]) for v in round_["votes"] if v["left_out"]] == [("legal", False)]


def test_a_delegated_file_whose_voter_became_the_owner_goes_to_the_full_board() -> None:
    request, members, _chair = _asked()
    request.board.seats.filter(discipline="legal").update(chairs=True)
    DeploymentRequest.objects.filter(pk=request.pk).update(delegated=True)
    request.refresh_from_db()
    _vote(request, members[0])
    _hand_over(request, members[0])
    request = DeploymentRequest.objects.get(pk=request.pk)
    _vote(request, members[3])
    assert (request.state, request.delegated) == ("in_review", False)
    _vote(request, *members[1:3])
    assert request.state == "approved"


def test_who_owned_the_system_at_the_submission_takes_no_part_after_handing_it_over() -> None:
    request, members, _chair = _asked()
    before = request.system.owner
    seat = boards.add_seat(board=request.board, discipline="hr", by=_admin(request))
    terms.appoint(seat=seat, user=before, by=_admin(request))
    for role in ("board_member", "board_chair"):
        grant_role(user=before, role=role, unit=request.system.unit, by="system")
    _hand_over(request, make.person("system_owner", system=request.system))
    request = DeploymentRequest.objects.get(pk=request.pk)
    with pytest.raises(RuleBroken, match="owned this system when"):
        _vote(request, before)
    with pytest.raises(RuleBroken, match="take no part"):
        services.return_request(request=request, questions="Why?", by=before)
    _vote(request, *members)  # nobody waits for the seat of the owner of that day
    assert request.state == "approved"
