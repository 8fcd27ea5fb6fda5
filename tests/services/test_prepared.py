"""Statements whose plan the database keeps: the same rows, counted and refused as all others."""

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from portal.prepared import prepared_cursor

pytestmark = pytest.mark.django_db


def kept(text: str) -> int:
    """How many plans this session keeps for statements that hold this text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE %s", [f"%{text}%"])
        return int(cursor.fetchone()[0])


def answer(n: int) -> int:
    with prepared_cursor() as cursor:
        cursor.execute("SELECT %(n)s::int * 3 AS thrice", {"n": n})
        return int(cursor.fetchone()[0])


def test_the_plan_is_kept_from_the_third_time_on() -> None:
    assert [answer(n) for n in range(5)] == [0, 3, 6, 9, 12]
    assert kept("AS thrice") == 1


def test_where_a_pooler_would_forget_them_nothing_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    connection.ensure_connection()
    session = connection.connection
    assert isinstance(session, psycopg.Connection)
    monkeypatch.setattr(session, "prepare_threshold", None)
    with prepared_cursor() as cursor:
        for n in range(5):
            cursor.execute("SELECT %(n)s::int * 4 AS fourfold", {"n": n})
            assert cursor.fetchone() == (4 * n,)
    assert kept("AS fourfold") == 0


def test_it_counts_as_a_query_and_fails_as_one(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        answer(1)
    with pytest.raises(ProgrammingError), transaction.atomic(), prepared_cursor() as cursor:
        cursor.execute("SELECT no_such_column")
    assert answer(2) == 6  # a failure within a savepoint leaves the session usable
