"""Register and findings through the services: what is kept, refused and written to the ledger; races."""

import datetime as dt
import threading
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from governance.findings import services as findings
from governance.findings.models import Finding
from governance.registry import parts, selectors, services
from governance.registry.models import System
from governance.review import changes
from governance.screening import selectors as screenings
from governance.screening import services as screening
from portal.errors import Invalid, NotAllowed, RuleBroken
from portal.ledger.models import LedgerBody, PendingEvent
from tests import make


def _find(system: System, **fields: Any) -> Finding:
    values = {
        "check": "audit:accuracy",
        "severity": "medium",
        "title": "Missed {kpi}",
        "detail": "",
        "source": "audit:1",
    }
    return findings.open_finding(system=system, params={"kpi": "accuracy"}, **(values | fields))


@pytest.mark.django_db
class TestRegister:
    def test_a_short_name_is_taken_once(self) -> None:
        system = make.system()
        with pytest.raises(RuleBroken) as refused:
            make.system(slug=system.slug)
        assert (refused.value.code, refused.value.field) == ("taken", "slug")

    def test_what_is_malformed_is_refused_by_field(self) -> None:
        with pytest.raises(Invalid) as refused:
            make.system(name=" ", provider_role="vendor")
        assert {row["field"] for row in refused.value.errors} == {"name", "provider_role"}

    def test_only_a_person_registers(self) -> None:
        owner = make.user()
        with pytest.raises(NotAllowed):
            services.register_system(
                by="system", unit=make.unit(), name="X", slug="x", description="d", owner=owner,
                provider_role="both", labels=[], label_map={}, languages=[],
            )  # fmt: skip

    def test_a_stale_change_is_refused(self) -> None:
        system = make.system()
        services.update_system(system=system, by=system.owner, expected_version=1, description="New.")
        assert system.row_version == 2
        with pytest.raises(RuleBroken) as refused:
            services.update_system(system=system, by=system.owner, expected_version=1, description="Old.")
        assert refused.value.code == "stale"
        assert (
            services.update_system(system=system, by=system.owner, expected_version=2, description="New.")
            == []
        )

    def test_a_change_is_in_the_ledger_with_before_and_after(self) -> None:
        system = make.system(description="Old.")
        services.update_system(
            system=system, by=system.owner, expected_version=1, reason="Clearer.", description="New."
        )
        event = PendingEvent.objects.get(type="register.system_changed").event
        body = LedgerBody.objects.get(event=event).body
        assert body["reason"] == "Clearer."
        assert body["changes"] == [
            {"field": "description", "before": "Old.", "after": "New.", "material": False}
        ]

    def test_what_was_taken_over_says_when_it_took_effect(self) -> None:
        then = timezone.now() - dt.timedelta(days=300)
        system = make.system(effective_at=then)
        assert system.imported
        assert system.created_at == then
        event = PendingEvent.objects.get(type="register.system_registered", subject=system.subject)
        assert "effective_at" in LedgerBody.objects.get(event=event.event).body
        assert event.ts > then + dt.timedelta(days=299)  # the ledger's own time is real

    def test_a_goal_is_set_once_per_figure_and_date(self) -> None:
        system = make.system()
        goal = {
            "kpi": "csat",
            "target": Decimal("0.8"),
            "direction": "at_least",
            "due_on": dt.date(2027, 1, 1),
        }
        parts.add_part(kind="goal", system=system, statement="Heard.", by=system.owner, **goal)  # type: ignore[arg-type]
        with pytest.raises(RuleBroken):
            parts.add_part(kind="goal", system=system, statement="Again.", by=system.owner, **goal)  # type: ignore[arg-type]

    def test_visible_by_unit_above_by_system_and_until(self) -> None:
        organisation = make.unit()
        system = make.system(unit=make.unit(parent=organisation))
        above = make.person("auditor", unit=organisation)
        direct = make.person("auditor", system=system)
        outsider = make.person("auditor", unit=make.unit())
        assert list(selectors.visible(above)) == [system]
        assert list(selectors.visible(direct)) == [system]
        assert list(selectors.visible(outsider)) == []
        assert list(selectors.visible(above, "edit_register")) == []

    def test_the_database_refuses_what_the_rules_refuse(self) -> None:
        system = make.system()
        with pytest.raises(IntegrityError), transaction.atomic():
            System.objects.filter(pk=system.pk).update(state="elsewhere")


@pytest.mark.django_db
class TestScreening:
    def test_screening_again_without_a_change_keeps_the_signature(self) -> None:
        flow = make.flow(make.system())
        before = screenings.current(flow)
        assert before is not None
        assert screening.screen(flow=flow, by="system") == before
        assert screenings.is_signed(before, flow, timezone.localdate())

    def test_changed_facts_need_a_new_signature(self) -> None:
        system = make.system()
        flow = make.flow(system)
        changes.change_flow(flow=flow, by=system.owner, expected_version=1, consequence="routing")
        current = screenings.current(flow)
        assert current is not None
        assert not screenings.is_signed(current, flow, timezone.localdate())
        assert flow.screenings.count() == 2

    def test_a_signature_ends_after_twelve_months(self) -> None:
        flow = make.flow(make.system())
        current = screenings.current(flow)
        assert current is not None
        assert current.valid_until is not None
        assert screenings.is_signed(current, flow, current.valid_until)
        assert not screenings.is_signed(current, flow, current.valid_until + dt.timedelta(days=1))

    def test_who_and_what_may_not_be_signed(self) -> None:
        system = make.system()
        flow = make.flow(system, signed=False)
        current = screenings.current(flow)
        assert current is not None
        with pytest.raises(NotAllowed):
            screening.sign(screening=current, by=system.owner)
        officer = make.person("data_protection_officer", unit=system.unit)
        held = screenings.current(make.flow(system, facts={}, signed=False))
        assert held is not None
        with pytest.raises(RuleBroken, match="Facts are missing"):
            screening.sign(screening=held, by=officer)
        changes.change_flow(flow=flow, by=system.owner, expected_version=1, consequence="routing")
        with pytest.raises(RuleBroken, match="newer screening"):
            screening.sign(screening=current, by=officer)

    def test_a_screening_by_older_law_is_screened_again_before_it_is_signed(self) -> None:
        system = make.system()
        flow = make.flow(system, signed=False)
        flow.screenings.update(rules_version="2020.1", outcome="minimal")
        officer = make.person("data_protection_officer", unit=system.unit)
        old = screenings.current(flow)
        assert old is not None
        with pytest.raises(RuleBroken, match="Screen it again"):
            screening.sign(screening=old, by=officer)
        new = changes.rescreen(flow=flow, by=officer)
        assert (new.outcome, screenings.current(flow)) == ("transparency", new)
        assert Finding.objects.get(system=system).severity == "high"  # it got worse
        screening.sign(screening=new, by=officer)

    def test_the_same_flow_for_a_deployer_has_other_duties(self) -> None:
        flow = make.flow(make.system(provider_role="deployer"))
        current = screenings.current(flow)
        assert current is not None
        assert "say_it_is_ai" not in {duty["id"] for duty in current.duties}

    def test_a_changed_role_of_the_organisation_screens_again(self) -> None:
        system = make.system()
        flow = make.flow(system)
        changes.update_system(
            system=system,
            by=system.owner,
            expected_version=1,
            provider_role="deployer",
            reason="No longer ours.",
        )
        flow.refresh_from_db()
        current = screenings.current(flow)
        assert current is not None
        assert current.facts["provider_role"] == "deployer"
        assert current.signed_at is None


@pytest.mark.django_db
class TestFindings:
    def test_one_open_per_system_and_check(self) -> None:
        system = make.system()
        first = _find(system)
        again = _find(system, severity="high", source="audit:2")
        assert again.pk == first.pk
        assert (again.seen_count, again.severity, again.source) == (2, "high", "audit:2")
        assert _find(system, severity="low").severity == "high"  # the worse stays
        assert again.title_text == "Missed accuracy"
        findings.clear_finding(finding=again, reason="Retrained.", by="system")
        assert _find(system).pk != first.pk
        assert Finding.objects.filter(system=system).count() == 2

    @pytest.mark.parametrize(
        ("severity", "days"), [("low", 90), ("medium", 60), ("high", 30), ("critical", 3)]
    )
    def test_due_by_severity(self, severity: str, days: int) -> None:
        finding = _find(make.system(), severity=severity)
        assert finding.due_on == finding.opened_at.date() + dt.timedelta(days=days)

    def test_clearing_needs_a_reason_and_no_open_action(self) -> None:
        system = make.system()
        finding = _find(system)
        with pytest.raises(RuleBroken, match="Say why"):
            findings.clear_finding(finding=finding, reason=" ", by=system.owner)
        action = findings.add_action(
            finding=finding, text="Retrain.", owner=system.owner, due_on=dt.date(2026, 12, 1), by=system.owner
        )
        with pytest.raises(RuleBroken, match="still open"):
            findings.clear_finding(finding=finding, reason="Done.", by=system.owner)
        findings.complete_action(action=action, evidence="Audit 2.", by=system.owner)
        with pytest.raises(RuleBroken, match="before"):
            findings.complete_action(action=action, evidence="Audit 2.", by=system.owner)
        findings.clear_finding(finding=finding, reason="Done.", by=system.owner)
        with pytest.raises(RuleBroken, match="cleared before"):
            findings.clear_finding(finding=finding, reason="Done.", by=system.owner)
        with pytest.raises(RuleBroken, match="cleared before"):
            findings.add_action(
                finding=finding,
                text="More.",
                owner=system.owner,
                due_on=dt.date(2026, 12, 1),
                by=system.owner,
            )

    def test_an_unknown_severity_is_a_mistake_of_the_caller(self) -> None:
        with pytest.raises(ValueError, match="severity"):
            _find(make.system(), severity="terrible")


def test_sixteen_that_find_the_same_open_one_finding(committed_db: Any) -> None:
    system = make.system()
    start = threading.Barrier(16)

    def find() -> None:
        try:
            start.wait()
            _find(system)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=find) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Finding.objects.get(system=system).seen_count == 16
