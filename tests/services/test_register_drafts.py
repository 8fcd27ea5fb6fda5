"""Describing a system from draft to register: gaps, who sees a draft, sending twice, voiding, kept states."""

import datetime as dt
import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from governance.findings.models import Finding
from governance.registry import (
    content,
    drafts,
    fields,
    parts,
    reports,
    revisions,
    selectors,
    services,
    vendors,
    words,
)
from governance.registry.models import SystemRevision, UnlistedReport
from governance.review import changes
from portal.errors import Invalid, NotAllowed, RuleBroken, Stale
from portal.ledger.models import LedgerBody, PendingEvent
from portal.notify.models import Message
from tests import make

pytestmark = pytest.mark.django_db


class TestDraft:
    def test_an_empty_draft_names_each_gap_with_its_step(self) -> None:
        draft = make.draft()
        with pytest.raises(Invalid) as refused:
            drafts.register_draft(system=draft, by=draft.owner)
        named = {row["field"] for row in refused.value.errors}
        wanted = {one.name for one in fields.SYSTEM.values() if one.needed} - {"name", "owner", "label_map"}
        kinds = {"version", "unit_use", "use_case", "hand_over", "flow", "goal", "contact"}
        assert named == wanted | kinds
        for gap in selectors.gaps(draft):
            step = fields.STEP[gap.step]
            assert gap.field in {one.name for one in step.fields} | set(step.parts)

    def test_a_described_draft_is_registered_and_registering_it_twice_changes_nothing(self) -> None:
        draft = make.described(make.draft())
        assert selectors.gaps(draft) == []
        drafts.register_draft(system=draft, by=draft.owner)
        assert (draft.state, draft.registered_by) == ("registered", draft.owner)
        before = SystemRevision.objects.filter(system=draft).count()
        drafts.register_draft(system=draft, by=draft.owner)
        assert SystemRevision.objects.filter(system=draft).count() == before

    def test_a_deployer_names_the_vendor_and_a_provider_need_not(self) -> None:
        draft = make.described(make.draft(), vendor=None)
        assert [gap.step for gap in selectors.gaps(draft)] == ["vendor"]
        services.update_system(
            system=draft, by=draft.owner, expected_version=draft.row_version, provider_role="provider"
        )
        assert selectors.gaps(draft) == []

    def test_continuous_learning_needs_declared_limits(self) -> None:
        draft = make.described(make.draft(), learning="continuous")
        assert {gap.field for gap in selectors.gaps(draft)} == {
            "learning_figure", "learning_max_deviation", "learning_window_days", "learning_checks",
        }  # fmt: skip
        system = make.system()
        with pytest.raises(Invalid):
            services.update_system(
                system=system, by=system.owner, expected_version=1, learning="continuous", reason="It learns."
            )
        with pytest.raises(IntegrityError), transaction.atomic():
            type(system).objects.filter(pk=system.pk).update(learning="continuous")

    def test_a_draft_is_seen_by_its_owner_its_maker_and_the_editors_of_its_unit_only(self) -> None:
        unit = make.unit()
        draft = make.draft(unit=unit, owner=make.person("system_owner", unit=unit))
        editor = make.person("system_owner", unit=unit)
        owner_without_role = make.person("manager", unit=unit)
        services.update_system(system=draft, by=draft.owner, expected_version=1, owner=owner_without_role)
        for person in (draft.created_by, editor, owner_without_role):
            assert list(selectors.visible(person, drafts=True)) == [draft]
            assert list(selectors.visible(person)) == []  # no list of what is registered has it
        for role in ("manager", "auditor", "board_member", "data_protection_officer"):
            assert list(selectors.visible(make.person(role, unit=unit), drafts=True)) == []
        assert list(selectors.visible(make.person("system_owner", unit=make.unit()), drafts=True)) == []

    def test_who_does_not_edit_the_unit_starts_no_draft_there(self) -> None:
        with pytest.raises(NotAllowed):
            drafts.start_draft(
                by=make.person("auditor", unit=(unit := make.unit())), unit=unit, name="X", slug="x"
            )

    def test_a_form_sent_twice_makes_one_draft_one_row_one_report(self) -> None:
        unit = make.unit()
        owner = make.person("system_owner", unit=unit)
        token = uuid.uuid4()
        made = [drafts.start_draft(by=owner, unit=unit, name="X", slug="once", pk=token) for _ in range(2)]
        assert made[0] == made[1]
        rows = [
            parts.add_part(
                system=made[0], kind="contact", by=owner, role="privacy", person=owner, pk=uuid.UUID(int=7)
            )
            for _ in range(2)
        ]
        assert rows[0].pk == rows[1].pk
        for _ in range(2):
            reports.report_ai(by=owner, unit=unit, name="Y", what="It listens.", pk=token)
        assert UnlistedReport.objects.count() == 1
        with pytest.raises(RuleBroken) as refused:  # another form with the same name is no repetition
            drafts.start_draft(by=owner, unit=unit, name="X", slug="once")
        assert refused.value.field == "slug"

    def test_nothing_is_put_into_use_from_a_draft(self) -> None:
        from governance.review import services as review

        draft = make.described(make.draft())
        make.board_with_members(draft.unit)
        with pytest.raises(RuleBroken) as refused:
            review.create_request(
                system=draft,
                flows=list(draft.flows.all()),
                version=draft.versions.get(),
                summary="?",
                by=draft.owner,
            )
        assert refused.value.code == "draft"

    def test_a_discarded_draft_is_gone_for_everybody_and_keeps_its_history(self) -> None:
        draft = make.draft()
        drafts.discard_draft(system=draft, by=draft.owner)
        assert list(selectors.visible(draft.owner, drafts=True)) == []
        assert SystemRevision.objects.filter(system=draft).count() == 2
        with pytest.raises(RuleBroken):
            drafts.register_draft(system=draft, by=draft.owner)


class TestStale:
    def test_a_stale_save_names_what_changed_meanwhile_and_what_was_typed(self) -> None:
        system = make.system(description="Old.")
        services.update_system(system=system, by=system.owner, expected_version=1, description="Theirs.")
        with pytest.raises(Stale) as refused:
            services.update_system(
                system=system, by=system.owner, expected_version=1, description="Mine.", name="N"
            )
        assert refused.value.current == 2
        assert refused.value.rows == [
            {"field": "description", "before": "Old.", "theirs": "Theirs.", "yours": "Mine."}
        ]
        system.refresh_from_db()
        assert system.description == "Theirs."

    def test_a_stale_row_names_its_fields(self) -> None:
        system = make.described(make.draft())
        row = system.handovers.get()
        parts.change_part(row=row, kind="hand_over", by=system.owner, expected_version=1, within_minutes=5)
        with pytest.raises(Stale) as refused:
            parts.change_part(
                row=row, kind="hand_over", by=system.owner, expected_version=1, within_minutes=9
            )
        assert refused.value.rows == [{"field": "within_minutes", "before": 2, "theirs": 5, "yours": 9}]
        said = words.meanwhile(refused.value.rows, fields.HAND_OVER.by_name)
        assert said == [{"field": "Within (minutes)", "before": "2", "theirs": "5", "yours": "9"}]

    def test_sending_the_same_again_is_no_change_and_not_stale(self) -> None:
        system = make.system()
        for _ in range(2):
            services.update_system(system=system, by=system.owner, expected_version=1, description="Once.")
        assert system.row_version == 2

    def test_a_stale_vendor_and_a_row_that_is_gone(self) -> None:
        system = make.described(make.draft())
        vendor = system.vendor
        vendors.update_vendor(vendor=vendor, by=system.owner, expected_version=1, contact_name="A")
        with pytest.raises(Stale) as refused:
            vendors.update_vendor(vendor=vendor, by=system.owner, expected_version=1, contact_name="B")
        assert [(r["field"], r["theirs"], r["yours"]) for r in refused.value.rows] == [
            ("contact_name", "A", "B")
        ]
        row = system.usecases.get()
        assert parts.remove_part(row=row, kind="use_case", by=system.owner, reason="No longer offered.")
        assert not parts.remove_part(row=row, kind="use_case", by=system.owner)
        with pytest.raises(RuleBroken) as gone:
            parts.change_part(row=row, kind="use_case", by=system.owner, expected_version=1, name="Other")
        assert gone.value.code == "removed"


def _in_force() -> Any:
    system = make.described(make.system())
    return system, make.approved_deployment(system)


class TestMaterial:
    @pytest.mark.parametrize(
        ("values", "void"),
        [
            ({"description": "Clearer."}, False),
            ({"link_template": "https://chat.example/{id}"}, False),
            ({"strategy_note": "It says so."}, False),
            ({"provider_role": "both"}, True),
            ({"label_map": {"anger": "frustration"}}, True),
            ({"languages": ["nl", "tr"]}, True),
            ({"learning": "periodic"}, True),
            ({"strategies": ["offer"]}, True),
            ({"vendor": None, "provider_role": "provider"}, True),
        ],
    )
    def test_a_material_change_of_the_system_voids(self, values: dict[str, Any], void: bool) -> None:
        system, deployment = _in_force()
        changes.update_system(
            system=system, by=system.owner, expected_version=system.row_version, reason="Because.", **values
        )
        deployment.refresh_from_db()
        assert (deployment.state == "voided") is void

    def test_a_material_change_says_why(self) -> None:
        system = make.system()
        with pytest.raises(Invalid) as refused:
            changes.update_system(
                system=system, by=system.owner, expected_version=1, provider_role="deployer"
            )
        assert refused.value.errors[0]["field"] == "reason"

    @pytest.mark.parametrize(
        ("kind", "related", "values", "void"),
        [
            ("use_case", "usecases", {"prohibited": "Nothing."}, True),
            ("use_case", "usecases", {"audience": "leaders"}, True),
            ("use_case", "usecases", {"description": "Clearer."}, False),
            ("hand_over", "handovers", {"within_minutes": 60}, True),
            ("contact", "contacts", {"role": "business"}, None),
            ("goal", "goals", {"target": Decimal("0.7")}, False),
            ("cost", "plannedcosts", {"amount": Decimal("9")}, False),
            ("version", "versions", {"training_data": "More data."}, True),
            ("version", "versions", {"notes": "Clearer."}, False),
        ],
    )
    def test_a_material_change_of_a_row_voids(
        self, kind: str, related: str, values: dict[str, Any], void: bool | None
    ) -> None:
        system, deployment = _in_force()
        row = getattr(system, related).first()
        if void is None:  # whom to ask changes nothing: the row is taken away
            changes.remove_part(row=row, kind=kind, by=system.owner)  # no reason is needed
        else:
            changes.change_part(
                row=row, kind=kind, by=system.owner, expected_version=row.row_version, reason="B.", **values
            )
        deployment.refresh_from_db()
        assert (deployment.state == "voided") is bool(void)

    def test_another_use_or_a_hand_over_point_less_voids(self) -> None:
        for act in ("add", "remove"):
            system, deployment = _in_force()
            if act == "add":
                more: dict[str, Any] = {
                    "system": system, "kind": "use_case", "by": system.owner, "name": "Calls", "audience": "leaders",
                    "setting": "workplace", "purpose": "own_training", "prohibited": "Never.",
                }  # fmt: skip
                with pytest.raises(Invalid):
                    changes.add_part(**more)
                changes.add_part(**more, reason="Leaders asked for it.")
            else:
                gone: dict[str, Any] = {
                    "row": system.handovers.get(),
                    "kind": "hand_over",
                    "by": system.owner,
                }
                with pytest.raises(Invalid) as why:
                    changes.remove_part(**gone)
                assert [error["field"] for error in why.value.errors] == ["reason"]
                changes.remove_part(**gone, reason="Gone.")
            deployment.refresh_from_db()
            assert deployment.state == "voided"

    def test_other_terms_with_the_vendor_void_and_another_contact_does_not(self) -> None:
        system, deployment = _in_force()
        common = {"vendor": system.vendor, "by": system.owner}
        changes.update_vendor(**common, expected_version=1, contact_name="Somebody else")
        deployment.refresh_from_db()
        assert deployment.state == "in_force"
        with pytest.raises(Invalid):
            changes.update_vendor(**common, expected_version=2, transfer_tool="adequacy")
        changes.update_vendor(**common, expected_version=2, reason="Decided.", transfer_tool="adequacy")
        deployment.refresh_from_db()
        assert deployment.state == "voided"

    def test_drift_beyond_the_declared_limits_voids_and_opens_a_finding_and_within_does_not(self) -> None:
        system, deployment = _in_force()
        window = (dt.date(2026, 10, 1), dt.date(2026, 10, 30))
        drift: dict[str, Any] = {"system": system, "window": window, "source": "audit:1"}
        with pytest.raises(RuleBroken) as refused:
            changes.drift_beyond_limits(deviation=Decimal("0.5"), **drift)
        assert refused.value.code == "no_limits"
        services.update_system(  # by the service alone: the declaration itself is not what this test is about
            system=system, by=system.owner, expected_version=system.row_version, reason="It learns.",
            learning="continuous", learning_figure="accuracy", learning_max_deviation=Decimal("0.05"),
            learning_window_days=30, learning_checks="Two raters.",
        )  # fmt: skip
        assert not changes.drift_beyond_limits(deviation=Decimal("-0.05"), **drift)
        deployment.refresh_from_db()
        assert deployment.state == "in_force"
        assert changes.drift_beyond_limits(deviation=Decimal("-0.051"), **drift)
        deployment.refresh_from_db()
        assert deployment.state == "voided"
        finding = Finding.objects.get(check_key="drift:accuracy")
        assert (finding.severity, finding.params["limit"], finding.params["deviation"]) == (
            "critical", "0.05", "-0.051",
        )  # fmt: skip


class TestHistory:
    def test_each_change_keeps_a_state_whose_digest_stands_in_the_ledger(self) -> None:
        system = make.system()
        services.update_system(
            system=system, by=system.owner, expected_version=1, reason="Clear.", description="D."
        )
        last = SystemRevision.objects.filter(system=system).first()
        assert last is not None
        assert (last.act, last.reason, last.number) == ("register.system_changed", "Clear.", 3)
        assert last.sha256 == content.digest(last.content)
        event = PendingEvent.objects.filter(type="register.system_changed").latest("id").event
        assert LedgerBody.objects.get(event=event).body["record_sha256"] == last.sha256

    def test_two_states_differ_field_by_field_in_words(self) -> None:
        system = make.described(make.draft())
        before = content.record(system)
        services.update_system(
            system=system,
            by=system.owner,
            expected_version=system.row_version,
            provider_role="both",
            vendor=None,
        )
        parts.remove_part(row=system.usecases.get(), kind="use_case", by=system.owner, reason="Gone.")
        row = system.handovers.get()
        parts.change_part(row=row, kind="hand_over", by=system.owner, expected_version=1, to_whom="A doctor")
        rows = words.differences(revisions.compare(before, content.record(system)))
        found = {row["field"]: (row["before"], row["after"], row["material"]) for row in rows}
        assert found["Our role under the AI Act"][1:] == ("Provider and deployer", True)
        assert found["Vendor"][1] == ""
        assert found["Use case 'Chat'"] == ("Chat", "not there", True)
        assert found["Hand-over point 'Anger': To whom"] == ("A colleague", "A doctor", True)
        assert len(found) == 4

    def test_a_state_from_before_a_field_existed_says_so(self) -> None:
        system = make.described(make.draft())
        now = content.record(system)
        old = {
            "schema": 0,
            "system": {n: v for n, v in now["system"].items() if n not in ("learning", "strategies")},
            "parts": {kind: rows for kind, rows in now["parts"].items() if kind != "cost"},
        }
        found = {row["field"]: row for row in words.differences(revisions.compare(old, now))}
        assert found["Learns in production"]["before"] == "was not recorded yet"
        assert found["Learns in production"]["after"] == "No: it changes only by a new version"
        assert found["Planned cost 'Licence fee'"]["before"] == "was not recorded yet"
        back = {row["field"]: row for row in words.differences(revisions.compare(now, old))}
        assert back["Learns in production"]["after"] == "was not recorded yet"
        assert revisions.compare(now, now) == []


class TestReports:
    def test_anybody_reports_and_the_editor_makes_a_draft_of_it_once(self) -> None:
        unit = make.unit()
        reporter, editor = make.user(), make.person("system_owner", unit=unit)
        report = reports.report_ai(by=reporter, unit=unit, name="Mood lamp", what="It reads faces.")
        made = [reports.make_draft(report=report, by=editor) for _ in range(2)]
        assert made[0] == made[1]
        assert (made[0].name, made[0].description, made[0].state) == ("Mood lamp", "It reads faces.", "draft")
        assert (report.state, report.answered_by) == ("draft_made", editor)
        drafts.discard_draft(system=made[0], by=editor, reason="A lamp after all.")
        told = Message.objects.filter(user=reporter).values_list("kind", flat=True)
        assert set(told) == {"Your report was answered", "The draft of what you reported was put aside"}
        with pytest.raises(RuleBroken) as refused:
            reports.answer_report(report=report, outcome="not_ai", answer="No.", by=editor)
        assert refused.value.code == "answered"

    def test_the_officer_answers_and_a_manager_does_not(self) -> None:
        unit = make.unit()
        officer = make.person("data_protection_officer", unit=unit)
        report = reports.report_ai(by=make.user(), unit=unit, name="Speller", what="Words.")
        with pytest.raises(NotAllowed):
            reports.answer_report(
                report=report, outcome="not_ai", answer="No.", by=make.person("manager", unit=unit)
            )
        with pytest.raises(NotAllowed):
            reports.make_draft(report=report, by=officer)  # who answers need not edit the register
        with pytest.raises(Invalid):
            reports.answer_report(report=report, outcome="not_ai", answer=" ", by=officer)
        reports.answer_report(report=report, outcome="not_ai", answer="A word list.", by=officer)
        assert (report.state, report.answer) == ("not_ai", "A word list.")
        told = Message.objects.get(user=report.created_by)
        assert (told.kind, told.url) == ("Your report was answered", report.get_absolute_url())
        own = reports.report_ai(by=officer, unit=unit, name="Mine", what="Words.")
        with pytest.raises(NotAllowed, match="Somebody else"):
            reports.answer_report(report=own, outcome="not_ai", answer="No.", by=officer)
        own.delete()
        assert list(selectors.reports(officer)) == [report]
        assert list(selectors.reports(make.person("data_protection_officer", unit=make.unit()))) == []
