"""Rounds, delegation, discussion, works council, re-approval: what holds over more than one step."""

import datetime as dt
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from governance.review import boards, changes, deployments, rules, selectors, services, terms
from governance.review.models import Deployment, DeploymentRequest, Recusal, Round, Vote
from governance.screening import services as screening
from governance.screening.models import Screening
from portal.desk.dates import dates
from portal.errors import NotAllowed, RuleBroken
from portal.ledger.models import PendingEvent
from tests import make

pytestmark = pytest.mark.django_db
SEATS = ("legal", "ethics", "technology", "data_protection")
NOW = timezone.now()


def _asked(board: dict[str, Any] | None = None, **fields: Any) -> tuple[Any, list[Any], Any]:
    """A request before a board of four, its members in the order of SEATS, and the chair (by role)."""
    system = make.system()
    found, members = make.board_with_members(system.unit, SEATS, **(board or {}))
    request = services.create_request(
        system=system,
        flows=[make.flow(system, **fields)],
        version=system.versions.get(),
        summary="May we?",
        board=found,
        by=system.owner,
    )
    make.complete(system)
    services.submit(request=request, by=system.owner)
    return request, members, make.person("board_chair", unit=system.unit)


def _vote(request: Any, member: Any, choice: str = "approve", **fields: Any) -> Vote:
    return services.cast_vote(request=request, choice=choice, reason=f"I say {choice}.", by=member, **fields)


def _admin(request: Any) -> Any:
    return make.person("administrator", unit=request.system.unit)


# --- rounds -----------------------------------------------------------------------------------


def test_a_returned_request_comes_back_in_a_new_round_and_the_old_one_stays() -> None:
    request, members, chair = _asked()
    services.recuse(request=request, reason="Kin of the vendor.", by=members[0])
    _vote(request, members[1], "reject")
    first = request.digest
    services.return_request(request=request, questions="Why not a button?", by=chair)
    assert request.state == "returned"
    assert [v.choice for v in selectors.votes_shown(request)] == ["reject"]  # that round is over
    services.revise_request(
        request=request,
        by=request.requested_by,
        expected_version=request.row_version,
        alternatives="A button.",
    )
    services.resubmit(request=request, answer="It is one in twelve who uses it.", by=request.requested_by)
    assert request.state == "in_review"
    one, two = request.rounds.all()
    assert (one.number, one.digest, one.result, one.reason) == (1, first, "returned", "Why not a button?")
    assert (two.number, two.answer) == (2, "It is one in twelve who uses it.")
    assert one.digest != two.digest == request.digest
    assert (one.content["request"]["alternatives"], two.content["request"]["alternatives"]) == (
        "",
        "A button.",
    )
    # who stepped back stays back; who voted in the first round votes again
    with pytest.raises(RuleBroken, match="stepped back"):
        _vote(request, members[0])
    for member in members[1:]:
        _vote(request, member)
    assert request.state == "approved"
    assert [v.round.number for v in selectors.votes_shown(request)] == [1, 2, 2, 2]


def test_what_was_said_in_a_round_is_never_changed_even_behind_the_products_back() -> None:
    request, members, chair = _asked()
    _vote(request, members[0])
    services.recuse(request=request, reason="Kin.", by=members[1])
    for row in (Vote.objects.filter(request=request), Recusal.objects.filter(request=request)):
        with pytest.raises(DatabaseError, match="kept as it was"), transaction.atomic():
            row.update(reason="Other.")
    services.return_request(request=request, questions="Why?", by=chair)
    ended = Round.objects.filter(request=request)
    with pytest.raises(DatabaseError, match="kept as it was"), transaction.atomic():
        ended.update(digest="0" * 64)
    with pytest.raises(DatabaseError, match="kept as it was"), transaction.atomic():
        ended._raw_delete("default")


def test_a_member_returns_a_file_only_where_the_board_says_so() -> None:
    request, members, _chair = _asked()
    with pytest.raises(NotAllowed):
        services.return_request(request=request, questions="Why?", by=members[0])
    boards.change_board(
        board=request.board, members_return=True, reason="Agreed on 3 March.", by=_admin(request)
    )
    with pytest.raises(RuleBroken, match="take no part"):
        services.return_request(request=request, questions="Why?", by=request.requested_by)
    services.return_request(request=request, questions="Why?", by=members[0])
    assert request.state == "returned"


def test_a_stale_page_does_not_save_over_a_newer_request() -> None:
    request, _members, chair = _asked()
    services.return_request(request=request, questions="Why?", by=chair)
    seen = request.row_version
    values = {"request": request, "by": request.requested_by}
    services.revise_request(**values, expected_version=seen, doubts="Some.")
    with pytest.raises(RuleBroken) as refused:
        services.revise_request(**values, expected_version=seen, doubts="None.")
    assert refused.value.code == "stale"
    request.refresh_from_db()
    assert request.doubts == "Some."


def test_a_new_request_may_refer_to_a_rejected_one_of_the_same_system() -> None:
    request, members, _chair = _asked()
    for member in members:
        _vote(request, member, "reject")
    assert request.state == "rejected"
    values = {"flows": list(request.flows.all()), "version": request.version, "summary": "Better?"}
    again = services.create_request(system=request.system, by=request.requested_by, earlier=request, **values)
    assert selectors.chain(again) == [request]
    assert selectors.differences(again) is None  # nothing was approved: the whole file is read
    other = make.system()
    with pytest.raises(RuleBroken, match="another system"):
        services.create_request(
            system=other, flows=[], version=other.versions.get(), summary="x", by=other.owner, earlier=request
        )


# --- the vote ----------------------------------------------------------------------------------


def test_a_vote_after_its_last_day_is_refused_and_the_file_goes_back_without_a_quorum() -> None:
    request, members, _chair = _asked({"vote_days": 5})
    late = NOW + dt.timedelta(days=6)
    _vote(request, members[0])
    with pytest.raises(RuleBroken, match="last day has passed"):
        _vote(request, members[1], effective_at=late)
    assert services.close_due(now=NOW + dt.timedelta(days=4)) == 0
    assert services.close_due(now=late) == 1
    assert services.close_due(now=late) == 0
    request.refresh_from_db()
    assert (request.state, request.rounds.get().result) == ("returned", "returned")
    assert "quorum" in request.rounds.get().reason


def test_a_vote_with_a_quorum_is_decided_when_it_closes() -> None:
    request, members, _chair = _asked()
    for member in members[:3]:
        _vote(request, member)
    assert request.state == "in_review"
    assert services.close_due(now=NOW + dt.timedelta(days=15)) == 1
    request.refresh_from_db()
    assert (request.state, request.closed_by) == ("approved", "system")
    assert request.deployment.state == "in_force"


def test_open_votes_are_told_nowhere_not_even_how_they_divide() -> None:
    request, members, _chair = _asked()
    _vote(request, members[0], "reject")
    assert not selectors.votes_shown(request).exists()
    assert selectors.progress(request, make.today()) == selectors.progress(request, make.today()).__class__(
        1, 3
    )
    said = PendingEvent.objects.filter(subject=request.subject).order_by("id").last()
    assert said is not None
    assert said.type == "review.vote_cast"
    assert "I say" not in str(said.__dict__)
    assert "reject" not in str(said.__dict__)


def test_a_member_removed_in_mid_vote_keeps_the_vote_cast_and_loses_the_one_not_cast() -> None:
    request, members, _chair = _asked()
    admin = _admin(request)
    seat = request.board.seats.get(discipline="ethics")
    deputy, follower = (make.person("board_member", unit=request.system.unit) for _ in range(2))
    terms.appoint(seat=seat, user=deputy, deputy=True, by=admin)
    _vote(request, members[0])
    for member in members[:2]:
        terms.dismiss(membership=member.memberships.get(), reason="Left.", by=admin)
    with pytest.raises(RuleBroken, match="no seat"):
        _vote(request, members[1])
    # the vote of the first counts; his seat has voted, whoever sits there now
    terms.appoint(seat=request.board.seats.get(discipline="legal"), user=follower, by=admin)
    with pytest.raises(RuleBroken, match="seat has voted"):
        _vote(request, follower)
    _vote(request, deputy)  # the seat without a member passes to its deputy
    _vote(request, members[2])
    assert request.state == "in_review"
    # the last silent seat falls vacant: nobody is waited for any more
    terms.dismiss(membership=members[3].memberships.get(), reason="Left.", by=admin)
    request.refresh_from_db()
    assert request.state == "approved"
    assert request.votes.count() == 3


def test_quorum_majority_and_disciplines_follow_the_class_of_risk() -> None:
    request, members, chair = _asked()
    admin = _admin(request)
    boards.set_rule(board=request.board, risk="transparency", quorum=4, reason="More eyes.", by=admin)
    boards.set_rule(board=request.board, risk="high_risk", required=["legal"], reason="Law.", by=admin)
    assert request.risk == "transparency"

    def again() -> None:
        services.return_request(request=request, questions="Why?", by=chair)
        services.resubmit(request=request, answer="So.", by=request.requested_by)
        for member in members[1:]:
            _vote(request, member)

    again()
    with pytest.raises(RuleBroken, match="quorum"):
        services.close_vote(request=request, by=chair)
    boards.set_rule(board=request.board, risk="transparency", quorum=3, reason="Holidays.", by=admin)
    again()
    services.close_vote(request=request, by=chair)  # legal is required for high risk only
    assert request.state == "approved"
    for wrong in ({"quorum": 2}, {"majority": "unanimous"}, {"required": ["hr"]}):
        with pytest.raises(RuleBroken):
            boards.set_rule(board=request.board, risk="minimal", reason="No.", by=admin, **wrong)  # type: ignore[arg-type]


# --- delegation ---------------------------------------------------------------------------------


def _delegated() -> tuple[Any, list[Any]]:
    """A minimal-risk file before a board that delegates such files; legal chairs."""
    request, members, _chair = _asked({"delegates_minimal": True})
    request.board.seats.filter(discipline="legal").update(chairs=True)
    services.withdraw(request=request, reason="Again.", by=request.requested_by)
    flow = request.flows.get()
    flow.screenings.update(outcome="minimal")
    again = services.create_request(
        system=request.system,
        flows=[flow],
        version=request.version,
        summary="Small.",
        board=request.board,
        by=request.requested_by,
    )
    services.submit(request=again, by=request.requested_by)
    return again, members


def test_chair_and_data_protection_decide_what_the_board_delegated_and_report_it() -> None:
    request, members = _delegated()
    assert (request.delegated, request.risk) == (True, "minimal")
    with pytest.raises(RuleBroken, match="delegated"):
        _vote(request, members[1])
    _vote(request, members[0])
    assert request.state == "in_review"
    _vote(request, members[3])
    assert request.state == "approved"
    assert list(selectors.to_report(request.board)) == [request]
    secretary = terms.name_secretary(
        membership=members[1].memberships.get(), secretary=True, by=_admin(request)
    )
    told = {
        member.pk
        for member in members
        if any(row.kind == "Decision to report" for row in selectors.waiting(member, make.today()))
    }
    assert told == {members[n].pk for n in (0, 1, 3)}  # the seat that chairs, the secretary, data protection
    with pytest.raises(NotAllowed):
        services.report_delegated(request=request, on=make.today(), by=members[2])
    with pytest.raises(RuleBroken, match="between the decision and today"):
        services.report_delegated(request=request, on=make.today() - dt.timedelta(days=3), by=secretary.user)
    services.report_delegated(request=request, on=make.today(), by=secretary.user)
    assert not selectors.to_report(request.board).exists()
    with pytest.raises(RuleBroken, match="before"):
        services.report_delegated(request=request, on=make.today(), by=secretary.user)


@pytest.mark.parametrize("why", ["reject", "abstain", "recusal"])
def test_without_both_a_delegated_file_goes_to_the_full_board(why: str) -> None:
    request, members = _delegated()
    if why == "recusal":
        services.recuse(request=request, reason="Kin.", by=members[3])
    else:
        _vote(request, members[3], why)
    assert (request.delegated, request.state) == (False, "in_review")
    for member in members[:3]:
        _vote(request, member)
    assert request.state == "approved"
    assert not selectors.to_report(request.board).exists()


# --- discussion and minutes -----------------------------------------------------------------------


def test_the_board_discusses_and_nobody_changes_what_was_said_once_a_vote_is_in() -> None:
    request, members, _chair = _asked()
    said = services.comment(request=request, text="Is **this** clear?", by=members[0])
    services.edit_comment(comment=said, text="Is *this* clear?", by=members[0])
    with pytest.raises(NotAllowed):
        services.edit_comment(comment=said, text="No.", by=members[1])
    answer = services.comment(request=request, text="Yes.", by=request.requested_by, parent=said)
    assert services.comment(request=request, text="Good.", by=members[1], parent=answer).parent == said
    with pytest.raises(NotAllowed):
        services.comment(
            request=request, text="I think…", by=make.person("manager", unit=request.system.unit)
        )
    _vote(request, members[2])
    with pytest.raises(RuleBroken, match="stays as it is"):
        services.edit_comment(comment=said, text="Other.", by=members[0])
    boards.change_board(board=request.board, open_threads=False, reason="Quiet.", by=_admin(request))
    request = DeploymentRequest.objects.get(pk=request.pk)
    assert selectors.may_read(request, members[3], make.today())
    assert not selectors.may_read(request, request.requested_by, make.today())
    for other in members[:2] + members[3:]:
        _vote(request, other)
    with pytest.raises(RuleBroken, match="not with the board"):
        services.comment(request=request, text="Too late.", by=members[0])


def test_the_secretary_keeps_versions_of_the_minutes_and_the_decision_closes_the_last() -> None:
    request, members, _chair = _asked()
    terms.name_secretary(membership=members[0].memberships.get(), secretary=True, by=_admin(request))
    with pytest.raises(NotAllowed):
        services.keep_minutes(request=request, text="We met.", by=members[1])
    services.keep_minutes(request=request, text="We met.", by=members[0])
    services.keep_minutes(request=request, text="We met and read.", by=members[0])
    for member in members:
        _vote(request, member)
    first, last = request.minutes.all()
    assert (first.closed_at, last.state, last.closed_at) == (None, "closed", request.closed_at)
    with pytest.raises(RuleBroken):
        services.keep_minutes(request=request, text="Afterwards…", by=members[0])
    with pytest.raises(DatabaseError, match="kept as it was"), transaction.atomic():
        request.minutes.filter(pk=last.pk).update(text="Other.")


# --- works council ---------------------------------------------------------------------------------

WORKERS = {
    "subject_role": "employee",
    "setting": "workplace",
    "purpose": "wellbeing",
    "output": "aggregate",
    "consequence": "none",
    "recipient": "analyst",
    "facts": {
        **make.LAWFUL,
        "above_privacy_floor": "yes",
        "works_council_record": "yes",
        "talks_to_people": "no",
    },
}


def _in_force(system: Any) -> list[str]:
    return sorted(flow.slug for flow in selectors.in_force(system.pk, timezone.now()))


def test_a_flow_that_touches_workers_waits_for_the_works_council_and_the_others_do_not() -> None:
    system = make.system()
    chat, mood = make.flow(system, slug="chat"), make.flow(system, slug="mood", **WORKERS)
    deployment = make.approved_deployment(system, [chat, mood], council=False)
    assert (deployment.state, _in_force(system)) == ("in_force", ["chat"])
    council = make.works_council(system, [mood], act="")
    assert _in_force(system) == ["chat"]
    person = make.person("works_council", unit=system.unit)
    with pytest.raises(NotAllowed, match="does not record"):
        services.answer_council(council=council, act="consent", answered_on=make.today(), by=system.owner)
    with pytest.raises(NotAllowed):
        services.answer_council(
            council=council, act="find_not_owed", answered_on=make.today(), reason="x", by=person
        )
    with pytest.raises(RuleBroken, match="reason"):
        services.answer_council(council=council, act="consent_if", answered_on=make.today(), by=person)
    services.answer_council(
        council=council, act="consent_if", reason="Teams of ten.", answered_on=make.today(), by=person
    )
    assert _in_force(system) == ["chat", "mood"]


def test_the_chair_enters_an_answer_only_with_the_document_in_which_it_stands() -> None:
    system = make.system()
    mood = make.flow(system, **WORKERS)
    deployment = make.approved_deployment(system, [mood], council=False)
    assert deployment.state == "waiting"
    council, chair = make.works_council(system, [mood], act=""), make.person("board_chair", unit=system.unit)
    values = {"council": council, "act": "consent", "answered_on": make.today(), "by": chair}
    with pytest.raises(RuleBroken, match="document"):
        services.answer_council(**values)
    services.answer_council(**values, documents="Letter of 3 March")
    deployment.refresh_from_db()
    assert (deployment.state, _in_force(system)) == ("in_force", [mood.slug])


def test_consent_is_recorded_also_where_a_screening_is_unsigned_and_the_flow_goes_live_once_it_is() -> None:
    system = make.system()
    mood = make.flow(system, **WORKERS)
    deployment = make.approved_deployment(system, [mood], council=False)
    Screening.objects.filter(flow=mood, superseded_at=None).update(
        signed_at=None, signed_by=None, valid_until=None
    )
    council = make.works_council(system, [mood])
    assert (council.state, _in_force(system)) == ("consented", [])
    assert deployments.open_waiting() == 0
    officer = make.person("data_protection_officer", unit=system.unit)
    screening.sign(screening=Screening.objects.get(flow=mood, superseded_at=None), by=officer)
    assert deployments.open_waiting() == 1
    deployment.refresh_from_db()
    assert (deployment.state, _in_force(system)) == ("in_force", [mood.slug])


def test_consent_during_a_suspension_counts_once_the_board_puts_it_back() -> None:
    system = make.system()
    chat, mood = make.flow(system, slug="chat"), make.flow(system, slug="mood", **WORKERS)
    deployment = make.approved_deployment(system, [chat, mood], council=False)
    services.suspend(deployment=deployment, reason="A fault.", by=make.person("supervisor", unit=system.unit))
    make.works_council(system, [mood])
    assert _in_force(system) == []
    make.reinstated(deployment)
    assert _in_force(system) == ["chat", "mood"]


def test_nullity_within_a_month_stops_what_went_live_as_not_owed() -> None:
    system = make.system()
    mood = make.flow(system, **WORKERS)
    make.approved_deployment(system, [mood], council=False)
    council = make.works_council(system, [mood], act="find_not_owed")
    assert _in_force(system) == [mood.slug]
    person = make.person("works_council", unit=system.unit)
    values = {"council": council, "act": "invoke_nullity", "reason": "It is owed.", "by": person}
    type(council).objects.filter(pk=council.pk).update(informed_on=make.today() - dt.timedelta(days=40))
    with pytest.raises(RuleBroken, match="one month"):
        services.answer_council(**values, answered_on=make.today())
    services.answer_council(**values, answered_on=make.today() - dt.timedelta(days=12))
    assert _in_force(system) == []


def test_a_record_counts_for_the_flow_as_it_was_described() -> None:
    system = make.system()
    mood = make.flow(system, **WORKERS)
    make.works_council(system, [mood])
    assert selectors.without_council([mood]) == []
    changes.change_flow(flow=mood, by=system.owner, expected_version=1, recipient="occupational_health")
    mood = type(mood).objects.select_related("system").get(pk=mood.pk)
    assert selectors.without_council([mood]) == [mood]
    with pytest.raises(RuleBroken, match="does not touch workers"):
        make.works_council(system, [make.flow(system)])


# --- re-approval and what waits -----------------------------------------------------------------------


def test_a_material_change_opens_a_re_approval_with_only_the_differences() -> None:
    system = make.system()
    kept, changed = make.flow(system, slug="kept"), make.flow(system, slug="changed")
    deployment = make.approved_deployment(system, [kept, changed])
    changes.change_flow(
        flow=changed,
        by=system.owner,
        expected_version=1,
        reason="Busy lines.",
        consequence="routing",
        recipient="operator",
    )
    draft = system.requests.get(kind="reapproval")
    assert (draft.state, draft.earlier, draft.requested_by) == ("draft", deployment.request, system.owner)
    assert [flow.slug for flow in draft.flows.all()] == ["changed"]
    found = {d.path[-1]: (d.before, d.after) for d in selectors.differences(draft) or []}
    assert found["consequence"] == ("reply", "routing")
    assert found["recipient"] == ("system", "operator")
    assert not set(found) & {"modality", "name", "slug", "purpose"}
    changes.add_version(system=system, name="2.0", released_on=make.today(), notes="Faster.", by=system.owner)
    draft.refresh_from_db()
    assert system.requests.filter(kind="reapproval").count() == 1  # widened, not made again
    assert sorted(flow.slug for flow in draft.flows.all()) == ["changed", "kept"]
    assert draft.version.name == "2.0"
    deployment.refresh_from_db()
    assert deployment.state == "voided"


def test_what_waits_is_told_to_whom_it_concerns() -> None:
    request, members, _chair = _asked()
    due = make.today() + dt.timedelta(days=9)

    def kinds(user: Any) -> list[str]:
        return [row.kind for row in selectors.waiting(type(user).objects.get(pk=user.pk), make.today())]

    terms.name_secretary(membership=members[0].memberships.get(), secretary=True, by=_admin(request))
    assert kinds(members[0]) == ["Your vote", "Minutes to keep"]
    rows = [{"text": "Train.", "owner": request.requested_by, "due_on": due, "accepted_by": "ethics"}]
    _vote(request, members[0], "conditions", conditions=rows)
    for member in members[1:]:
        _vote(request, member)
    assert kinds(request.requested_by) == ["Your condition"]
    services.hand_in(condition=request.conditions.get(), evidence="Done.", by=request.requested_by)
    assert kinds(request.requested_by) == []
    assert kinds(members[1]) == ["Evidence to accept"]
    seen = {(str(row.kind), row.on) for row in dates(type(members[1]).objects.get(pk=members[1].pk))}
    assert ("Evidence to accept", due) in seen


def test_what_is_due_is_told_to_whom_it_concerns() -> None:
    request, members, chair = _asked()
    closes = request.rounds.get().vote_closes_at.date()

    def due(user: Any) -> set[tuple[str, Any]]:
        return {(str(row.kind), row.on) for row in dates(type(user).objects.get(pk=user.pk))}

    for person in (members[0], chair, request.requested_by):
        assert ("Vote closes", closes) in due(person)
    day = make.today() + dt.timedelta(days=9)
    rows = [{"text": "Train.", "owner": request.requested_by, "due_on": day, "accepted_by": "ethics"}]
    _vote(request, members[0], "conditions", conditions=rows)
    for member in members[1:]:
        _vote(request, member)
    ends = Deployment.objects.get(request=request).valid_until.date()
    assert due(request.requested_by) >= {("Your condition", day), ("Approval ends", ends)}
    assert "Vote closes" not in {kind for kind, _day in due(members[0])}
    assert dates(make.user()) == []


def test_the_dates_of_the_works_council_are_told() -> None:
    system = make.system()
    flow = make.flow(system, signed=False, subject_role="employee", setting="workplace")
    council = make.person("works_council", unit=system.unit)
    record = services.ask_council(
        system=system,
        flows=[flow],
        question="May we?",
        documents="WC-1",
        informed_on=make.today(),
        answer_due_on=make.today() + dt.timedelta(days=20),
        by=system.owner,
    )
    told = {(str(row.kind), row.on) for row in dates(council)}
    assert told == {("Answer of the works council due", make.today() + dt.timedelta(days=20))}
    services.answer_council(
        council=record,
        act="find_not_owed",
        answered_on=make.today(),
        reason="No change for workers.",
        documents="Memo",
        by=make.person("board_chair", unit=system.unit),
    )
    told = {(str(row.kind), row.on) for row in dates(council)}
    assert told == {("Last day to invoke nullity", rules.nullity_until(make.today()))}
