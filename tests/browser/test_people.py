"""The pages for the public and for one person in a browser: by keyboard, without scripts, on a phone, under axe."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from governance.consent.models import ConsentEvent
from governance.consent.services import record_consent_events
from governance.transparency import acts, links, publishing, selectors
from governance.transparency.models import TEXTS
from tests import make
from tests.browser.keyboard import Keyboard

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("ATTUNE_SHOTS", "")
WORDS = {f"{name}_{language}": f"This is {name}." for name in TEXTS for language in ("en", "nl")} | {
    "contact_name": "Privacy desk",
    "contact_email": "privacy@example.org",
}
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1360, "height": 900}


@pytest.fixture
def address(live: Any) -> dict[str, str]:
    """The pages of a system that read somebody, who said yes and asked for a copy."""
    system = make.live_system(make.PERMIT_BY_CONSENT, name="Customer chatbot")
    record_consent_events(system=system, items=[make.consent(1)], by="system")
    items = [make.item(n, subject="customer-1", channel="web") for n in range(12)]
    make.receive(system, *items)
    publishing.publish(system=system, values=WORDS, by="system")
    link, token = links.make_link(people=[(system, "customer-1")], by="system", language="en")
    person = selectors.people_of(link)[0]
    acts.ask(link=link, person=person, kind="access")
    mine = f"{live.url}/my/{token}"
    return {
        "mine": f"{mine}/",
        "readings": f"{mine}/0/readings/",
        "ask": f"{mine}/0/ask/erasure/",
        "register": f"{live.url}/public/",
        "system": f"{live.url}/public/{system.slug}/",
        "closed": f"{live.url}/my/{'x' * 43}/",
    }


def test_somebody_withdraws_with_the_keyboard_alone(page: Page, address: dict[str, str]) -> None:
    page.goto(address["mine"])
    hands = Keyboard(page)
    hands.go("button[value=withdrawn]")
    expect(page.get_by_role("heading", level=1)).to_have_text("You do not agree")
    assert ConsentEvent.objects.filter(action="withdrawn").count() == 1
    hands.go("button[value=given]")
    expect(page.get_by_role("heading", level=1)).to_have_text("You agree")
    assert hands.faults == []
    assert page.context.cookies() == []


def test_it_works_without_javascript(browser: Browser, live: Any, address: dict[str, str]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address["mine"])
    page.get_by_role("button", name="I no longer agree").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You do not agree")
    page.goto(address["ask"])
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#requests")).to_contain_text("Erasure")
    assert context.cookies() == []
    context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "nl"])
def test_nothing_stands_in_anybodys_way(
    page: Page, address: dict[str, str], accessible: Callable[[str], None], theme: Any, language: str
) -> None:
    page.emulate_media(color_scheme=theme)
    for name, url in address.items():
        for size, width in ((DESK, "desk"), (PHONE, "phone")):
            page.set_viewport_size(size)  # type: ignore[arg-type]
            page.goto(f"{url}?lang={language}")
            accessible(f"{name} {theme} {language} {width}")
            assert page.locator("html").get_attribute("lang") in ("nl", "en-gb")
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            assert wide <= 0, f"{name} scrolls sideways on a {width}"
            if SHOTS:
                page.screenshot(
                    path=str(Path(SHOTS) / f"{name}-{theme}-{language}-{width}.png"), full_page=True
                )
