"""Every field of every model, sent to every call and every form: what is not declared changes nothing."""

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models, transaction
from django.test import Client

from tests import make
from tests.hostile import calls, pages
from tests.hostile.poison import APPS
from tests.hostile.test_bodies import TAKES_FILES, writes
from tests.whole.world import World

pytestmark = pytest.mark.xdist_group("hostile-assignment")
WORD, NUMBER, DAY = "zqcanary", 424242, "2077-07-07"
NEVER = uuid.UUID("7e57c0de-0000-4000-8000-00000000dead")
BATCHES = {"api_interactions", "api_labels", "api_surveys", "api_values"}


def model_fields() -> dict[str, Any]:
    """Name (and column) of every field of every model of ours, with a value of its type that stands out."""
    found: dict[str, Any] = {}
    for model in apps.get_models():
        if model.__module__.split(".")[0] not in APPS:
            continue
        for one in model._meta.get_fields():
            value: Any = WORD
            if isinstance(one, models.BooleanField):
                value = True
            elif isinstance(one, models.IntegerField | models.DecimalField | models.FloatField):
                value = NUMBER
            elif isinstance(one, models.DateTimeField):
                value = f"{DAY}T00:00:00+00:00"
            elif isinstance(one, models.DateField):
                value = DAY
            elif isinstance(one, models.UUIDField) or one.is_relation:
                value = str(NEVER)
            found.setdefault(one.name, value)
            found.setdefault(getattr(one, "attname", one.name), value)
    return found


def written(since: Mapping[str, Any] = MappingProxyType({})) -> dict[str, tuple[int, int, int]]:
    """Per table the rows inserted, changed and deleted, as the database counts them, where it moved `since`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_xact_user_tables"
            " WHERE n_tup_ins + n_tup_upd + n_tup_del > 0"
        )
        now = {row[0]: row[1:] for row in cursor.fetchall()}
    return {table: counts for table, counts in now.items() if counts != since.get(table)}


def traces(tables: dict[str, Any]) -> list[str]:
    """Rows of these tables that hold one of the values that stand out; the ledger may quote what a form declares."""
    found = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(
                f'SELECT left(t::text, 300) FROM "{table}" t WHERE t::text ~ %s LIMIT 3',
                [f"{WORD}|\\m{NUMBER}\\M|{DAY}|{NEVER}"],
            )
            found += [f"{table}: {row[0]}" for row in cursor.fetchall()]
    return found


def booleans(tables: dict[str, Any]) -> dict[str, Any]:
    """How many rows of these tables have which yes and no, to see one that flipped."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            table = model._meta.db_table
            flags = [f.column for f in model._meta.concrete_fields if isinstance(f, models.BooleanField)]
            if table in tables and flags:
                columns = ", ".join(f'"{flag}"' for flag in flags)
                cursor.execute(
                    f'SELECT {columns}, count(*) FROM "{table}" GROUP BY {columns} ORDER BY {columns}'
                )
                found[table] = cursor.fetchall()
    return found


def declared_in_schema(method: str, url_path: str) -> set[str]:
    """Names of the fields that a call declares, at its top or of an item."""
    text = json.dumps(calls.schema()["paths"][url_path][method].get("requestBody", {}))
    for reference in {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}:
        text += json.dumps(calls.schema()["components"]["schemas"][reference])
    return {name for name in model_fields() if f'"{name}": {{' in text}


def test_every_call_refuses_every_field_that_it_does_not_declare(world: World, unblocked: None) -> None:
    faults, sent = [], 0
    paths = {(method, calls.real(world, path)[0]): path for method, path, _operation in calls.operations()}
    for name, method, url, headers in writes(world):
        # no JSON: tests/views/test_assessments.py; a document whose faults are told per entry: test_register_files.py
        if name in TAKES_FILES or name == "api_register_import":
            continue
        path = paths[method, name]
        extra = {k: v for k, v in model_fields().items() if k not in declared_in_schema(method, path)}
        assert len(extra) > 100
        sent += len(extra)
        body = {"items": [extra]} if name in BATCHES else extra
        with transaction.atomic():
            before = written()
            response: Any = Client(headers=headers).generic(
                method.upper(), url, json.dumps(body), "application/json"
            )
            found = response.json()
            rows = found.get("errors") or [row for item in found.get("items", ()) for row in item["errors"]]
            codes = {row["code"] for row in rows}
            if (
                response.status_code not in ((200,) if name in BATCHES else (422,))
                or "unknown_field" not in codes
            ):
                faults.append(f"{name}: {response.status_code} {codes}")
            if kept := traces(written(before)):
                faults.append(f"{name}: {kept[:2]}")
            transaction.set_rollback(True)
    assert sent > 1500
    assert not faults, "\n".join(faults)


def outcome(browser: Client, form: pages.Form, body: dict[str, Any]) -> tuple[Any, ...]:
    """What a post does: its answer, the rows written, what stands out, the flags; all taken back."""
    with transaction.atomic():
        before = written()  # the counts of an earlier transaction may not be flushed yet
        response: Any = browser.post(form.action, body)
        tables = written(before)
        found = (response.status_code, tables, traces(tables), booleans(tables))
        transaction.set_rollback(True)
    return found


def test_no_form_changes_what_it_does_not_show(world: World, unblocked: None) -> None:
    browser, faults, wrote, sent = pages.client(world), [], 0, 0
    for name in pages.posting_names():
        form = pages.form_of(world, browser, name)
        extra = {k: v for k, v in model_fields().items() if k not in form.names}
        sent += len(extra)
        plain = outcome(browser, form, form.values)
        loaded = outcome(browser, form, {**form.values, **extra})
        wrote += plain[0] in (200, 302) and bool(plain[1])
        same = plain[0] == loaded[0] and plain[1].keys() == loaded[1].keys() and plain[3] == loaded[3]
        refused = loaded[0] in (400, 404, 409, 422) and not loaded[1]
        if not (same or refused):
            faults.append(f"{name}: {plain[:2]} became {loaded[:2]}")
        if new := set(loaded[2]) - set(plain[2]):
            faults.append(f"{name}: {sorted(new)[:2]}")
    print(f"{wrote} forms wrote, {sent} undeclared fields sent")
    assert wrote >= 15, "hardly any form was filled in well enough to write: the test saw little"
    assert not faults, "\n".join(faults)


def test_the_search_sees_an_assigned_field(world: World, unblocked: None) -> None:
    """The control: a change as a careless view would make it is found."""
    from governance.registry.models import System

    with transaction.atomic():
        System.objects.filter(slug=world.slug).update(name=WORD)
        assert "governance_system" in written()
        assert traces(written())
        transaction.set_rollback(True)
    with transaction.atomic():
        make.user("Someone")
        assert traces(written()) == []
        transaction.set_rollback(True)
    assert dt.date.fromisoformat(DAY) > dt.datetime.now(dt.UTC).date()
