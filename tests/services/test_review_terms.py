"""Boards and who sits there: terms with an end, two thirds for high risk, forms sent twice, stale pages."""

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from governance.review import boards, selectors, services, terms
from governance.review.models import Board, BoardRule, Comment, DeploymentRequest, Membership, Minutes
from portal.desk.dates import dates
from portal.errors import RuleBroken, Stale
from tests import make

pytestmark = pytest.mark.django_db


def days(n: int) -> dt.date:
    return make.today() + dt.timedelta(days=n)


@pytest.fixture
def board() -> Any:
    found, _members = make.board_with_members(make.unit())
    return found


@pytest.fixture
def admin(board: Any) -> Any:
    return make.person("administrator", unit=board.unit)


def seat_of(board: Any, admin: Any) -> Any:
    return boards.add_seat(board=board, discipline="hr", by=admin)


# --- terms ------------------------------------------------------------------------------------


def test_a_member_speaks_on_the_last_day_of_the_term_and_not_on_the_next(board: Any, admin: Any) -> None:
    seat, member, deputy = seat_of(board, admin), make.user(), make.user()
    terms.appoint(seat=seat, user=member, ends_on=days(3), by=admin)
    terms.appoint(seat=seat, user=deputy, deputy=True, ends_on=days(5), by=admin)
    said = [selectors.speaker(seat, days(n), ()) for n in (0, 3, 4, 5, 6)]
    assert said == [member.pk, member.pk, deputy.pk, deputy.pk, None]


def test_a_follower_is_appointed_before_the_term_ends_and_nobody_in_between(board: Any, admin: Any) -> None:
    seat, member, follower = seat_of(board, admin), make.user(), make.user()
    first = terms.appoint(seat=seat, user=member, by=admin)
    terms.appoint(seat=seat, user=follower, starts_on=days(10), by=admin)
    first.refresh_from_db()
    assert first.ends_on == days(9)
    with pytest.raises(RuleBroken) as refused:
        terms.change_term(membership=first, ends_on=days(10), reason="Longer.", by=admin)
    assert (refused.value.code, refused.value.field) == ("overlaps", "ends_on")
    with pytest.raises(RuleBroken) as refused:
        terms.appoint(seat=seat, user=make.user(), by=admin)
    assert refused.value.code == "overlaps"
    terms.appoint(seat=seat, user=make.user(), ends_on=days(9), by=admin)  # in the place of the first
    assert not Membership.objects.filter(pk=first.pk).exists()  # a term of no day never was


def test_the_end_of_a_term_moves_both_ways_with_a_reason_and_never_into_the_past(
    board: Any, admin: Any
) -> None:
    seat = seat_of(board, admin)
    term = terms.appoint(seat=seat, user=make.user(), ends_on=days(30), by=admin)
    for wrong, code in ((days(-1), "out_of_range"), (days(-400), "out_of_range")):
        with pytest.raises(RuleBroken) as refused:
            terms.change_term(membership=term, ends_on=wrong, reason="So.", by=admin)
        assert refused.value.code == code
    with pytest.raises(RuleBroken, match="reason"):
        terms.change_term(membership=term, ends_on=days(5), reason=" ", by=admin)
    for last in (days(5), days(90), None):
        assert terms.change_term(membership=term, ends_on=last, reason="Agreed.", by=admin).ends_on == last
    Membership.objects.filter(pk=term.pk).update(starts_on=days(-9), ends_on=days(-1))
    with pytest.raises(RuleBroken, match="ended before"):
        terms.change_term(membership=term, ends_on=days(9), reason="Again.", by=admin)
    with pytest.raises(RuleBroken, match="neither past"):
        terms.appoint(seat=seat, user=make.user(), starts_on=days(3), ends_on=days(2), by=admin)


def test_one_person_has_one_place_on_a_board_at_a_time(board: Any, admin: Any) -> None:
    person, seat = make.user(), seat_of(board, admin)
    first = terms.appoint(seat=seat, user=person, ends_on=days(5), by=admin)
    other = boards.add_seat(board=board, discipline="data_protection", by=admin)
    with pytest.raises(RuleBroken, match="a place on this board already"):
        terms.appoint(seat=other, user=person, starts_on=days(5), by=admin)
    terms.appoint(seat=other, user=person, starts_on=days(6), by=admin)
    with pytest.raises(RuleBroken, match="a place on this board already"):
        terms.change_term(membership=first, ends_on=days(6), reason="Longer.", by=admin)


def test_whose_term_ended_votes_no_more_what_they_voted_counts_and_the_vote_closes() -> None:
    system = make.system()
    board, members = make.board_with_members(system.unit, ("legal", "ethics", "technology", "hr"))
    request = services.create_request(
        system=system,
        flows=[make.flow(system)],
        version=system.versions.get(),
        summary="May we?",
        board=board,
        by=system.owner,
    )
    make.complete(system)
    services.submit(request=request, by=system.owner)
    for member in members[:3]:
        services.cast_vote(request=request, choice="approve", reason="Complete.", by=member)
    assert request.state == "in_review"  # hr has not voted
    Membership.objects.filter(user__in=[members[0], members[3]]).update(starts_on=days(-99), ends_on=days(-1))
    with pytest.raises(RuleBroken, match="no seat"):
        services.cast_vote(request=request, choice="reject", reason="Late.", by=members[3])
    with pytest.raises(RuleBroken, match="no seat"):
        services.recuse(request=request, reason="Late.", by=members[3])
    assert not selectors.may_comment(request, members[3], make.today())
    assert request not in selectors.open_for(members[3], make.today())
    assert terms.close_after_terms() == 1
    request.refresh_from_db()
    assert request.state == "approved"  # three votes, that of the member whose term ended after it among them
    assert request.rounds.get().left_out == []
    assert terms.close_after_terms() == 0


def test_an_end_that_comes_near_and_an_empty_seat_are_work_for_chair_and_secretary(
    board: Any, admin: Any
) -> None:
    seat, member = seat_of(board, admin), make.user()
    secretary = Membership.objects.filter(seat__board=board).exclude(seat=seat).first()
    assert secretary is not None
    terms.name_secretary(membership=secretary, secretary=True, by=admin)
    chair = make.person("board_chair", unit=board.unit)
    term = terms.appoint(seat=seat, user=member, ends_on=days(31), by=admin)

    def told(user: Any) -> set[tuple[str, str]]:
        rows = selectors.waiting(user, make.today())
        return {(row.kind, row.title) for row in rows if row.place == board.name}

    assert told(chair) == told(secretary.user) == set()
    assert [str(row.kind) for row in dates(chair) if row.on == days(31)] == ["Term on the board ends"]
    assert [row.on for row in dates(member)] == [days(31)]
    terms.change_term(membership=term, ends_on=days(30), reason="Sooner.", by=admin)
    soon = {("Term that ends soon", f"Human resources: {member.display}")}
    assert told(chair) == told(secretary.user) == soon
    assert told(member) == set()
    terms.appoint(seat=seat, user=make.user(), starts_on=days(31), by=admin)
    assert told(chair) == set()  # somebody follows
    seat.memberships.all().delete()
    assert told(chair) == told(secretary.user) == {("Seat without a member", "Human resources")}


# --- two thirds for high risk --------------------------------------------------------------------


def test_no_board_asks_less_than_two_thirds_for_high_risk(board: Any, admin: Any) -> None:
    assert {r.risk: r.majority for r in board.rules.all()} == {
        "high_risk": "two_thirds",
        "transparency": "simple",
        "minimal": "simple",
    }
    with pytest.raises(RuleBroken) as refused:
        boards.set_rule(board=board, risk="high_risk", majority="simple", reason="Quicker.", by=admin)
    assert (refused.value.code, refused.value.field) == ("majority_too_low", "majority")
    boards.set_rule(board=board, risk="minimal", majority="two_thirds", reason="Stricter.", by=admin)
    boards.set_rule(board=board, risk="high_risk", quorum=5, reason="More eyes.", by=admin)
    with pytest.raises(IntegrityError, match="board_rule_high_risk_two_thirds"), transaction.atomic():
        BoardRule.objects.filter(board=board, risk="high_risk").update(majority="simple")


# --- sent twice ----------------------------------------------------------------------------------


def test_a_form_sent_twice_makes_one(board: Any, admin: Any) -> None:
    system, person = make.system(unit=board.unit), make.user()
    flow, token = make.flow(system), uuid.uuid4()

    def ask(**fields: Any) -> Any:
        values = {"flows": [flow], "version": system.versions.get(), "summary": "May we?", "board": board}
        return services.create_request(system=system, by=system.owner, pk=token, **values | fields)

    assert ask().pk == ask().pk == token
    assert DeploymentRequest.objects.filter(system=system).count() == 1
    make.complete(system)
    request = ask()
    services.submit(request=request, by=system.owner)
    member = board.seats.get(discipline="legal").memberships.get().user
    said = [services.comment(request=request, text="Hm.", by=member, pk=token) for _ in range(2)]
    assert said[0].pk == said[1].pk
    assert Comment.objects.count() == 1
    with pytest.raises(RuleBroken, match="such a row"):  # another person's token
        services.comment(request=request, text="Hm.", by=system.owner, pk=token)
    made = [boards.create_board(name="New", unit=board.unit, by=admin, pk=token) for _ in range(2)]
    assert made[0].pk == made[1].pk
    assert Board.objects.filter(name="New").count() == 1
    seats = [boards.add_seat(board=made[0], discipline="hr", by=admin, pk=token) for _ in range(2)]
    assert seats[0] == seats[1]
    members = [terms.appoint(seat=seats[0], user=person, by=admin, pk=token) for _ in range(2)]
    assert members[0] == members[1]
    other = boards.add_seat(board=made[0], discipline="ethics", by=admin)
    with pytest.raises(RuleBroken, match="such a row"):
        terms.appoint(seat=other, user=person, by=admin, pk=token)


# --- stale pages -----------------------------------------------------------------------------------


def test_a_stale_page_of_a_board_is_told_what_changed_and_only_that(board: Any, admin: Any) -> None:
    seen = board.row_version
    boards.change_board(board=board, vote_days=30, reason="Slow.", expected_version=seen, by=admin)
    with pytest.raises(Stale) as stale:
        boards.change_board(
            board=board, vote_days=7, casting_vote=True, reason="Fast.", expected_version=seen, by=admin
        )
    assert [(r["field"], r["theirs"], r["yours"]) for r in stale.value.rows] == [
        ("vote_days", 30, 7),
        ("casting_vote", False, True),
    ]
    board.refresh_from_db()
    assert (board.vote_days, board.casting_vote, stale.value.current) == (30, False, board.row_version)
    # what is there already is no change; a rule is another thing than the settings, and each class than the other
    boards.change_board(board=board, vote_days=30, reason="Same.", expected_version=seen, by=admin)
    boards.set_rule(board=board, risk="minimal", quorum=4, reason="More.", expected_version=seen, by=admin)
    boards.set_rule(board=board, risk="high_risk", quorum=4, reason="More.", expected_version=seen, by=admin)
    with pytest.raises(Stale):
        boards.set_rule(
            board=board, risk="minimal", quorum=5, reason="More.", expected_version=seen, by=admin
        )
    assert board.rules.get(risk="minimal").quorum == 4


def test_a_seat_that_is_required_makes_the_page_of_a_rule_stale(board: Any, admin: Any) -> None:
    seen = board.row_version
    boards.add_seat(board=board, discipline="hr", required=True, by=admin)
    with pytest.raises(Stale):
        boards.set_rule(
            board=board, risk="minimal", required=[], reason="None.", expected_version=seen, by=admin
        )


def test_comment_and_minutes_over_newer_ones_are_refused_with_both_texts() -> None:
    system = make.system()
    board, members = make.board_with_members(system.unit)
    request = services.create_request(
        system=system,
        flows=[make.flow(system)],
        version=system.versions.get(),
        summary="May we?",
        board=board,
        by=system.owner,
    )
    make.complete(system)
    services.submit(request=request, by=system.owner)
    said = services.comment(request=request, text="One.", by=members[0])
    services.edit_comment(comment=said, text="Two.", expected_version=1, by=members[0])
    with pytest.raises(Stale) as stale:
        services.edit_comment(comment=said, text="Three.", expected_version=1, by=members[0])
    assert (stale.value.rows[0]["theirs"], stale.value.current) == ("Two.", 2)
    services.edit_comment(comment=said, text="Two.", expected_version=1, by=members[0])  # sent again
    said.refresh_from_db()
    assert (said.text, said.row_version) == ("Two.", 2)

    Membership.objects.filter(user=members[0]).update(secretary=True)
    kept = services.keep_minutes(request=request, text="We met.", expected_version=0, by=members[0])
    again = services.keep_minutes(request=request, text="We met.", expected_version=0, by=members[0])
    assert kept == again
    with pytest.raises(Stale) as stale:
        services.keep_minutes(request=request, text="We sat.", expected_version=0, by=members[0])
    assert (stale.value.rows[0]["theirs"], stale.value.current) == ("We met.", 1)
    services.keep_minutes(request=request, text="We sat.", expected_version=1, by=members[0])
    assert list(Minutes.objects.order_by("number").values_list("text", flat=True)) == ["We met.", "We sat."]
