"""Runs that go wrong: crashes as findings, workers killed, refusals; and the command line."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, OperationalError, connections, transaction
from django.utils import timezone

from governance.audits import registry, selectors, services
from governance.audits.models import AuditRun
from governance.audits.registry import AuditResult, AuditScope, Check, Judged
from governance.findings.models import Finding
from portal.jobs import bell, runner, sweeper
from portal.jobs.models import Job
from portal.ledger.models import PendingEvent
from tests import make
from tests.audits import KIND, open_checks, plan, reader, run, tweets, verdicts


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "worker" not in request.fixturenames:
        monkeypatch.setattr(bell.current_app, "send_task", lambda *args, **more: None)


@pytest.fixture
def odd_audit() -> Iterator[Callable[[Callable[[AuditScope], AuditResult]], str]]:
    """Registers an audit of the test's own with one check 'accuracy'."""
    made: list[str] = []

    def register(measure: Callable[[AuditScope], AuditResult]) -> str:
        kind = f"odd_{make.number()}"
        targets = registry.find(KIND).targets[:1]  # type: ignore[union-attr]
        registry.audit(
            kind=kind,
            title="Odd",
            question="?",
            targets=targets,
            looks_at=lambda system: (date(2026, 1, 1),) * 2,
        )(measure)
        made.append(kind)
        return kind

    yield register
    for kind in made:
        registry._kinds.pop(kind)


class Good:
    """A figure for checks that are not about figures."""

    def to_dict(self) -> dict[str, Any]:
        return {"kpi": "accuracy", "value": 1.0, "ci": None, "n": 1}


def crash() -> Judged:
    raise ZeroDivisionError("no such thing")


@pytest.mark.django_db
class TestCrashes:
    def test_a_check_that_crashes_is_a_finding_until_it_runs_again(self, odd_audit: Any) -> None:
        broken = True

        def measure(scope: AuditScope) -> AuditResult:
            return AuditResult(checks=[Check("accuracy", crash if broken else lambda: Judged(Good(), "met"))])

        system, kind = reader(), odd_audit(measure)
        done = run(system, kind=kind, date_from=date(2026, 1, 1), date_to=date(2026, 1, 1))
        assert (done.job.state, done.verdict) == ("done", "error")
        assert done.checks[0]["reason"] == "ZeroDivisionError: no such thing"
        assert open_checks(system) == {f"{kind}.accuracy.crashed"}
        assert "no such thing" in Finding.objects.get(system=system).detail_text
        broken = False
        assert run(system, kind=kind, date_from=date(2026, 1, 1), date_to=date(2026, 1, 1)).verdict == "met"
        assert open_checks(system) == set()

    def test_an_audit_that_crashes_before_its_checks_breaks_them_all(self, odd_audit: Any) -> None:
        def measure(scope: AuditScope) -> AuditResult:
            raise KeyError("labels")

        system, kind = reader(), odd_audit(measure)
        done = run(system, kind=kind, date_from=date(2026, 1, 1), date_to=date(2026, 1, 1))
        assert verdicts(done) == {"accuracy": "error"}
        assert open_checks(system) == {f"{kind}.accuracy.crashed"}

    def test_a_database_that_goes_away_is_not_the_audits_fault(self, odd_audit: Any) -> None:
        def measure(scope: AuditScope) -> AuditResult:
            raise OperationalError("server closed the connection")

        system, kind = reader(), odd_audit(measure)
        done = run(system, kind=kind, date_from=date(2026, 1, 1), date_to=date(2026, 1, 1))
        assert (done.job.state, done.verdict) == ("queued", "")
        assert open_checks(system) == set()

    def test_an_audit_that_is_given_up_is_a_finding_until_one_is_finished(self, odd_audit: Any) -> None:
        broken = True

        def measure(scope: AuditScope) -> AuditResult:
            if broken:
                raise MemoryError
            return AuditResult(checks=[Check("accuracy", lambda: Judged(Good(), "met"))])

        system, kind = reader(), odd_audit(measure)
        where = {"date_from": date(2026, 1, 1), "date_to": date(2026, 1, 1)}
        asked = services.start_run(system=system, kind=kind, by="system", **where)
        for _attempt in range(5):
            runner.run_job(asked.job_id)
            Job.objects.update(due_at=timezone.now() - timedelta(minutes=1))
        assert Job.objects.get().state == "dead"
        assert selectors.run_shape(AuditRun.objects.get())["state"] == "failed"
        assert open_checks(system) == {f"{kind}.unfinished"}
        assert "after 5 attempts: MemoryError" in Finding.objects.get().detail_text
        broken = False
        run(system, kind=kind, **where)
        assert open_checks(system) == set()

    def test_the_result_of_an_overtaken_worker_is_not_stored(self, odd_audit: Any) -> None:
        def measure(scope: AuditScope) -> AuditResult:
            return AuditResult(checks=[Check("accuracy", overtaken)])

        def overtaken() -> Judged:
            Job.objects.update(attempts=9)
            return Judged(Good(), "not_met")

        system, kind = reader(), odd_audit(measure)
        done = run(system, kind=kind, date_from=date(2026, 1, 1), date_to=date(2026, 1, 1))
        assert (done.verdict, done.digest, done.checks) == ("", "", [])
        assert open_checks(system) == set()
        assert not PendingEvent.objects.filter(type="audit.run_finished").exists()


@pytest.mark.django_db
class TestCommand:
    def test_run_audit_prints_the_run_as_the_api_does(self) -> None:
        system = reader()
        tweets(system)
        out = StringIO()
        call_command("plan_audit", system=system.slug, audit=KIND, target=["accuracy=.84"], stdout=StringIO())
        call_command("run_audit", system=system.slug, audit=KIND, evaluation="tweets", json=True, stdout=out)
        shape = json.loads(out.getvalue())
        stored = AuditRun.objects.select_related("job", "system", "plan").get(pk=shape["id"])
        assert shape == json.loads(json.dumps(selectors.run_shape(stored)))
        assert {"id", "state", "progress", "verdict", "checks", "figures", "digest"} <= set(shape)
        assert (shape["state"], shape["verdict"], shape["progress"]) == ("done", "not_enough_evidence", 100)

    def test_without_json_it_says_it_in_lines(self) -> None:
        system = reader()
        tweets(system)
        out = StringIO()
        call_command("run_audit", system=system.slug, audit=KIND, evaluation="tweets", stdout=out)
        assert "accuracy: 0.8339 [0.8137, 0.8524], n = 1421, target 0.8: met" in out.getvalue()

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"system": "nobody", "audit": KIND}, "no system 'nobody'"),
            ({"audit": "phrenology"}, "there are: .*sentiment_accuracy"),
            ({"audit": KIND, "evaluation": "nowhere"}, "no evaluation set 'nowhere'"),
            ({"audit": KIND}, "no data yet"),
        ],
    )
    def test_wrong_use_is_explained(self, options: dict[str, str], said: str) -> None:
        system = reader()
        with pytest.raises(CommandError, match=said):
            call_command("run_audit", **({"system": system.slug} | options), stdout=StringIO())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"verdict": "splendid"}, "audit_run_verdict_known|audit_run_finished_whole"),
        ({"verdict": "met"}, "audit_run_finished_whole"),
        ({"window_from": date(2026, 1, 1)}, "audit_run_window_whole"),
        ({"evaluation": ""}, "audit_run_looks_at_something"),
    ],
)
def test_what_must_hold_of_a_run_is_held_by_the_database(change: dict[str, Any], constraint: str) -> None:
    system = reader()
    tweets(system)
    asked = services.start_run(system=system, kind=KIND, evaluation="tweets", by="system")
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        AuditRun.objects.filter(pk=asked.pk).update(**change)


def test_a_worker_killed_in_mid_audit_runs_again_and_there_is_one_result(worker: Any) -> None:
    """A real worker, held up by a lock in the transaction that stores the result, is killed there; another
    ends it."""
    system = reader()
    tweets(system)
    plan(system, accuracy=".90")
    blocker = connections["owner"]
    blocker.set_autocommit(False)
    try:
        with blocker.cursor() as cursor:  # nobody stores a finding of this system now
            cursor.execute("SELECT 1 FROM governance_system WHERE id = %s FOR NO KEY UPDATE", [system.pk])
        asked = services.start_run(system=system, kind=KIND, evaluation="tweets", by="system")
        worker.wait_for(lambda: Job.objects.get(pk=asked.job_id).progress == 90)
        worker.wait_for(lambda: _somebody_waits_for_a_lock())
        worker.kill()
    finally:
        blocker.rollback()
        blocker.set_autocommit(True)
    asked.refresh_from_db()
    assert (asked.verdict, Finding.objects.count()) == ("", 0)
    worker.start()
    deadline = time.monotonic() + 30
    while Job.objects.get(pk=asked.job_id).state != "done" and time.monotonic() < deadline:
        sweeper.tick()
        time.sleep(0.1)
    asked.refresh_from_db()
    job = Job.objects.get(pk=asked.job_id)
    assert (job.state, job.attempts, asked.verdict) == ("done", 2, "not_met")
    assert Finding.objects.get(system=system).seen_count == 1
    assert PendingEvent.objects.filter(type="audit.run_finished").count() == 1


def _somebody_waits_for_a_lock() -> bool:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
        return bool(cursor.fetchone()[0])
