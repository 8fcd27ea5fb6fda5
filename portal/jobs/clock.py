"""The database's clock: the only one that jobs go by, since those of several machines differ."""

from datetime import datetime
from typing import cast

from django.db import connection


def database_now() -> datetime:
    """Now, to the microsecond, even inside a long transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    return cast(datetime, now)
