"""Sixteen at once: of every act that decides something exactly one happens, with one ledger event; the rest are told.

A public verb of a service that takes a lock has a case here, or a reason why there is nothing to win.
"""

import ast
import datetime as dt
import threading
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone

from governance.assessments import services as assessments
from governance.assessments.models import Assessment
from governance.audits import services as audits
from governance.consent import desk
from governance.consent import services as consent
from governance.findings import services as findings
from governance.review import services as review
from governance.review.selectors import in_force
from governance.screening import services as screening
from governance.stops import services as stops
from governance.stops.models import Delivery
from portal.access import services as access
from portal.access.models import RoleAssignment
from portal.accounts import services as accounts
from portal.errors import Invalid, RuleBroken
from portal.jobs import services as jobs
from portal.ledger.models import PendingEvent
from tests import make
from tests.hostile import races_of_people, races_of_review
from tests.hostile.race import Act, Race, fresh, unit_of
from tests.whole.world import World

pytestmark = pytest.mark.xdist_group("hostile-races")
ROOT = Path(__file__).resolve().parent.parent.parent
MANY = 16
REFUSALS = (RuleBroken, Invalid)


def publish_notice(world: World) -> Act:
    system = make.system(unit=unit_of(world))
    return lambda n: consent.publish_notice(
        system=fresh(system), text=f"Text {n}.", language="en", version=1, by=system.owner
    )


def approve_policy(world: World) -> Act:
    system = make.system(unit=unit_of(world))
    officer = make.person("data_protection_officer", unit=system.unit)
    draft = consent.draft_policy(system=system, rules=[make.PERMIT_BY_CONTRACT], by=system.owner)
    return lambda _n: consent.approve_policy(policy=fresh(draft), by=officer)


def show_notice(world: World) -> Act:
    system = make.live_system(unit=unit_of(world))
    shown = {
        "id": "s",
        "subject": "c",
        "notice_version": 1,
        "language": "en",
        "served_at": "2026-02-01T10:00:00Z",
        "channel": "app",
    }
    return lambda _n: consent.record_notices_served(system=fresh(system), items=[shown], by=system.owner)


def desk_click(world: World) -> Act:
    system = make.live_system(make.PERMIT_BY_CONSENT, unit=unit_of(world))
    clerk, form = make.person("supervisor", unit=system.unit), uuid.uuid4()
    said = [desk.Said("service", "text", "refused")]
    return lambda _n: desk.record_at_desk(
        system=fresh(system),
        form_id=form,
        reference="c",
        said=said,
        by=clerk,
        subject_role="customer",
        method="telephone",
    )


def withdraw_consent(world: World) -> Act:
    system = make.live_system(make.PERMIT_BY_CONSENT, unit=unit_of(world))
    consent.record_consent_events(system=system, items=[make.consent(1)], by="system")
    gone = make.consent(
        "w", subject="customer-1", action="withdrawn", effective_at="2026-02-01T00:00:00+00:00"
    )
    return lambda _n: consent.record_consent_events(system=fresh(system), items=[gone], by=system.owner)


def clear_finding(world: World) -> Act:
    finding = findings.open_finding(
        system=make.system(unit=unit_of(world)), check="a", severity="high", title="T", detail="", source="test",
    )  # fmt: skip
    return lambda _n: findings.clear_finding(finding=fresh(finding), reason="Gone.", by=finding.system.owner)


def open_finding(world: World) -> Act:
    system = make.system(unit=unit_of(world))
    return lambda _n: findings.open_finding(
        system=fresh(system), check="b", severity="high", title="T", detail="", source="test", by="system"
    )


def complete_action(world: World) -> Act:
    system = make.system(unit=unit_of(world))
    finding = findings.open_finding(
        system=system, check="c", severity="high", title="T", detail="", source="test"
    )
    action = findings.add_action(
        finding=finding, text="Do.", owner=system.owner, due_on=make.today(), by=system.owner
    )
    return lambda _n: findings.complete_action(action=fresh(action), evidence="Done.", by=system.owner)


def a_stop(world: World) -> Any:
    system = make.system(unit=unit_of(world))
    since = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    with transaction.atomic():
        orders = [stops.Order(type="flow.suspended", effective_at=since, flows=["chat"])]
        return stops.order(system=system, orders=orders, by="system")[0]


def confirm_stop(world: World) -> Act:
    stop = a_stop(world)
    at = stop.effective_at
    return lambda n: stops.acknowledge(
        stop=fresh(stop), stopped_at=at + dt.timedelta(seconds=n), by=stop.system.owner
    )


def confirm_stops(world: World) -> Act:
    stop = a_stop(world)
    times = {stop.pk: stop.effective_at}
    return lambda _n: stops.acknowledge_many(system=fresh(stop.system), stopped=times, by=stop.system.owner)


def an_endpoint(world: World) -> Any:
    system = make.system(unit=unit_of(world))
    return stops.add_endpoint(system=system, name="hook", url="https://hooks.example.org/", by=system.owner)[
        0
    ]


def add_endpoint(world: World) -> Act:
    system = make.system(unit=unit_of(world))
    return lambda _n: stops.add_endpoint(
        system=fresh(system), name="hook", url="https://hooks.example.org/", by=system.owner
    )[0]


def disable_endpoint(world: World) -> Act:
    endpoint = an_endpoint(world)
    return lambda _n: stops.disable_endpoint(endpoint=fresh(endpoint), by=endpoint.system.owner)


def retry_dead(world: World) -> Act:
    endpoint = an_endpoint(world)
    Delivery.objects.create(endpoint=endpoint, state="dead")
    return lambda _n: stops.retry_dead(endpoint=fresh(endpoint), by=endpoint.system.owner)


def sign(world: World) -> Act:
    from governance.screening.selectors import current

    system = make.system(unit=unit_of(world))
    outcome = current(make.flow(system, signed=False))
    officer = make.person("data_protection_officer", system=system)
    return lambda _n: screening.sign(screening=fresh(outcome), by=officer)


def start_run(world: World) -> Act:
    from governance.registry.models import System

    system = System.objects.get(slug=world.slug)
    # not the run of `waiting_job`: one that is open already is not asked for again
    day = make.today() - dt.timedelta(days=1)
    return lambda _n: audits.start_run(
        system=system, kind="sentiment_accuracy", date_from=day, date_to=day, by=system.owner, bell=False
    )


def grant_role(world: World) -> Act:
    unit, person = unit_of(world), make.user()
    return lambda _n: access.grant_role(user=fresh(person), role="manager", unit=unit, by="system")


def revoke_role(world: World) -> Act:
    role = RoleAssignment.objects.get(user=make.person("manager", unit=unit_of(world)))
    return lambda _n: access.revoke_role(assignment=fresh(role), by="system")


def revoke_key(world: World) -> Act:
    key = make.api_key()[0]
    return lambda _n: accounts.revoke_api_key(key=fresh(key), by="system")


def waiting_job(world: World) -> Any:
    from governance.registry.models import System

    system = System.objects.get(slug=world.slug)
    run = audits.start_run(
        system=system, kind="sentiment_accuracy", evaluation="labelled", by=system.owner, bell=False
    )
    return run.job


def cancel(world: World) -> Act:
    job = waiting_job(world)
    return lambda _n: jobs.cancel(job=fresh(job), by=world.people["administrator"])


def retry(world: World) -> Act:
    job = waiting_job(world)
    jobs.cancel(job=job, by=world.people["administrator"])
    return lambda _n: jobs.retry(job=fresh(job), by=world.people["administrator"])


def assess(world: World) -> Act:
    system = make.system(unit=unit_of(world))
    return lambda n: assessments.start(system=system, kind="dpia", by=system.owner)


def assessed(state: str, act: Callable[[Assessment, int, list[Any]], Any]) -> Callable[[World], Act]:
    """The race of an act on an assessment in `state`; the owner and sixteen officers may act."""

    def prepare(world: World) -> Act:
        system = make.system(unit=unit_of(world))
        pk = make.assessment(system, until=state).pk
        officers = [make.person("data_protection_officer", unit=system.unit) for _n in range(MANY)]
        return lambda n: act(Assessment.objects.get(pk=pk), n, [system.owner, *officers])

    return prepare


RACES = [
    Race("assessments.services.start", "assessment.started", assess),
    Race(
        "assessments.services.submit",
        "assessment.submitted",
        assessed("draft", lambda row, n, people: assessments.submit(assessment=row, by=people[0])),
    ),
    Race(
        "assessments.services.sign",
        "assessment.signed",
        assessed(
            "in_review",
            lambda row, n, people: assessments.sign(assessment=row, reason="Fine.", by=people[n + 1]),
        ),
    ),
    Race(
        "assessments.services.withdraw",
        "assessment.withdrawn",
        assessed(
            "in_review",
            lambda row, n, people: assessments.withdraw(assessment=row, reason="No.", by=people[0]),
        ),
    ),
    *races_of_review.RACES,
    *races_of_people.RACES,
    Race("consent.services.publish_notice", "consent.notice_published", publish_notice),
    Race("consent.services.approve_policy", "consent.policy_approved", approve_policy),
    Race("consent.services.record_consent_events", "consent.events_recorded", withdraw_consent, silent=True),
    Race("consent.services.record_notices_served", "consent.notices_served", show_notice, silent=True),
    Race("consent.desk.record_at_desk", "consent.events_recorded", desk_click, silent=True),
    Race("findings.services.open_finding", "finding.opened", open_finding, silent=True),
    Race("findings.services.clear_finding", "finding.cleared", clear_finding),
    Race("findings.services.complete_action", "finding.action_completed", complete_action),
    Race("stops.services.acknowledge", "stop.acknowledged", confirm_stop),
    Race("stops.services.acknowledge_many", "stop.acknowledged", confirm_stops, silent=True),
    Race("stops.services.add_endpoint", "stop.endpoint_added", add_endpoint),
    Race("stops.services.disable_endpoint", "stop.endpoint_disabled", disable_endpoint, silent=True),
    Race("stops.services.retry_dead", "stop.retried", retry_dead),
    Race("screening.services.sign", "screening.signed", sign, silent=True),
    Race("audits.services.start_run", "audit.run_requested", start_run, silent=True),
    Race("access.services.grant_role", "people.role_granted", grant_role, silent=True),
    Race("access.services.revoke_role", "people.role_revoked", revoke_role, silent=True),
    Race("accounts.services.revoke_api_key", "people.api_key_revoked", revoke_key, silent=True),
    Race("jobs.services.cancel", "job.cancel_requested", cancel),
    Race("jobs.services.retry", "job.retried", retry),
]


def together(act: Act) -> list[Any]:
    """The act sixteen times at the same moment, each on a connection of its own: results or exceptions."""
    start, results = threading.Barrier(MANY), [None] * MANY

    def run(n: int) -> None:
        start.wait()
        try:
            results[n] = act(n)
        except Exception as error:
            results[n] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    return results


@pytest.mark.parametrize("race", RACES, ids=lambda race: f"{race.verb}:{race.event}")
def test_of_sixteen_at_once_one_happens(race: Race, world: World, unblocked: None) -> None:
    act = race.prepare(world)
    before = set(PendingEvent.objects.values_list("pk", flat=True))
    results = together(act)
    wrong = [
        result for result in results if isinstance(result, Exception) and not isinstance(result, REFUSALS)
    ]
    assert not wrong, wrong[:3]
    refused = [result for result in results if isinstance(result, Exception)]
    assert len(refused) == (0 if race.silent else MANY - 1), refused[:3]
    told = PendingEvent.objects.filter(type=race.event).exclude(pk__in=before)
    times = Counter(told.values_list("subject", flat=True))  # a sweep may act on several things, on each once
    assert set(times.values()) == {1}


@pytest.mark.parametrize("first", [0, 1])
def test_a_stop_and_the_yes_of_the_works_council_at_once_end_stopped(
    first: int, world: World, unblocked: None
) -> None:
    deployment = races_of_review.waiting_of(world)
    unit, flows = deployment.system.unit, list(deployment.flows.all())
    asked = make.works_council(deployment.system, flows, act="")
    chair, council = make.person("board_chair", unit=unit), make.person("works_council", unit=unit)

    def act(n: int) -> Any:
        if n % 2 == first:
            return review.suspend(deployment=fresh(deployment), reason="Stop.", by=chair)
        return review.answer_council(
            council=fresh(asked), act="consent", answered_on=make.today(), by=council
        )

    results = together(act)
    refused = [result for result in results if isinstance(result, Exception)]
    assert all(isinstance(result, RuleBroken) for result in refused), refused[:3]
    assert len(refused) == MANY - 2  # one stop and one answer
    assert (fresh(deployment).state, fresh(asked).state) == ("suspended", "consented")
    assert not in_force(deployment.system_id, timezone.now()).exists()


# --- no verb is forgotten ------------------------------------------------------------------------------------------

SERVICES = [
    *sorted((ROOT / "governance").glob("*/services.py")),
    *(
        ROOT / "governance" / "review" / f"{name}.py"
        for name in (
            "acts",
            "votes",
            "conditions",
            "council",
            "talk",
            "boards",
            "terms",
            "documents",
            "deployments",
            "expiring",
            "changes",
        )
    ),
    *(
        ROOT / "governance" / "transparency" / f"{name}.py"
        for name in ("acts", "links", "requests", "publishing", "copies")
    ),
    *(ROOT / "portal" / name / "services.py" for name in ("access", "accounts", "jobs")),
]
LOCKS = {"select_for_update", "_locked", "locked", "locked_deployment", "lock_system", "lock"}
NOTHING_TO_WIN = {
    "registry.services.lock_system": "is the lock",
    "assessments.services.lock": "is the lock",
    "assessments.services.locked_draft": "is the lock",
    "review.deployments.open_waiting": "only does what go_live does, under the same locks",
    "registry.services.one_state": "keeps a state under the locks of the acts within",
    "registry.services.update_system": "guarded by row_version: a stale one is refused (tests of the register)",
    "registry.services.change_flow": "guarded by row_version",
    "registry.services.add_version": "a name is taken once, by a constraint",
    "registry.services.add_flow": "a slug is taken once, by a constraint",
    "review.acts.locked": "is the lock",
    "review.acts.locked_deployment": "is the lock",
    "review.acts.overtake": "called by changes of the flow, under the lock of the system",
    "review.changes.approve_policy": "consent.services.approve_policy has a race",
    "review.services.revise_request": "guarded by row_version",
    "review.votes.decide_open": "called by terms.dismiss, which has a race",
    "review.deployments.reinstate": "follows the last vote, which has a race",
    "review.deployments.go_live": "called by council.answer, which has a race",
    "review.deployments.suspend_late": "called by sweep and acceptance: under the lock a second one finds nothing",
    "review.council.ask": "each question is a record of its own",
    "review.talk.comment": "each comment is a row of its own",
    "review.talk.edit": "guarded by row_version",
    "review.talk.keep_minutes": "each text is the next version; one that follows an older one is refused",
    "review.boards.change_board": "guarded by row_version",
    "review.terms.change_term": "sets what is given: the last one stands",
    "review.documents.attach": "the same file twice is one; another is a row of its own",
    "review.changes.drift_beyond_limits": "voiding again finds nothing; the finding it opens has a race",
    "review.boards.set_rule": "guarded by row_version",
    "review.deployments.end_flows": "called by put_in_force and changes, under the lock of the system",
    "consent.services.draft_policy": "there is one draft; the last writer's words stand and are what is approved",
    "stops.services.rotate_secret": "each makes a secret of its own: the last two sign",
    "stops.services.send_test": "each is a message of its own; one before it that still waits is dropped",
    "accounts.services.update_user": "sets what is given: the last one stands",
    "accounts.services.change_profile": "one's own settings",
    "accounts.services.move_unit": "sets what is given: the last one stands",
    "accounts.services.rename_unit": "sets what is given: the last one stands",
    "access.services.change_person": "its races are in tests/services/test_people_races.py",
    "findings.services.add_action": "each action is a row of its own",
    "screening.services.screen": "the same facts give the same outcome; changes call it under the lock of the system",
    "audits.services.plan_audit": "each plan is a version of its own; the last one is in force",
    "accounts.services.create_unit": "a short name is taken once, by a constraint",
    "jobs.services.set_schedule": "sets what is given: the last one stands",
}


def locking_verbs() -> set[str]:
    """`slice.module.verb` of every public function of a service that takes a lock."""
    found = set()
    for path in SERVICES:
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_"):
                continue
            called = {
                getattr(call.func, "attr", getattr(call.func, "id", ""))
                for call in ast.walk(node)
                if isinstance(call, ast.Call)
            }
            if called & LOCKS:
                found.add(f"{path.parent.name}.{path.stem}.{node.name}")
    return found


def test_every_verb_that_locks_has_a_race_or_a_reason() -> None:
    verbs, raced = locking_verbs(), {race.verb for race in RACES}
    assert len(verbs) > 25
    assert verbs - raced - set(NOTHING_TO_WIN) == set(), (
        "write a race in test_races.py, or why nothing is won"
    )
    assert set(NOTHING_TO_WIN) - verbs == set(), "these lock no more: take them away"
    assert not raced & set(NOTHING_TO_WIN)
