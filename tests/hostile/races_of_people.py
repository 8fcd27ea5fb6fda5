"""Races about affected people: clicks on their page, answers of staff, public pages, legal holds."""

import uuid
from collections.abc import Callable
from typing import Any

from governance.holding import services as holding
from governance.transparency import acts, links, publishing, requests, selectors
from governance.transparency.models import TEXTS, PersonalLink, PersonRequest
from tests import make
from tests.hostile.race import Act, Race, fresh, unit_of
from tests.whole.world import World

WORDS = {f"{name}_{language}": "Words." for name in TEXTS for language in ("en", "nl")} | {
    "contact_name": "Desk",
    "contact_email": "desk@example.org",
}


def mine(world: World) -> tuple[PersonalLink, Any]:
    """A link and whom it is about, in a live system of its own."""
    system = make.live_system(make.PERMIT_BY_CONSENT, unit=unit_of(world))
    link, _token = links.make_link(people=[(system, "customer-1")], by="system")
    return link, selectors.people_of(link)[0]


def say(world: World) -> Act:
    link, person = mine(world)
    once, what = uuid.uuid4(), {"action": "given", "purpose": "service", "modality": "text"}
    return lambda _n: acts.say(link=fresh(link), person=person, once=once, **what)


def ask(world: World) -> Act:
    link, person = mine(world)
    return lambda _n: acts.ask(link=fresh(link), person=person, kind="access")


def revoke(world: World) -> Act:
    link, _person = mine(world)
    return lambda _n: links.revoke_link(link=fresh(link), by="system")


def asked(kind: str, act: Callable[[PersonRequest, Any], Any]) -> Callable[[World], Act]:
    """The race of an act of an officer on a request."""

    def prepare(world: World) -> Act:
        link, person = mine(world)
        row = acts.ask(link=link, person=person, kind=kind)
        officer = make.person("data_protection_officer", unit=person.system.unit)
        return lambda _n: act(fresh(row), officer)

    return prepare


def take_back(world: World) -> Act:
    link, person = mine(world)
    row = acts.ask(link=link, person=person, kind="access")
    return lambda _n: acts.take_back(link=fresh(link), request=fresh(row))


def publish(world: World) -> Act:
    system = make.system(unit=unit_of(world))
    return lambda _n: publishing.publish(system=fresh(system), values=WORDS, by="system")


def take_away(world: World) -> Act:
    system = make.system(unit=unit_of(world))
    publishing.publish(system=system, values=WORDS, by="system")
    return lambda _n: publishing.take_away(system=fresh(system), reason="Wrong.", by="system")


def release(world: World) -> Act:
    system = make.system(unit=unit_of(world))
    hold = holding.place_hold(system=system, reason="A case.", by="system")
    return lambda _n: holding.release_hold(hold=fresh(hold), reason="Over.", by="system")


RACES = [
    Race("transparency.acts.say", "consent.events_recorded", say, silent=True),
    Race("transparency.acts.ask", "people.request_received", ask, silent=True),
    Race("transparency.acts.take_back", "people.request_withdrawn", take_back),
    Race("transparency.links.revoke_link", "people.link_revoked", revoke, silent=True),
    Race(
        "transparency.requests.start",
        "people.request_started",
        asked("access", lambda row, by: requests.start(request=row, by=by)),
    ),
    Race(
        "transparency.requests.extend",
        "people.request_extended",
        asked("access", lambda row, by: requests.extend(request=row, reason="Much.", by=by)),
    ),
    Race(
        "transparency.requests.refuse",
        "people.request_refused",
        asked("access", lambda row, by: requests.refuse(request=row, reason="No.", by=by)),
    ),
    Race(
        "transparency.requests.answer",
        "people.request_answered",
        asked("objection", lambda row, by: requests.answer(request=row, decision="kept", text="So.", by=by)),
    ),
    Race(
        "transparency.requests.carry_out",
        "people.request_started",
        asked("access", lambda row, by: requests.carry_out(request=row, by=by, bell=False)),
        silent=True,
    ),
    Race(
        "transparency.requests.erase_for",
        "people.erased",
        asked("erasure", lambda row, by: requests.erase_for(row)),
        silent=True,
    ),
    Race("transparency.publishing.publish", "people.page_published", publish, silent=True),
    Race("transparency.publishing.take_away", "people.page_ended", take_away),
    Race("holding.services.release_hold", "people.hold_released", release),
]
