"""What the gate keeps in memory of a system never outlives a change of a row behind it."""

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from governance.consent import services as consent
from governance.gate import selectors, services
from governance.gate.selectors import scope
from governance.gate.services import decide
from governance.holding.services import rotate_key
from governance.review.deployments import suspend
from governance.review.models import Deployment
from tests import make

pytestmark = pytest.mark.django_db
QUESTION = {"subject": "customer-1", "subject_role": "customer", "purpose": "service", "modality": "text"}


@pytest.fixture
def system() -> Any:
    return make.live_system()


def test_nothing_changed_nothing_is_read_again(system: Any, django_assert_num_queries: Any) -> None:
    first = scope(system.pk)
    with django_assert_num_queries(1):
        assert scope(system.pk) is first


def test_a_suspension_is_felt_by_the_next_question(system: Any) -> None:
    assert decide(system=system, items=[QUESTION])[0].outcome == "allow"
    suspend(deployment=Deployment.objects.get(), reason="Harm.", by="system")
    assert decide(system=system, items=[QUESTION])[0].reason == "suspended"


def test_every_row_behind_a_scope_is_in_its_mark(system: Any) -> None:
    def flows() -> None:
        system.flows.update(purpose="offers")

    def notices() -> None:
        make.notice(system, material_change=True)

    def policies() -> None:
        make.policy(system, make.PERMIT_BY_CONSENT)

    def stretches() -> None:
        selectors.InForce.objects.update(ends_at=timezone.now())

    for change in (flows, notices, policies, stretches):
        before = scope(system.pk)
        change()
        after = scope(system.pk)
        assert after != before, change.__name__
        assert after == selectors._read(system.pk, "")


def test_a_change_that_is_taken_back_leaves_nothing_behind(system: Any) -> None:
    before = scope(system.pk)
    with transaction.atomic():
        consent.publish_notice(
            system=system, text="New.", language="en", version=2, material_change=True, by="system"
        )
        assert scope(system.pk).material != before.material
        transaction.set_rollback(True)
    assert scope(system.pk) == before
    with transaction.atomic():
        make.policy(system, make.PERMIT_BY_CONSENT)
        assert scope(system.pk).policies != before.policies
        assert scope(system.pk).material == before.material


def test_two_systems_are_kept_apart_and_only_so_many(system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    other = make.live_system(make.PERMIT_BY_CONSENT)
    assert scope(system.pk).policies != scope(other.pk).policies
    monkeypatch.setattr(selectors, "_MOST_KEPT", 1)
    monkeypatch.setattr(selectors, "_kept", {})
    for one in (system, other, system):
        assert scope(one.pk).system_id == one.pk
    assert len(selectors._kept) == 1


def test_a_key_that_turns_in_the_middle_of_a_question_hides_no_objection(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    system = make.live_system({**make.PERMIT_BY_CONTRACT, "basis": "legitimate_interest"})
    objected = make.consent(1, subject="a", action="objected", notice_version=None)
    assert (
        consent.record_consent_events(system=system, items=[objected], by="system")[0]["status"] == "accepted"
    )
    question = {"subject": "a", "subject_role": "customer", "purpose": "service", "modality": "text"}
    assert services.decide(system=system, items=[question])[0].reason == "objected"
    settings.PSEUDONYM_KEYS = ["second" * 8]
    plain, asked = services.answers, []

    def turning(*arguments: Any) -> Any:
        if not asked:
            rotate_key(system=system, by="system")
        asked.append(1)
        return plain(*arguments)

    monkeypatch.setattr(services, "answers", turning)
    assert services.decide(system=system, items=[question])[0].reason == "objected"
    assert len(asked) == 2, "asked again under the new name"


def test_an_allow_is_not_kept_beyond_the_next_policy() -> None:
    system = make.live_system(make.PERMIT_BY_CONTRACT)
    soon = timezone.now() + dt.timedelta(seconds=20)
    make.policy(system, {"id": "no", "effect": "prohibit"}, effective_at=soon)
    question = {"subject": "a", "subject_role": "customer", "purpose": "service", "modality": "text"}
    (answer,) = services.decide(system=system, items=[question])
    assert answer.outcome == "allow" and answer.cache_seconds <= 20
