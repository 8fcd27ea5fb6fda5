"""What no decent client sends: every call and form refuses it, quickly, in little memory, and keeps nothing."""

import gc
import io
import logging
import resource
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse

from portal.logs import OneLine
from portal.web.middleware import FORM_BYTES
from tests.hostile import calls, pages
from tests.whole.test_urls_by_role import may_act, patterns
from tests.whole.world import World

pytestmark = pytest.mark.xdist_group("hostile-bodies")
SECONDS = (
    2.0  # of processor time, which a busy machine makes longer too; what grows with the square takes minutes
)
GROWTH_MB = 100
DEEP = 100_000
JSON = "application/json"
LONG = "x" * 1_000_000
BODIES: dict[str, bytes] = {
    "deep array": b"[" * DEEP + b"]" * DEEP,
    "deep array, open": b"[" * DEEP,
    "deep object": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "deep items": b'{"items":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep facts": b'{"facts":' + b'{"a":' * DEEP + b"1" + b"}" * (DEEP + 1),
    "1e400": b'{"items": [{"id": 1e400}]}',
    "5,000 digits": b'{"items": [{"id": ' + b"9" * 5000 + b"}]}",
    "NaN": b'{"items": [{"id": NaN}]}',
    "infinity": b'{"items": [{"id": -Infinity}]}',
    "two keys": b'{"items": [], "items": []}',
    "no UTF-8": b'{"items": [{"id": "\xff\xfe"}]}',
    "NUL": b'{"items": [{"id": "a\\u0000b"}], "na\\u0000me": 1}',
    "raw NUL": b'\x00{"items": []}',
    "half a surrogate": b'{"items": [{"id": "\\ud800"}], "\\udfff": "\\ud800"}',
    "byte order mark": b'\xef\xbb\xbf{"items": []}',
    "UTF-16": '{"items": []}'.encode("utf-16"),
    "year 0": b'{"from": "0000-00-00", "items": [{"occurred_at": "0000-01-01T00:00:00Z"}]}',
    "year 9999": b'{"from": "9999-12-31", "items": [{"id": "a", "occurred_at": "9999-12-31T23:59:59Z"}]}',
    "year 99999": b'{"items": [{"effective_at": "99999-01-01T00:00:00Z"}]}',
    "a megabyte in a field": b'{"name": "' + LONG.encode() + b'", "id": "' + LONG.encode() + b'"}',
    "a million keys": b"{" + b",".join(b'"%d":0' % n for n in range(1_000_000)) + b"}",
    "a million items": b'{"items":[' + b",".join([b"0"] * 1_000_000) + b"]}",
    "a word": b'"items"',
    "nothing": b"",
    "not JSON": b"<items/>",
}
# an empty body is theirs
TAKES_NOTHING = {
    "api_system_register",
    "api_request_submit",
    "api_request_close",
    "api_screening_sign",
    "api_flow_screen",
    "api_register_import_cancel",
    "api_system_screen",
    "api_audit_runs",
    "api_assessment_submit",
    "api_person_request_start",
    "api_person_request_carry_out",
    "api_personal_link_revoke",
}
TAKES_FILES = {
    "api_assessment_attachments",
    "api_condition_files",
    "api_council_files",
}  # multipart instead of JSON


def writes(world: World) -> Iterator[tuple[str, str, str, dict[str, str]]]:
    """(operation, method, address, headers) of every call that takes a body, as somebody who may."""
    for method, path, operation in calls.operations():
        if method in ("get", "delete"):
            continue
        name, row, parameters = calls.real(world, path)
        key = may_act("own key", row) and not row.key and not row.writes
        caller = "own key" if key else "everyone"
        yield (
            name,
            method,
            path.format(**parameters) + calls.asked(world, operation),
            calls.headers(world, caller),
        )


def rss_mb() -> float:
    pages_in_use = int(Path("/proc/self/statm").read_text().split()[1])
    return pages_in_use * resource.getpagesize() / 2**20


def send(method: str, url: str, body: bytes, headers: dict[str, str], kind: str = JSON) -> tuple[Any, float]:
    """The answer and the processor time it took; what it wrote is rolled back."""
    browser = Client(raise_request_exception=False, headers=headers)
    began = time.process_time()
    with transaction.atomic():
        response: Any = browser.generic(method.upper(), url, body, kind)
        transaction.set_rollback(True)
    return response, time.process_time() - began


@pytest.mark.parametrize("what", BODIES)
def test_every_call_refuses(what: str, world: World, unblocked: None) -> None:
    before, faults, seen = rss_mb(), [], 0
    for name, method, url, headers in writes(world):
        if what == "nothing" and name in TAKES_NOTHING:
            continue
        response, seconds = send(method, url, BODIES[what], headers)
        seen += 1
        items = response.json().get("items") or [{}] if response.status_code == 200 else [{}]
        refused = response.status_code == 200 and {item.get("status") for item in items} == {"refused"}
        if not (400 <= response.status_code < 500 or refused):
            faults.append(f"{name}: {response.status_code} {response.content[:200]!r}")
        if response.status_code not in (200, 401) and len(response.content) > 100_000:
            faults.append(f"{name}: {len(response.content)} bytes of refusal")
        if seconds > SECONDS:
            faults.append(f"{name}: {seconds:.1f} s")
        del response
        if len(BODIES[what]) > 1_000_000:  # the test client holds requests in circles
            gc.collect()
    assert seen >= 15
    assert not faults, "\n".join(faults)
    assert rss_mb() - before < GROWTH_MB


@pytest.mark.parametrize(
    ("kind", "extra"),
    [
        ("text/plain", {}),
        ("application/xml", {}),
        ("application/x-www-form-urlencoded", {}),
        ("multipart/form-data; boundary=x", {}),
        ("multipart/form-data", {}),
        (JSON, {"Content-Encoding": "gzip"}),
        (JSON, {"Content-Encoding": "br"}),
    ],
)
def test_every_call_refuses_other_kinds_and_codings(
    kind: str, extra: dict[str, str], world: World, unblocked: None
) -> None:
    found = {
        name: send(method, url, b'{"items": []}', headers | extra, kind)[0].status_code
        for name, method, url, headers in writes(world)
    }
    assert len(found) >= 15
    if kind.startswith("multipart"):  # of the right kind, and no form
        assert {found.pop(name) for name in TAKES_FILES} <= {400, 422}
    assert set(found.values()) == {415}, found


def test_every_call_refuses_what_is_too_large(world: World, unblocked: None) -> None:
    body = b" " * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    found = {
        name: send(method, url, body, headers)[0].status_code for name, method, url, headers in writes(world)
    }
    assert len(found) >= 15
    assert set(found.values()) == {413}, found


# --- query strings -------------------------------------------------------------------------------------------------

QUERIES = {
    "ten thousand": "&".join(f"a{n}=1" for n in range(10_000)),
    "long": "q=" + "x" * 100_000,
    "no UTF-8": "q=%ff%fe&page=%ff&system=%ff&state=%ff",
    "NUL": "q=%00&system=%00&state=%00&cursor=%00&page=%00&sort=%00&from=%00&by=%00&kind=%00&tab=%00",
    "nonsense": (
        "page=-1&per=99999999999999999999&sort=__class__&sort=-pk&col=__init__&export=exe&cursor=cD0wMA"
        "&page_size=abc&from=0000-00-00&to=9999-99-99&range=all&by=%27%3B--&state=none&system=../../etc"
        "&severity=x&kind=x&unit=x&owner=0&q=%F0%9F%92%A9&due=9999-12-31&opened=0001-01-01&tab=x"
        "&bucket=x&date_min=x&opened_at_after=10000-01-01&at_before=-1"
    ),
    "injected": "q=%27%20OR%201%3D1--&system=%27%3B%20DROP%20TABLE%20x%3B--&sort=(SELECT%201)&page=1;2",
}


def list_filters() -> str:
    """Every field of every filter of a list, with a value that none of them takes."""
    names = set()
    for pattern in patterns():
        filterset = getattr(getattr(pattern.callback, "view_class", None), "filterset_class", None)
        names |= set(filterset.base_filters) if filterset else set()
    assert len(names) > 5
    return "&".join(f"{name}=%27x&{name}_after=x&{name}_min=x" for name in sorted(names))


@pytest.mark.parametrize("what", [*QUERIES, "every filter"])
def test_no_page_and_no_call_fails_on_a_query(what: str, world: World, unblocked: None) -> None:
    query = QUERIES.get(what) or list_filters()
    browser, wrong = pages.client(world), []
    reads = [(name, pages.address(world, name)) for name in pages.page_names()]
    for method, path, _operation in calls.operations():
        if method == "get":
            name, _row, parameters = calls.real(world, path)
            reads.append((name, path.format(**parameters)))
            with transaction.atomic():
                answer = browser.get(f"{reads[-1][1]}?{query}")
                transaction.set_rollback(True)
            if answer.status_code not in (400, 422):
                wrong.append(f"{name}: {answer.status_code}, not refused")
    for name, url in reads:
        began = time.process_time()
        with transaction.atomic():
            response = browser.get(f"{url}?{query}")
            transaction.set_rollback(True)
        if response.status_code >= 500 or time.process_time() - began > 2 * SECONDS:
            wrong.append(f"{name}: {response.status_code}, {time.process_time() - began:.1f} s")
    assert len(reads) > 60
    assert not wrong, "\n".join(wrong)


# --- forms ---------------------------------------------------------------------------------------------------------

VALUES = {
    "NUL": "a\x00b",
    "a megabyte": LONG,
    "digits": "9" * 5000,
    "surrogate": "\ud800",
    "year 0": "0000-00-00",
    "year 9999": "9999-12-31",
    "infinite": "1e400",
    "not a number": "NaN",
    "deep": "[" * DEEP,
    "bidi": "\u202e\u2066\ufeff",
}


@pytest.fixture(scope="module")
def forms(world: World, django_db_blocker: Any) -> list[tuple[str, pages.Form]]:
    """Every form of every page."""
    with django_db_blocker.unblock():
        browser = pages.client(world)
        return [(name, pages.form_of(world, browser, name)) for name in pages.posting_names()]


@pytest.mark.parametrize("what", VALUES)
def test_every_form_takes_or_refuses_but_never_fails(
    what: str, forms: list[tuple[str, pages.Form]], world: World, unblocked: None
) -> None:
    browser, wrong, seen = pages.client(world), [], 0
    for name, form in forms:
        body = urlencode(dict.fromkeys(form.values, VALUES[what]), errors="surrogatepass")
        began = time.process_time()
        with transaction.atomic():
            response: Any = browser.post(form.action, body, "application/x-www-form-urlencoded")
            transaction.set_rollback(True)
        seconds = time.process_time() - began
        seen += len(form.values)
        if response.status_code >= 500 or seconds > SECONDS:
            wrong.append(f"{name}: {response.status_code}, {seconds:.1f} s")
    assert seen > 100
    assert not wrong, "\n".join(wrong)


def test_a_form_that_is_too_large_is_told_so_before_it_is_read(world: World, unblocked: None) -> None:
    browser = pages.client(world)
    url = pages.address(world, "policy_edit")
    for size, expected in ((FORM_BYTES + 1, 413), (FORM_BYTES, 422)):
        body = ("note=" + "%5B" * (size // 3 + 1))[:size]
        began = time.process_time()
        response = browser.post(url, body, "application/x-www-form-urlencoded")
        assert response.status_code == expected
        assert (b"shorten the texts" in response.content) == (expected == 413)
        assert time.process_time() - began < SECONDS


@pytest.mark.parametrize(
    "kind", [JSON, "multipart/form-data", "multipart/form-data; boundary=x", "text/plain"]
)
def test_no_form_fails_on_another_kind_of_body(kind: str, world: World, unblocked: None) -> None:
    browser = pages.client(world)
    found = {}
    for name in pages.posting_names():
        with transaction.atomic():
            found[name] = browser.generic("POST", pages.address(world, name), BODIES["deep array"], kind)
            transaction.set_rollback(True)
    assert [name for name, response in found.items() if response.status_code >= 500] == []


# --- files ---------------------------------------------------------------------------------------------------------


def zip_bomb() -> bytes:
    """50 MB of nothing in 50 kB, dressed up as a spreadsheet."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 50_000_000)
    return out.getvalue()


FILES: dict[str, bytes] = {
    "spreadsheet": zip_bomb(),
    "a million columns": b",".join(b"c%d" % n for n in range(1_000_000)) + b"\n",
    "a million times the same column": b",".join([b"id"] * 1_000_000) + b"\n",
    "one cell of 19 MB": b"id,gold,predicted\n" + b"x" * 19_000_000 + b",joy,joy\n",
    "one name of 19 MB": b"x" * 19_000_000 + b",gold,predicted\n1,joy,joy\n",
    "an open quote": b'id,gold,predicted\n"' + b"x\n" * 5_000_000,
    "mixed encodings": b"id,gold,predicted\n1,joy,joy\n2,caf\xe9,joy\n",
    "UTF-16": "id,gold,predicted\n1,joy,joy\n".encode("utf-16"),
    "NUL": b"id,gold,predicted\n1,jo\x00y,joy\n",
    "only separators": b";" * 1_000_000 + b"\n",
}
NAMES = ["../../etc/passwd", "/etc/passwd", "a\x00.csv", "..\\..\\x.csv", "x" * 300 + ".csv", "", ".csv"]


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("what", FILES)
def test_an_import_refuses_it_by_line_and_reason(what: str, world: World, unblocked: None) -> None:
    from metrics.ingest.files import header, read_table
    from portal.errors import Invalid

    before, began = rss_mb(), time.process_time()
    with pytest.raises(Invalid) as refused:  # noqa: PT012 - the page asks for the header first
        header(FILES[what])
        read_table(FILES[what], mapping={}, fixed={}, evaluation=True)
    assert time.process_time() - began < 2 * SECONDS
    assert 1 <= len(refused.value.errors) <= 100
    assert all(row["field"] and row["message"] for row in refused.value.errors)
    assert sum(len(str(row)) for row in refused.value.errors) < 100_000
    gc.collect()
    assert rss_mb() - before < GROWTH_MB


@pytest.mark.parametrize("name", NAMES)
def test_an_upload_stays_in_its_folder_whatever_it_is_called(
    name: str, world: World, unblocked: None, tmp_path: Path
) -> None:
    root = Path(settings.MEDIA_ROOT).parent
    before = files_below(root)
    browser = pages.client(world)
    file = SimpleUploadedFile("x.csv", b"id,gold,predicted\n1,joy,joy\n")
    file._name = name  # past the client's own cleaning
    with transaction.atomic():
        response = browser.post(
            reverse("import_new"), {"system": world.slug, "kind": "evaluation", "file": file}
        )
        transaction.set_rollback(True)
    assert response.status_code in (302, 400, 422)
    new = files_below(root) - before
    assert {path.parent for path in new} <= {Path(settings.MEDIA_ROOT) / "imports"}
    assert all(len(path.name.rpartition(".")[2]) == 32 for path in new)


@pytest.mark.parametrize("token", ["..", "%2e%2e%2f", "a%00", "%2Fetc%2Fpasswd", "0" * 32, "x" * 10_000])
def test_no_address_of_a_file_leads_out_of_the_folder(token: str, world: World, unblocked: None) -> None:
    browser = pages.client(world)
    for start in (f"/systems/{world.slug}/imports/live/", "/evidence/", "/static/", "/media/"):
        response = browser.get(f"{start}{token}/")
        assert response.status_code in (302, 400, 404, 410), (start, response.status_code)
        assert b"root:" not in b"".join(response) if response.streaming else b"root:" not in response.content


def test_a_log_line_is_one_line_whatever_was_sent() -> None:
    """What a client sends cannot forge a line; the lines of a traceback are set in, so that they are no new ones."""
    formatters = [handler.formatter for handler in logging.getLogger().handlers if handler.formatter]
    ours = [formatter for formatter in formatters if isinstance(formatter, OneLine)]
    assert ours, "the root logger does not use the formatter of the house"
    forged = "x\n2026-01-01 00:00:00 ERROR forged\r\n\x1b[31mred\u2028"
    made = logging.LogRecord("a", logging.WARNING, "f", 1, "said %s", (forged,), None)
    text = ours[0].format(made)
    assert not {"\n", "\r", "\x1b", "\u2028"} & set(text)
    try:
        raise ValueError(forged)  # noqa: TRY301
    except ValueError:
        made.exc_info, made.exc_text = sys.exc_info(), None
    first, *others = ours[0].format(made).split("\n")
    assert "forged" in first
    assert all(line.startswith("  ") for line in others)
    assert len(others) > 1
