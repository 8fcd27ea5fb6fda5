"""What people expect of every page: addresses that say everything, files of what is shown, house dates, kept drafts."""

import csv
import io
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page, expect

from tests import make
from tests.browser.conftest import profile

pytestmark = pytest.mark.browser
SignIn = Callable[..., Page]
FORMULA = '=HYPERLINK("http://evil.example","Click")'


@pytest.fixture
def owner(live: Any) -> Any:
    """Who registers systems for one unit."""
    return make.person("system_owner", unit=make.unit("De Linde"), name="Daan de Boer")


def systems(owner: Any, *names: str) -> None:
    unit = owner.roles.get().unit
    for name in names:
        make.system(unit=unit, owner=owner, name=name)


def sheet(path: Path) -> list[list[str]]:
    """The rows of a spreadsheet as text."""
    return [[str(cell or "") for cell in row] for row in load_workbook(path).worksheets[0].values]


def column(page: Page, n: int = 1) -> list[str]:
    """The texts of a column of the table on the screen."""
    page.wait_for_load_state()  # a page half arrived has half a table
    cells = page.locator(f".attune-table tbody td:nth-child({n})").all_inner_texts()
    return [text.strip() for text in cells]


# --- addresses ---------------------------------------------------------------------------------------------------


def test_filter_order_columns_rows_and_page_stand_in_the_address_and_nowhere_else(
    live: Any, owner: Any, sign_in: SignIn, browser: Browser
) -> None:
    systems(owner, *(f"Chat {n:02}" for n in range(27)), "Voice")
    page = sign_in(owner)
    page.goto(f"{live.url}/systems/")
    page.get_by_label("Search", exact=True).last.fill("chat")
    page.get_by_role("button", name="Filter").click()
    page.locator("th a.sorter").first.click()  # by name it is already
    page.get_by_text("Columns", exact=True).click()
    page.locator(".drop-body").get_by_label("Unit", exact=True).uncheck()
    page.locator(".drop-body").get_by_role("button", name="Show").click()
    expect(page.get_by_role("columnheader", name="Unit")).to_have_count(0)
    page.get_by_role("link", name="Next").click()
    page.wait_for_url("**page=2**")
    address, shown = page.url, column(page)
    assert {"q=chat", "sort=-name", "page=2"} <= set(address.partition("?")[2].split("&"))
    assert shown == ["Chat 01", "Chat 00"]
    # somebody else's browser, the same address
    context = profile(browser)
    context.add_cookies(page.context.cookies())  # type: ignore[arg-type]
    other = context.new_page()
    other.goto(address)
    assert column(other) == shown
    expect(other.get_by_role("columnheader", name="Unit")).to_have_count(0)
    context.close()
    # the bare address remembers nothing
    page.goto(f"{live.url}/systems/")
    expect(page.get_by_text("28 rows")).to_be_visible()
    page.get_by_role("link", name="50", exact=True).click()
    page.wait_for_url("**per=50**")
    assert len(column(page)) == 28
    page.go_back()
    page.wait_for_url(f"{live.url}/systems/")
    assert len(column(page)) == 25


def test_the_head_of_a_long_table_stays_in_sight(live: Any, owner: Any, sign_in: SignIn) -> None:
    systems(owner, *(f"Chat {n:02}" for n in range(26)))
    page = sign_in(owner)
    page.goto(f"{live.url}/systems/")
    page.locator(".table-responsive").evaluate("list => { list.scrollTop = list.scrollHeight; }")
    assert page.locator(".table-responsive").evaluate("list => list.scrollTop") > 0
    expect(page.locator(".attune-table thead th").first).to_be_in_viewport()


def test_no_results_for_a_filter_is_another_page_than_nothing_there(
    live: Any, owner: Any, sign_in: SignIn
) -> None:
    page = sign_in(owner)
    page.goto(f"{live.url}/systems/")
    expect(page.get_by_text("No systems yet")).to_be_visible()
    expect(page.locator(".attune-empty").get_by_role("link", name="Register a system")).to_be_visible()
    systems(owner, "Chat")
    page.goto(f"{live.url}/systems/?q=heron")
    expect(page.get_by_text("No results for this filter")).to_be_visible()
    page.get_by_role("link", name="Clear the filter").click()
    expect(page.get_by_text("No results for this filter")).to_have_count(0)
    expect(page.locator(".attune-table tbody tr")).to_have_count(1)
    assert column(page) == ["Chat"]


def test_the_language_switch_keeps_the_page_its_filter_and_its_order(
    live: Any, owner: Any, sign_in: SignIn
) -> None:
    systems(owner, "Chat", "Voice")
    page = sign_in(owner)
    page.goto(f"{live.url}/systems/?q=chat&sort=-name")
    page.get_by_role("button", name="Nederlands").click()
    expect(page.locator("html")).to_have_attribute("lang", "nl")
    expect(page).to_have_url(f"{live.url}/systems/?q=chat&sort=-name")
    assert column(page) == ["Chat"]
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en-gb")


# --- files --------------------------------------------------------------------------------------------------------


def test_a_file_holds_exactly_the_filtered_rows_and_chosen_columns_and_says_so(
    live: Any, owner: Any, sign_in: SignIn, tmp_path: Path
) -> None:
    systems(owner, "Chat B", "Chat A", "Voice", FORMULA)
    page = sign_in(owner)
    page.goto(f"{live.url}/systems/?q=chat&sort=name&col=name&col=unit")
    assert column(page) == ["Chat A", "Chat B"]
    files = {}
    for name, kind in (("CSV", "csv"), ("Excel (XLSX)", "xlsx")):
        page.get_by_text("Export", exact=True).click()
        with page.expect_download() as download:
            page.get_by_role("link", name=name, exact=True).click()
        files[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[kind])
        page.keyboard.press("Escape")
    as_csv = list(csv.reader(io.StringIO(files["csv"].read_text("utf-8-sig"))))
    as_xlsx = sheet(files["xlsx"])
    for rows in (as_csv, as_xlsx):
        assert [row[:2] for row in rows[-3:]] == [
            ["Name", "Unit"], ["Chat A", "De Linde"], ["Chat B", "De Linde"],
        ]  # fmt: skip
        head = "\n".join(" ".join(row) for row in rows[:-3])
        assert "Search: chat" in head
        assert re.search(r"Exported at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d", head)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_name_that_looks_like_a_formula_is_text_in_a_file(
    live: Any, owner: Any, sign_in: SignIn, tmp_path: Path, kind: str
) -> None:
    systems(owner, FORMULA)
    page = sign_in(owner)
    page.goto(f"{live.url}/systems/")
    page.get_by_text("Export", exact=True).click()
    with page.expect_download() as download:
        page.locator(f"a[href*='export={kind}']").click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    rows = sheet(path) if kind == "xlsx" else list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    assert rows[-1][0] == "'" + FORMULA


# --- times --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "zone", "shown"),
    [
        ("en-gb", "Europe/Amsterdam", "1 Jan 2027, 00:30"),
        ("nl", "Europe/Amsterdam", "01-01-2027 00:30"),
        ("en-gb", "America/New_York", "31 Dec 2026, 18:30"),
    ],
)
def test_a_moment_is_kept_in_utc_and_shown_in_the_zone_and_order_of_the_reader(
    live: Any, sign_in: SignIn, language: str, zone: str, shown: str
) -> None:
    unit = make.unit()
    ends = datetime.fromisoformat("2026-12-31T23:30:00+00:00")
    guest = make.person("manager", unit=unit, name="Guest", valid_until=ends)
    page = sign_in(make.person("administrator", unit=unit, language=language, time_zone=zone))
    page.goto(f"{live.url}/people/?q={guest.email}")
    stamp = page.locator("time[datetime='2026-12-31T23:30:00+00:00']")
    expect(stamp).to_have_text(shown)
    assert "2026-12-31 23:30:00 UTC" in (stamp.get_attribute("title") or "")


@pytest.mark.parametrize(("language", "spelled"), [("en-gb", "23 Sep 2026"), ("nl", "23-09-2026")])
def test_a_day_field_spells_out_its_day_as_the_house_writes_it(
    live: Any, owner: Any, sign_in: SignIn, language: str, spelled: str
) -> None:
    system = make.system(owner=owner)
    type(owner).objects.filter(pk=owner.pk).update(language=language)
    page = sign_in(owner)
    page.goto(f"{live.url}{system.get_absolute_url()}versions/new/")
    day = page.locator("input[type=date]")
    day.fill("2026-09-23")
    heard = (day.get_attribute("aria-describedby") or "").split()[-1]
    expect(page.locator(f"#{heard}")).to_have_text(spelled)
    expect(page.get_by_text(spelled, exact=True)).to_be_visible()
    day.fill("")
    expect(page.get_by_text(spelled, exact=True)).to_have_count(0)


# --- drafts -------------------------------------------------------------------------------------------------------


def drafts(page: Page) -> str:
    """Everything that this tab keeps."""
    return str(
        page.evaluate(
            "() => JSON.stringify(Object.entries(sessionStorage).filter(([key]) => key.startsWith('attune:')))"
        )
    )


def test_a_draft_survives_leaving_the_page_and_can_be_discarded(
    live: Any, owner: Any, sign_in: SignIn
) -> None:
    page = sign_in(owner)
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    page.goto(f"{live.url}/systems/new/")
    page.get_by_label("Name", exact=False).first.press_sequentially("Half a name")
    page.locator("select[name=provider_role]").select_option("provider")
    page.locator("a.nav-link[href='/systems/']").click()
    page.wait_for_url("**/systems/")
    assert asked == ["beforeunload"], "the browser asks before what was typed is left"
    page.goto(f"{live.url}/systems/new/")
    expect(page.get_by_text("was not saved yet")).to_be_visible()
    expect(page.locator("input[name=name]")).to_have_value("Half a name")
    expect(page.locator("select[name=provider_role]")).to_have_value("provider")
    page.get_by_role("button", name="Discard it").click()
    expect(page.locator("input[name=name]")).to_have_value("")
    page.reload()
    assert asked == ["beforeunload"], "nothing is left that could be lost"
    expect(page.get_by_text("was not saved yet")).to_have_count(0)


def test_what_comes_back_with_errors_is_kept_and_what_is_saved_is_forgotten(
    live: Any, owner: Any, sign_in: SignIn
) -> None:
    page = sign_in(owner)
    page.goto(f"{live.url}/systems/new/")
    page.locator("input[name=slug]").press_sequentially("heron")
    page.locator("main .form-actions button").click()
    expect(page.locator(".error-summary")).to_be_focused()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{live.url}/systems/new/")
    expect(page.locator("input[name=slug]")).to_have_value("heron")
    page.locator("input[name=name]").fill("Heron")
    page.locator("textarea[name=description]").fill("Hears.")
    page.locator("select[name=unit]").select_option(str(owner.roles.get().unit_id))
    page.locator("select[name=owner]").select_option(str(owner.pk))
    page.locator("main .form-actions button").click()
    page.wait_for_url("**/systems/heron/**")  # on to the next step
    expect(page.get_by_role("heading", level=1, name="Vendor")).to_be_visible()
    assert drafts(page) == "[]"
    page.goto(f"{live.url}/systems/new/")
    expect(page.locator("input[name=slug]")).to_have_value("")


def test_a_draft_outlives_a_session_that_ended_but_no_sign_out_and_no_other_person(
    live: Any, owner: Any, sign_in: SignIn
) -> None:
    page = sign_in(owner)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{live.url}/systems/new/")
    page.locator("input[name=name]").press_sequentially("Half a name")
    page.context.clear_cookies()
    sign_in(owner)
    page.goto(f"{live.url}/systems/new/")
    expect(page.locator("input[name=name]")).to_have_value("Half a name")
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(lambda url: "/systems/" not in url)
    assert drafts(page) == "[]"
    sign_in(owner)
    page.goto(f"{live.url}/systems/new/")
    page.locator("input[name=name]").press_sequentially("Mine")
    page.context.clear_cookies()
    sign_in(make.person("system_owner", unit=owner.roles.get().unit))
    assert "Mine" not in drafts(page)


def test_passwords_and_typed_confirmations_are_never_kept(live: Any, owner: Any, sign_in: SignIn) -> None:
    unit = owner.roles.get().unit
    page = sign_in(make.person("board_chair", unit=unit))
    system = make.system(owner=owner, unit=unit, slug="heron")
    deployment = make.approved_deployment(system)
    page.goto(f"{live.url}{deployment.get_absolute_url()}suspend/")
    page.locator("textarea[name=reason]").press_sequentially("It errs.")
    page.locator("input[name=confirm]").press_sequentially("heron")
    assert "It errs." in drafts(page)
    assert '"heron' not in drafts(page)
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{live.url}/accounts/password/change/")
    for field in page.locator("input[type=password]").all():
        field.press_sequentially("hunter2hunter2")
    assert "hunter2" not in drafts(page)
    assert page.evaluate("() => JSON.stringify(Object.entries(localStorage))") == "[]"


# --- looks --------------------------------------------------------------------------------------------------------

FIRST = """new MutationObserver((_, observer) => { if (document.body) {
    window.firstTheme = document.documentElement.getAttribute('data-bs-theme'); observer.disconnect(); } }
).observe(document, {childList: true, subtree: true})"""


@pytest.mark.parametrize(
    ("theme", "system", "first"),
    [("auto", "dark", "dark"), ("auto", "light", "light"), ("dark", "light", "dark"), ("light", "dark", "light")],
)  # fmt: skip
def test_the_theme_stands_before_anything_is_drawn(
    live: Any, page: Page, theme: str, system: str, first: str
) -> None:
    page.context.add_cookies([{"name": "attune_theme", "value": theme, "url": live.url}])
    page.emulate_media(color_scheme=system)  # type: ignore[arg-type]
    page.add_init_script(FIRST)
    page.goto(f"{live.url}/accounts/login/")
    assert page.evaluate("() => window.firstTheme") == first


def test_nothing_moves_for_who_asked_for_less_motion(live: Any, owner: Any, sign_in: SignIn) -> None:
    page = sign_in(owner)
    moving = """() => [...document.querySelectorAll('*')].filter(e => { const s = getComputedStyle(e);
        return [...s.transitionDuration.split(','), ...s.animationDuration.split(',')].some(t => parseFloat(t) > 0)
    }).map(e => e.outerHTML.slice(0, 80))"""
    assert page.evaluate(moving) == []


def test_a_page_on_paper_has_its_facts_and_no_controls(live: Any, owner: Any, sign_in: SignIn) -> None:
    systems(owner, "Chat")
    page = sign_in(owner)
    page.goto(f"{live.url}/systems/")
    page.emulate_media(media="print", color_scheme="dark")
    for control in (".attune-side", ".table-tools", ".page-actions", ".attune-footer"):
        expect(page.locator(control).first).to_be_hidden()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".attune-table tbody td").first).to_be_visible()
    ink, paper = page.evaluate(
        "() => { const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]; }"
    )
    assert paper == "rgb(255, 255, 255)"
    assert all(int(part) < 100 for part in re.findall(r"\d+", ink)[:3]), f"light ink on paper: {ink}"
