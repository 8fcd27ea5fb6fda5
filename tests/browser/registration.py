"""Describing a system through its pages, step by step and by the keys alone, as its owner does it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from playwright.sync_api import expect

from governance.registry.models import System
from tests import make
from tests.browser.keyboard import Keyboard

SAVE = "main .form-actions button"
FLOW = {
    "modality": "text",
    "subject_role": "customer",
    "setting": "self_service",
    "purpose": "service",
    "output": "emotion",
    "consequence": "reply",
    "recipient": "system",
}
GOAL = {"kpi": "csat", "direction": "at_least", "target": "0.8", "due_on": "2027-06-30"}
MISSION = "Every customer feels heard."


def saved(keys: Keyboard, *words: str) -> None:
    """Send the form; nothing may stand in the way."""
    keys.go(SAVE)
    assert keys.page.locator(".error-summary").all_inner_texts() == []
    for text in words:
        expect(keys.page.get_by_text(text).first).to_be_visible()


def fill(keys: Keyboard, values: Mapping[str, str]) -> None:
    """Each field by the keys that its kind takes, in the order of the page."""
    for name, value in values.items():
        field = keys.page.locator(f"main [name={name}]").first
        tag, kind = field.evaluate("e => [e.tagName, e.type]")
        if tag == "SELECT":
            keys.choose(f"main select[name={name}]", value)
        elif kind == "date":
            keys.day(f"main input[name={name}]", value)
        elif kind in ("checkbox", "radio"):
            keys.to(f"main input[name={name}][value={value}]")
            keys.press("Space")
        else:
            keys.write(f"main {tag.lower()}[name={name}]", value)


def start(keys: Keyboard, owner: Any) -> System:
    """A name and a sentence: the draft is there."""
    keys.go("a.nav-link[href='/systems/']")
    keys.go("a[href='/systems/new/']")
    fill(keys, {"name": "Linde Chat", "description": "Answers customers and notices when they are upset."})
    saved(keys)
    system = System.objects.get(slug="linde-chat")
    assert (system.state, system.owner) == ("draft", owner)
    return system


def first_steps(keys: Keyboard, system: System) -> None:
    """The basics, and a vendor who was not in the list."""
    edit = f"/systems/{system.slug}/edit"
    keys.go(f"main a[href='{edit}/basics/']")
    fill(keys, {"provider_role": "both"})
    saved(keys)
    assert keys.page.url.endswith(f"{edit}/vendor/"), "on to the next step"
    keys.go(f"main a[href='/vendors/new/?system={system.slug}']")
    fill(
        keys,
        {
            "name": "Woord BV",
            "unit": str(system.unit_id),
            "contract_reference": "2026-7",
            "contract_until": (make.today() + timedelta(days=200)).isoformat(),
            "transfer_tool": "none_needed",
        },
    )
    saved(keys, "The vendor is in the register.")
    vendor = keys.page.locator("select[name=vendor] option", has_text="Woord BV").get_attribute("value")
    fill(keys, {"vendor": vendor or ""})
    saved(keys)


def come_back(keys: Keyboard, system: System) -> None:
    """Another day, from the first page: the draft waits, with what was said and what is missing."""
    keys.go(f"main a[href='{system.get_absolute_url()}']")
    keys.go(f"main a[href='/systems/{system.slug}/edit/']")
    expect(keys.page.get_by_text("things are missing").first).to_be_visible()
    keys.go("form[action$='/register/'] button")
    expect(keys.page.get_by_text("Not registered yet: complete these first.")).to_be_visible()
    expect(keys.page.locator("#gaps")).to_be_focused()
    system.refresh_from_db()
    assert (system.state, system.vendor.name if system.vendor else "") == ("draft", "Woord BV")


def add_row(keys: Keyboard, system: System, step: str, plural: str, values: Mapping[str, str]) -> None:
    """A row of a kind, from its step and back to it."""
    here = f"/systems/{system.slug}/edit/{step}/"
    if not keys.page.url.endswith(here):
        keys.go(f".step-nav a[href='{here}']")
    keys.go(f"main a[href='/systems/{system.slug}/{plural}/new/']")
    fill(keys, values)
    saved(keys)


def other_steps(keys: Keyboard, system: System, owner: Any) -> None:
    """Everything that is still missing, in the order of the steps."""
    edit, me = f"/systems/{system.slug}/edit", str(owner.pk)
    add_row(keys, system, "versions", "versions", {"name": "1.0", "released_on": "2026-10-01"})
    keys.go(f".step-nav a[href='{edit}/learning/']")
    for values in (
        {"learning": "no"},
        {"labels": "boos = anger\nblij = joy"},
        {"languages": "nl, en"},
        {"strategies": "hand_over"},
    ):
        fill(keys, values)
        saved(keys)
    add_row(keys, system, "units", "units", {"unit": str(system.unit_id)})
    for role in ("business", "technical", "privacy"):
        add_row(keys, system, "units", "contacts", {"role": role, "person": me})
    use = {"audience": "customers", "setting": "self_service", "purpose": "service"}
    use = {"name": "Chat", **use, "prohibited": "Never to set a premium."}
    add_row(keys, system, "use-cases", "use-cases", use)
    point = {
        "name": "Anger",
        "trigger": "Twice anger in a row.",
        "to_whom": "A colleague",
        "within_minutes": "2",
    }
    add_row(keys, system, "hand-overs", "hand-overs", point)
    questions = dict.fromkeys(("q_exploits_vulnerability", "q_sells_on_distress"), "no")
    add_row(keys, system, "flows", "flows", {"name": "Messages of customers", **FLOW, **questions})
    expect(keys.page.get_by_text("The data flow is described and screened.")).to_be_visible()
    keys.go(f"main a[href='{system.get_absolute_url()}']")
    keys.go(f"main a[href='{edit}/']")
    add_row(keys, system, "goals", "goals", {"statement": "Heard at once.", **GOAL})
    cost = {
        "year": "2027",
        "category": "licence",
        "name": "Licence fee",
        "amount": "1200.50",
        "source": "Contract",
    }
    add_row(keys, system, "costs", "costs", cost)


def serve_the_mission(keys: Keyboard, system: System) -> None:
    """The organisation has a mission: the goal says which statement of it it serves, else nothing is registered."""
    edit = f"/systems/{system.slug}/edit"
    keys.go(f".step-nav a[href='{edit}/']")
    expect(
        keys.page.get_by_text("Say of each goal which statement of our mission it serves.")
    ).to_be_visible()
    keys.go(f".step-nav a[href='{edit}/goals/']")
    keys.go("main .row-buttons a")
    statement = keys.page.locator("select[name=mission] option", has_text=MISSION).get_attribute("value")
    fill(keys, {"mission": statement or ""})
    saved(keys)


def register(keys: Keyboard, owner: Any, come_again: Callable[[], Any]) -> System:
    """All of it; `come_again`: leave, and sign in on another day."""
    system = start(keys, owner)
    first_steps(keys, system)
    come_again()
    come_back(keys, system)
    other_steps(keys, system, owner)
    serve_the_mission(keys, system)
    keys.go(f".step-nav a[href='/systems/{system.slug}/edit/']")
    expect(keys.page.get_by_text("The description is complete.", exact=False).first).to_be_visible()
    keys.go("form[action$='/register/'] button")
    expect(keys.page.get_by_text("The system is in the register.")).to_be_visible()
    system.refresh_from_db()
    assert system.state == "registered"
    return system
