"""Statements that PostgreSQL plans once per connection: for the few questions that are asked before every reading.

Django binds parameters in the client, so that each text is new to the server and is parsed and planned anew: for a
look-up of one row by index that takes longer than the look-up.
"""

from typing import Any

import psycopg
from django.db import connection


def prepared_cursor() -> Any:
    """A cursor (use it with `with`) on the connection of the portal that binds on the server and keeps its plans.

    Write a cast to every parameter whose type the server cannot see. Queries are counted, and errors are Django's, as
    with `connection.cursor()`. Without ATTUNE_PREPARED_STATEMENTS it binds on the server and keeps nothing.
    """
    connection.ensure_connection()
    raw: Any = psycopg.Cursor(connection.connection)
    return connection.make_debug_cursor(raw) if connection.queries_logged else connection.make_cursor(raw)
