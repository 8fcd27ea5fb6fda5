"""What waits for a person on the home page, and which systems it shows."""

import datetime as dt
from typing import Any

import pytest

from governance.findings.services import open_finding
from governance.review import boards, terms
from governance.review import services as review
from portal.accounts.models import User
from portal.desk import menu, selectors
from tests import make

pytestmark = pytest.mark.django_db


def kinds(user: User) -> list[str]:
    return [str(task.kind) for task in selectors.waiting(User.objects.get(pk=user.pk), make.today())]


def asked(system: Any) -> tuple[Any, list[User]]:
    """A request before a board of three."""
    board, members = make.board_with_members(system.unit)
    request = review.create_request(
        system=system,
        flows=[make.flow(system)],
        version=system.versions.first(),
        summary="May this be used?",
        board=board,
        by=system.owner,
    )
    make.assessed(system)
    review.submit(request=request, by=system.owner)
    return request, members


def test_an_open_vote_waits_until_it_is_cast() -> None:
    system = make.system()
    request, members = asked(system)
    assert [kinds(member) for member in members] == [["Your vote"]] * 3
    review.cast_vote(request=request, choice="approve", reason="The file is complete.", by=members[0])
    assert kinds(members[0]) == []
    assert kinds(members[1]) == ["Your vote"]
    assert kinds(make.person("board_member", unit=system.unit)) == []  # no seat on this board


def test_a_vote_waits_for_every_seat_whose_member_may_see_the_file() -> None:
    system = make.system()
    board, _members = make.board_with_members(system.unit)
    admin = make.person("administrator", unit=system.unit)
    council, stranger = make.person("works_council", unit=system.unit), make.user()
    for discipline, member in (("works_council", council), ("hr", stranger)):
        seat = boards.add_seat(board=board, discipline=discipline, by=admin)
        terms.appoint(seat=seat, user=member, by=admin)
    request = review.create_request(
        system=system,
        flows=[make.flow(system)],
        version=system.versions.first(),
        summary="May this be used?",
        board=board,
        by=system.owner,
    )
    make.assessed(system)
    review.submit(request=request, by=system.owner)
    assert kinds(council) == ["Your vote"]
    assert kinds(stranger) == []  # no role on the system: not even its name


def test_a_screening_without_signature_waits_for_the_officer_of_the_unit_only() -> None:
    system = make.system()
    make.flow(system, signed=False)
    assert kinds(make.person("data_protection_officer", unit=system.unit)) == ["Your signature"]
    assert kinds(make.person("data_protection_officer", unit=make.unit())) == []


def test_a_draft_waits_for_who_wrote_it() -> None:
    system = make.system()
    make.board_with_members(system.unit)
    review.create_request(
        system=system,
        flows=[make.flow(system)],
        version=system.versions.first(),
        summary="May this be used?",
        by=system.owner,
    )
    assert kinds(system.owner) == ["Your draft request"]


def test_findings_wait_for_the_owner_and_for_who_works_on_them_soonest_first() -> None:
    system = make.system()
    late = make.today() - dt.timedelta(days=1)
    for check, due in (("a.later", make.today() + dt.timedelta(days=9)), ("a.late", late), ("a.never", None)):
        open_finding(
            system=system,
            check=check,
            severity="high",
            title=check,
            detail="",
            source="test",
            due_on=due,
            by="system",
        )
    tasks = selectors.waiting(system.owner, make.today())
    assert [task.title for task in tasks] == ["a.late", "a.later", "a.never"]
    assert [task.overdue(make.today()) for task in tasks] == [True, False, False]
    assert kinds(make.person("supervisor", unit=system.unit)) == ["Open finding"] * 3
    assert kinds(make.person("supervisor", unit=make.unit())) == []
    assert kinds(make.person("manager", unit=system.unit)) == []


def test_the_portfolio_shows_own_systems_with_their_standing(django_assert_num_queries: Any) -> None:
    top = make.unit()
    used, unused = make.system(unit=make.unit(parent=top)), make.system(unit=top)
    make.system()  # of somebody else
    make.approved_deployment(used)
    manager = make.person("manager", unit=top)
    with django_assert_num_queries(1):
        rows = {row.pk: row for row in selectors.portfolio(manager)}
    assert set(rows) == {used.pk, unused.pk}
    assert (rows[used.pk].deployment, rows[unused.pk].deployment) == ("in_force", None)  # type: ignore[attr-defined]


def test_without_a_role_there_are_home_inbox_and_ai_to_report() -> None:
    assert [entry.url_name for entry in menu.entries(make.user())] == ["home", "inbox", "ai_report_list"]
