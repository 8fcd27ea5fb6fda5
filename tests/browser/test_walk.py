"""Every page that has an address, in a real browser: English and Dutch, light and dark, on a desk and on a phone.

The addresses come from the URL matrix, which the URL resolver holds complete: a new page is walked from its first day.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from playwright.sync_api import Browser, Page, expect

from governance.registry.models import System
from tests import make
from tests.browser import soundness
from tests.browser.conftest import profile, watch
from tests.browser.pages import ADDRESSES, MOMENTS, NOT_PAGES, PAGES
from tests.conftest import LiveServer, TestDatabase, serving
from tests.views.test_dashboards import busy_system
from tests.whole.test_urls_by_role import methods_of
from tests.whole.world import World, build

pytestmark = pytest.mark.browser
NOTHING_REQUIRED = {
    "account_logout": "a question with a button",
    "api_key_revoke": "a question with a button",
    "assessment_section": "a draft saves as one goes: what is open may stay open",
    "audit_run_start": "days and set may be left open",
    "calendar_address": "buttons",
    "endpoint_disable": "a question with a button",
    "endpoint_rotate": "a question with a button",
    "gate_try": "each choice has a value from the start",
    "personal_link_revoke": "a question with a button",
    "policy_detail": "a button",
    "policy_edit": "rows without a name are left out",
    "retention_run": "a question with a button",
    "register_import_result": "a button",
    "request_detail": "whoever walks has no seat on this board, so no vote to cast",
    "seat_add": "the one choice has a value from the start",
}
FORMS = [name for name in PAGES if "post" in methods_of(name) and name not in NOTHING_REQUIRED]


@dataclass
class Walk:
    """A person with every role, signed in, and what their browser complained of."""

    page: Page
    live: LiveServer
    world: World
    person: Any
    faults: list[str]
    words: soundness.Words

    def url(self, name: str) -> str:
        """The address of a page of the world."""
        row = ADDRESSES[name]
        ids = {argument: self.world.ids[attribute] for argument, attribute in row.args.items()}
        return f"{self.live.url}{reverse(name, kwargs=ids)}"

    def speak(self, language: str) -> None:
        """From the next page on."""
        type(self.person).objects.filter(pk=self.person.pk).update(language=language)


def everybody() -> Any:
    """A person with every role on the organisation."""
    from portal.access.services import grant_role
    from portal.accounts.models import Unit

    person = make.user("Ines de Wit")
    top = Unit.objects.get(parent__isnull=True, name__contains="group")
    for role in ("administrator", "system_owner", "board_member", "board_chair", "manager", "auditor",
                 "data_protection_officer", "supervisor"):  # fmt: skip
        grant_role(user=person, role=role, unit=top, by="system")
    return person


@pytest.fixture(scope="module")
def walk(
    browser: Browser, django_db_setup: None, django_db_blocker: Any, test_database: TestDatabase
) -> Iterator[Walk]:
    """The world, a server on it, and one browser profile that walks through all of its pages."""
    with django_db_blocker.unblock():
        try:
            world = build()
            busy_system(System.objects.get(slug=world.slug))  # charts with something to draw
            person = everybody()
            with serving() as live:
                context = profile(browser)
                faults: list[str] = []
                page = watch(context.new_page(), faults, urlsplit(live.url).netloc)
                page.goto(
                    f"{live.url}/accounts/login/"
                )  # by the form: pages of the account want a fresh password
                page.locator("input[name=login]").fill(person.email)
                page.locator("input[name=password]").fill(make.PASSWORD)
                page.locator("main button[type=submit]").first.click()
                page.wait_for_url(lambda url: "/accounts/login" not in url)
                yield Walk(page, live, world, person, faults, soundness.words_of_the_database())
                context.close()
        finally:
            test_database.renew()


def test_every_address_is_a_page_a_moment_or_no_page_for_a_reason() -> None:
    assert set(NOT_PAGES) | set(MOMENTS) <= set(ADDRESSES), "gone from the matrix: take it off the list"
    assert not set(NOT_PAGES) & set(MOMENTS)
    assert len(PAGES) > 60


@pytest.mark.parametrize("name", sorted(set(NOT_PAGES) - {"mfa_download_recovery_codes"}))
def test_what_is_listed_as_no_page_is_none(name: str, walk: Walk) -> None:
    client = Client()
    client.force_login(walk.person, backend="portal.accounts.backends.SignInBackend")
    answer = client.get(walk.url(name))
    kind = answer.get("Content-Type", "")
    text = b"" if answer.streaming else answer.content
    answer.close()
    assert not kind.startswith("text/html") or b"<html" not in text


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_sound_in_both_languages_and_themes_and_on_a_phone(name: str, walk: Walk) -> None:
    def come(language: str) -> None:
        walk.speak(language)
        answer = walk.page.goto(walk.url(name))
        assert answer is not None
        assert answer.status == 200, f"{name}: {answer.status}"
        where = urlsplit(walk.page.url).path
        assert where == urlsplit(walk.url(name)).path, f"{name} leads on to {where}: list it with its reason"

    walk.faults.clear()
    wrong = soundness.everywhere(walk.page, name, come, walk.words)
    assert not wrong + walk.faults, "\n".join([name, *wrong, *walk.faults])


@pytest.mark.parametrize("name", FORMS)
def test_a_form_sent_empty_says_what_is_missing_and_puts_the_reader_there(name: str, walk: Walk) -> None:
    page, wrong = walk.page, list[str]()
    walk.faults.clear()
    for language, theme in (("en-gb", "dark"), ("nl", "light")):
        walk.speak(language)
        soundness.look(page, theme)
        page.goto(walk.url(name))
        if not page.evaluate(EMPTY):
            pytest.fail(f"{name}: no form with a field that must be filled; list it with its reason")
        target = page.evaluate("() => document.querySelector('main form[data-emptied]').action")
        # by its address: a preview beside the form asks by POST too
        with page.expect_response(_post_to(target)) as sent:
            page.evaluate("() => document.querySelector('main form[data-emptied]').requestSubmit()")
        assert sent.value.status == (
            200 if name.startswith("account_") else 422
        )  # allauth's own views say 200
        page.wait_for_load_state()
        expect(page.locator(".error-summary")).to_be_focused()  # once the script of the page has run
        soundness.settle(page)
        wrong += page.evaluate(DEAD_LINKS)
        wrong += soundness.shape(page, language)
        wrong += soundness.one_look(page, f"{name}-error", language, theme)
        wrong += soundness.widths(page)
        if language == "nl":
            wrong += [f"in English: {text}" for text in walk.words.untranslated(soundness.texts(page), [])]
    mine = [fault for fault in walk.faults if "status of 4" not in fault]  # the 422 itself
    assert not wrong + mine, "\n".join([name, *wrong, *mine])


def _post_to(address: str) -> Callable[[Any], bool]:
    return lambda answer: bool(answer.request.method == "POST" and answer.url == address)


# empties what must be filled, in the first form that has such a field; false where there is none
EMPTY = """() => {
    const form = [...document.querySelectorAll('main form')].find(
        f => f.method === 'post' && f.querySelector('[required]'));
    if (!form) return false;
    form.noValidate = true;
    form.dataset.emptied = '1';
    form.querySelectorAll('[required]').forEach(e => {
        if (e.type === 'radio' || e.type === 'checkbox') e.checked = false; else e.value = '';
        if (e.tagName === 'SELECT' && e.value !== '') { e.add(new Option('', '')); e.value = ''; }
    });
    return true;
}"""
DEAD_LINKS = """() => [...document.querySelectorAll('.error-summary a')].map(a => a.hash.slice(1))
    .filter(id => !document.getElementById(id) && !document.getElementById('div_' + id)).map(id => 'no field ' + id)"""
