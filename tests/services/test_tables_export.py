"""Export of tables: exactly the rows and columns on the screen, with filter and time, and no cell that runs."""

import csv
import datetime as dt
import io
from typing import Any

import django_filters
import django_tables2
import openpyxl
import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from portal.accounts.models import Unit
from portal.errors import RuleBroken
from portal.web import exports
from portal.web.tables import AttuneTable, LinkColumn, NumberColumn, StateColumn, WhenColumn
from portal.web.views import TableView
from tests import make


class UnitTable(AttuneTable):
    """Units; the last column holds buttons."""

    name = LinkColumn(linkify=False)
    slug = django_tables2.Column()
    buttons = django_tables2.Column(empty_values=(), exclude_from_export=True, orderable=False)

    class Meta(AttuneTable.Meta):
        model = Unit
        fields = ("name", "slug")


class UnitFilter(django_filters.FilterSet):
    """By a part of the name."""

    name = django_filters.CharFilter(lookup_expr="icontains", label="Name")

    class Meta:
        model = Unit
        fields = ["name"]


class UnitList(TableView):
    """A list as slices write it."""

    table_class, filterset_class, title = UnitTable, UnitFilter, "Units of us"
    empty = {"icon": "boxes", "title": "No units", "text": "Make one."}

    def get_queryset(self) -> Any:
        return Unit.objects.order_by("name")


def answer(query: str, user: Any) -> Any:
    """What the list answers to this query string."""
    request = RequestFactory().get(f"/units/?{query}")
    request.user = user
    response = UnitList.as_view()(request)
    return response.render() if hasattr(response, "render") and not response.is_rendered else response


def read_csv(response: Any) -> list[list[str]]:
    """The rows of a CSV answer."""
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))


@pytest.fixture
def claims(db: None) -> Any:
    """A person and 30 units, three of them about claims; one name is a formula."""
    for n in range(27):
        make.unit(f"Team {n:02}")
    for name in ("Claims east", "Claims west", '=HYPERLINK("http://x","Claims")'):
        make.unit(name)
    return make.user("Ines")


def test_csv_holds_the_filtered_rows_of_every_page_and_the_chosen_columns(claims: Any) -> None:
    rows = read_csv(answer("name=claims&col=name&export=csv&per=25&page=1", claims))
    assert rows[1] == ["# Filter", "Name: claims"]
    assert rows[2][0] == "# Exported at"
    assert dt.datetime.fromisoformat(rows[2][1]).tzinfo is not None
    assert [row[0] for row in rows[4:]] == [
        "Name",
        '\'=HYPERLINK("http://x","Claims")',
        "Claims east",
        "Claims west",
    ]
    assert {len(row) for row in rows[4:]} == {1}


def test_csv_without_a_filter_holds_all_rows_not_one_page(claims: Any) -> None:
    rows = read_csv(answer("export=csv", claims))
    assert rows[1] == ["# Filter", "none"]
    assert rows[4] == ["Name", "Short name"], "buttons are not data"
    assert len(rows[5:]) == 30


def test_a_table_too_long_for_a_spreadsheet_is_taken_as_csv(
    claims: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "MAX_XLSX", 29)
    with pytest.raises(RuleBroken, match="Take it as CSV") as refused:
        answer("export=xlsx", claims)
    assert refused.value.params == {"limit": 29}
    assert len(read_csv(answer("export=csv", claims))) == 35
    assert answer("name=claims&export=xlsx", claims).status_code == 200


@pytest.mark.parametrize("query", ["export=csv", "export=csv&name=team&sort=-name&col=name"])
def test_a_long_csv_is_sent_while_it_is_read_and_says_the_same(
    claims: Any, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    monkeypatch.setattr(exports, "LINES", 7)
    with timezone.override("Europe/Amsterdam"), translation.override("nl"):
        whole = answer(query, claims)
        monkeypatch.setattr(exports, "AT_ONCE", 20)
        with CaptureQueriesContext(connection) as asked:
            sent = answer(query, claims)
    assert sent.streaming
    units = [query["sql"] for query in asked if 'FROM "portal_unit"' in query["sql"]]
    assert not any("OFFSET" in sql or '"slug"' in sql for sql in units), "only counted so far"
    assert any("COUNT(" in sql for sql in units)
    assert sent["Content-Disposition"] == whole["Content-Disposition"]
    with translation.override("en"):  # whoever reads it has left the request of the person
        parts = list(sent)
    assert len(parts) > 4
    text = b"".join(parts).decode("utf-8-sig")
    same = [line for line in whole.content.decode("utf-8-sig").split("\n") if "20" not in line[:40]]
    assert [line for line in text.split("\n") if "20" not in line[:40]] == same
    assert "# Geëxporteerd op" in text and "+01:00" in text.replace("+02:00", "+01:00")


def test_a_long_table_is_read_through_a_cursor(claims: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    plain = QuerySet.iterator

    def iterator(self: Any, chunk_size: int | None = None) -> Any:
        read.append(chunk_size or 0)
        return plain(self, chunk_size=chunk_size)

    monkeypatch.setattr(QuerySet, "iterator", iterator)
    monkeypatch.setattr(exports, "AT_ONCE", 20)
    assert (
        len(list(csv.reader(io.StringIO(b"".join(answer("export=csv", claims)).decode("utf-8-sig"))))) == 35
    )
    assert read == [2000]


def test_the_order_of_the_screen_is_the_order_of_the_file(claims: Any) -> None:
    names = [row[0] for row in read_csv(answer("export=csv&sort=-name&name=team", claims))[5:]]
    assert names == [f"Team {n:02}" for n in reversed(range(27))]


def test_xlsx_holds_the_same_and_no_formula(claims: Any) -> None:
    response = answer("name=claims&export=xlsx", claims)
    sheet = openpyxl.load_workbook(io.BytesIO(response.content)).active
    cells = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert cells[1] == ["Filter", "Name: claims"]
    assert cells[5] == ["Name", "Short name"]
    assert cells[6][0] == '\'=HYPERLINK("http://x","Claims")'
    assert len(cells) == 9
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert 'filename="units-of-us-' in response["Content-Disposition"]


def test_a_filter_without_results_says_so_and_offers_to_clear_it(claims: Any) -> None:
    page = answer("name=nothing-like-it", claims).content.decode()
    assert "No results for this filter" in page
    assert 'href="/units/"' in page
    assert "No units" not in page


def test_an_empty_list_says_what_to_do(db: None) -> None:
    page = answer("", make.user("Ines")).content.decode()
    assert "No units" in page
    assert "Make one." in page
    assert "No results for this filter" not in page


def test_rows_per_page_and_columns_come_from_the_address(claims: Any) -> None:
    assert answer("", claims).context_data["table"].paginator.per_page == 25
    response = answer("per=50&col=slug", claims)
    assert response.context_data["table"].paginator.per_page == 50
    assert [column.name for column in response.context_data["table"].columns] == ["slug"]
    assert answer("per=100000", claims).context_data["table"].paginator.per_page == 25


@pytest.mark.parametrize(
    "text",
    [
        "=1+1", "+1", "-1", "@x", "＝1+1", "＋1", "－1", "＠x", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\u200b=1",
        "|cmd", "%0A",
    ],
)  # fmt: skip
def test_what_a_spreadsheet_might_run_gets_a_quote(text: str) -> None:
    assert exports.neutral(text) == "'" + text


@pytest.mark.parametrize("text", ["", "Claims", "a=b", "1-2", "’s-Hertogenbosch", "é"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert exports.neutral(text) == text


def test_types_survive_and_times_are_in_the_zone_of_the_person() -> None:
    class Kinds(AttuneTable):
        state = StateColumn()
        n = NumberColumn()
        at = WhenColumn()

    moment = dt.datetime(2026, 11, 23, 13, 5, tzinfo=dt.UTC)
    table = Kinds([{"state": "not_met", "n": -5, "at": moment}])
    row = [table.rows[0].get_cell_value(name) for name in ("state", "n", "at")]
    with timezone.override("Europe/Amsterdam"):
        book = exports.to_xlsx([("Table", "x")], [["a", "b", "c"], row], "x")
        text = exports.to_csv([], [row]).decode("utf-8-sig")
    sheet = openpyxl.load_workbook(io.BytesIO(book)).active
    assert [cell.value for cell in sheet[4]] == ["Not met", -5, dt.datetime(2026, 11, 23, 14, 5)]  # noqa: DTZ001
    assert text.strip() == "Not met,-5,2026-11-23T14:05:00+01:00"
