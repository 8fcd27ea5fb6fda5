"""What waits for a person on the home page, and which systems it shows."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.findings.services import open_finding
from governance.registry import parts, vendors
from governance.review import boards, changes, terms
from governance.review import services as review
from portal.accounts.models import User
from portal.desk import menu, register, selectors
from portal.desk.dates import dates
from portal.desk.reminders import remind
from portal.notify.models import Message
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
    make.complete(system)
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
    make.complete(system)
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


HELD = {"facts": {**make.LAWFUL, "exploits_vulnerability": None}}


def lines(user: User) -> list[tuple[str, str]]:
    found = selectors.waiting(User.objects.get(pk=user.pk), make.today())
    return [(str(task.kind), task.title) for task in found]


def test_an_open_question_of_the_law_waits_for_the_owner_until_it_is_answered() -> None:
    system = make.system()
    flow = make.flow(system, signed=False, **HELD)
    hold = ("On hold: questions of the law are open", flow.name)
    assert hold in lines(system.owner)
    assert lines(make.person("system_owner", unit=make.unit())) == []
    changes.change_flow(
        flow=flow, by=system.owner, expected_version=flow.row_version, reason="Answered.", facts=make.LAWFUL
    )
    assert hold not in lines(system.owner)


def test_what_is_suspended_or_stopped_waits_for_its_owner_until_the_board_puts_it_back() -> None:
    system = make.system()
    chat, mail = make.flow(system), make.flow(system)
    deployment = make.approved_deployment(system, [chat, mail])
    title = f"{system.name} 1.0"
    supervisor = make.person("supervisor", unit=system.unit)
    review.suspend_flow(flow=chat, reason="A fault.", by=supervisor)
    assert ("A data flow is stopped", title) in lines(system.owner)
    make.reinstated(deployment)
    assert {kind for kind, _title in lines(system.owner)} & {"A data flow is stopped", "Suspended"} == set()
    review.suspend(deployment=deployment, reason="A fault.", by=supervisor)
    assert ("Suspended", title) in lines(system.owner)
    assert lines(make.person("system_owner", unit=system.unit)) == [], "not mine"


def test_what_waits_for_the_works_council_is_not_stopped() -> None:
    system = make.system()
    flow = make.flow(
        system, subject_role="employee", setting="workplace", purpose="wellbeing", output="aggregate",
        consequence="none", recipient="analyst",
        facts={**make.LAWFUL, "above_privacy_floor": "yes", "works_council_record": "yes", "talks_to_people": "no"},
    )  # fmt: skip
    make.approved_deployment(system, [flow], council=False)
    assert register.stopped(system.owner).count() == 0


@pytest.mark.parametrize(("left", "waits"), [(91, False), (90, True), (-1, True)])
def test_a_contract_that_ends_waits_for_owner_business_contact_and_who_edits_the_register(
    left: int, waits: bool
) -> None:
    unit = make.unit()
    end = make.today() + dt.timedelta(days=left)
    buyer = make.person("system_owner", unit=unit)
    vendor = vendors.add_vendor(by=buyer, unit=unit, slug="v", name="Voice BV", contract_until=end)
    system = make.system(unit=make.unit(parent=unit), vendor=vendor)
    contact = make.person("manager", system=system)
    parts.add_part(kind="contact", system=system, by=system.owner, role="business", person=contact)
    for person in (buyer, system.owner, contact):
        assert (("Contract to renew", "Voice BV") in lines(person)) is waits
        assert [(row.on, row.title) for row in dates(person) if row.title == "Voice BV"] == [
            (end, "Voice BV")
        ]
    stranger = make.person("system_owner", unit=make.unit())
    assert lines(stranger) == [] and list(dates(stranger)) == []


def test_a_contract_reminds_by_inbox_on_its_days() -> None:
    unit = make.unit()
    buyer = make.person("system_owner", unit=unit)
    end = make.today() + dt.timedelta(days=90)
    vendors.add_vendor(by=buyer, unit=unit, slug="v", name="Voice BV", contract_until=end)
    for left in (90, 89, 30, 7):
        remind(buyer, end - dt.timedelta(days=left))
    told = Message.objects.filter(user=buyer, kind="Contract with the vendor ends", title="Voice BV")
    assert told.count() == 3, "at 90, 30 and 7 days"


def test_the_list_takes_as_many_queries_for_five_of_each_as_for_one() -> None:
    unit = make.unit()
    owner = make.person("system_owner", unit=unit)

    def more() -> None:
        n = make.number()
        end = make.today() + dt.timedelta(days=9)
        terms = {"contract_until": end, "contract_reference": "C 1", "transfer_tool": "none_needed"}
        vendor = vendors.add_vendor(by=owner, unit=unit, slug=f"v-{n}", name=f"V {n}", **terms)
        system = make.system(unit=unit, owner=owner, vendor=vendor)
        make.flow(system, signed=False, **HELD)
        flow = make.flow(system)
        make.approved_deployment(system, [flow])
        review.suspend_flow(flow=flow, reason="A fault.", by=make.person("supervisor", unit=unit))

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            found = lines(owner)
        assert found
        return len(queries)

    more()
    once = asked()
    for _n in range(4):
        more()
    assert asked() == once
