"""The main job without a mouse: from the sign-in to the page that says how a pack is verified."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from governance.evidence.models import EvidencePack
from governance.findings.models import Finding
from governance.registry.models import System
from governance.review import services as review
from governance.review.models import DeploymentRequest
from governance.screening import selectors as screenings
from governance.screening import services as screening
from metrics.ingest.models import EvaluationSet
from portal.access.services import grant_role
from portal.jobs.models import Job
from portal.jobs.runner import run_job
from tests import make
from tests.browser.keyboard import Keyboard

pytestmark = pytest.mark.browser
FACTS = {
    "modality": "text", "subject_role": "customer", "setting": "self_service", "purpose": "service",
    "output": "emotion", "consequence": "reply", "recipient": "system",
}  # fmt: skip


@pytest.fixture
def keys(page: Page, live: Any) -> Iterator[Keyboard]:
    """A keyboard at the sign-in page; what it met on the way is told at the end."""
    hands = Keyboard(page)
    page.goto(f"{live.url}/accounts/login/")
    yield hands
    assert not hands.faults, "\n".join(dict.fromkeys(hands.faults))


def sign_in(keys: Keyboard, person: Any) -> None:
    keys.write("input[name=login]", person.email)
    keys.write("input[name=password]", make.PASSWORD)
    with keys.page.expect_navigation():
        keys.press("Enter")
    expect(keys.page.get_by_role("heading", level=1)).to_be_visible()


def sign_out(keys: Keyboard) -> None:
    keys.go("form[data-signs-out] button")
    keys.go("a[href*='/accounts/login']") if "/accounts/login" not in keys.page.url else None


def save(keys: Keyboard) -> None:
    """Send the form; nothing may stand in the way."""
    keys.go("main .form-actions button")
    assert keys.page.locator(".error-summary").all_inner_texts() == []


def summary_has_focus(keys: Keyboard) -> None:
    expect(keys.page.locator(".error-summary").first).to_be_focused()


def register(keys: Keyboard, person: Any) -> System:
    """From the menu to the draft of a system; the first try lacks the name."""
    keys.go("a.nav-link[href='/systems/']")
    keys.go("a[href='/systems/new/']")
    keys.write("input[name=slug]", "calls")
    keys.choose("select[name=unit]", str(person.roles.first().unit_id))
    keys.choose("select[name=owner]", str(person.pk))
    keys.write("textarea[name=description]", "Hears how callers feel.")
    keys.choose("select[name=provider_role]", "deployer")
    keys.go("main .form-actions button")
    summary_has_focus(keys)
    keys.to(".error-summary a")
    keys.press("Enter")
    expect(keys.page.locator("input[name=name]")).to_be_focused()
    keys.page.keyboard.type("Call tone")
    save(keys)
    return System.objects.get(slug="calls")


def describe(keys: Keyboard, system: System) -> None:
    """A version, a data flow whose law stands beside the form while it is described, and into the register."""
    keys.go(f"main a[href='/systems/{system.slug}/edit/versions/']")
    keys.go(f"main a[href='/systems/{system.slug}/versions/new/']")
    keys.write("input[name=name]", "1.0")
    keys.day("input[name=released_on]", "2026-01-31")
    save(keys)
    keys.go(f"main a[href='/systems/{system.slug}/edit/flows/']")
    keys.go(f"main a[href='/systems/{system.slug}/flows/new/']")
    keys.write("input[name=name]", "Chat")
    keys.write("input[name=slug]", "chat")
    for name, value in FACTS.items():
        keys.choose(f"select[name={name}]", value)
    # the panel was filled in again meanwhile: the focus stays where it was
    expect(keys.page.locator("select[name=recipient]")).to_be_focused()
    for question in ("exploits_vulnerability", "sells_on_distress"):
        keys.choose(f"select[name=q_{question}]", "no")
    save(keys)
    expect(keys.page.get_by_text("Not legal advice", exact=False).first).to_be_visible()
    system.refresh_from_db()
    make.described(system)  # the other steps: forms like these
    keys.go(f"main a[href='/systems/{system.slug}/']")
    keys.go(f"main a[href='/systems/{system.slug}/edit/']")
    keys.go("form[action$='/register/'] button")
    system.refresh_from_db()
    assert system.state == "registered"


def ask(keys: Keyboard, system: System) -> DeploymentRequest:
    """A request, with the flow ticked by the space bar."""
    keys.go(f"main a[href='/systems/{system.slug}/']")
    keys.go(f"main a[href='/systems/{system.slug}/approvals/']")
    keys.go(f"main a[href='/systems/{system.slug}/request/']")
    keys.to("input[name=flows]")
    if not keys.page.locator("input[name=flows]").first.is_checked():
        keys.press("Space")
    keys.write("textarea[name=summary]", "May this be used?")
    keys.write("textarea[name=alternatives]", "A button to reach a person.")
    keys.write("textarea[name=consulted]", "The works council.")
    save(keys)
    asked = DeploymentRequest.objects.get(system=system)
    make.complete(system)  # filled in and signed by others: test_assessments.py
    keys.page.reload()
    keys.go("form[action$='/submit/'] button")
    asked.refresh_from_db()
    assert asked.state == "in_review"
    return asked


def vote(keys: Keyboard, asked: DeploymentRequest) -> None:
    """From the home page to the last vote: the arrows choose; without a reason the form comes back."""
    keys.go(f"main a[href='{asked.get_absolute_url()}']")
    keys.to("input[name=choice]")
    keys.press("Space")
    while not keys.page.locator("input[name=choice][value=approve]").is_checked():
        keys.press("ArrowDown")
    keys.go("main .form-actions button")
    summary_has_focus(keys)
    keys.write("textarea[name=reason]", "Lawful and useful.")
    save(keys)
    asked.refresh_from_db()
    assert asked.state == "approved"


def audit(keys: Keyboard, system: System) -> None:
    """The dashboard, then a run of an audit, its result, and the findings."""
    keys.go("a.nav-link[href='/dashboards/']")
    keys.go(f"main a[href^='/systems/{system.slug}/dashboard/']")
    keys.go("main .btn-group a, main a[href*='range=30']")
    assert "range=" in keys.page.url
    keys.go(f"main a[href='/systems/{system.slug}/']")
    keys.go(f"main a[href='/systems/{system.slug}/audits/']")
    keys.go(f"main a[href='/systems/{system.slug}/audits/sentiment_accuracy/run']")
    keys.choose("select[name=evaluation]", "labelled")
    save(keys)
    for job in Job.objects.filter(state="queued"):
        run_job(job.pk)
    expect(keys.page.locator("[hx-get]")).to_have_count(0, timeout=20_000)  # the page noticed that it is over
    keys.go("a.nav-link[href='/findings/']")
    keys.go("main tbody a")
    opened = [finding.get_absolute_url() for finding in Finding.objects.filter(system=system)]
    assert keys.page.url.endswith(tuple(opened))


def pack(keys: Keyboard, system: System) -> None:
    """An evidence pack, and how it is verified."""
    keys.go("a.nav-link[href='/evidence/']")
    keys.go("main a[href='/evidence/new']")
    keys.to("input[name=systems]")
    if not keys.page.locator("input[name=systems]").first.is_checked():
        keys.press("Space")
    keys.day("input[name=date_from]", (timezone.localdate() - timedelta(days=30)).isoformat())
    save(keys)
    made = EvidencePack.objects.get()
    assert made.job is not None
    run_job(made.job.pk)
    expect(keys.page.locator("[hx-get]")).to_have_count(0, timeout=20_000)
    expect(keys.page.get_by_role("link", name="Download", exact=False).first).to_be_visible()
    keys.go("main a[href='/evidence/how-to-verify']")
    expect(keys.page.get_by_role("heading", level=1)).to_be_visible()


def test_the_main_job_is_done_with_the_keyboard_alone(keys: Keyboard) -> None:
    unit = make.unit("De Linde")
    owner = make.user("Daan de Boer")
    for role in ("system_owner", "auditor", "manager"):
        grant_role(user=owner, role=role, unit=unit, by="system")
    _board, members = make.board_with_members(unit)
    sign_in(keys, owner)
    system = register(keys, owner)
    describe(keys, system)
    officer = make.person("data_protection_officer", system=system)
    current = screenings.current(system.flows.get())
    assert current is not None
    screening.sign(screening=current, by=officer)
    asked = ask(keys, system)
    for member in members[:2]:
        review.cast_vote(request=asked, choice="approve", reason="Fine.", by=member)
    sign_out(keys)
    sign_in(keys, members[2])
    vote(keys, asked)
    sign_out(keys)
    counts = {"labels": ["anger", "joy"], "matrix": [[100, 90], [80, 100]]}  # hardly better than chance
    EvaluationSet.objects.create(
        system=system, name="labelled", n=370, counts=counts, sha256="0" * 64, imported_by="system"
    )
    sign_in(keys, owner)
    audit(keys, system)
    pack(keys, system)
    assert keys.stops > 150


def test_skip_link_search_and_shortcuts(keys: Keyboard) -> None:
    page = keys.page
    sign_in(keys, make.person("manager", unit=make.unit()))
    keys.press("Tab")
    expect(page.locator(".skip-link")).to_be_focused()
    expect(page.locator(".skip-link")).to_be_in_viewport()
    keys.press("Enter")
    expect(page.locator("#main")).to_be_focused()
    keys.press("/")
    expect(page.locator("[data-search]")).to_be_focused()
    page.keyboard.type("sent/ment?")  # in a field, the shortcuts are letters
    expect(page.locator("[data-search]")).to_have_value("sent/ment?")
    keys.press("ControlOrMeta+a")
    page.keyboard.type("sentiment")
    with page.expect_navigation():
        keys.press("Enter")
    assert page.url.endswith("/search/?q=sentiment")
    expect(page.get_by_role("heading", level=1)).to_contain_text("sentiment")
    expect(page.locator("[data-search]")).to_have_value("sentiment")
    page.evaluate("() => document.activeElement.blur()")
    keys.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    for _ in range(5):  # a dialog holds the focus, until Esc
        keys.press("Tab")
        assert page.evaluate(
            "() => document.activeElement === document.body || !!document.activeElement.closest('dialog')"
        )
    keys.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_a_menu_opens_and_closes_with_the_keyboard_and_gives_the_focus_back(keys: Keyboard) -> None:
    person = make.person("manager", unit=make.unit())
    make.system(unit=person.roles.get().unit)
    sign_in(keys, person)
    keys.go("a.nav-link[href='/systems/']")
    keys.to("details.drop summary")
    keys.press("Enter")
    expect(keys.page.locator("details.drop[open]")).to_have_count(1)
    keys.press("Tab", "Escape")
    expect(keys.page.locator("details.drop[open]")).to_have_count(0)
    expect(keys.page.locator("details.drop summary").first).to_be_focused()
