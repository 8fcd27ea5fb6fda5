"""A signature under a legal screening holds for twelve months; what runs without one is found, and stops."""

import datetime as dt
from typing import Any

import pytest
import time_machine

from governance.assessments.models import Assessment
from governance.findings.models import Finding
from governance.findings.services import add_action
from governance.review import expiring, selectors, services
from governance.screening import selectors as screenings
from governance.screening.models import Screening
from governance.screening.rules import Signature
from governance.stops.models import Stop
from portal.desk.dates import dates
from portal.desk.reminders import remind
from portal.desk.selectors import waiting
from portal.errors import RuleBroken
from portal.jobs import bell, registry
from portal.ledger.models import LedgerBody, PendingEvent
from portal.notify.models import Message
from tests import make

pytestmark = pytest.mark.django_db
SIGNED = dt.datetime(2026, 2, 3, 9, tzinfo=dt.UTC)
UNTIL = dt.date(2027, 2, 3)
GRACE_ENDS = dt.date(2027, 3, 5)
SIGN_OFF = {"modality": "voice", "setting": "workplace", "facts": {**make.LAWFUL, "legal_sign_off": "yes"}}


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell.current_app, "send_task", lambda *args, **more: None)


def body_of(type: str) -> dict[str, Any]:
    """The body of the one event of this type."""
    body: dict[str, Any] = LedgerBody.objects.get(event=PendingEvent.objects.get(type=type).event).body
    return body


def noon(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(12), dt.UTC)


def days(number: int) -> dt.timedelta:
    return dt.timedelta(days=number)


def running(**fields: Any) -> Any:
    """A flow in force for two years, its screening signed on 3 February 2026; its assessments are valid for longer."""
    with time_machine.travel(SIGNED, tick=False):
        system = make.system()
        flow = make.flow(system, slug="chat", **fields)
        make.complete(system, [flow])
        Assessment.objects.update(valid_until=dt.date(2029, 1, 1))
        make.approved_deployment(system, [flow])
    return flow


@pytest.fixture
def flow() -> Any:
    return running()


def in_force(flow: Any, day: dt.date) -> bool:
    return selectors.in_force(flow.system_id, noon(day)).exists()


def at(day: dt.date) -> Any:
    return time_machine.travel(noon(day), tick=False)


def sign_again(flow: Any, day: dt.date) -> Screening:
    officer = make.person("data_protection_officer", system=flow.system)
    with at(day):
        return services.sign_screening(screening=screenings.current(flow), by=officer)


@pytest.mark.parametrize(
    ("day", "state"),
    [
        (UNTIL - days(91), Signature.SIGNED),
        (UNTIL - days(90), Signature.ENDS_SOON),
        (UNTIL, Signature.ENDS_SOON),
        (UNTIL + days(1), Signature.EXPIRED),
    ],
)
def test_where_a_signature_stands_by_the_day(flow: Any, day: dt.date, state: Signature) -> None:
    assert screenings.signature_of(screenings.current(flow), flow, day) is state


def test_it_goes_on_for_thirty_days_and_then_the_gate_says_no_from_the_second(flow: Any) -> None:
    assert in_force(flow, UNTIL) and in_force(flow, GRACE_ENDS)
    assert not in_force(flow, GRACE_ENDS + days(1))
    last = dt.datetime.combine(GRACE_ENDS, dt.time.max, dt.UTC)
    assert selectors.in_force(flow.system_id, last).exists()


def test_what_the_law_allows_only_by_sign_off_stops_with_the_signature() -> None:
    flow = running(**SIGN_OFF)
    assert in_force(flow, UNTIL) and not in_force(flow, UNTIL + days(1))
    found = expiring.expire_signatures(now=noon(UNTIL + days(1)))
    assert found == {"expired": 1, "stopped": 1}
    stop = Stop.objects.get(type="flow.suspended")
    assert (stop.flows, stop.effective_at) == (["chat"], dt.datetime(2027, 2, 4, tzinfo=dt.UTC))


def test_a_finding_opens_once_and_the_ledger_says_why(flow: Any) -> None:
    assert expiring.expire_signatures(now=noon(UNTIL)) == {"expired": 0, "stopped": 0}
    assert expiring.expire_signatures(now=noon(UNTIL + days(1))) == {"expired": 1, "stopped": 0}
    assert expiring.expire_signatures(now=noon(UNTIL + days(2))) == {"expired": 0, "stopped": 0}
    finding = Finding.objects.get(check_key="screening_expired:chat")
    assert (finding.severity, finding.due_on, finding.seen_count) == ("high", GRACE_ENDS, 1)
    body = body_of("screening.expired")
    assert (body["valid_until"], body["last_day"]) == ("2027-02-03", "2027-03-05")


def test_signed_again_in_time_it_goes_on_for_another_year_and_the_finding_is_cleared(flow: Any) -> None:
    expiring.expire_signatures(now=noon(UNTIL + days(1)))
    sign_again(flow, UNTIL + days(10))
    finding = Finding.objects.get(check_key="screening_expired:chat")
    assert (finding.state, finding.cleared_reason) == ("cleared", expiring.RENEWED)
    assert in_force(flow, GRACE_ENDS + days(1))
    assert expiring.expire_signatures(now=noon(GRACE_ENDS + days(1))) == {"expired": 0, "stopped": 0}


def test_a_finding_with_an_open_action_stays_for_a_person_to_clear(flow: Any) -> None:
    expiring.expire_signatures(now=noon(UNTIL + days(1)))
    finding = Finding.objects.get(check_key="screening_expired:chat")
    owner = flow.system.owner
    add_action(finding=finding, text="Ask counsel", owner=owner, due_on=GRACE_ENDS, by=owner)
    sign_again(flow, UNTIL + days(10))
    finding.refresh_from_db()
    assert finding.state == "open"


def test_after_the_grace_the_system_is_told_once_and_a_signature_alone_puts_nothing_back(flow: Any) -> None:
    late = GRACE_ENDS + days(1)
    assert expiring.expire_signatures(now=noon(late)) == {"expired": 1, "stopped": 1}
    assert expiring.expire_signatures(now=noon(late)) == {"expired": 0, "stopped": 0}
    assert Stop.objects.filter(type="flow.suspended").count() == 1
    assert body_of("review.flow_suspended")["reason"] == expiring.ENDED
    sign_again(flow, late)
    assert not in_force(flow, late + days(1))
    deployment = flow.deployments.get()
    assert [state for _flow, state in selectors.flow_states(deployment, noon(late))] == ["stopped"]


def test_the_board_puts_it_back_once_it_is_signed(flow: Any) -> None:
    late = GRACE_ENDS + days(1)
    expiring.expire_signatures(now=noon(late))
    deployment = flow.deployments.get()
    with at(late):
        request = services.ask_reinstatement(
            deployment=deployment, summary="It is solved.", by=flow.system.owner
        )
        with pytest.raises(RuleBroken, match="no valid signature"):
            services.submit(request=request, by=flow.system.owner)
    sign_again(flow, late)
    with at(late):
        services.submit(request=request, by=flow.system.owner)


def test_no_request_about_an_expired_screening_can_be_submitted(flow: Any) -> None:
    with at(UNTIL + days(1)):
        board, _members = make.board_with_members(flow.system.unit)
        request = services.create_request(
            system=flow.system, flows=[flow], version=flow.system.versions.first(), summary="Again?",
            board=board, by=flow.system.owner,
        )  # fmt: skip
        with pytest.raises(RuleBroken, match="no valid signature"):
            services.submit(request=request, by=flow.system.owner)


def test_new_rules_take_no_signature_from_what_runs_before_its_own_end(flow: Any) -> None:
    newest = screenings.current(flow)
    assert newest is not None
    Screening.objects.filter(pk=newest.pk).update(superseded_at=noon(UNTIL - days(60)))
    Screening.objects.create(
        flow=flow, outcome=newest.outcome, rules_version="next", facts=newest.facts,
        facts_sha256=newest.facts_sha256, assessed_on=UNTIL - days(60), made_at=noon(UNTIL - days(60)),
        made_by="system",
    )  # fmt: skip
    assert expiring.expire_signatures(now=noon(UNTIL)) == {"expired": 0, "stopped": 0}
    assert expiring.expire_signatures(now=noon(UNTIL + days(1)))["expired"] == 1


def test_what_is_not_in_force_is_no_finding() -> None:
    with time_machine.travel(SIGNED, tick=False):
        make.flow(make.system(), slug="chat")
    assert expiring.expire_signatures(now=noon(UNTIL + days(1))) == {"expired": 0, "stopped": 0}


def test_the_job_says_what_it_did(flow: Any) -> None:
    with at(UNTIL + days(1)):
        assert registry.get("expire_signatures").work(None) == {"expired": 1, "stopped": 0}


@pytest.mark.parametrize("left", [90, 30, 7])
def test_owner_and_officer_are_reminded_and_see_it_in_their_calendar(flow: Any, left: int) -> None:
    officer = make.person("data_protection_officer", system=flow.system)
    today = UNTIL - days(left)
    with at(today):
        for person in (flow.system.owner, officer):
            assert (UNTIL, flow.name) in [(row.on, row.title) for row in dates(person)]
            remind(person, today)
            remind(person, today)
            told = Message.objects.filter(user=person, kind="Signature under the legal outcome ends")
            assert [(row.title, row.due_on) for row in told] == [(flow.name, UNTIL)]


def test_it_waits_for_who_may_sign_first_to_be_renewed_and_then_as_expired(flow: Any) -> None:
    officer = make.person("data_protection_officer", system=flow.system)

    def kinds(day: dt.date) -> list[str]:
        with at(day):
            return [str(task.kind) for task in waiting(officer, day) if task.title == flow.name]

    assert kinds(UNTIL - days(91)) == []
    assert kinds(UNTIL - days(90)) == ["Your signature, to renew it"]
    assert kinds(UNTIL + days(1)) == ["Screening expired: your signature"]
