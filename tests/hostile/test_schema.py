"""The schema tells the truth: thousands of generated calls, as everybody, and every check that schemathesis has.

No answer is 5xx, none has a status that the schema does not name. Seeded: the same cases on every machine.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache as throttles
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.config import SchemathesisConfig
from schemathesis.core import NotSet
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection

from portal.access.roles import Role
from portal.web.endpoint import ApiView
from tests.hostile import calls
from tests.whole.test_urls_by_role import may_act, patterns
from tests.whole.url_matrix import ROWS
from tests.whole.world import World

KEYS = ("own key", "sandbox key", "foreign key")
CALLERS = ["nobody", *KEYS, "outsider", *(role.value for role in Role), "foreign system_owner"]
EXAMPLES = {"own key": 18, "sandbox key": 12}
USUAL = 6  # of each mode and operation
LEAST = {"own key": 850, "sandbox key": 550}
LEAST_USUAL = 290
CONFIG = {
    # NUL is refused everywhere by one parser, though JSON Schema has no word for it (test_bodies.py)
    "generation": {"with-security-parameters": False, "deterministic": True, "allow-x00": False},
    "checks": {
        # well-formed is not yet right: a slug that is taken, a word of a person, a label outside the scheme; and the
        # state that a change is based on may come in a header or in the body, so neither is required
        "positive_data_acceptance": {
            "expected-statuses": ["2xx", "3xx", "401", "403", "404", "409", "412", "422", "428"]
        },
        "negative_data_rejection": {"expected-statuses": ["4xx"]},
    },
}
FUZZ: dict[str, Any] = {
    "derandomize": True,
    "database": None,
    "deadline": None,
    "phases": [Phase.generate],
    "suppress_health_check": list(HealthCheck),
}

_MADE: dict[tuple[str, GenerationMode], tuple[int, list[Any]]] = {}
"""(operation, mode) -> (how many were asked for, the cases). A process has one World, whose ids they hold."""


@dataclass
class Tally:
    """What was answered."""

    statuses: Counter[int] = field(default_factory=Counter)
    found: dict[str, Counter[int]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def mostly_404(self) -> list[str]:
        return [label for label, seen in self.found.items() if seen[404] > sum(seen.values()) / 2]


@pytest.fixture
def one_transaction() -> Iterator[None]:
    """Without what closes a connection that is in a transaction when a request begins or ends."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def read_to_the_end(application: Any) -> Callable[[Any, Any], list[bytes]]:
    """As a web server does: the answer is read whole and closed, which the client of schemathesis leaves undone."""

    def answer(environ: Any, start_response: Any) -> list[bytes]:
        given = application(environ, start_response)
        try:
            return [b"".join(given)]
        finally:
            given.close()

    return answer


@cache
def load() -> Any:
    config = SchemathesisConfig.from_dict(CONFIG)
    loaded = schemathesis.openapi.from_dict(calls.schema(), config=config)
    loaded.app = read_to_the_end(get_wsgi_application())
    return loaded


def with_real_names(value: Any, world: World) -> Any:
    """The names of things in a body replaced by those of the World, so that a call gets past the door."""
    names = {
        "system": world.slug,
        "systems": [world.slug],
        "flows": [world.ids["flow"]],
        "version": "1.0",
        "unit": world.ids["unit_slug"],
        "board": str(world.ids["board"]),
    }
    if isinstance(value, dict):
        return {k: names.get(k, with_real_names(v, world)) for k, v in value.items()}
    return [with_real_names(one, world) for one in value] if isinstance(value, list) else value


def refused_by_item(response: Any) -> bool:
    """A receipt that refuses an item: of a batch the good items are stored and the bad ones named."""
    if response.status_code != 200 or not response.content.startswith(b'{"receipt"'):
        return False
    return "refused" in {item["status"] for item in response.json()["items"]}


def is_empty(case: Any) -> bool:
    """Nothing was sent, so nothing wrong: an optional body left out is counted among the invalid cases."""
    return isinstance(case.body, NotSet) and not case.query


def fresh(case: Any) -> Any:
    """A copy for one call, which leaves its marks on a case; field by field, since assigning looks at the others."""
    copied = object.__new__(type(case))
    for name in type(case).__slots__:
        value = getattr(case, name)
        object.__setattr__(copied, name, value if name == "operation" else deepcopy(value))
    return copied


def cases(operation: Any, mode: GenerationMode, parameters: dict[str, str], count: int) -> Iterator[Any]:
    """Up to `count` cases of one operation, the same for every caller: making one costs as much as calling with it."""
    key = (operation.label, mode)
    asked, made = _MADE.get(key, (0, []))
    if asked < count:
        made = []

        @settings(max_examples=count, **FUZZ)
        @given(case=operation.as_strategy(generation_mode=mode, path_parameters=parameters))
        def collect(case: Any) -> None:
            made.append(case)

        collect()
        _MADE[key] = count, made
    yield from map(fresh, made[:count])


def fuzz(world: World, caller: str, tally: Tally, operation: Any, mode: GenerationMode) -> None:
    """Cases of one operation; whatever they write is rolled back."""
    _name, row, parameters = calls.real(world, operation.path)
    sent, good = calls.headers(world, caller), mode is GenerationMode.POSITIVE
    cookies = dict(part.split("=", 1) for part in sent.pop("Cookie", "").split("; ") if part)
    # the client of schemathesis does not unpack what it asks for
    session = {"headers": sent | {"Accept-Encoding": "identity"}, "cookies": cookies}
    seen: Counter[int] = Counter()
    for case in cases(operation, mode, parameters, EXAMPLES.get(caller, USUAL)):
        if good:
            case.body = with_real_names(case.body, world)
        throttles.clear()
        with transaction.atomic():
            response = case.call(**session)
            seen[response.status_code] += 1
            # the check of the credentials knows keys, no sessions; that they are asked for is seen as nobody
            excluded = [ignored_auth] if cookies else []
            excluded += [negative_data_rejection] if refused_by_item(response) or is_empty(case) else []
            try:
                case.validate_response(
                    response,
                    headers=sent,
                    transport_kwargs=session,
                    excluded_checks=excluded,
                )
            except BaseExceptionGroup as error:
                tally.faults.append(f"{caller}: {operation.label}: {error}")
            transaction.set_rollback(True)
    tally.statuses += seen
    if good and may_act(caller, row) and not row.key and "foreign" not in caller:
        tally.found[operation.label] = seen


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # a download left half read
@pytest.mark.parametrize(
    "caller",
    [
        pytest.param(caller, marks=pytest.mark.xdist_group(f"hostile-schema-{n % 2}"))
        for n, caller in enumerate(CALLERS)
    ],
)
def test_every_answer_is_one_that_the_schema_names(
    caller: str, world: World, unblocked: None, one_transaction: None
) -> None:
    tally = Tally()
    for result in load().get_all_operations():
        operation = result.ok()
        fuzz(world, caller, tally, operation, GenerationMode.POSITIVE)
        if operation.body or operation.query:
            fuzz(world, caller, tally, operation, GenerationMode.NEGATIVE)
    print(
        f"{caller}: {tally.statuses.total()} cases, {dict(tally.statuses)}, mostly 404: {tally.mostly_404()}"
    )
    assert not tally.faults, f"{len(tally.faults)} faults\n" + "\n".join(tally.faults[:20])
    assert tally.statuses.total() >= LEAST.get(caller, LEAST_USUAL)
    assert len(tally.mostly_404()) < max(1, len(tally.found) / 10)


def test_the_least_of_all_callers_is_five_thousand() -> None:
    assert sum(LEAST.get(caller, LEAST_USUAL) for caller in CALLERS) >= 5_000


def test_every_view_of_the_api_stands_on_the_base_that_refuses() -> None:
    views = {p.name: getattr(p.callback, "cls", None) for p in patterns() if ROWS[str(p.name)].api}
    assert len(views) > 20
    assert [name for name, view in views.items() if not (view and issubclass(view, ApiView))] == []
