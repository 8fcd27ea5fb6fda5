"""Pages that need a moment: signed out, a second factor, an upload, an empty organisation, and what goes wrong."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.core.exceptions import SuspiciousOperation
from django.db import OperationalError
from django.http import Http404
from django.test import Client
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from governance.review import services as review
from portal.access.services import password_key
from portal.errors import N_, RuleBroken
from tests import make, rule_sets
from tests.browser import soundness
from tests.browser.conftest import watch
from tests.browser.pages import PAGES
from tests.browser.test_walk import everybody
from tests.whole.url_matrix import ROWS

pytestmark = pytest.mark.browser
OWN = ("account_", "mfa_", "api_docs", "how_to_verify")  # the same in any organisation
ROOMS = [name for name in PAGES if not ROWS[name].args and not name.startswith(OWN)]
SECRET = "JBSWY3DPEHPK3PXP"


@dataclass
class Visit:
    """A browser of somebody, and what is wrong with what they saw."""

    page: Page
    url: str
    person: Any = None

    def speak(self, language: str) -> None:
        if self.person is not None:
            type(self.person).objects.filter(pk=self.person.pk).update(language=language)
        self.page.context.add_cookies([{"name": "django_language", "value": language, "url": self.url}])

    def see(self, name: str, path: str, status: int = 200, come: Callable[[], Any] | None = None) -> None:
        """Hold a page in every look; `come`: how one gets there, where an address is not enough."""

        def go(language: str) -> None:
            self.speak(language)
            answer = self.page.goto(f"{self.url}{path}")
            if come is not None:
                come()
            else:
                assert answer is not None
                assert answer.status == status, f"{name}: {answer.status}"
                if "next" not in name:  # not another page in its place
                    assert self.page.url.partition("?")[0] == f"{self.url}{path.partition('?')[0]}", name

        wrong = soundness.everywhere(self.page, name, go, soundness.words_of_the_database())
        assert not wrong, "\n".join([name, *wrong])

    def sign_in(self, person: Any) -> None:
        self.person = person
        self.page.goto(f"{self.url}/accounts/login/")
        self.enter(person.email, make.PASSWORD)
        self.page.wait_for_url(lambda url: "/accounts/login" not in url)

    def send(self, button: str) -> None:
        with self.page.expect_navigation():
            self.page.locator(button).first.click()

    def enter(self, email: str, password: str) -> None:
        self.page.locator("input[name=login]").fill(email)
        self.page.locator("input[name=password]").fill(password)
        self.send("main button[type=submit]")


@pytest.fixture
def visit(page: Page, live: Any) -> Visit:
    return Visit(page, live.url)


def test_the_pages_of_who_has_not_signed_in(visit: Visit) -> None:
    person = make.user("Ines de Wit")
    visit.see("login", "/accounts/login/")
    visit.see("login-next", "/systems/")  # sent here on the way to somewhere
    visit.see(
        "login-error", "/accounts/login/", come=lambda: visit.enter(person.email, "not the right one at all")
    )
    visit.see("signup", reverse("account_signup"))
    visit.see("reset", reverse("account_reset_password"))
    visit.see("reset-done", reverse("account_reset_password_done"))
    visit.see("inactive", reverse("account_inactive"))
    key = reverse("account_reset_password_from_key", kwargs=password_key(person))
    asked = visit.page.locator("input[type=password]").first
    visit.see("reset-key", key, come=lambda: expect(asked).to_be_visible())
    visit.see("reset-key-old", key.replace(key[-6:-1], "zzzzz"))
    visit.see("not-found", "/nowhere/", status=404)


def test_the_pages_of_a_second_factor(visit: Visit) -> None:
    person = make.user("Ines de Wit")
    visit.sign_in(person)
    visit.see("account_reauthenticate", reverse("account_reauthenticate"))
    visit.page.locator("main input[name=password]").fill(make.PASSWORD)
    visit.send("main form button[type=submit]")
    visit.see("totp-add", reverse("mfa_activate_totp"))
    TOTP.activate(person, SECRET)
    RecoveryCodes.activate(person)
    for name in (
        "mfa_index",
        "mfa_deactivate_totp",
        "mfa_view_recovery_codes",
        "mfa_generate_recovery_codes",
    ):
        visit.see(name, reverse(name))
    visit.see("mfa_reauthenticate", reverse("mfa_reauthenticate"))
    with visit.page.expect_download() as download:
        visit.page.goto(f"{visit.url}{reverse('mfa_view_recovery_codes')}")
        visit.page.get_by_role("link", name="Download", exact=False).or_(
            visit.page.locator(f"a[href='{reverse('mfa_download_recovery_codes')}']")
        ).first.click()
    assert download.value.suggested_filename
    visit.page.context.clear_cookies()

    def half_way() -> None:
        if "/2fa/authenticate/" not in visit.page.url:  # the second time the password has been given
            visit.enter(person.email, make.PASSWORD)
        visit.page.wait_for_url("**/2fa/authenticate/**")

    visit.see("mfa_authenticate", "/accounts/login/", come=half_way)
    visit.page.locator("input[name=code]").fill(format_hotp_value(hotp_value(SECRET, int(time.time()) // 30)))
    visit.page.locator("main button[type=submit]").first.click()
    visit.page.wait_for_url(f"{visit.url}/")


def test_what_the_columns_of_an_upload_mean(visit: Visit) -> None:
    system = make.system(name="Kwikstaart")
    visit.sign_in(system.owner)

    def upload() -> None:
        page = visit.page
        page.locator("select[name=system]").select_option(system.slug)
        file = {"name": "labels.csv", "mimeType": "text/csv", "buffer": b"id,gold,predicted\n1,anger,joy\n"}
        page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
        visit.send("main form button[type=submit]")
        expect(page.locator("select[name^=column], main select").first).to_be_visible()

    visit.see("import_columns", "/imports/", come=upload)


def test_what_the_columns_of_a_file_of_consent_mean(visit: Visit) -> None:
    system = make.system(name="Kwikstaart")
    visit.sign_in(make.person("data_protection_officer", unit=system.unit))

    def upload() -> None:
        file = {
            "name": "c.csv",
            "mimeType": "text/csv",
            "buffer": b"event_id;customer;action\n1;anna;given\n",
        }
        visit.page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
        visit.send("main form button[type=submit]")
        expect(visit.page.locator("select[name^=column]").first).to_be_visible()

    visit.see("consent_import_columns", f"/systems/{system.slug}/consent/import/", come=upload)


def test_the_desk_shows_what_stands_and_the_preview_what_people_will_see(visit: Visit) -> None:
    system = make.live_system(make.PERMIT_BY_CONSENT, name="Kwikstaart")
    visit.sign_in(make.person("data_protection_officer", unit=system.unit))

    def record() -> None:
        page = visit.page
        page.locator("form[action$='/desk/'] input[name=reference]").fill("klant-17")
        page.locator("select[name=notice]").select_option(index=1)
        page.locator("input[name=said_0][value=given]").check()
        visit.send("form[action$='/desk/'] button[type=submit]")
        expect(page.locator("#standing")).to_be_visible()
        assert "klant-17" not in page.content()

    visit.see("consent_desk-standing", f"/systems/{system.slug}/consent/desk/", come=record)

    def write() -> None:
        visit.page.locator("textarea[name=text]").fill("Wij lezen **emotie** in uw woorden.")
        expect(visit.page.locator(".prose strong")).to_have_text("emotie")

    visit.see("notice_add-preview", f"/systems/{system.slug}/notices/new/", come=write)


def test_a_request_as_the_member_sees_it_who_votes(visit: Visit) -> None:
    system = make.system(name="Kwikstaart")
    flows = [make.flow(system), make.flow(system, modality="voice")]
    board, members = make.board_with_members(system.unit)
    values = {"system": system, "version": system.versions.first(), "board": board, "by": system.owner}
    asked = review.create_request(flows=flows, summary="Mag dit?", **values)
    make.complete(system)
    review.submit(request=asked, by=system.owner)
    visit.sign_in(members[0])
    visit.see("vote", asked.get_absolute_url())
    visit.see("vote-home", "/")
    visit.see(
        "vote-error",
        asked.get_absolute_url(),
        come=lambda: visit.send("#vote button[type=submit]:not([name=more])"),
    )


@pytest.mark.parametrize("part", range(4))
def test_every_room_of_an_organisation_that_has_nothing_yet(visit: Visit, part: int) -> None:
    make.unit("De Linde group")
    visit.sign_in(everybody())
    for name in ROOMS[part::4]:
        visit.see(f"empty-{name}", reverse(name))


def test_somebody_without_a_role(visit: Visit) -> None:
    visit.sign_in(make.user("Ines de Wit"))
    visit.see("no-role", "/")
    visit.see("forbidden", "/people/", status=403)
    visit.see("search", "/search/?q=zzzz")


def test_a_set_of_legal_rules_is_brought_in_seen_and_applied(visit: Visit, settings: Any) -> None:
    settings.LAW_KEYS = [rule_sets.trusted()]
    flow = make.flow(make.system(unit=make.unit("De Linde")))
    visit.sign_in(make.person("administrator", unit=flow.system.unit))
    visit.see("rule_set_add", reverse("rule_set_add"))

    def send(text: str) -> None:
        file = {"name": "law.txt", "mimeType": "text/plain", "buffer": text.encode()}
        visit.page.locator("main input[type=file]").set_input_files(file)  # type: ignore[arg-type]
        visit.send("main form button[type=submit]")

    visit.see("rule_set_refused", reverse("rule_set_add"), come=lambda: send(rule_sets.STRICTER))
    visit.page.goto(f"{visit.url}{reverse('rule_set_add')}")
    send(rule_sets.signed(rule_sets.STRICTER))
    detail = visit.page.url.removeprefix(visit.url).partition("?")[0]
    visit.see("rule_set_detail", detail)
    visit.page.locator("main textarea[name=reason]").fill("Advice of counsel.")
    visit.send("main form button[type=submit]")
    expect(visit.page.locator("body")).to_contain_text("2026.2")
    visit.see("rule_set_in_force", detail)


def test_who_has_no_password_yet_sets_one(visit: Visit, settings: Any) -> None:
    person = make.user("Ines de Wit")
    person.set_unusable_password()
    person.save()
    visit.person = person
    elsewhere = Client()  # signed in by another way than a password
    elsewhere.force_login(person, backend="portal.accounts.backends.SignInBackend")
    session = {
        "name": settings.SESSION_COOKIE_NAME,
        "value": elsewhere.cookies[settings.SESSION_COOKIE_NAME].value,
    }
    visit.page.context.add_cookies([{**session, "url": visit.url}])  # type: ignore[typeddict-item]
    visit.see("account_set_password", reverse("account_set_password"))


def test_an_address_that_leads_nowhere(visit: Visit) -> None:
    visit.sign_in(make.system(name="Kwikstaart").owner)
    visit.see("not-found-inside", "/systems/nowhere/", status=404)


FAULTS: dict[int, Exception] = {
    400: SuspiciousOperation("bad"),
    404: Http404(),
    409: RuleBroken(N_("You may not see this page: none of your roles covers it."), code="test"),
    500: ZeroDivisionError("a mistake of ours"),
    503: OperationalError("the server closed the connection"),
}


@pytest.fixture
def calm(context: BrowserContext, live: Any) -> Iterator[tuple[Visit, list[str]]]:
    """A visit that may meet errors of the server, which the browser's console repeats."""
    faults: list[str] = []
    page = watch(context.new_page(), faults, live.url.partition("//")[2])
    yield Visit(page, live.url), faults
    assert [fault for fault in faults if "the server responded with a status of" not in fault] == []


@pytest.mark.parametrize("status", FAULTS)
def test_a_page_that_says_what_went_wrong(
    calm: tuple[Visit, list[str]], monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    visit, _faults = calm
    visit.sign_in(make.person("manager", unit=make.unit()))

    def fails(*_args: Any) -> Any:
        raise FAULTS[status]

    monkeypatch.setattr("portal.desk.views.home._parts", fails)
    visit.see(f"error-{status}", "/", status=status)


def test_a_form_that_waited_too_long(visit: Visit) -> None:
    def send_without_token() -> None:
        visit.page.context.clear_cookies(name="csrftoken")
        visit.enter("ines@example.org", "something")

    visit.see("csrf", "/accounts/login/", come=send_without_token)
