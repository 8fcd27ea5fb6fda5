"""Two at once: the last administrators, the same Idempotency-Key, the same grant."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.test import Client

from portal.access.models import RoleAssignment, UnitUserPermission
from portal.access.services import change_person, grant_role, revoke_role
from portal.accounts.models import Unit, User
from portal.errors import NotAllowed, RuleBroken
from portal.ledger.models import PendingEvent
from tests import make
from tests.conftest import TestDatabase


def both(*works: Callable[[], Any]) -> list[Any]:
    """Run them at the same moment, each on its own connection; results or exceptions in order."""
    start, results = threading.Barrier(len(works)), [None] * len(works)

    def run(place: int, work: Callable[[], Any]) -> None:
        start.wait()
        try:
            results[place] = work()
        except Exception as error:
            results[place] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n, work)) for n, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return results


def test_two_administrators_cannot_end_each_other(committed_db: TestDatabase) -> None:
    top = make.unit()
    rows = [RoleAssignment.objects.get(user=make.person("administrator", unit=top)) for _n in range(2)]
    results = both(*(lambda row=row: revoke_role(assignment=row, by="system") for row in rows))
    refused = [result for result in results if isinstance(result, RuleBroken)]
    assert [error.code for error in refused] == ["last_administrator"]
    assert RoleAssignment.objects.filter(revoked_at__isnull=True).count() == 1


def test_two_administrators_cannot_switch_each_other_off(committed_db: TestDatabase) -> None:
    top = make.unit()
    one, two = (make.person("administrator", unit=top) for _n in range(2))

    def switch_off(user: User, by: User) -> User:
        return change_person(user=user, name="X", is_active=False, valid_until=None, by=by)

    results = both(lambda: switch_off(one, two), lambda: switch_off(two, one))
    assert sum(isinstance(result, NotAllowed) for result in results) == 1
    assert User.objects.filter(is_active=True).count() == 1


def test_the_same_grant_twice_at_once_is_one_role(committed_db: TestDatabase) -> None:
    unit, person = make.unit(), make.user()
    results = both(*[lambda: grant_role(user=person, role="manager", unit=unit, by="system")] * 4)
    assert not [result for result in results if isinstance(result, Exception)]
    assert RoleAssignment.objects.filter(user=person).count() == 1
    codes = UnitUserPermission.objects.filter(user=person).values_list("permission__codename", flat=True)
    assert len(codes) == len(set(codes)) > 0


@pytest.mark.urls("tests.views.test_rest")
def test_the_same_idempotency_key_at_once_writes_once(committed_db: TestDatabase) -> None:
    _key, text = make.api_key()

    def post() -> Any:
        return Client().post(
            "/api/v1/units",
            {"name": "Claims"},
            content_type="application/json",
            HTTP_IDEMPOTENCY_KEY="same",
            HTTP_AUTHORIZATION=f"Bearer {text}",
        )

    answers = both(*[post] * 6)
    assert {answer.status_code for answer in answers} == {201}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert Unit.objects.count() == 1
    assert PendingEvent.objects.filter(type="people.unit_created").count() == 1
    assert sum(answer.has_header("Idempotent-Replayed") for answer in answers) == 5
