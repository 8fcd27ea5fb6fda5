"""The life of an assessment through its services: who may, locks, versions, what requests need and bind, threads."""

import datetime as dt
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone, translation

from governance.assessments import answers, catalogue, prefill, rules, selectors, services, threads
from governance.assessments.models import Assessment
from governance.assessments.questionnaire import Question, Section
from governance.registry import parts
from governance.registry import services as registry
from governance.screening import selectors as screenings
from governance.screening.rules import a_year_later
from portal.access.roles import PERMISSIONS, Role
from portal.access.services import grant_role
from portal.accounts.models import User
from portal.desk.dates import dates
from portal.errors import Invalid, NotAllowed, RuleBroken
from portal.ledger.models import PendingEvent
from tests import make

pytestmark = pytest.mark.django_db


def events(row: Assessment) -> list[str]:
    return list(
        PendingEvent.objects.filter(subject=row.subject).order_by("id").values_list("type", flat=True)
    )


def voice(**fields: Any) -> tuple[Any, Any]:
    """A system with one high-risk flow."""
    system = make.system(**fields)
    return system, make.flow(system, slug="voice", modality="voice")


# --- transitions × role -------------------------------------------------------------------------

ACTS: dict[str, Any] = {
    "submit": lambda row, by: services.submit(assessment=row, by=by),
    "return": lambda row, by: services.send_back(assessment=row, reason="Why so?", by=by),
    "sign": lambda row, by: services.sign(assessment=row, reason="Careful.", by=by),
    "withdraw": lambda row, by: services.withdraw(assessment=row, reason="Not needed.", by=by),
    "revoke": lambda row, by: services.withdraw(assessment=row, reason="It was wrong.", by=by),
}


@pytest.mark.parametrize("kind", ["dpia", "fria"])
@pytest.mark.parametrize("act", list(ACTS))
def test_each_act_is_open_to_the_roles_of_the_table_only(act: str, kind: str) -> None:
    source = next(t.source for t in rules.TRANSITIONS if t.act == act)
    system = make.system()
    row = make.assessment(system, kind, until=source)
    perm = rules.permission(kind, act)
    for role in Role:
        person = make.person(role.value, unit=system.unit)
        with transaction.atomic():
            if perm in PERMISSIONS[role]:
                ACTS[act](row, person)
                assert row.state == rules.after(source, act)
            else:
                with pytest.raises(NotAllowed):
                    ACTS[act](row, person)
            transaction.set_rollback(True)
        row.refresh_from_db()
        assert row.state == source


@pytest.mark.parametrize(
    ("act", "state"),
    [("submit", "in_review"), ("submit", "signed"), ("return", "draft"), ("return", "signed"), ("sign", "draft"),
     ("sign", "signed"), ("withdraw", "withdrawn")],
)  # fmt: skip
def test_no_act_leaves_the_table_whoever_tries(act: str, state: str) -> None:
    system = make.system()
    row = make.assessment(system, until="draft" if state == "withdrawn" else state)
    if state == "withdrawn":
        ACTS["withdraw"](row, system.owner)
    for role in ("system_owner", "data_protection_officer"):
        with pytest.raises(RuleBroken):
            ACTS[act](row, make.person(role, unit=system.unit))
    row.refresh_from_db()
    assert row.state == state


def test_nobody_signs_what_they_wrote_in() -> None:
    system = make.system()
    row = make.assessment(system, until="draft")
    both = make.person("data_protection_officer", unit=system.unit)
    grant_role(user=both, role="system_owner", system=system, by="system")
    both = User.objects.get(pk=both.pk)
    answers.save_answers(assessment=row, answers={"version": "2"}, expected=row.row_version, by=both)
    services.submit(assessment=row, by=system.owner)
    with pytest.raises(RuleBroken, match="Nobody signs what they wrote"):
        services.sign(assessment=row, reason="Fine.", by=both)
    assert not [item for item in selectors.waiting(both, make.today()) if item.why == "sign"]
    other = make.person("data_protection_officer", unit=system.unit)
    assert [item.why for item in selectors.waiting(other, make.today())] == ["sign"]
    services.sign(assessment=row, reason="Fine.", by=other)
    assert row.valid_until == a_year_later(make.today())


@pytest.mark.parametrize("act", ["sign", "return", "withdraw"])
def test_an_act_without_a_reason_is_refused(act: str) -> None:
    system = make.system()
    row = make.assessment(system, until="in_review")
    verb = {"sign": services.sign, "return": services.send_back, "withdraw": services.withdraw}[act]
    by = system.owner if act == "withdraw" else make.person("data_protection_officer", unit=system.unit)
    with pytest.raises(RuleBroken) as refused:
        verb(assessment=row, reason="  ", by=by)
    assert (refused.value.code, refused.value.field) == ("reason_missing", "reason")


def test_an_open_question_stops_the_submission_and_a_key_may_not_begin() -> None:
    system = make.system()
    row = services.start(system=system, kind="dpia", by=system.owner)
    with pytest.raises(RuleBroken, match="Questions are still open"):
        services.submit(assessment=row, by=system.owner)
    with pytest.raises(RuleBroken, match="already"):
        services.start(system=system, kind="dpia", by=system.owner)
    with pytest.raises(Invalid):
        services.start(system=system, kind="tea-leaves", by=system.owner)
    with pytest.raises(NotAllowed):
        services.start(system=system, kind="fria", by=make.person("manager", unit=system.unit))


def test_every_act_is_in_the_ledger() -> None:
    system = make.system()
    row = make.assessment(system, until="in_review")
    officer = make.person("data_protection_officer", unit=system.unit)
    services.send_back(assessment=row, reason="Which groups?", by=officer)
    assert [item.why for item in selectors.waiting(system.owner, make.today())] == ["returned"]
    services.submit(assessment=row, by=system.owner)
    services.sign(assessment=row, reason="Good.", by=officer)
    services.withdraw(assessment=row, reason="A figure was wrong.", by=officer)
    assert events(row) == [
        "assessment.started",
        "assessment.answers_saved",
        "assessment.submitted",
        "assessment.returned",
        "assessment.submitted",
        "assessment.signed",
        "assessment.revoked",
    ]


# --- what is signed -----------------------------------------------------------------------------


def test_what_is_signed_is_frozen_under_its_digest() -> None:
    system = make.system()
    row = make.assessment(system)
    assert row.digest == rules.digest(row.content)
    told = {a["question"]: a["answer"] for s in row.content["sections"] for a in s["answers"]}
    assert told["what"] == system.description
    assert "people_said" not in told  # it was not asked
    with pytest.raises(RuleBroken, match="Only a draft"):
        answers.save_answers(assessment=row, answers={"what": "x"}, expected=row.row_version, by=system.owner)
    changed = {**row.content, "version": 9}
    assert rules.digest(changed) != row.digest


def test_answers_that_are_no_longer_asked_are_not_signed() -> None:
    system = make.system()
    row = make.assessment(
        system, until="draft", answers={"people_asked": "yes", "people_said": "They agreed."}
    )
    answers.save_section(
        assessment=row,
        section="consultation",
        answers={"people_asked": "no", "people_not_asked": "There are none."},
        expected=row.saves["consultation"],
        by=system.owner,
    )
    told = [a["question"] for s in services.content(row)["sections"] for a in s["answers"]]
    assert "people_not_asked" in told
    assert "people_said" not in told
    assert row.answers["people_said"] == "They agreed."  # it comes back when it is asked again


def test_a_new_version_starts_from_the_last_and_replaces_it_when_signed() -> None:
    system = make.system()
    first = make.assessment(system)
    second = services.start(system=system, kind="dpia", by=system.owner)
    assert (second.version, second.answers) == (2, first.answers)
    assert selectors.compare(first, second) == []
    answers.save_section(
        assessment=second, section="description", answers={"version": "2.0"}, expected=0, by=system.owner
    )
    (found,) = selectors.compare(first, second)
    assert (found.question.id, found.after, found.before_known) == ("version", "2.0", True)
    services.submit(assessment=second, by=system.owner)
    services.sign(
        assessment=second, reason="Better.", by=make.person("data_protection_officer", system=system)
    )
    first.refresh_from_db()
    assert (first.state, first.superseded_at is not None) == ("superseded", True)
    assert selectors.signed(system, make.today())["dpia"] == second


def test_a_question_that_did_not_exist_before_shows_as_new(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    system = make.system()
    first = make.assessment(system, "bias")
    known = catalogue.find("bias", "2026.1")
    extra = Question(id="proxies", kind="text", text={"en": "Which proxies?", "nl": "Welke proxies?"})
    last = known.sections[-1]
    gone = tuple(q for q in last.questions if q.id != "exceeded")
    later = replace(
        known,
        version="2027.1",
        valid_from=dt.date(2026, 2, 1),
        sections=(*known.sections[:-1], Section(last.id, last.title, (*gone, extra))),
    )
    both = {("bias", "2026.1"): known, ("bias", "2027.1"): later}
    monkeypatch.setattr(catalogue, "questionnaires", lambda: both)
    second = services.start(system=system, kind="bias", by=system.owner)
    assert second.questionnaire == "2027.1"
    found = {d.question.id: (d.before_known, d.after_known) for d in selectors.compare(first, second)}
    assert found == {"proxies": (False, True), "exceeded": (True, False)}
    assert "Questions are still open" in services.problem(second, make.today())


def test_the_database_holds_pairs_and_one_open_version_per_kind() -> None:
    system = make.system()
    row = make.assessment(system, until="draft")
    wrong: list[dict[str, Any]] = [
        {"state": "signed"},
        {"state": "in_review"},
        {"state": "withdrawn"},
        {"state": "superseded"},
        {"state": "lost"},
        {"kind": "tea"},
        {"signed_at": timezone.now()},
        {"return_reason": "x"},
        {"not_owed_reason": "x"},
        {"version": 0},
    ]
    for fields in wrong:
        with pytest.raises(IntegrityError), transaction.atomic():
            Assessment.objects.filter(pk=row.pk).update(**fields)
    with pytest.raises(IntegrityError), transaction.atomic():
        Assessment.objects.create(
            system=system,
            kind="dpia",
            version=2,
            questionnaire="2026.1",
            created_at=timezone.now(),
            created_by=system.owner,
        )


# --- the optimistic lock ------------------------------------------------------------------------


def test_a_stale_page_is_told_what_changed_meanwhile() -> None:
    system = make.system()
    colleague = make.person("system_owner", unit=system.unit, name="Ines de Wit")
    row = services.start(system=system, kind="dpia", by=system.owner)
    save = {"assessment": row, "section": "necessity"}
    answers.save_section(**save, answers={"minimal": "Words only."}, expected=0, by=colleague)
    with pytest.raises(answers.Stale) as refused:
        answers.save_section(**save, answers={"minimal": "No sound."}, expected=0, by=system.owner)
    (change,) = refused.value.changes
    assert (change.question.id, change.before, change.now, change.yours, change.by) == (
        "minimal", None, "Words only.", "No sound.", "Ines de Wit",
    )  # fmt: skip
    assert "Ines de Wit changed this section meanwhile" in str(refused.value)
    row.refresh_from_db()
    assert row.answers["minimal"] == "Words only."
    answers.save_section(
        **save, answers={"minimal": "No sound."}, expected=refused.value.save_number, by=system.owner
    )
    assert row.answers["minimal"] == "No sound."


def test_what_a_stale_page_left_as_it_was_does_not_undo_a_newer_answer() -> None:
    system = make.system()
    colleague = make.person("system_owner", unit=system.unit)
    row = services.start(system=system, kind="dpia", by=system.owner)
    save = {"assessment": row, "section": "necessity"}
    answers.save_section(**save, answers={"minimal": "Words only."}, expected=0, by=colleague)
    changed = answers.save_section(
        **save, answers={"minimal": None, "rights": "A notice, and a person."}, expected=0, by=system.owner
    )
    assert changed == ["rights"]
    assert row.answers["minimal"] == "Words only."
    assert row.answers["rights"] == "A notice, and a person."


def test_the_same_save_again_changes_nothing_and_records_nothing() -> None:
    system = make.system()
    row = services.start(system=system, kind="dpia", by=system.owner)
    save: dict[str, Any] = {"assessment": row, "section": "need", "answers": {"criteria": ["scoring"]}}
    assert answers.save_section(**save, expected=0, by=system.owner) == ["criteria"]
    before = (row.row_version, events(row))
    assert answers.save_section(**save, expected=0, by=system.owner) == []
    assert (row.row_version, events(row)) == before


def test_an_answer_of_the_wrong_shape_is_refused_by_question_and_nothing_is_saved() -> None:
    system = make.system()
    row = services.start(system=system, kind="oversight", by=system.owner)
    values = {
        "overseers": [{"person": "3f0f8a52-0000-4000-8000-000000000000"}],
        "deputy": "nobody",
        "support": "Two hours a week.",
    }
    with pytest.raises(Invalid) as refused:
        answers.save_section(assessment=row, section="people", answers=values, expected=0, by=system.owner)
    assert {(e["field"], e["code"]) for e in refused.value.errors} == {
        ("answers.overseers", "unknown_person"),
        ("answers.deputy", "invalid"),
    }
    row.refresh_from_db()
    assert "support" not in row.answers
    with pytest.raises(Invalid):
        answers.save_section(assessment=row, section="nowhere", answers={}, expected=0, by=system.owner)


# --- the register beside the answers ------------------------------------------------------------


def test_the_register_fills_what_it_knows_and_tells_when_it_changed() -> None:
    system, flow = voice(description="Reads the tone of voice.")
    with translation.override("nl"):
        row = services.start(system=system, kind="dpia", by=system.owner)
    assert row.answers["what"] == "Reads the tone of voice."
    assert row.answers["flows"][0]["flow"] == flow.name
    assert row.answers["flows"][0]["modality"] == "Toon van de stem"
    assert row.prefilled["what"]["field"] == "system.description"
    questionnaire = selectors.questionnaire_of(row)
    assert prefill.changed_since(questionnaire, system, row.prefilled) == {}  # whatever language asks
    registry.update_system(
        system=system,
        by=system.owner,
        expected_version=system.row_version,
        description="Reads voice and words.",
    )
    assert prefill.changed_since(questionnaire, system, row.prefilled) == {"what": "Reads voice and words."}
    answers.take_over(assessment=row, question="what", by=system.owner)
    assert row.answers["what"] == "Reads voice and words."
    assert prefill.changed_since(questionnaire, system, row.prefilled) == {}
    with pytest.raises(RuleBroken, match="does not answer"):
        answers.take_over(assessment=row, question="retention", by=system.owner)


def test_every_name_of_the_catalogue_is_read_from_the_register() -> None:
    system, _flow = voice()
    register = prefill.Register(system)
    assert set(catalogue.PREFILLS) == set(prefill.SOURCES) == set(prefill._READ)
    said = {name: register.value(name) for name in catalogue.PREFILLS}
    assert said["system.version"].startswith("1.0 · test · ")
    assert said["screening.table"][0]["outcome"] == "High risk"
    assert said["system.languages"] == "en, nl"
    assert said["flows.subjects"] == "Customer"
    assert said["system.owner"] == str(system.owner.pk)
    assert [name for name, value in said.items() if value is None] == [
        "system.vendor",
        "system.training_data",
        "system.hand_overs",
        "system.dimensions",
        "system.goals",
    ]
    make.described(system)
    system.refresh_from_db()
    parts.remove_part(row=system.goals.get(), kind="goal", by=system.owner)
    filled = prefill.Register(system)
    assert filled.value("system.vendor") == system.vendor.name
    assert filled.value("system.hand_overs") == [
        {"when": "Twice anger in a row.", "who": "A colleague", "within": "2 minutes"}
    ]
    assert filled.value("system.goals") is None  # what was taken away is not asked about


# --- not owed -----------------------------------------------------------------------------------


def not_owed(system: Any, kind: str, **values: Any) -> Assessment:
    row = services.start(system=system, kind=kind, by=system.owner)
    services.set_not_owed(assessment=row, not_owed=True, reason="A private insurer's chat.", by=system.owner)
    answers.save_answers(assessment=row, answers=values, expected=row.row_version, by=system.owner)
    return row


def test_a_fria_is_not_owed_only_after_saying_who_we_are() -> None:
    system, flow = voice()
    row = not_owed(system, "fria")
    assert "Questions are still open" in services.problem(row, make.today())
    values = {"public_body": "no", "general_interest": "no", "annex_iii_5": "neither"}
    answers.save_answers(assessment=row, answers=values, expected=row.row_version, by=system.owner)
    services.submit(assessment=row, by=system.owner)
    services.sign(assessment=row, reason="Agreed.", by=make.person("legal_counsel", system=system))
    assert row.content and row.content["not_owed"] is True
    assert "fria" not in {m.kind for m in selectors.missing(system, [flow], make.today())}
    assert selectors.bound(system, [flow], make.today())["fria"] == row.digest


@pytest.mark.parametrize(
    "answer",
    [
        {"public_body": "yes"},
        {"general_interest": "yes"},
        {"annex_iii_5": "credit"},
        {"annex_iii_5": "insurance"},
    ],
)
def test_an_answer_that_makes_a_fria_owed_closes_the_way_out(answer: dict[str, str]) -> None:
    system, _flow = voice()
    values = {"public_body": "no", "general_interest": "no", "annex_iii_5": "neither"} | answer
    row = not_owed(system, "fria", **values)
    with pytest.raises(RuleBroken, match="By its own answers it is owed"):
        services.submit(assessment=row, by=system.owner)
    services.set_not_owed(assessment=row, not_owed=False, by=system.owner)
    assert "Questions are still open" in services.problem(row, make.today())


def test_a_dpia_that_a_flow_needs_cannot_be_said_away_and_another_can() -> None:
    system, _flow = voice()
    row = not_owed(system, "dpia", criteria=["none"])
    with pytest.raises(RuleBroken, match="A data flow of this system needs it"):
        services.submit(assessment=row, by=system.owner)
    calm = make.system()
    make.flow(calm, output="aggregate")
    row = not_owed(calm, "dpia", criteria=["none"])
    assert services.problem(row, make.today()) == ""
    with pytest.raises(RuleBroken, match="always owed"):
        not_owed(calm, "bias")
    with pytest.raises(RuleBroken, match="reason"):
        services.set_not_owed(assessment=row, not_owed=True, reason=" ", by=calm.owner)


# --- what a request needs and binds -------------------------------------------------------------


def test_a_high_risk_flow_needs_all_four_and_each_signature_takes_one_off() -> None:
    system, flow = voice()
    assert [m.kind for m in selectors.missing(system, [flow], make.today())] == [
        "dpia",
        "fria",
        "bias",
        "oversight",
    ]
    make.assessment(system, "bias")
    make.assessment(system, "oversight", until="in_review")
    left = {m.kind: m.why for m in selectors.missing(system, [flow], make.today())}
    assert set(left) == {"dpia", "fria", "oversight"}
    assert "There is no Data protection impact assessment (DPIA) yet." in left["dpia"]
    assert "The Human-oversight plan waits for its signature." in left["oversight"]
    with translation.override("nl"):
        assert "Wacht op een handtekening" in next(
            m.why for m in selectors.missing(system, [flow], make.today()) if m.kind == "oversight"
        )
    assert set(selectors.bound(system, [flow], make.today())) == {"bias"}


def test_a_signature_counts_through_its_last_day_only() -> None:
    system = make.system()
    flow = make.flow(system)
    signed_at = timezone.now() - dt.timedelta(days=200)
    row = make.assessment(system, effective_at=signed_at)
    last = row.valid_until
    assert selectors.missing(system, [flow], last) == []
    assert selectors.bound(system, [flow], last) == {"dpia": row.digest}
    late = last + dt.timedelta(days=1)
    (lacking,) = selectors.missing(system, [flow], late)
    assert "was valid until" in lacking.why
    assert selectors.bound(system, [flow], late) == {}
    assert [item.why for item in selectors.waiting(system.owner, last - dt.timedelta(days=30))] == ["renew"]
    assert selectors.waiting(system.owner, last - dt.timedelta(days=31)) == []
    assert (last, "Assessment ends") in {(row.on, str(row.kind)) for row in dates(system.owner)}


def test_a_later_version_or_a_withdrawn_signature_is_a_material_change() -> None:
    system = make.system()
    flow = make.flow(system)
    row = make.assessment(system)
    bound = selectors.bound(system, [flow], make.today())
    assert selectors.changed(system, bound, make.today()) == []
    second = make.assessment(system, answers={"version": "2.0"})
    (change,) = selectors.changed(system, bound, make.today())
    assert change.kind == "dpia" and "A later version" in change.why
    assert selectors.changed(system, {"dpia": second.digest}, make.today()) == []
    services.withdraw(
        assessment=second, reason="Wrong.", by=make.person("data_protection_officer", unit=system.unit)
    )
    (change,) = selectors.changed(system, {"dpia": second.digest}, make.today())
    assert "no longer valid" in change.why
    assert [m.kind for m in selectors.missing(system, [flow], make.today())] == ["dpia"]
    assert row.digest != second.digest


def test_questions_about_many_flows_take_few_queries(django_assert_num_queries: Any) -> None:
    system, _flow = voice()
    flows = [make.flow(system, slug=f"more-{n}") for n in range(4)]
    with django_assert_num_queries(3):
        selectors.missing(system, flows, make.today())
    with django_assert_num_queries(2):
        selectors.bound(system, flows, make.today())
    assert screenings.current(flows[0]) is not None


def test_the_builder_signs_all_that_is_needed() -> None:
    system, flow = voice()
    assert {row.kind for row in make.assessed(system, [flow])} == {"dpia", "fria", "bias", "oversight"}
    assert selectors.missing(system, [flow], make.today()) == []


# --- threads ------------------------------------------------------------------------------------


def test_a_thread_is_answered_settled_and_opened_again() -> None:
    system = make.system()
    row = make.assessment(system, until="in_review")
    member = make.person("board_member", unit=system.unit)
    first = threads.comment(assessment=row, question="basis", text="Why **consent**?", by=member)
    reply = threads.comment(
        assessment=row, question="basis", text="It is free.", parent=first, by=system.owner
    )
    again = threads.comment(assessment=row, question="basis", text="Good.", parent=reply, by=member)
    assert (reply.parent, again.parent) == (first, first)
    threads.resolve(comment=first, by=system.owner)
    assert first.resolved_by == system.owner
    threads.resolve(comment=first, by=member, resolved=False)
    assert first.resolved_at is None
    for role in ("manager", "works_council", "auditor", "administrator"):
        with pytest.raises(NotAllowed):
            threads.comment(
                assessment=row, question="basis", text="Hm.", by=make.person(role, unit=system.unit)
            )
    with pytest.raises(RuleBroken, match="no such question"):
        threads.comment(assessment=row, question="weather", text="Hm.", by=member)
    with pytest.raises(RuleBroken, match="4000"):
        threads.comment(assessment=row, question="basis", text=" ", by=member)
    with pytest.raises(RuleBroken, match="something else"):
        threads.comment(assessment=row, question="what", text="Hm.", parent=first, by=member)
    services.sign(assessment=row, reason="Fine.", by=make.person("data_protection_officer", system=system))
    with pytest.raises(RuleBroken, match="closed"):
        threads.comment(assessment=row, question="basis", text="Late.", by=member)


# --- the example --------------------------------------------------------------------------------


def test_the_example_signed_what_its_requests_need_and_has_some_open() -> None:
    from governance.review import changes
    from governance.review.models import Deployment, DeploymentRequest
    from portal.example import make as example

    example._structure(make.today() - dt.timedelta(days=365))
    asked = DeploymentRequest.objects.exclude(state="draft").select_related("system")
    assert asked.count() >= 5
    for request in asked:
        lacking = selectors.missing(request.system, request.flows.all(), request.created_at.date())
        assert lacking == [], (request.system.slug, lacking)
        assert selectors.missing(request.system, request.flows.all(), make.today()) == []
        assert request.content is not None
        assert request.content["assessments"]
    in_force = Deployment.objects.filter(state="in_force")
    assert in_force.count() == Deployment.objects.filter(state="voided").count() == 4  # renewed after a year
    assert changes.void_unassessed() == 0
    assert set(Assessment.objects.values_list("state", flat=True)) >= {
        "draft",
        "in_review",
        "signed",
        "superseded",
    }
    assert Assessment.objects.filter(not_owed=True, state="signed").exists()
    open_ones = Assessment.objects.filter(state__in=["signed", "in_review"])
    assert {services.problem(row, make.today()) for row in open_ones} == {"Only a draft can be submitted."}
