"""Script in every text that can be stored: no page runs it or takes it for markup, in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Error, Page, expect

from tests.conftest import TestDatabase
from tests.hostile import calls, pages
from tests.hostile.poison import poison_all
from tests.whole.world import build

FOUND = """() => [
    window.__xss ? 'ran' : '',
    ...[...document.querySelectorAll('[data-xss], a[href^="javascript:" i]')].map(e => e.outerHTML.slice(0, 200)),
].filter(x => x)"""


@pytest.mark.browser
def test_no_page_runs_or_shows_it_as_markup(
    committed_db: TestDatabase, live: Any, page: Page, sign_in: Callable[..., Page]
) -> None:
    world = build()
    sign_in(world.people["everyone"])
    done = poison_all(world)
    wrong: list[str] = []

    def dialog(shown: Any) -> None:
        wrong.append(f"dialog on {page.url}")
        shown.dismiss()

    page.on("dialog", dialog)
    shown, charts = 0, 0
    names = [n for n in pages.page_names() if "logout" not in n]
    names.sort(key=lambda n: n.startswith(("account_", "mfa_")))  # last: some of them end the session
    for page_name in names:
        try:
            answer = page.goto(f"{live.url}{calls.address(world, page_name)}")
        except Error as error:
            if "Download is starting" not in str(error):
                raise
            continue  # saved, not shown: nothing of it runs
        if answer is None or answer.status >= 500:
            wrong.append(f"{page_name}: {answer and answer.status}")
            continue
        if "/accounts/login" in page.url and not page_name.startswith(("account_", "mfa_")):
            wrong.append(f"{page_name}: signed out")
        for chart in page.locator(".chart").all():
            chart.scroll_into_view_if_needed()
            expect(chart).to_have_attribute("data-ready", "1")
            charts += 1
            box = chart.bounding_box()
            assert box is not None
            for part in (0.35, 0.5, 0.65):  # hover texts are drawn from data as well
                page.mouse.move(box["x"] + box["width"] * part, box["y"] + box["height"] * part)
                page.wait_for_timeout(60)
        wrong += [f"{page_name}: {what}" for what in page.evaluate(FOUND)]
        shown += "data-xss" in page.content()
    print(f"{len(names)} pages, {len(done)} columns with canaries, shown on {shown} pages, {charts} charts")
    assert not wrong, "\n".join(wrong)
    assert len(names) > 60
    assert shown > 25, "the canaries were hardly on any page: the test saw nothing"
    assert charts > 5
