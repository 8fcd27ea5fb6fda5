"""Every page that a person with all roles can reach, in a real browser: status, accessibility, width, manners."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests import make

pytestmark = pytest.mark.browser
ROLES = (
    "administrator", "system_owner", "board_member", "board_chair", "manager", "auditor", "data_protection_officer",
    "supervisor",
)  # fmt: skip
LABELS = ["anger", "joy", "optimism", "sadness"]
MATRIX = [[478, 50, 20, 10], [40, 300, 12, 6], [10, 20, 80, 13], [35, 20, 10, 317]]
# downloads and the ways out
NOT_PAGES = re.compile(r"logout|export=|\.csv|\.json|\.py$|/download|/api/|/proof|/checkpoint|/media/")


def organisation() -> Any:
    """One system in use with figures and a finding, one in review; a person with every role on their unit."""
    from governance.findings import services as findings
    from governance.review import services as review
    from portal.access.services import grant_role

    unit = make.unit("Customer contact")
    person = make.user("Ines de Wit")
    for role in ROLES:
        grant_role(user=person, role=role, unit=unit, by="system")
    live = make.live_system(name="Chatbot", slug="chatbot", unit=unit)
    for month in (8, 9, 10):
        make.confusion(live, date(2026, month, 15), LABELS, MATRIX)
    findings.open_finding(
        system=live,
        check="accuracy",
        severity="high",
        title="Accuracy below its target",
        detail="0.80",
        source="audit",
    )
    asked = make.system(name="Voice tone", slug="voice-tone", unit=unit)
    flow = make.flow(asked, slug="calls")
    board, _members = make.board_with_members(unit)
    request = review.create_request(
        system=asked,
        flows=[flow],
        version=asked.versions.first(),
        summary="May it?",
        board=board,
        by=asked.owner,
    )
    review.submit(request=request, by=asked.owner)
    return person


def pattern(path: str) -> str:
    """Pages of one kind count as one: ids, numbers and names of systems do not matter."""
    path = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "<id>", path)
    return re.sub(r"\d+", "<n>", re.sub(r"^/systems/(?!new/)[^/]+", "/systems/<slug>", path))


def links(page: Page) -> list[str]:
    """Paths of our own that this page leads to."""
    found = page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))")
    return [
        urlsplit(href).path
        for href in found
        if href.startswith("/") and not href.startswith("//") and not NOT_PAGES.search(href)
    ]


def test_every_reachable_page_is_sound_in_light_or_dark_and_on_a_phone(
    live: Any, sign_in: Callable[..., Page], accessible: Callable[[str], None]
) -> None:
    page = sign_in(organisation())
    queue, seen, faults = ["/", "/systems/chatbot/"], set(), []
    while queue:
        path = queue.pop(0)
        if (kind := pattern(path)) in seen:
            continue
        seen.add(kind)
        page.emulate_media(color_scheme="light")
        page.set_viewport_size({"width": 1360, "height": 900})
        answer = page.goto(f"{live.url}{path}")
        if answer is None or answer.status >= 400:
            faults.append(f"{path}: status {answer.status if answer else 'none'}")
            continue
        expect(page.locator("h1")).to_have_count(1)
        for chart in page.locator(".chart").all():
            expect(chart).to_have_attribute("data-ready", "1")
        theme = "dark" if len(seen) % 2 else "light"  # components are held in both themes by the gallery
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        try:
            accessible(f"{path} ({theme})")
        except AssertionError as error:
            faults.append(str(error))
        page.set_viewport_size({"width": 360, "height": 800})
        page.wait_for_timeout(50)
        if (beyond := page.evaluate("() => document.documentElement.scrollWidth - innerWidth")) > 0:
            faults.append(f"{path}: {beyond} px wider than a phone")
        queue += links(page)
    assert not faults, "\n".join(faults)
    assert len(seen) > 30, seen
