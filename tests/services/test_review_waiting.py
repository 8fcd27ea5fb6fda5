"""A deployment that waits for the works council is stopped before it goes live, and only the board lets it go on."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from governance.gate.services import decide
from governance.review import deployments, selectors, services
from governance.review.models import Deployment
from governance.stops.models import Stop
from governance.transparency import public, publishing
from governance.transparency.models import TEXTS, Publication
from portal.errors import NotAllowed, RuleBroken
from portal.ledger.models import PendingEvent
from tests import make
from tests.services.test_review_rounds import WORKERS, _in_force

pytestmark = pytest.mark.django_db
QUESTION = {"subject": "e-1", "subject_role": "employee", "purpose": "wellbeing", "modality": "text"}


def waiting(*slugs: str) -> Deployment:
    """Approved flows of workers whose works council was asked and has not answered."""
    system = make.system()
    flows = [make.flow(system, slug=slug, **WORKERS) for slug in slugs or ("mood",)]
    deployment: Deployment = make.approved_deployment(system, flows, council=False)
    assert deployment.state == "waiting"
    return deployment


def stopped(*slugs: str) -> Deployment:
    deployment = waiting(*slugs)
    overseer = make.person("supervisor", unit=deployment.system.unit)
    return services.suspend(deployment=deployment, reason="Not among us.", by=overseer)


def states(deployment: Deployment) -> dict[str, str]:
    rows = selectors.flow_states(deployment, timezone.now())
    return {flow.slug: state for flow, state in rows}


def reason(system: Any) -> str:
    return decide(system=system, items=[QUESTION])[0].reason


def test_what_waits_is_stopped_with_a_reason_by_an_overseer_alone() -> None:
    deployment = waiting()
    system = deployment.system
    overseer = make.person("supervisor", unit=system.unit)
    assert reason(system) == "no_deployment"
    with pytest.raises(RuleBroken, match="reason"):
        services.suspend(deployment=deployment, reason=" ", by=overseer)
    for other in (system.owner, make.person("works_council", unit=system.unit)):
        with pytest.raises(NotAllowed):
            services.suspend(deployment=deployment, reason="No.", by=other)
    services.suspend(deployment=deployment, reason="Not among us.", by=overseer)
    assert (deployment.state, deployment.reason) == ("suspended", "Not among us.")
    assert states(deployment) == {"mood": "stopped"}
    assert reason(system) == "suspended"
    told = PendingEvent.objects.get(type="review.deployment_suspended")
    assert told.subject == deployment.subject
    assert not Stop.objects.exists()  # nothing ran that the system must stop
    with pytest.raises(RuleBroken) as twice:
        services.suspend(deployment=deployment, reason="Again.", by=overseer)
    assert twice.value.code == "wrong_state"


def test_the_record_of_the_works_council_opens_nothing_until_the_board_put_it_back() -> None:
    deployment = stopped()
    system = deployment.system
    back = services.ask_reinstatement(deployment=deployment, summary="It is solved.", by=system.owner)
    with pytest.raises(RuleBroken) as early:  # the board cannot go before the works council
        services.submit(request=back, by=system.owner)
    assert early.value.code == "no_council_record"

    make.works_council(system, list(deployment.flows.all()))
    assert deployments.open_waiting() == 0
    deployment.refresh_from_db()
    assert (deployment.state, _in_force(system)) == ("suspended", [])

    services.submit(request=back, by=system.owner)
    make.votes(back)
    deployment.refresh_from_db()
    assert (deployment.state, deployment.reason, _in_force(system)) == ("in_force", "", ["mood"])
    assert reason(system) != "suspended"


def test_what_the_works_council_has_not_allowed_stays_stopped_when_the_rest_comes_back() -> None:
    deployment = stopped("mood", "stress")
    system = deployment.system
    make.works_council(system, list(deployment.flows.filter(slug="mood")))
    back = services.ask_reinstatement(
        deployment=deployment, flows=list(deployment.flows.filter(slug="mood")), summary="Solved.", by=system.owner
    )  # fmt: skip
    services.submit(request=back, by=system.owner)
    make.votes(back)
    deployment.refresh_from_db()
    assert (deployment.state, states(deployment)) == ("in_force", {"mood": "running", "stress": "stopped"})
    make.works_council(system, list(deployment.flows.filter(slug="stress")))
    assert (deployments.open_waiting(), _in_force(system)) == (0, ["mood"])


def test_a_refusal_leaves_it_stopped_and_a_consent_after_all_too() -> None:
    deployment = stopped()
    council = make.works_council(deployment.system, list(deployment.flows.all()), act="refuse")
    person = make.person("works_council", unit=deployment.system.unit)
    services.answer_council(council=council, act="consent", answered_on=make.today(), by=person)
    deployment.refresh_from_db()
    assert (deployment.state, states(deployment)) == ("suspended", {"mood": "stopped"})


def test_the_public_page_counts_from_when_it_first_ran() -> None:
    deployment = stopped()
    system = deployment.system
    words = {f"{name}_{language}": "Words." for name in TEXTS for language in ("en", "nl")}
    words |= {"contact_name": "Desk", "contact_email": "desk@example.org"}
    publishing.publish(system=system, values=words, by="system")
    assert public.page(Publication.objects.get(), "en").since is None
    make.works_council(system, list(deployment.flows.all()))
    make.reinstated(deployment)
    assert public.page(Publication.objects.get(), "en").since == make.today()


def test_the_page_offers_the_stop_to_whoever_may_and_says_what_it_waits_for_afterwards() -> None:
    deployment = waiting()
    system, url = deployment.system, deployment.get_absolute_url()
    owner, overseer = Client(), Client()
    owner.force_login(system.owner)
    overseer.force_login(make.person("supervisor", unit=system.unit))
    assert "Emergency stop" not in owner.get(url).content.decode()
    assert owner.post(f"{url}stop/", {"reason": "Harm."}).status_code == 403
    assert "Emergency stop" in overseer.get(url).content.decode()
    assert overseer.post(f"{url}stop/", {"reason": ""}).status_code == 409
    assert overseer.post(f"{url}stop/", {"reason": "Harm."}).status_code == 302
    page = overseer.get(url).content.decode()
    assert "Emergency stop" not in page
    assert "Harm." in page
    page = owner.get(url).content.decode()
    assert "Ask the works council" in page
    assert "Ask the board to reinstate" in page


def test_it_is_stopped_over_rest() -> None:
    deployment = waiting()
    path = f"/api/v1/deployments/{deployment.pk}/suspend"
    overseer, council = Client(), Client()
    overseer.force_login(make.person("supervisor", unit=deployment.system.unit))
    council.force_login(make.person("works_council", unit=deployment.system.unit))
    said = {"data": {"reason": "Harm."}, "content_type": "application/json"}
    assert council.post(path, **said).status_code == 403
    answer = overseer.post(path, **said)
    assert (answer.status_code, answer.json()["state"]) == (200, "suspended")
    assert answer.json()["flows"] == [{"flow": "mood", "state": "stopped"}]
    assert overseer.post(path, **said).status_code == 409


def test_one_that_waits_beside_others_that_run_is_stopped_alone() -> None:
    deployment = waiting("mood", "stress")
    system, unit = deployment.system, deployment.system.unit
    make.works_council(system, list(deployment.flows.filter(slug="mood")))
    assert states(deployment) == {"mood": "running", "stress": "waiting"}
    overseer = Client()
    overseer.force_login(make.person("supervisor", unit=unit))
    page = overseer.get(f"/deployments/{deployment.pk}/").content.decode()
    assert f"/deployments/{deployment.pk}/flows/stress/stop/" in page
    path = f"/api/v1/deployments/{deployment.pk}/flows/stress/suspend"
    said = {"data": {"reason": "Not stress."}, "content_type": "application/json"}
    for _twice in range(2):
        answer = overseer.post(path, **said)
        assert answer.status_code == 200
        assert {row["flow"]: row["state"] for row in answer.json()["flows"]} == {
            "mood": "running",
            "stress": "stopped",
        }
    assert PendingEvent.objects.filter(type="review.flow_suspended").count() == 1
    assert not Stop.objects.filter(type="flow.suspended").exists()  # nothing of it ran
    make.works_council(system, list(deployment.flows.filter(slug="stress")))
    assert (deployments.open_waiting(), _in_force(system)) == (0, ["mood"])
    back = services.ask_reinstatement(
        deployment=deployment, flows=list(deployment.flows.filter(slug="stress")), summary="Solved.", by=system.owner
    )  # fmt: skip
    services.submit(request=back, by=system.owner)
    make.votes(back)
    assert sorted(_in_force(system)) == ["mood", "stress"]


def test_where_all_waits_the_deployment_is_stopped_and_not_a_flow_of_it() -> None:
    deployment = waiting("mood", "stress")
    overseer = Client()
    overseer.force_login(make.person("supervisor", unit=deployment.system.unit))
    answer = overseer.post(
        f"/api/v1/deployments/{deployment.pk}/flows/stress/suspend",
        data={"reason": "Not stress."}, content_type="application/json",
    )  # fmt: skip
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:attune:problem:all_waits")
    assert states(deployment) == {"mood": "waiting", "stress": "waiting"}


def test_another_deployment_that_waits_never_keeps_a_running_flow_from_being_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    running, other = waiting("mood"), waiting("mood")
    flow = running.flows.get()
    make.works_council(running.system, [flow])
    other.flows.add(flow)
    monkeypatch.setattr(deployments, "_alive", lambda *_args: [other, Deployment.objects.get(pk=running.pk)])
    overseer = make.person("supervisor", unit=running.system.unit)
    assert services.suspend_flow(flow=flow, reason="Harm.", by=overseer, waiting=True)
    assert states(running) == {"mood": "stopped"}
