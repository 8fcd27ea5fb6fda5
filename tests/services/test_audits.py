"""Audits: plans before runs, verdicts with intervals, findings, the same result again."""

import tomllib
import uuid
from datetime import date, timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from governance.audits import registry, selectors, services
from governance.audits.execution import _short
from governance.audits.models import AuditRun
from governance.findings.models import Finding
from metrics.ingest.models import EvaluationSet
from metrics.rollups.models import PersonDay
from portal.errors import Invalid, NotAllowed, RuleBroken
from portal.jobs import bell, runner, sweeper
from portal.jobs.models import Job, Schedule
from portal.ledger.models import LedgerBody, PendingEvent
from tests import make
from tests.audits import KIND, LABELS, TWEETS, live, open_checks, plan, reader, run, tweets, verdicts


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "worker" not in request.fixturenames:
        monkeypatch.setattr(bell.current_app, "send_task", lambda *args, **more: None)


@pytest.mark.django_db
class TestRealLabels:
    def test_the_published_figures_come_out_to_four_decimals(self) -> None:
        system = reader()
        tweets(system)
        done = run(system)
        figures = {check["key"]: check["figure"] for check in done.checks}
        accuracy, macro = figures["accuracy"], figures["macro_f1"]
        assert done.job.state == "done"
        assert round(accuracy["value"], 4) == 0.8339
        assert [round(end, 4) for end in accuracy["ci"]] == [0.8137, 0.8524]
        assert (accuracy["n"], accuracy["numerator"]) == (1421, 1185)
        assert round(macro["value"], 4) == 0.7983
        assert macro["ci"] == pytest.approx([0.7732, 0.8233], abs=0.003)
        others = {figure["kpi"]: figure["value"] for figure in done.figures}
        expected = {"weighted_f1": 0.8332, "kappa": 0.7631, "mcc": 0.7632}
        expected |= {"f1:anger": 0.8761, "f1:joy": 0.8459, "f1:optimism": 0.6552, "f1:sadness": 0.8159}
        assert {key: round(others[key], 4) for key in expected} == expected
        assert all(figure["ci"][0] < figure["value"] < figure["ci"][1] for figure in done.figures)

    @pytest.mark.parametrize(
        ("target", "verdict"), [(".80", "met"), (".84", "not_enough_evidence"), (".90", "not_met")]
    )
    def test_three_targets_three_verdicts(self, target: str, verdict: str) -> None:
        system = reader()
        tweets(system)
        plan(system, accuracy=target, macro_f1=".70")
        done = run(system)
        assert verdicts(done) == {"accuracy": verdict, "macro_f1": "met"}
        assert done.verdict == verdict

    def test_the_tables_show_the_counts(self) -> None:
        system = reader()
        tweets(system)
        tables = {table["key"]: table for table in run(system).tables}
        assert tables["confusion"]["rows"][0] == ["anger", 488, 19, 13, 38, 558]
        assert [row[1] for row in tables["per_class"]["rows"]] == [558, 358, 123, 382]
        assert tables["slices"]["rows"] == []

    def test_the_same_again_is_the_same_result_and_other_counts_are_not(self) -> None:
        system = reader()
        tweets(system)
        one, other = run(system), run(system)
        assert one.pk != other.pk
        assert one.digest == other.digest
        EvaluationSet.objects.update(counts={"labels": LABELS, "matrix": [[1, 0, 0, 0]] * 4}, n=4)
        assert run(system).digest != one.digest

    def test_too_little_data_is_no_evidence_either_way(self) -> None:
        system = reader()
        tweets(system, matrix=[[5, 0, 0, 0], [0, 5, 0, 0], [0, 0, 5, 0], [0, 0, 0, 5]])
        done = run(system)
        assert verdicts(done) == {"accuracy": "not_enough_evidence", "macro_f1": "not_enough_evidence"}
        accuracy = done.checks[0]["figure"]
        assert (accuracy["value"], accuracy["more_needed"], accuracy["state"]) == (
            None,
            10,
            "not_enough_data",
        )
        assert open_checks(system) == set()


@pytest.mark.django_db
class TestPlans:
    def test_every_change_is_a_version_and_a_run_keeps_the_one_it_was_asked_under(self) -> None:
        system = reader()
        tweets(system)
        assert plan(system, accuracy=".80").version == 1
        asked = services.start_run(system=system, kind=KIND, evaluation="tweets", by="system")
        assert plan(system, accuracy=".90").version == 2
        runner.run_job(asked.job_id)
        asked.refresh_from_db()
        assert asked.plan is not None
        assert (asked.plan.version, asked.targets["accuracy"], asked.verdict) == (1, "0.8", "met")
        event = LedgerBody.objects.get(
            event__in=PendingEvent.objects.filter(type="audit.run_finished").values("event")
        )
        assert event.body["verdicts"] == {"accuracy": "met", "macro_f1": "met"}
        assert event.body["digest"] == asked.digest
        assert event.body["targets"] == {"accuracy": "0.8", "macro_f1": "0.7"}

    def test_without_a_plan_the_defaults_of_the_kind_hold(self) -> None:
        system = reader()
        tweets(system)
        done = run(system)
        assert (done.plan, done.targets) == (None, {"accuracy": "0.8", "macro_f1": "0.7"})

    def test_nonsense_is_refused(self) -> None:
        system = reader()
        for targets in ({"accuracy": "2"}, {"speed": ".5"}):
            with pytest.raises(Invalid):
                services.plan_audit(system=system, kind=KIND, targets=targets, by="system")
        with pytest.raises(RuleBroken, match="no audit of kind 'phrenology'"):
            services.plan_audit(system=system, kind="phrenology", targets={}, by="system")
        with pytest.raises(RuleBroken, match="daily, weekly"):
            services.plan_audit(system=system, kind=KIND, targets={}, every="hourly", by="system")

    def test_who_may(self) -> None:
        system = reader()
        tweets(system)
        auditor, manager = make.person("auditor", system=system), make.person("manager", system=system)
        services.plan_audit(system=system, kind=KIND, targets={}, by=auditor)
        services.start_run(system=system, kind=KIND, evaluation="tweets", by=auditor)
        with pytest.raises(NotAllowed):
            services.plan_audit(system=system, kind=KIND, targets={}, by=manager)
        with pytest.raises(NotAllowed):
            services.start_run(system=system, kind=KIND, evaluation="tweets", by=manager)
        key, _secret = make.api_key(system, scopes=("audits:run",))
        with pytest.raises(NotAllowed, match="by people"):
            services.plan_audit(system=system, kind=KIND, targets={}, by=key)
        assert services.start_run(system=system, kind=KIND, evaluation="tweets", by=key).system == system


def test_every_kind_and_every_check_is_documented() -> None:
    text = (settings.BASE_DIR / "docs" / "audits.md").read_text(encoding="utf-8")
    for kind in registry.all_kinds():
        section = text.partition(f"### `{kind.kind}`")[2].partition("\n### ")[0]
        assert section, f"docs/audits.md has no section '{kind.kind}'"
        for target in kind.targets:
            assert f"| `{target.key}` |" in section
            assert f"{target.direction.replace('_', ' ')} {target.default}" in section


def test_the_version_in_the_results_is_the_version_of_the_package() -> None:
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert registry.code_version(KIND).startswith(f"{project['version']}+")


@pytest.mark.django_db
class TestSchedule:
    def test_a_plan_with_a_rhythm_runs_by_itself_over_the_window_that_is_over(self) -> None:
        system = reader()
        plan(system, every="daily", accuracy=".80")
        yesterday = timezone.now().date() - timedelta(days=1)
        live(system, yesterday, TWEETS)
        Schedule.objects.update(
            last_covered_until=timezone.now().replace(hour=0, minute=0) - timedelta(days=1, hours=1)
        )
        Schedule.objects.update(next_due_at=timezone.now() - timedelta(minutes=1))
        sweeper.tick()
        job = Job.objects.filter(kind="audit").latest("window_from")
        runner.run_job(job.pk)
        done = AuditRun.objects.get(job=job)
        assert (done.window_from, done.window_to, done.verdict) == (yesterday, yesterday, "met")
        assert done.checks[0]["figure"]["window"] == {"from": str(yesterday), "to": str(yesterday)}

    def test_without_a_rhythm_the_schedule_stops(self) -> None:
        system = reader()
        plan(system, every="monthly")
        assert selectors.plan_shape(system, KIND)["next_due_at"] is not None
        plan(system, every="")
        assert not Schedule.objects.get().active
        assert selectors.plan_shape(system, KIND)["next_due_at"] is None


@pytest.mark.django_db
class TestFindings:
    def test_a_miss_opens_one_a_second_miss_is_the_same_and_a_met_target_clears_it(self) -> None:
        system = reader()
        tweets(system)
        plan(system, accuracy=".90")
        first = run(system)
        (finding,) = Finding.objects.filter(system=system)
        assert (finding.state, finding.severity, finding.source) == ("open", "high", f"audit:{first.pk}")
        assert finding.due_on == timezone.now().date() + timedelta(days=30)
        assert "Measured 0.8339 (95 % interval 0.8137 to 0.8524, n = 1421), target 0.9" in finding.detail_text
        run(system)
        finding.refresh_from_db()
        assert finding.seen_count == 2
        plan(system, accuracy=".84")
        run(system)  # not enough evidence: neither opens nor clears
        finding.refresh_from_db()
        assert finding.state == "open"
        plan(system, accuracy=".80")
        run(system)
        finding.refresh_from_db()
        assert (finding.state, finding.cleared_by) == ("cleared", "system")
        plan(system, accuracy=".90")
        run(system)
        assert Finding.objects.filter(system=system).count() == 2  # the old one is history

    def test_a_corrective_action_that_is_open_keeps_the_finding_open(self) -> None:
        from governance.findings.services import add_action

        system = reader()
        tweets(system)
        plan(system, accuracy=".90")
        run(system)
        person = make.person("system_owner", system=system)
        finding = Finding.objects.get(system=system)
        add_action(finding=finding, text="Retrain", owner=person, due_on=date(2027, 1, 1), by=person)
        plan(system, accuracy=".80")
        assert run(system).verdict == "met"
        finding.refresh_from_db()
        assert finding.state == "open"

    def test_evaluation_sets_and_live_use_speak_for_themselves(self) -> None:
        system = reader()
        tweets(system)
        plan(system, accuracy=".90")
        run(system)
        on_set = open_checks(system)
        live(system, date(2026, 10, 1), TWEETS)
        run(system, date_from=date(2026, 10, 1), date_to=date(2026, 10, 31))
        assert open_checks(system) - on_set == {"sentiment_accuracy.accuracy"}
        assert len(on_set) == 1

    def test_windows_caught_up_out_of_order_do_not_reopen_what_a_later_one_cleared(self) -> None:
        system = reader()
        plan(system, accuracy=".80")
        live(system, date(2026, 9, 1), [[50, 50, 0, 0], [50, 50, 0, 0], [0, 0, 50, 50], [0, 0, 50, 50]])
        live(system, date(2026, 10, 1), TWEETS)
        assert run(system, date_from=date(2026, 10, 1), date_to=date(2026, 10, 31)).verdict == "met"
        assert run(system, date_from=date(2026, 9, 1), date_to=date(2026, 9, 30)).verdict == "not_met"
        assert open_checks(system) == set()


def test_a_finding_does_not_round_a_miss_to_its_target() -> None:
    assert [_short(value) for value in (None, 0.65125, 1.0, 0.99996, 0.00001)] == [
        "-",
        "0.6512",
        "1.0000",
        "0.99996",
        "1e-05",
    ]


@pytest.mark.django_db
class TestLive:
    def test_the_window_is_days_both_included_and_slices_have_their_minimum(self) -> None:
        system = reader()
        live(system, date(2026, 9, 30), [[100, 0, 0, 0]] + [[0, 0, 0, 0]] * 3)
        live(system, date(2026, 10, 1), TWEETS)
        live(system, date(2026, 10, 1), TWEETS, slice="language=nl")
        live(system, date(2026, 10, 31), [[1, 0, 0, 0]] + [[0, 0, 0, 0]] * 3, slice="language=de")
        people = [
            PersonDay(
                system_id=system.pk,
                topic="gold|language=nl",
                day=date(2026, 10, 1),
                subject=uuid.uuid4(),
                n=1,
            )
            for _ in range(20)
        ]
        PersonDay.objects.bulk_create(people)
        done = run(system, date_from=date(2026, 10, 1), date_to=date(2026, 10, 31))
        assert done.checks[0]["figure"]["n"] == 1421
        slices = {row[1]: row for row in done.tables[2]["rows"]}
        assert slices["nl"][2] == 1421
        assert slices["nl"][7] == "ok"
        assert slices["de"][2:] == [None, None, None, None, None, "suppressed"]  # one person behind it

    def test_a_handful_of_people_is_no_population(self) -> None:
        system = reader()
        live(system, date(2026, 10, 1), TWEETS)
        PersonDay.objects.bulk_create(
            PersonDay(
                system_id=system.pk, topic="gold", day=date(2026, 10, 1), subject=uuid.UUID(int=n), n=300
            )
            for n in range(5)
        )
        done = run(system, date_from=date(2026, 10, 1), date_to=date(2026, 10, 31))
        assert done.verdict == "not_enough_evidence"
        assert {figure["state"] for figure in done.figures} == {"suppressed"}
        assert [check["figure"]["n"] for check in done.checks] == [None, None]
        assert (done.tables, done.counts) == ([], {})

    def test_a_hidden_slice_takes_the_smallest_other_one_with_it(self) -> None:
        system = reader()
        for language, people in (("nl", 60), ("en", 30), ("tr", 3)):
            live(system, date(2026, 10, 1), TWEETS, slice=f"language={language}")
            PersonDay.objects.bulk_create(
                PersonDay(
                    system_id=system.pk,
                    topic=f"gold|language={language}",
                    day=date(2026, 10, 1),
                    subject=uuid.UUID(int=n),
                    n=1,
                )
                for n in range(people)
            )
        live(system, date(2026, 10, 1), [[3 * n for n in row] for row in TWEETS])
        done = run(system, date_from=date(2026, 10, 1), date_to=date(2026, 10, 31))
        slices = {row[1]: row[7] for row in done.tables[2]["rows"]}
        assert slices == {"nl": "ok", "en": "suppressed", "tr": "suppressed"}

    def test_without_dates_it_takes_all_the_days_that_have_data(self) -> None:
        system = reader()
        with pytest.raises(RuleBroken, match="no data yet"):
            services.start_run(system=system, kind=KIND, by="system")

    def test_what_is_no_window_or_no_set_is_refused_before_a_run_exists(self) -> None:
        system = reader()
        for where, code in (
            ({"evaluation": "nowhere"}, "unknown_evaluation"),
            ({"date_from": date(2026, 2, 1), "date_to": date(2026, 1, 1)}, "window_reversed"),
            ({"date_from": date(2026, 2, 1)}, "window_missing"),
            ({"date_from": date(2026, 2, 1), "date_to": date(2199, 1, 1)}, "window_in_future"),
            ({"date_from": date(2026, 2, 1), "evaluation": "nowhere"}, "window_and_evaluation"),
        ):
            with pytest.raises(RuleBroken) as refused:
                services.start_run(system=system, kind=KIND, by="system", **where)
            assert refused.value.code == code
        assert not AuditRun.objects.exists()
        assert not Job.objects.exists()

    def test_two_clicks_are_one_run(self) -> None:
        system = reader()
        tweets(system)
        one, other = (
            services.start_run(system=system, kind=KIND, evaluation="tweets", by="system")
            for _click in range(2)
        )
        assert one == other
        assert PendingEvent.objects.filter(type="audit.run_requested").count() == 1
