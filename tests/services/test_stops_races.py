"""Stops when several act at once, over real connections: none missed by who follows the feed, none sent twice."""

import datetime as dt
import threading

import pytest
from django.db import connections, transaction

from governance.consent.services import record_consent_events
from governance.stops import delivery, rules, selectors, services
from governance.stops.models import Delivery, Stop
from tests import make
from tests.services.test_stops import LATER, Receiver, endpoint, receiver, withdraw

__all__ = ["receiver"]  # the fixture


def test_a_stop_outside_a_transaction_is_refused(committed_db: object) -> None:
    system = make.live_system(make.PERMIT_BY_CONSENT)
    orders = [services.Order("flow.suspended", dt.datetime.now(dt.UTC), flows=["chat"])]
    with pytest.raises(RuntimeError, match="transaction"):
        services.order(system=system, orders=orders, by="system")


# --- the feed under concurrency ------------------------------------------------------------------


def test_nobody_who_follows_the_feed_ever_misses_a_stop(committed_db: object, receiver: Receiver) -> None:
    """Writers commit in any order while a reader follows `after`: it sees every number once, in order."""
    system = make.live_system(make.PERMIT_BY_CONSENT)
    endpoint(system, receiver)
    seen: list[int] = []
    over = threading.Event()

    def write(k: int) -> None:
        try:
            for n in range(6):
                with transaction.atomic():
                    withdraw(system, f"{k}-{n}")
                    threading.Event().wait(0.005 * ((k + n) % 3))
        finally:
            connections.close_all()

    def follow() -> None:
        try:
            while True:
                ended = over.is_set()
                seen.extend(row.number for row in selectors.feed(system, seen[-1] if seen else 0)[:3])
                if ended and len(seen) >= 24:
                    return
        finally:
            connections.close_all()

    reader = threading.Thread(target=follow)
    writers = [threading.Thread(target=write, args=(k,)) for k in range(4)]
    for thread in [reader, *writers]:
        thread.start()
    for thread in writers:
        thread.join(60)
    over.set()
    reader.join(20)
    assert seen == list(range(1, 25))


def test_two_workers_send_each_message_once(committed_db: object, receiver: Receiver) -> None:
    system = make.live_system(make.PERMIT_BY_CONSENT)
    endpoint(system, receiver)
    for n in range(12):
        withdraw(system, n)

    def work() -> None:
        try:
            delivery.deliver()
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _n in range(3)]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join(60)
    ids = [headers["webhook-id"] for headers, _body in receiver.got]
    assert len(ids) == len(set(ids)) == 12
    assert set(Delivery.objects.values_list("state", "attempts")) == {(rules.DELIVERED, 1)}


def test_two_withdrawals_at_once_are_one_stop_and_one_message_each(
    committed_db: object, receiver: Receiver
) -> None:
    system = make.live_system(make.PERMIT_BY_CONSENT)
    endpoint(system, receiver)
    record_consent_events(system=system, items=[make.consent(1)], by="system")
    start = threading.Barrier(6)

    def send(event: str) -> None:
        try:
            start.wait()
            word = make.consent(event, subject="customer-1", action="withdrawn", effective_at=LATER)
            record_consent_events(system=system, items=[word], by="system")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=send, args=(event,)) for event in ["a", "b"] * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Stop.objects.count() == 2
    assert delivery.deliver()["sent"] == 2
    assert sorted(body["data"]["number"] for body in receiver.bodies()) == [1, 2]
