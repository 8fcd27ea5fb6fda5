"""Every row of the table of states, tried by everybody: who the row names gets on, everybody else is refused.

One test per row builds the state once; each person tries in a savepoint that is rolled back.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from governance.review import boards, changes, conditions, rules, selectors, services, terms
from governance.review.models import Condition, Deployment, DeploymentRequest
from portal.errors import RuleBroken
from tests import make

pytestmark = pytest.mark.django_db
SEATS = ("ethics", "legal", "data_protection", "technology")
# who plays which part of the table; `last` is the member whose vote is still missing
PLAYS = {
    "requester": {"requester"},
    "chair": {"seat", "chair", "overseer"},
    "member": {"seat", "accepting_seat"},
    "officer": {"seat", "overseer"},
    "last": {"seat", "secretary"},
    "adviser": {"seat"},
    "deputy": set(),
    "condition_owner": {"condition_owner"},
    "supervisor": {"overseer"},
    "works_council": {"works_council"},
    "manager": set(),
    "outsider": set(),
}
# what the parts do not say: a deputy may declare a conflict too; of a delegated file only two seats speak; the
# vote of the board is that of the last seat
EXACTLY = {
    "recuse": {"chair", "member", "officer", "last", "adviser", "deputy"},
    "refer": {"chair", "officer"},
    "approve": {"last"},
    "approve_with_conditions": {"last"},
    "reject": {"last"},
    "reinstate": {"last"},
    "close": {"last"},
}


@dataclass
class World:
    """A system, its board and everybody who might act."""

    system: Any
    flow: Any
    board: Any
    cast: dict[str, Any]
    made: dict[str, Any] = field(default_factory=dict)

    def request(self, *, submitted: bool = True) -> DeploymentRequest:
        """A request for the flow, before the board."""
        asked = services.create_request(
            system=self.system,
            flows=[self.flow],
            version=self.system.versions.get(),
            summary="May we?",
            board=self.board,
            by=self.cast["requester"],
        )
        if submitted:
            services.submit(request=asked, by=self.cast["requester"])
        return asked

    def vote(self, request: DeploymentRequest, who: str, choice: str = "approve") -> None:
        """A vote of one of the cast."""
        due = {
            "text": "Train.",
            "owner": self.cast["condition_owner"],
            "due_on": make.today() + dt.timedelta(days=9),
        }
        rows = [due | {"accepted_by": "legal"}] if choice == "conditions" else []
        services.cast_vote(request=request, choice=choice, reason="So.", conditions=rows, by=self.cast[who])

    def nearly(self, request: DeploymentRequest, choice: str = "approve") -> DeploymentRequest:
        """All seats but the last have voted."""
        for who in ("chair", "member", "officer"):
            self.vote(request, who, choice)
        return request

    def deployment(self, choice: str = "approve") -> Deployment:
        """What the board approved."""
        request = self.nearly(self.request(), choice)
        self.vote(request, "last", choice)
        return request.deployment


def build(*, workers: bool = False) -> World:
    """The cast around one lawful flow, of customers or of workers."""
    system = make.system()
    unit, admin = system.unit, make.person("administrator", unit=system.unit)
    own = {"subject_role": "employee", "setting": "workplace", "purpose": "wellbeing", "output": "aggregate"}
    facts = {
        **make.LAWFUL,
        "above_privacy_floor": "yes",
        "works_council_record": "yes",
        "talks_to_people": "no",
    }
    flow = make.flow(
        system, **(own | {"consequence": "none", "recipient": "analyst", "facts": facts} if workers else {})
    )
    make.complete(system)
    board = boards.create_board(name=f"Board {make.number()}", unit=unit, by=admin)
    cast = {
        "requester": system.owner,
        "chair": make.person("board_chair", unit=unit),
        "member": make.person("board_member", unit=unit),
        "officer": make.person("data_protection_officer", unit=unit),
        "last": make.person("board_member", unit=unit),
        "adviser": make.person("board_member", unit=unit),
        "deputy": make.person("board_member", unit=unit),
        "condition_owner": make.person("manager", unit=unit),
        "supervisor": make.person("supervisor", unit=unit),
        "works_council": make.person("works_council", unit=unit),
        "manager": make.person("manager", unit=unit),
        "outsider": make.user(),
    }
    for discipline, who in zip(SEATS, ("chair", "member", "officer", "last"), strict=True):
        seat = boards.add_seat(board=board, discipline=discipline, chairs=who == "chair", by=admin)
        terms.appoint(seat=seat, user=cast[who], secretary=who == "last", by=admin)
        if who == "member":
            terms.appoint(seat=seat, user=cast["deputy"], deputy=True, by=admin)
    business = boards.add_seat(board=board, discipline="affected_business", by=admin)
    terms.appoint(seat=business, user=cast["adviser"], by=admin)
    return World(system, flow, board, cast)


def condition(state: str) -> tuple[World, Condition]:
    world = build()
    found = world.deployment("conditions").request.conditions.first()
    assert found is not None
    if state == "handed_in":
        services.hand_in(condition=found, evidence="Done.", by=world.cast["condition_owner"])
    return world, found


def council(state: str) -> tuple[World, Any]:
    world = build(workers=True)
    record = make.works_council(world.system, [world.flow], act="")
    path = {"asked": (), "refused": ("refuse",), "not_owed": ("find_not_owed",)}
    for act in path.get(state, ("find_not_owed", "invoke_nullity")):
        answer(world, record, act, "works_council" if act in ("refuse", "invoke_nullity") else "chair")
    assert record.state == state
    return world, record


def answer(world: World, record: Any, act: str, who: str) -> None:
    services.answer_council(
        council=record,
        act=act,
        answered_on=make.today(),
        reason="So.",
        documents="Letter",
        by=world.cast[who],
    )


def stopped(*, flow_only: bool) -> tuple[World, DeploymentRequest]:
    """What was stopped, with all votes but the last for putting it back."""
    world = build()
    deployment = world.deployment()
    if flow_only:
        services.suspend_flow(flow=world.flow, reason="Stop.", by="system")
    else:
        services.suspend(deployment=deployment, reason="Stop.", by="system")
    back = services.ask_reinstatement(deployment=deployment, summary="Solved.", by=world.system.owner)
    services.submit(request=back, by=world.system.owner)
    return world, world.nearly(back)


def waiting() -> tuple[World, Any]:
    world = build(workers=True)
    assert world.deployment().state == "waiting"
    return world, make.works_council(world.system, [world.flow], act="")


def suspend(world: World, who: str) -> None:
    deployment = Deployment.objects.get(system=world.system)
    services.suspend(deployment=deployment, reason="Harm.", by=world.cast[who])


def returned() -> tuple[World, DeploymentRequest]:
    world = build()
    request = world.request()
    services.return_request(request=request, questions="Why?", by=world.cast["chair"])
    return world, request


def delegated() -> tuple[World, DeploymentRequest]:
    world = build()
    request = world.request()
    DeploymentRequest.objects.filter(pk=request.pk).update(delegated=True)
    request.refresh_from_db()
    return world, request


Setup = Callable[[], tuple[World, Any]]
Act = Callable[[World, Any, str], object]


def fresh(make_it: Callable[[World], Any]) -> Setup:
    def setup() -> tuple[World, Any]:
        world = build()
        return world, make_it(world)

    return setup


def nearly(choice: str) -> Setup:
    return fresh(lambda w: w.nearly(w.request(), choice))


draft, in_review = fresh(lambda w: w.request(submitted=False)), fresh(lambda w: w.request())
in_force = fresh(lambda w: w.deployment())


def by(service: Callable[..., object], argument: str, **values: Any) -> Act:
    return lambda w, thing, who: service(**{argument: thing}, by=w.cast[who], **values)


def _vote(choice: str) -> Act:
    return lambda w, request, who: w.vote(request, who, choice)


withdraw = by(services.withdraw, "request", reason="Later.")
ROWS: dict[tuple[str, str, str], tuple[Setup, Act]] = {
    ("request", "draft", "submit"): (draft, by(services.submit, "request")),
    ("request", "draft", "withdraw"): (draft, withdraw),
    ("request", "in_review", "vote"): (in_review, _vote("approve")),
    ("request", "in_review", "recuse"): (in_review, by(services.recuse, "request", reason="Kin.")),
    ("request", "in_review", "refer"): (delegated, _vote("reject")),
    ("request", "in_review", "extend"): (
        in_review,
        lambda w, request, who: services.extend_vote(
            request=request, until=make.today() + dt.timedelta(days=30), reason="Holidays.", by=w.cast[who]
        ),
    ),
    ("request", "in_review", "return"): (in_review, by(services.return_request, "request", questions="Why?")),
    ("request", "in_review", "withdraw"): (in_review, withdraw),
    ("request", "in_review", "approve"): (nearly("approve"), _vote("approve")),
    ("request", "in_review", "approve_with_conditions"): (nearly("approve"), _vote("conditions")),
    ("request", "in_review", "reject"): (nearly("reject"), _vote("reject")),
    ("request", "returned", "resubmit"): (returned, by(services.resubmit, "request", answer="So.")),
    ("request", "returned", "withdraw"): (returned, withdraw),
    ("deployment", "waiting", "go_live"): (waiting, lambda w, record, who: answer(w, record, "consent", who)),
    ("deployment", "waiting", "suspend"): (waiting, lambda w, _record, who: suspend(w, who)),
    ("deployment", "in_force", "suspend"): (in_force, by(services.suspend, "deployment", reason="Harm.")),
    ("deployment", "suspended", "reinstate"): (lambda: stopped(flow_only=False), _vote("approve")),
    ("flow", "waiting", "go_live"): (waiting, lambda w, record, who: answer(w, record, "consent", who)),
    ("flow", "waiting", "stop"): (waiting, lambda w, _record, who: suspend(w, who)),
    ("flow", "running", "stop"): (
        in_force,
        lambda w, _deployment, who: services.suspend_flow(flow=w.flow, reason="Harm.", by=w.cast[who]),
    ),
    ("flow", "stopped", "reinstate"): (lambda: stopped(flow_only=True), _vote("approve")),
    ("condition", "open", "hand_in"): (
        lambda: condition("open"),
        by(services.hand_in, "condition", evidence="Done."),
    ),
    ("condition", "handed_in", "accept"): (
        lambda: condition("handed_in"),
        by(services.accept_condition, "condition"),
    ),
    ("condition", "handed_in", "send_back"): (
        lambda: condition("handed_in"),
        by(services.send_back_condition, "condition", reason="Not yet."),
    ),
    ("minutes", "draft", "revise"): (in_review, by(services.keep_minutes, "request", text="We met.")),
    ("minutes", "draft", "close"): (nearly("approve"), _vote("approve")),
}
for row in rules.TRANSITIONS:
    if row.machine == "council":
        ROWS["council", row.source, row.act] = (
            lambda state=row.source: council(state),  # type: ignore[misc]
            lambda w, record, who, act=row.act: answer(w, record, act, who),  # type: ignore[misc]
        )
PEOPLE = [row for row in rules.TRANSITIONS if row.by != ("system",)]


def state_of(row: rules.Transition, world: World, thing: Any) -> str:
    """Where the thing of a row stands now."""
    if row.machine == "flow":
        deployment = Deployment.objects.get(system=world.system)
        return dict(selectors.flow_states(deployment, timezone.now()))[world.flow]
    if row.machine == "deployment":
        return Deployment.objects.get(system=world.system).state
    if row.machine == "minutes":
        latest = thing.minutes.order_by("-number").first()
        return latest.state if latest else "draft"
    thing.refresh_from_db()
    return str(thing.state)


def test_every_row_that_people_take_is_tried_here() -> None:
    assert {(row.machine, row.source, row.act) for row in PEOPLE} == set(ROWS)


@pytest.mark.parametrize("row", PEOPLE, ids=lambda row: f"{row.machine}-{row.source}-{row.act}")
def test_a_step_is_taken_by_whom_the_table_names_and_by_nobody_else(row: rules.Transition) -> None:
    setup, act = ROWS[row.machine, row.source, row.act]
    world, thing = setup()
    if row.act == "close":
        services.keep_minutes(request=thing, text="We met.", by=world.cast["last"])
    assert state_of(row, world, thing) == row.source
    went, expected = set(), EXACTLY.get(row.act) or {who for who in PLAYS if PLAYS[who] & set(row.by)}
    for who in PLAYS:
        with transaction.atomic():
            try:
                act(world, thing, who)
            except RuleBroken:
                assert state_of(row, world, thing) == row.source
            else:
                if state_of(row, world, thing) == row.target:
                    went.add(who)
                else:  # advice is heard and decides nothing
                    assert (who, row.by, state_of(row, world, thing)) == ("adviser", ("board",), row.source)
            transaction.set_rollback(True)
        if hasattr(thing, "refresh_from_db"):
            thing.refresh_from_db()
    assert went == expected


def test_what_the_system_does_by_a_rule_reaches_the_state_of_the_table() -> None:
    """Every row of Attune itself: votes that expire, requests overtaken, approvals that lapse or are void."""
    done = set()

    def reached(row: tuple[str, str, str], world: World, thing: Any) -> None:
        transition = next(t for t in rules.TRANSITIONS if (t.machine, t.source, t.act) == row)
        assert state_of(transition, world, thing) == transition.target
        done.add(row)

    def new_version(world: World) -> None:
        changes.add_version(
            system=world.system, name="2.0", released_on=make.today(), notes="Faster.", by=world.system.owner
        )

    world, request = in_review()
    assert services.close_due(now=timezone.now() + dt.timedelta(days=15)) == 1
    reached(("request", "in_review", "expire"), world, request)
    world, request = in_review()
    new_version(world)
    reached(("request", "in_review", "overtake"), world, request)

    world, request = in_review()
    make.policy(world.system)
    assert changes.give_back_changed(system=world.system) == 1
    reached(("request", "in_review", "give_back"), world, request)

    world, back = stopped(flow_only=False)
    services.return_request(request=back, questions="Why?", by=world.cast["chair"])
    services.lapse_due(now=Deployment.objects.get(system=world.system).valid_until)
    reached(("request", "returned", "overtake"), world, back)
    reached(("deployment", "suspended", "lapse"), world, back)
    for source, setup in (
        ("waiting", waiting),
        ("in_force", in_force),
        ("suspended", lambda: stopped(flow_only=False)),
    ):
        for act in ("lapse", "void"):
            world, thing = setup()
            if act == "void":
                new_version(world)
            else:
                services.lapse_due(now=Deployment.objects.get(system=world.system).valid_until)
            reached(("deployment", source, act), world, thing)
    for source, setup in (
        ("waiting", waiting),
        ("running", in_force),
        ("stopped", lambda: stopped(flow_only=True)),
    ):
        world, thing = setup()
        services.lapse_due(now=Deployment.objects.get(system=world.system).valid_until)
        reached(("flow", source, "end"), world, thing)
    assert done == {(r.machine, r.source, r.act) for r in rules.TRANSITIONS if r.by == ("system",)}


def test_where_nobody_speaks_for_the_accepting_seat_the_chair_does() -> None:
    world, found = condition("handed_in")
    admin = make.person("administrator", unit=world.system.unit)
    for membership in found.accepted_by_seat.memberships.all():
        terms.dismiss(membership=membership, by=admin, reason="Left.")
    assert conditions.may_answer(found, world.cast["chair"], make.today())
    assert not conditions.may_answer(found, world.cast["condition_owner"], make.today())
