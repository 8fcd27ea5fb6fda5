"""The ground itself: roles, template copies, live server, worker."""

import re

import psycopg
import pytest
from django.db import ProgrammingError, connection, connections

from tests.conftest import Background, LiveServer, TestDatabase


@pytest.mark.django_db
def test_tests_run_as_the_runtime_role() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        role, name = cursor.fetchone()
    assert role == "attune_app"
    assert re.match(r"(attune_test_\w+_)?test_\d+_", name)


@pytest.mark.django_db
def test_the_runtime_role_may_not_change_tables() -> None:
    with connection.cursor() as cursor, pytest.raises(ProgrammingError, match="must be owner"):
        cursor.execute("DROP TABLE django_session")


@pytest.mark.parametrize("time", [1, 2])
def test_what_is_committed_is_gone_afterwards(committed_db: TestDatabase, time: int) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE TABLE left_behind (n int)")
    with psycopg.connect(committed_db.environment()["DATABASE_URL"]) as other:
        row = other.execute("SELECT current_user FROM left_behind RIGHT JOIN (SELECT 1) x ON true").fetchone()
    assert row == ("attune_app",)


def test_the_live_server_answers(live: LiveServer) -> None:
    from urllib.error import HTTPError
    from urllib.request import urlopen

    try:
        status = urlopen(f"{live.url}/no-such-page").status
    except HTTPError as error:
        status = error.code
    assert status == 404


@pytest.mark.real
def test_a_worker_takes_work(worker: Background) -> None:
    from portal.celery import app

    app.send_task("portal.ledger.tasks.sequence", queue=worker.environment["ATTUNE_QUEUE"])
    worker.wait_for(lambda: "portal.ledger.tasks.sequence" in worker.log.read_text().split("ready.")[1])
