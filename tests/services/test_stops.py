"""Stops: ordered with the act, told by signed webhooks that survive what receivers do, confirmed, and watched."""

import base64
import datetime as dt
import hashlib
import hmac
import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from governance.consent.pseudonyms import pseudonym
from governance.consent.services import record_consent_events
from governance.findings.models import Finding
from governance.gate.services import decide
from governance.holding import services as holding
from governance.holding.holders import Person
from governance.review import services as review
from governance.stops import delivery, rules, services, tasks
from governance.stops.models import Delivery, Endpoint, Stop
from metrics.dashboards import selectors as dashboards
from metrics.stats.figure import State
from portal.errors import NotAllowed, RuleBroken
from portal.jobs.models import Job
from portal.jobs.runner import run_job
from portal.ledger.models import LedgerBody, PendingEvent
from portal.notify import outgoing, reach, sealed
from tests import make

pytestmark = pytest.mark.django_db
LATER = "2026-02-01T00:00:00+00:00"


def verified(secret: str, headers: dict[str, str], body: bytes, now: float) -> bool:
    """The check of a receiver, written from the specification alone."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    if abs(now - int(headers["webhook-timestamp"])) > 300:
        return False
    signed = b".".join([headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body])
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(
        version == "v1" and hmac.compare_digest(signature, expected)
        for version, _, signature in (one.partition(",") for one in headers["webhook-signature"].split(" "))
    )


class Receiver(ThreadingHTTPServer):
    """A real HTTP server of a system; `answer(request)` gives (status, headers, body)."""

    daemon_threads = True

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answer: Callable[[int], tuple[int, dict[str, str], bytes]] = lambda n: (204, {}, b"")
        self.lock = threading.Lock()
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.server_address[1]}/hook"

    def bodies(self) -> list[Any]:
        return [json.loads(body) for _headers, body in self.got]


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with self.server.lock:
            self.server.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
            n = len(self.server.got)
        status, headers, text = self.server.answer(n)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(text)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *args: Any) -> None:
        return


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.OUTGOING_ALLOW = reach.trusted(["localhost"])
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def system() -> Any:
    return make.live_system(make.PERMIT_BY_CONSENT)


def endpoint(system: Any, receiver: Receiver, name: str = "hook") -> tuple[Endpoint, str]:
    return services.add_endpoint(system=system, name=name, url=receiver.url, by=system.owner)


def withdraw(system: Any, n: int | str = 1, **fields: Any) -> dict[str, Any]:
    """Given and withdrawn; the receipt of the withdrawal."""
    record_consent_events(system=system, items=[make.consent(n)], by="system")
    gone = make.consent(
        f"w{n}", subject=f"customer-{n}", **({"action": "withdrawn", "effective_at": LATER} | fields)
    )
    return record_consent_events(system=system, items=[gone], by="system")[0]


def fetch(row: Any) -> Any:
    return type(row)._default_manager.get(pk=row.pk)


# --- ordered with the act ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "given", "stops"),
    [
        ("withdrawn", True, 1), ("withdrawn", False, 1), ("objected", False, 1), ("revoked", True, 1),
        ("invalidated", True, 1), ("refused", True, 1), ("refused", False, 0), ("expired", True, 1),
        ("expired", False, 0), ("requested", True, 0),
    ],
)  # fmt: skip
def test_what_ends_processing_orders_a_stop(system: Any, action: str, given: bool, stops: int) -> None:
    if given:
        record_consent_events(system=system, items=[make.consent(1)], by="system")
    word = make.consent("x", subject="customer-1", action=action, effective_at=LATER)
    answer = record_consent_events(system=system, items=[word], by="system")[0]
    rows = list(Stop.objects.filter(system=system))
    assert len(rows) == stops
    for row in rows:
        assert (row.type, row.purpose, row.modality) == (f"consent.{action}", "service", "text")
        assert str(row.event) == answer["event"]
        assert row.subject_ref == pseudonym(system.pk, "customer-1") == uuid.UUID(answer["subject_ref"])


def test_the_same_withdrawal_sent_again_orders_nothing(system: Any) -> None:
    withdraw(system)
    withdraw(system)
    assert Stop.objects.count() == 1


def test_what_is_rolled_back_leaves_no_stop(system: Any) -> None:
    with transaction.atomic():
        withdraw(system)
        transaction.set_rollback(True)
    assert not Stop.objects.exists()


def test_suspension_lapse_and_void_order_stops_like_a_withdrawal(system: Any) -> None:
    deployment = system.deployments.get()
    officer = make.person("data_protection_officer", unit=system.unit)
    review.suspend(deployment=deployment, reason="Anna says it is wrong.", by=officer)
    stop = Stop.objects.get()
    assert (stop.type, stop.flows, stop.subject_ref, stop.event) == (
        "deployment.suspended",
        ["chat"],
        None,
        None,
    )
    assert "Anna" not in str(delivery.body_of(stop, system.slug))


def test_a_stopped_flow_orders_a_stop_once(system: Any) -> None:
    flow = system.flows.get()
    officer = make.person("data_protection_officer", unit=system.unit)
    assert review.suspend_flow(flow=flow, reason="Wrong.", by=officer)
    assert not review.suspend_flow(flow=flow, reason="Wrong.", by=officer)
    assert [(row.type, row.flows) for row in Stop.objects.all()] == [("flow.suspended", ["chat"])]


def test_a_lapse_orders_a_stop_from_its_second(system: Any) -> None:
    deployment = system.deployments.get()
    ended = deployment.stretches.get().ends_at  # with its assessments, before the approval itself
    assert review.lapse_due(now=deployment.valid_until) == 1
    stop = Stop.objects.get()
    assert (stop.type, stop.effective_at) == ("deployment.lapsed", ended)


def test_an_approval_that_replaces_another_stops_nothing_that_goes_on(system: Any) -> None:
    make.approved_deployment(system, [system.flows.get()])
    assert system.deployments.filter(state="voided").exists()
    assert not Stop.objects.exists()


# --- told ----------------------------------------------------------------------------------------


def test_a_withdrawal_arrives_signed_and_without_a_name(system: Any, receiver: Receiver) -> None:
    hook, secret = endpoint(system, receiver)
    withdraw(system)
    assert delivery.deliver() == {"sent": 1, "failed": 0, "given_up": 0}
    ((headers, body),) = receiver.got
    now = time.time()
    assert verified(secret, headers, body, now)
    assert not verified(secret, headers, body + b" ", now)
    assert not verified(rules.shown_secret(b"x" * 32), headers, body, now)
    stop = Stop.objects.get()
    told = json.loads(body)
    assert headers["webhook-id"] == str(stop.pk) == told["data"]["stop_id"]
    assert told["type"] == "consent.withdrawn"
    assert told["data"]["subject_ref"] == str(pseudonym(system.pk, "customer-1"))
    assert b"customer-1" not in body
    assert Delivery.objects.get().state == rules.DELIVERED
    assert fetch(hook).state == "endpoint_ok"
    assert delivery.deliver()["sent"] == 0


def test_the_specifications_own_example() -> None:
    """The example of the reference implementations: secret, id, time and body with the signature they publish."""
    secret = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    assert (
        rules.sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_secrets_lie_encrypted_and_belong_to_their_endpoint(system: Any, receiver: Receiver) -> None:
    hook, secret = endpoint(system, receiver)
    other, _secret = endpoint(system, receiver, "other")
    assert secret.removeprefix("whsec_") not in hook.secret
    assert rules.shown_secret(sealed.unseal(hook.secret, str(hook.pk))) == secret
    with pytest.raises(sealed.Unreadable):
        sealed.unseal(hook.secret, str(other.pk))
    with pytest.raises(sealed.Unreadable):
        sealed.unseal(hook.secret[:-4] + "AAA=", str(hook.pk))


def test_while_a_secret_is_rotated_both_sign_and_then_the_new_one_alone(
    system: Any, receiver: Receiver
) -> None:
    hook, old = endpoint(system, receiver)
    new = services.rotate_secret(endpoint=hook, by=system.owner)
    withdraw(system)
    delivery.deliver()
    now = time.time()
    headers, body = receiver.got[0]
    assert verified(old, headers, body, now)
    assert verified(new, headers, body, now)
    Endpoint.objects.update(previous_until=dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1))
    withdraw(system, 2)
    delivery.deliver()
    headers, body = receiver.got[1]
    assert not verified(old, headers, body, now)
    assert verified(new, headers, body, now)


def test_with_another_key_nothing_is_sent_and_the_reason_is_said(
    system: Any, receiver: Receiver, settings: Any
) -> None:
    endpoint(system, receiver)
    withdraw(system)
    settings.SECRET_KEY = "another key " * 4
    assert delivery.deliver()["failed"] == 1
    assert Delivery.objects.get().failure == "no_secret"
    assert not receiver.got


@pytest.mark.parametrize(
    ("answer", "state", "failure"),
    [
        ((200, {}, b"\x00\xff<garbage"), rules.DELIVERED, ""),
        ((299, {}, b"x" * 2_000_000), rules.DELIVERED, ""),
        ((302, {"Location": "http://169.254.169.254/"}, b""), rules.WAITING, ""),
        ((400, {}, b""), rules.WAITING, ""),
        ((500, {}, b""), rules.WAITING, ""),
    ],
)
def test_what_an_answer_means(system: Any, receiver: Receiver, answer: Any, state: str, failure: str) -> None:
    endpoint(system, receiver)
    receiver.answer = lambda n: answer
    withdraw(system)
    delivery.deliver()
    row = Delivery.objects.get()
    assert (row.state, row.status, row.failure, row.attempts) == (state, answer[0], failure, 1)


def test_gone_disables_the_endpoint(system: Any, receiver: Receiver) -> None:
    hook, _secret = endpoint(system, receiver)
    receiver.answer = lambda n: (410, {}, b"")
    withdraw(system)
    withdraw(system, 2)
    delivery.deliver()
    assert fetch(hook).state == "endpoint_gone"
    assert set(Delivery.objects.values_list("state", flat=True)) == {rules.DROPPED}
    withdraw(system, 3)
    assert Delivery.objects.filter(stop__event__isnull=False).count() == 2  # nothing more is put out for it


def test_down_for_a_day_everything_arrives_in_order_soon_after(system: Any, receiver: Receiver) -> None:
    hook, secret = endpoint(system, receiver)
    receiver.answer = lambda n: (503, {}, b"")
    start = dt.datetime.now(dt.UTC)
    with time_machine.travel(start, tick=True) as clock:
        for n in range(1, 4):
            withdraw(system, n)
        calls = 0
        while dt.datetime.now(dt.UTC) < start + dt.timedelta(days=1):
            delivery.deliver()
            due = delivery.next_due()
            assert due is not None
            clock.move_to(max(due, dt.datetime.now(dt.UTC)) + dt.timedelta(seconds=1))
            calls += 1
            assert calls < 400
        assert set(Delivery.objects.values_list("state", flat=True)) == {rules.WAITING}
        tried = len(receiver.got)
        assert 3 < tried < 60  # one at a time while it is down, ever less often
        receiver.answer = lambda n: (200, {}, b"")
        clock.move_to(dt.datetime.now(dt.UTC) + rules.LONGEST_REST * 2 + dt.timedelta(hours=14))
        assert delivery.deliver()["sent"] == 3
        headers, body = receiver.got[-1]
        assert verified(secret, headers, body, time.time())
    assert fetch(hook).failures == 0
    ids = {headers["webhook-id"] for headers, _body in receiver.got}
    assert len(ids) == 3  # however often it was sent


def test_after_three_days_it_is_given_up_and_a_person_sends_it_again(system: Any, receiver: Receiver) -> None:
    hook, _secret = endpoint(system, receiver)
    receiver.answer = lambda n: (500, {}, b"")
    start = dt.datetime.now(dt.UTC)
    assert dt.timedelta(days=3) < rules.GIVE_UP
    with time_machine.travel(start, tick=True) as clock:
        withdraw(system)
        times = []
        while Delivery.objects.get().state == rules.WAITING:
            if delivery.deliver()["failed"]:
                times.append(dt.datetime.now(dt.UTC) - start)
            if (due := delivery.next_due()) is not None:
                clock.move_to(max(due, dt.datetime.now(dt.UTC)) + dt.timedelta(seconds=1))
        assert Delivery.objects.get().state == rules.DEAD
        assert times[-1] > dt.timedelta(days=3)
        assert 9 <= len(times) <= 11
        with pytest.raises(RuleBroken, match="Nothing was given up"):
            services.retry_dead(endpoint=endpoint(system, receiver, "b")[0], by=system.owner)
        assert services.retry_dead(endpoint=hook, by=system.owner) == 1
        receiver.answer = lambda n: (200, {}, b"")
        assert delivery.deliver()["sent"] == 1
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == 1


def test_a_hanging_endpoint_holds_up_nobody(
    system: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twenty messages for a hanging one before one for another: that one arrives while the first still hangs."""
    monkeypatch.setattr(outgoing, "TOTAL_SECONDS", 1.5)
    done = threading.Event()
    slow = Receiver()
    slow.answer = lambda n: (done.wait(5) and (200, {}, b"")) or (200, {}, b"")
    threading.Thread(target=slow.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    other = make.live_system(make.PERMIT_BY_CONSENT)
    services.add_endpoint(system=system, name="hangs", url=slow.url, by=system.owner)
    for n in range(5):
        withdraw(system, n)
    endpoint(other, receiver)
    withdraw(other)
    arrived: list[float] = []
    begun = time.time()
    receiver.answer = lambda n: (arrived.append(time.time() - begun) or 200, {}, b"")  # type: ignore[func-returns-value]
    told = delivery.deliver()
    done.set()
    slow.shutdown()
    slow.server_close()
    assert arrived[0] < 1.0
    assert told["sent"] == 1
    assert len(slow.got) <= delivery.PER_ENDPOINT  # and then it rests
    assert Delivery.objects.filter(endpoint__name="hangs", failure="timeout").count() == len(slow.got)


def test_an_endpoint_whose_name_leads_inside_is_not_called(
    system: Any, receiver: Receiver, settings: Any
) -> None:
    endpoint(system, receiver)
    withdraw(system)
    settings.OUTGOING_ALLOW = reach.trusted([])
    assert delivery.deliver()["failed"] == 1
    assert not receiver.got
    with pytest.raises(RuleBroken):
        endpoint(system, receiver, "now")


def test_a_crash_between_sending_and_storing_sends_again_under_the_same_id(
    system: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint(system, receiver)
    withdraw(system)

    def crash(*args: Any) -> None:
        raise MemoryError("the worker dies here")

    with monkeypatch.context() as broken:
        broken.setattr(delivery, "_settle", crash)
        with pytest.raises(MemoryError):
            delivery.deliver()
    assert len(receiver.got) == 1
    assert delivery.deliver()["sent"] == 0  # the claim still holds: nobody sends it at the same time
    Delivery.objects.update(claimed_until=dt.datetime.now(dt.UTC) - dt.timedelta(seconds=1))
    assert delivery.deliver()["sent"] == 1
    ids = [headers["webhook-id"] for headers, _body in receiver.got]
    assert len(ids) == 2
    assert len(set(ids)) == 1


def test_who_was_overtaken_stores_nothing(system: Any, receiver: Receiver) -> None:
    endpoint(system, receiver)
    withdraw(system)
    (claim,) = delivery._claim(5, {})
    Delivery.objects.update(attempts=2)  # another worker took it over
    tally = delivery.Tally()
    delivery._settle(claim, outgoing.Answer(200, 0.1), tally)
    assert (tally.sent, Delivery.objects.get().state) == (0, rules.WAITING)


def test_erasure_takes_the_pseudonym_out_of_what_is_still_to_be_sent(system: Any, receiver: Receiver) -> None:
    endpoint(system, receiver)
    withdraw(system)
    ref = pseudonym(system.pk, "customer-1")
    holding.erase(person=Person(system, ref), by="system")
    delivery.deliver()
    assert receiver.bodies()[0]["data"]["subject_ref"] is None
    assert str(ref) not in str(list(LedgerBody.objects.values_list("body", flat=True)))


def test_a_test_message_stops_nothing(system: Any, receiver: Receiver) -> None:
    hook, secret = endpoint(system, receiver)
    services.send_test(endpoint=hook, by=system.owner)
    assert delivery.deliver()["sent"] == 1
    headers, body = receiver.got[0]
    assert verified(secret, headers, body, time.time())
    assert json.loads(body)["type"] == "attune.test"
    assert not Stop.objects.exists()


def test_who_may_not_manage_endpoints_is_refused(system: Any, receiver: Receiver) -> None:
    hook, _secret = endpoint(system, receiver)
    for role in ("auditor", "manager", "board_chair", "supervisor", "data_protection_officer"):
        person = make.person(role, unit=system.unit)
        acts: list[Callable[[], Any]] = [
            lambda p=person: services.add_endpoint(system=system, name="x", url="https://example.org/", by=p),  # type: ignore[misc]
            lambda p=person: services.rotate_secret(endpoint=hook, by=p),  # type: ignore[misc]
            lambda p=person: services.disable_endpoint(endpoint=hook, by=p),  # type: ignore[misc]
            lambda p=person: services.send_test(endpoint=hook, by=p),  # type: ignore[misc]
            lambda p=person: services.retry_dead(endpoint=hook, by=p),  # type: ignore[misc]
        ]
        for act in acts:
            with pytest.raises(NotAllowed):
                act()
    services.disable_endpoint(endpoint=hook, by=make.person("administrator", unit=system.unit))
    assert fetch(hook).state == "endpoint_disabled"


# --- the job -------------------------------------------------------------------------------------


def test_a_stop_rings_at_once_and_what_failed_has_a_job_for_later(
    system: Any, receiver: Receiver, django_capture_on_commit_callbacks: Any
) -> None:
    endpoint(system, receiver)
    receiver.answer = lambda n: (500, {}, b"")
    with django_capture_on_commit_callbacks(execute=True):
        withdraw(system)
        withdraw(system, 2)
    job = Job.objects.get(kind=services.DELIVER)  # one for both
    run_job(job.pk)
    job.refresh_from_db()
    assert job.state == "done"
    assert job.result and job.result["failed"] > 0
    later = Job.objects.get(kind=tasks.RETRY)
    assert job.finished_at and later.due_at > job.finished_at
    with django_capture_on_commit_callbacks(execute=True):
        withdraw(system, 3)  # does not wait for that one
    assert Job.objects.filter(kind=services.DELIVER, state="queued").count() == 1


# --- confirmed -----------------------------------------------------------------------------------


def test_a_confirmation_is_taken_once_and_said_again_changes_nothing(system: Any) -> None:
    withdraw(system)
    stop = Stop.objects.get()
    at = stop.effective_at + dt.timedelta(minutes=3)
    services.acknowledge(stop=stop, stopped_at=at, by="system")
    services.acknowledge(stop=stop, stopped_at=at, by="system")
    assert fetch(stop).latency == dt.timedelta(minutes=3)
    assert PendingEvent.objects.filter(type="stop.acknowledged").count() == 1
    with pytest.raises(RuleBroken, match="another time"):
        services.acknowledge(stop=stop, stopped_at=at + dt.timedelta(seconds=1), by="system")


@pytest.mark.parametrize(("minutes", "code"), [(-6, "before_stop"), (60 * 24 * 365 * 20, "future")])
def test_a_time_that_cannot_be_is_refused(system: Any, minutes: int, code: str) -> None:
    withdraw(system)
    stop = Stop.objects.get()
    with pytest.raises(RuleBroken) as refusal:
        services.acknowledge(
            stop=stop, stopped_at=stop.effective_at + dt.timedelta(minutes=minutes), by="system"
        )
    assert (refusal.value.code, refusal.value.field) == (code, "stopped_at")


@pytest.mark.parametrize(
    ("behind", "kept"), [(dt.timedelta(seconds=2), dt.timedelta(0)), (dt.timedelta(minutes=-4), None)]
)
def test_a_clock_a_little_off_confirms_and_may_say_it_again(
    system: Any, behind: dt.timedelta, kept: dt.timedelta | None
) -> None:
    record_consent_events(system=system, items=[make.consent(1)], by="system")
    now = timezone.now()
    gone = make.consent(2, subject="customer-1", action="withdrawn", effective_at=now.isoformat())
    record_consent_events(system=system, items=[gone], by="system")
    stop = Stop.objects.get()
    said = stop.effective_at - behind
    for _again in range(2):
        services.acknowledge(stop=stop, stopped_at=said, by="system")
    row = fetch(stop)
    assert row.effective_at <= row.stopped_at <= row.acknowledged_at
    if kept is not None:
        assert row.latency == kept
    assert PendingEvent.objects.filter(type="stop.acknowledged").count() == 1


def test_a_late_confirmation_is_a_finding_of_its_own(system: Any) -> None:
    withdraw(system)
    stop = Stop.objects.get()
    with time_machine.travel(stop.due_at + dt.timedelta(minutes=1), tick=False):
        services.acknowledge(stop=stop, stopped_at=stop.effective_at + dt.timedelta(minutes=1), by="system")
    found = Finding.objects.get(check_key=services.CONFIRMED_LATE)
    assert (found.state, found.params["stops"]) == ("open", "1")


@pytest.mark.parametrize(
    ("basis", "stops"),
    [
        ("consent", 1),
        ("legitimate_interest", 1),
        ("public_task", 1),
        ("contract", 0),
        ("legal_obligation", 0),
    ],
)
def test_an_objection_stops_what_may_be_objected_to_and_the_gate_agrees(basis: str, stops: int) -> None:
    system = make.live_system({**make.PERMIT_BY_CONTRACT, "basis": basis, "explicit": False})
    word = make.consent(1, action="objected")
    record_consent_events(system=system, items=[word], by="system")
    assert Stop.objects.filter(type="consent.objected").count() == stops
    question = {"subject": "customer-1", "subject_role": "customer", "purpose": "service", "modality": "text"}
    assert (decide(system=system, items=[question])[0].outcome == "gap") is bool(stops)


@pytest.mark.parametrize(
    ("correction", "stops"),
    [
        ({"action": "requested"}, ["consent.invalidated"]),
        ({"subject": "customer-2"}, ["consent.invalidated"]),  # it was somebody else's
        ({"action": "withdrawn"}, ["consent.withdrawn"]),
        ({"explicit": True}, []),  # it still stands
    ],
)
def test_a_correction_that_takes_consent_away_orders_a_stop(
    system: Any, correction: dict[str, Any], stops: list[str]
) -> None:
    record_consent_events(system=system, items=[make.consent(1)], by="system")
    fixed = make.consent("fixed", **({"subject": "customer-1", "corrects": "c-1"} | correction))
    answer = record_consent_events(system=system, items=[fixed], by="system")[0]
    assert answer["status"] == "accepted", answer
    rows = Stop.objects.filter(system=system)
    assert [row.type for row in rows] == stops
    assert all(row.subject_ref == pseudonym(system.pk, "customer-1") for row in rows)


def test_the_dashboard_tells_how_long_stopping_takes_and_what_is_left_out(settings: Any) -> None:
    system = make.live_system(make.PERMIT_BY_CONSENT)
    for n in range(70):
        withdraw(system, n)
    stops = list(Stop.objects.order_by("number"))
    for n, stop in enumerate(stops[:60], start=1):  # 5, 10, ... 300 seconds
        services.acknowledge(
            stop=stop, stopped_at=stop.effective_at + dt.timedelta(seconds=5 * n), by="system"
        )
    day = stops[0].effective_at.date()
    figures = dashboards.figures(system, day, day)
    for kpi, right in (("stop_median", 150), ("stop_p95", 285)):
        found = figures[kpi]
        assert found.state is State.OK
        assert found.n == 60
        assert found.value == pytest.approx(right, rel=0.06)  # a bin is 12 % wide
        assert found.ci is not None
        assert found.ci[0] <= right <= found.ci[1]
        assert dict(found.exclusions) == {"stops not confirmed yet": 10}
    Stop.objects.filter(number__gt=9).delete()
    assert dashboards.figures(system, day, day)["stop_median"].state is not State.OK


def test_what_is_not_confirmed_in_time_is_one_finding_until_it_is(system: Any) -> None:
    withdraw(system)
    withdraw(system, 2)
    assert services.watch() == {"late": 0, "cleared": 0}
    later = dt.datetime.now(dt.UTC) + dt.timedelta(minutes=61)
    assert services.watch(now=later)["late"] == 1
    services.watch(now=later)
    finding = Finding.objects.get(system=system, check_key=services.LATE)
    assert (finding.state, finding.seen_count) == ("open", 2)
    assert finding.detail_text.startswith("2 stops")
    for stop in Stop.objects.all():
        services.acknowledge(stop=stop, stopped_at=stop.effective_at, by="system")
    assert services.watch(now=later) == {"late": 0, "cleared": 1}
    assert fetch(finding).state == "cleared"
