"""No cell of any file that leaves the portal is run as a formula; negative numbers stay numbers."""

import csv
import io
import re
import zipfile
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from openpyxl import load_workbook

from portal.web import exports
from portal.web.views import TableView
from tests import make
from tests.hostile import pages
from tests.hostile.calls import address
from tests.hostile.poison import poison
from tests.whole.test_urls_by_role import patterns
from tests.whole.world import World

pytestmark = pytest.mark.xdist_group("hostile-exports")
STARTS = [
    "=",
    "+",
    "-",
    "@",
    "\t=",
    "\r=",
    "\n=",
    "＝",
    "＋",
    "－",
    "＠",
    " =",
    "\u00a0=",
    "\u3000＝",
    "|",
    "%",
    "\ufeff=",
]
CELLS = [f"{start}HYPERLINK(1);cmd|' /C calc'!A0" for start in STARTS]
RUNS = re.compile(r"[\s\u00a0\u200b\u2060\ufeff\u3000]*[=+\-@＝＋－＠|%\t\r]")
NUMBER = re.compile(r"-?\d+(\.\d+)?([eE]-?\d+)?\Z")


def lists() -> list[str]:
    """The URL names of every list, by its class: each can be exported."""
    return [
        str(pattern.name)
        for pattern in patterns()
        if isinstance(getattr(pattern.callback, "view_class", None), type)
        and issubclass(pattern.callback.view_class, TableView)
    ]


def dangerous(rows: list[list[Any]]) -> list[str]:
    """Cells of text that a spreadsheet would run."""
    return [
        str(cell) for row in rows for cell in row
        if isinstance(cell, str) and RUNS.match(cell) and not NUMBER.match(cell)
    ]  # fmt: skip


def cells_of(kind: str, content: bytes) -> list[list[Any]]:
    if kind == "xlsx":
        sheet = load_workbook(io.BytesIO(content), read_only=True).active
        return [list(row) for row in sheet.iter_rows(values_only=True)]  # type: ignore[union-attr]
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.fixture(scope="module")
def poisoned(world: World, django_db_blocker: Any) -> int:
    """The World with a dangerous cell in every text."""
    with django_db_blocker.unblock():
        return sum(poison(CELLS).values())


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_every_list_exports_harmless_cells(kind: str, poisoned: int, world: World, unblocked: None) -> None:
    browser, bad, escaped = pages.client(world), [], 0
    names = lists()
    assert len(names) >= 8
    assert poisoned > 100
    for name in names:
        with transaction.atomic():
            response = browser.get(address(world, name), {"export": kind})
            transaction.set_rollback(True)
        assert response.status_code == 200, name
        assert re.fullmatch(r'attachment; filename="[\w.-]+"', response["Content-Disposition"])
        rows = cells_of(kind, response.content)
        bad += [f"{name}: {cell!r}" for cell in dangerous(rows)]
        escaped += sum(isinstance(cell, str) and cell.startswith("'") for row in rows for cell in row)
        if kind == "xlsx":
            sheet = zipfile.ZipFile(io.BytesIO(response.content)).read("xl/worksheets/sheet1.xml")
            assert b"<f>" not in sheet, name
    assert not bad, "\n".join(bad)
    assert escaped >= 5, "nothing dangerous was on any list: the test saw nothing"


def test_every_csv_beside_the_lists_is_harmless(poisoned: int, world: World, unblocked: None) -> None:
    """Charts as CSV, the confusion matrix, and the CSV files inside a pack made from poisoned rows."""
    from governance.evidence import services as evidence
    from governance.registry.models import System
    from portal.jobs.runner import run_job

    browser, bad, seen = pages.client(world), [], 0
    urls = [reverse("audit_confusion_csv", args=[world.ids["run"]])]
    html = browser.get(reverse("dashboard", args=[world.slug])).content.decode()
    urls += sorted(set(re.findall(r'href="([^"]+\.csv[^"]*)"', html)))
    for url in urls:
        response = browser.get(url.replace("&amp;", "&"))
        if response.status_code == 200:
            seen += 1
            bad += [f"{url}: {cell!r}" for cell in dangerous(cells_of("csv", response.content))]
    system = System.objects.get(slug=world.slug)
    pack = evidence.request_pack(
        systems=[system], date_from=make.today().replace(day=1), date_to=make.today(), sample_size=3, bell=False,
        by=world.people["auditor"],
    )  # fmt: skip
    assert pack.job is not None
    run_job(pack.job.pk)
    pack.refresh_from_db()
    with zipfile.ZipFile(evidence.path_of(pack)) as archive:
        for name in archive.namelist():
            if name.endswith(".csv"):
                seen += 1
                bad += [f"{name}: {cell!r}" for cell in dangerous(cells_of("csv", archive.read(name)))]
    assert seen >= 3
    assert not bad, "\n".join(bad)


@pytest.mark.parametrize("cell", CELLS)
def test_a_dangerous_text_is_quoted_in_both_formats(cell: str) -> None:
    rows = [["name"], [cell]]
    assert dangerous(cells_of("csv", exports.to_csv([("Filter", cell)], rows))) == []
    assert dangerous(cells_of("xlsx", exports.to_xlsx([("Filter", cell)], rows, cell))) == []
    assert dangerous([[cell]]) == [cell]


@pytest.mark.parametrize("number", [-1, -0.5, Decimal("-12.30")])
def test_a_negative_number_stays_a_number(number: Any) -> None:
    (_head, (text,)) = cells_of("csv", exports.to_csv([], [["n"], [number]]))
    assert text == str(number)
    rows = cells_of("xlsx", exports.to_xlsx([], [["n"], [number]], "n"))
    assert rows[-1] == [float(number)]
