"""What stands in the database before the load begins, made through the product's services."""

import random
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from tests.chaos.books import ASKING, BEGIN, PEOPLE, PLAIN

VOTES = (["approve"] * 3, ["reject"] * 3, ["approve", "approve", "reject"], ["reject", "abstain", "reject"])
LONG_AGO = BEGIN - timedelta(days=60)


@dataclass
class Scene:
    """Systems, keys, people who sit on the board, requests that wait for their votes."""

    unit: Any
    systems: dict[str, Any]
    keys: dict[str, str]
    members: list[Any]
    overseer: Any
    requests: dict[str, list[str]] = field(default_factory=dict)  # request -> what each member will say

    def headers(self, system: str) -> dict[str, str]:
        """Those of a machine client of a system."""
        return {"Authorization": f"Bearer {self.keys[system]}"}


def session(user: Any) -> dict[str, str]:
    """The headers of a person who signed in, with what the check against forged forms wants."""
    from importlib import import_module

    from django.conf import settings

    store = import_module(settings.SESSION_ENGINE).SessionStore()
    store["_auth_user_id"] = str(user.pk)
    store["_auth_user_backend"] = "portal.accounts.backends.SignInBackend"
    store["_auth_user_hash"] = user.get_session_auth_hash()
    store.create()
    token = "a" * 32
    return {
        "Cookie": f"{settings.SESSION_COOKIE_NAME}={store.session_key}; {settings.CSRF_COOKIE_NAME}={token}",
        "X-CSRFToken": token,
    }


def reading_system(slug: str, unit: Any, rule: dict[str, Any]) -> Any:
    """A system whose one flow is in force since long ago, under one rule."""
    from tests import make

    made = make.system(slug=slug, unit=unit)
    make.policy(made, rule, effective_at=LONG_AGO)
    make.approved_deployment(made, [make.flow(made, slug=f"{slug}-chat")], effective_at=LONG_AGO)
    make.notice(made, effective_at=LONG_AGO)
    return made


def key_of(system: Any) -> str:
    """A key that may do everything that the clients do."""
    from tests import make

    return make.api_key(system, ("interactions:write", "consent:write", "audits:run", "evidence:export"))[1]


def build(rng: random.Random, requests: int) -> Scene:
    """Make it; commits."""
    from tests import make

    unit = make.unit("Chaos")
    systems = {
        PLAIN: reading_system(PLAIN, unit, make.PERMIT_BY_CONTRACT),
        ASKING: reading_system(ASKING, unit, make.PERMIT_BY_CONSENT),
    }
    _consents(systems[ASKING])
    keys = {slug: key_of(system) for slug, system in systems.items()}
    court = make.system(slug="court", unit=unit)
    board, members = make.board_with_members(unit)
    overseer = make.person("administrator", unit=unit)
    scene = Scene(unit, systems | {"court": court}, keys, members, overseer)
    flow = make.flow(court)
    for _number in range(requests):
        scene.requests[_request(court, flow, board)] = rng.choice(VOTES)
    return scene


def _consents(system: Any) -> None:
    from governance.consent.services import record_consent_events

    at = (BEGIN - timedelta(days=1)).isoformat()
    said = {
        "purpose": "service",
        "modality": "text",
        "action": "given",
        "notice_version": 1,
        "language": "en",
    }
    events = [
        {"id": f"p-{n}", "subject": f"person-{n}", "subject_role": "customer", "effective_at": at, **said}
        for n in range(0, PEOPLE, 2)
    ]
    record_consent_events(system=system, items=events, by="system", source="setup")


def _request(system: Any, flow: Any, board: Any) -> str:
    from governance.review import services as review
    from tests import make

    make.complete(system, [flow])
    made = review.create_request(
        system=system, flows=[flow], version=system.versions.get(), summary="May this be used?", board=board,
        by=system.owner,
    )  # fmt: skip
    return str(review.submit(request=made, by=system.owner).pk)
