"""The main path, whole: over real HTTP, on a real worker, until an auditor has verified the pack."""

import csv
import io
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import ProgrammingError, connections
from django.test import Client
from django.utils import timezone

from governance.audits.models import AuditRun
from governance.audits.services import plan_audit
from governance.consent import services as consent
from governance.findings.models import Finding
from governance.gate.services import decide
from governance.review import boards, terms
from governance.review import services as review
from governance.screening import selectors as screenings
from governance.screening import services as screening
from metrics.ingest.evaluation import import_evaluation
from metrics.ingest.models import Interaction
from portal.errors import RuleBroken
from portal.jobs import sweeper
from portal.jobs.models import Job, Schedule
from portal.ledger import sequencer, signer
from portal.ledger.models import Leaf, PendingEvent
from portal.ledger.verify import verify
from tests import make
from tests.rules.test_stats_core import LABELS, TWEETEVAL

NOW = timezone.now()
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
YEAR_AGO = NOW - timedelta(days=200)
SCOPES = ("interactions:write", "consent:write", "decisions:read", "kpis:read", "audits:run", "register:read")


class Machine:
    """A client with an API key over real HTTP."""

    def __init__(self, url: str, key: str) -> None:
        self.url, self.key = f"{url}/api/v1", key

    def call(self, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Status and body of one call; POST where there is a body."""
        request = urllib.request.Request(
            f"{self.url}/{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", **headers},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


@pytest.fixture
def world(committed_db: Any) -> dict[str, Any]:
    """A system with a lawful and a prohibited flow, decided by a board of three against its owner's wish to vote."""
    unit = make.unit("Insurer")
    owner = make.user("Owner")
    system = make.system(owner=owner, unit=unit, slug="chatbot", labels=LABELS, label_map={})
    chat = make.flow(system, slug="chat")
    voice = make.flow(
        system, slug="agent", signed=False, modality="voice", subject_role="employee", setting="contact_centre",
        purpose="worker_evaluation", consequence="coaching", recipient="manager",
    )  # fmt: skip
    board, members = make.board_with_members(unit, effective_at=YEAR_AGO)
    return {
        "system": system,
        "chat": chat,
        "voice": voice,
        "board": board,
        "members": members,
        "owner": owner,
    }


def approve(world: dict[str, Any]) -> Any:
    system, owner = world["system"], world["owner"]

    def ask(flows: list[Any]) -> Any:
        return review.create_request(
            system=system, flows=flows, version=system.versions.get(), summary="May this be used?", by=owner,
            board=world["board"], effective_at=YEAR_AGO,
        )  # fmt: skip

    outcome = screenings.current(world["voice"])
    assert outcome is not None
    assert outcome.outcome == "prohibited"
    assert "5(1)(f)" in " ".join(outcome.articles)
    officer = make.person("data_protection_officer", system=system)
    screening.sign(screening=outcome, by=officer)
    with pytest.raises(RuleBroken, match="prohibit"):
        review.submit(request=ask([world["voice"]]), by=owner, effective_at=YEAR_AGO)
    with pytest.raises(RuleBroken, match="DPIA"):
        review.submit(request=ask([world["chat"]]), by=owner, effective_at=YEAR_AGO)
    make.complete(system, [world["chat"]])
    request = review.submit(request=ask([world["chat"]]), by=owner, effective_at=YEAR_AGO)
    # even with a seat, who asked does not vote
    administrator = make.person("administrator", unit=system.unit)
    seat = boards.add_seat(board=world["board"], discipline="hr", by=administrator)
    terms.appoint(seat=seat, user=owner, by=administrator, starts_on=YEAR_AGO.date())
    with pytest.raises(RuleBroken, match=r"(?i)own|asked"):
        review.cast_vote(
            request=request, choice="approve", reason="I like it.", by=owner, effective_at=YEAR_AGO
        )
    for member in world["members"]:
        review.cast_vote(
            request=request, choice="approve", reason="Lawful and useful.", by=member, effective_at=YEAR_AGO
        )
    if request.state == "in_review":
        chair = make.person("board_chair", unit=system.unit)
        review.close_vote(request=request, by=chair, effective_at=YEAR_AGO)
    assert request.state == "approved"
    return request


def prepare_policy(world: dict[str, Any]) -> None:
    system = world["system"]
    consent.publish_notice(
        system=system,
        text="We read emotion in your words.",
        language="en",
        by="system",
        effective_at=YEAR_AGO,
    )
    rule = {"id": "service", "effect": "permit", "basis": "consent", "purpose": "service"}
    draft = consent.draft_policy(system=system, rules=[rule], by="system")
    consent.approve_policy(policy=draft, by="system", effective_at=YEAR_AGO)


def events() -> list[dict[str, Any]]:
    at = (NOW - timedelta(days=30)).isoformat()
    return [
        {"id": f"c{n}", "purpose": "service", "modality": "text", "action": "given", "effective_at": at,
         "subject": f"customer-{n}", "subject_role": "customer", "notice_version": 1, "language": "en"}
        for n in range(400)
    ]  # fmt: skip


def interactions() -> list[dict[str, Any]]:
    """A thousand of which half are read well, every day; the last two are of people who never said yes."""
    items = []
    for n in range(1000):
        gold = LABELS[n % 4]
        predicted = gold if n // 20 % 10 < 5 else LABELS[(n + 1) % 4]
        at = MIDNIGHT - timedelta(days=n % 20, minutes=1 + n % 700)  # whatever the hour: yesterday is whole
        items.append(
            make.item(
                n,
                subject=f"customer-{n % 400}",
                occurred_at=at.isoformat(),
                gold=gold,
                predicted=predicted,
                flow="chat",
            )
        )
    before_yesterday = (NOW - timedelta(days=2)).isoformat()
    for n in (1000, 1001):
        items.append(
            make.item(
                n,
                subject=f"stranger-{n}",
                occurred_at=before_yesterday,
                gold="joy",
                predicted="anger",
                flow="chat",
            )
        )
    return items


def scheduled_run(plan: Any) -> AuditRun:
    """The run that the worker made for the due window of the plan."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if run := AuditRun.objects.filter(plan=plan).first():
            return run
        time.sleep(0.2)
    raise AssertionError("no worker took up the scheduled audit")


STEPS = {
    "register.system_registered", "register.flow_added", "screening.made", "screening.signed",
    "review.request_submitted", "review.vote_cast", "review.request_decided",
    "review.deployment_in_force", "consent.notice_published",
    "consent.policy_approved", "people.api_key_created", "consent.events_recorded", "ingest.batch_received",
    "audit.planned", "audit.run_finished", "finding.opened",
}  # fmt: skip


def wait_for(run: AuditRun) -> AuditRun:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        run.refresh_from_db()
        run.job.refresh_from_db()
        run.refresh_from_db()
        if run.job.state not in ("queued", "running"):
            return run
        time.sleep(0.2)
    raise AssertionError(f"the audit is still {run.job.state}")


def verifier(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The pack's own verify.py, without any package of ours."""
    return subprocess.run(
        [sys.executable, "-I", "-S", str(folder / "verify.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_main_path(world: dict[str, Any], live: Any, worker: Any, tmp_path: Path) -> None:
    system, owner = world["system"], world["owner"]
    # before the board decided, the answer is no
    question = {
        "subject": "customer-1",
        "subject_role": "customer",
        "purpose": "service",
        "modality": "text",
        "flow": "chat",
    }
    assert decide(system=system, items=[question])[0].outcome != "allow"
    prepare_policy(world)
    approve(world)

    # a machine client: consent, decisions, interactions
    _, key = make.api_key(system, SCOPES)
    machine = Machine(live.url, key)
    status, answer = machine.call("consent-events", {"items": events()})
    assert status == 200, answer
    status, answer = machine.call("decisions", {"system": "chatbot", **question})
    assert (status, answer["outcome"]) == (200, "allow"), answer
    status, answer = machine.call("decisions", {"system": "chatbot", **question, "subject": "stranger-1"})
    assert (status, answer["outcome"]) == (200, "gap"), answer
    body, batch = {"items": interactions()}, {"Idempotency-Key": "batch-1"}
    status, receipt = machine.call("systems/chatbot/interactions", body, **batch)
    assert status == 200, receipt
    assert receipt["counts"]["accepted"] == 1002
    assert machine.call("systems/chatbot/interactions", body, **batch) == (200, receipt)  # a retry is safe
    assert machine.call("systems/chatbot/interactions", {"items": body["items"][:3]}, **batch)[0] == 422
    bare = Interaction.objects.get(system_id=system.pk, source_id="i-1000")
    assert bare.predicted is None  # without a basis only id, time, flow and reason are kept
    assert bare.subject is None
    assert Interaction.objects.filter(system_id=system.pk).count() == 1002

    # a scheduled audit on the worker: targets first, then the run, a verdict and a finding
    plan = plan_audit(
        system=system,
        kind="sentiment_accuracy",
        targets={"accuracy": "0.80", "macro_f1": "0.80"},
        every="daily",
        by=owner,
    )
    midnight = datetime.combine(NOW.date(), datetime.min.time(), tzinfo=UTC)
    Schedule.objects.filter(name__contains="chatbot").update(
        last_covered_until=midnight - timedelta(days=1), next_due_at=midnight
    )
    sweeper.tick()
    run = wait_for(scheduled_run(plan))
    assert (run.job.state, run.verdict) == ("done", "not_met"), run.checks
    accuracy = next(check for check in run.checks if check["key"] == "accuracy")
    assert accuracy["verdict"] == "not_met"
    assert 30 <= accuracy["figure"]["n"] < 100  # yesterday's
    assert accuracy["figure"]["ci"][1] < 0.80
    assert Finding.objects.filter(system=system, state="open").exists()
    status, answer = machine.call(f"audit-runs/{run.pk}")
    assert (status, answer["verdict"]) == (200, "not_met")

    # figures over the API and on the page
    period = f"from={NOW.date() - timedelta(days=40)}&to={NOW.date()}"
    status, answer = machine.call(f"systems/chatbot/kpis?{period}")
    assert status == 200
    by_kpi = {figure["kpi"]: figure for figure in answer["figures"]}
    assert by_kpi["accuracy"]["n"] == 1000
    assert by_kpi["csat"]["state"] == "not_enough_data"
    page = Client()
    page.force_login(owner)
    html = page.get(f"/systems/chatbot/dashboard/?{period}").content.decode()
    assert f"{by_kpi['accuracy']['value']:.4f}" in html

    # every governed step is in the ledger, and the auditor takes the proof away
    recorded = set(PendingEvent.objects.values_list("type", flat=True)) | {
        json.loads(bytes(header))["type"] for header in Leaf.objects.values_list("header", flat=True)
    }
    assert recorded >= STEPS, STEPS - recorded
    _pack(system, world, tmp_path)


def _pack(system: Any, world: dict[str, Any], tmp_path: Path) -> None:
    from governance.evidence.services import path_of, request_pack

    auditor = make.person("auditor", unit=system.unit)
    pack = request_pack(
        systems=[system], date_from=NOW.date() - timedelta(days=60), date_to=make.today(), by=auditor
    )
    deadline = time.monotonic() + 60
    while pack.made_at is None and time.monotonic() < deadline:
        time.sleep(0.3)
        sweeper.tick()  # as the scheduler does: what failed or went unheard is rung for again
        pack.refresh_from_db()
    assert pack.made_at is not None, list(Job.objects.values("kind", "state", "attempts", "error"))
    original = path_of(pack)
    with zipfile.ZipFile(original) as archive:
        archive.extractall(tmp_path / "pack")
    folder = next(path.parent for path in (tmp_path / "pack").rglob("bagit.txt"))
    good = verifier(folder, "--json")
    assert good.returncode == 0, good.stdout + good.stderr
    figures = [path for path in folder.rglob("*.csv") if "figures" in path.name]
    assert figures, sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    rows = list(csv.DictReader(io.StringIO(figures[0].read_text(encoding="utf-8"))))
    assert any(row.get("kpi") == "accuracy" for row in rows)
    # one changed byte
    figures[0].write_bytes(figures[0].read_bytes().replace(b"accuracy", b"accurate", 1))
    bad = verifier(folder)
    assert bad.returncode == 1
    assert figures[0].name in bad.stdout + bad.stderr
    # one changed row in the database: the owner of the database can do it, the check sees it
    sequencer.run_once()
    signer.checkpoint()
    with connections["owner"].cursor() as cursor:
        with pytest.raises(ProgrammingError, match="append-only"):
            cursor.execute("UPDATE portal_ledgerbody SET body = '{}'")
        cursor.execute("ALTER TABLE portal_ledgerbody DISABLE TRIGGER USER")
        cursor.execute(
            """UPDATE portal_ledgerbody SET body = body || '{"reason": "Rewritten."}' WHERE body ? 'reason'"""
        )
        assert cursor.rowcount > 0
    assert not verify().ok


TARGETS = {"0.80": "met", "0.84": "not_enough_evidence", "0.90": "not_met"}


@pytest.mark.django_db
@pytest.mark.parametrize(("target", "verdict"), TARGETS.items())
def test_real_labels_give_the_published_figures(target: str, verdict: str) -> None:
    """The TweetEval emotion test set as read by its RoBERTa-retrained run: the figures published with it."""
    system = make.system(labels=LABELS, label_map={})
    rows = [
        {"id": f"{gold}-{predicted}-{n}", "gold": gold, "predicted": predicted}
        for gold, line in zip(LABELS, TWEETEVAL, strict=True)
        for predicted, count in zip(LABELS, line, strict=True)
        for n in range(count)
    ]
    import_evaluation(system=system, name="tweets", rows=rows, by=system.owner)
    plan_audit(system=system, kind="sentiment_accuracy", targets={"accuracy": target}, by=system.owner)
    run = _run_inline(system)
    figures = {check["key"]: check["figure"] for check in run.checks}
    assert [round(x, 4) for x in (figures["accuracy"]["value"], *figures["accuracy"]["ci"])] == [
        0.8339,
        0.8137,
        0.8524,
    ]
    assert round(figures["macro_f1"]["value"], 4) == 0.7983
    assert figures["macro_f1"]["ci"] == pytest.approx([0.7732, 0.8233], abs=0.003)
    assert next(check["verdict"] for check in run.checks if check["key"] == "accuracy") == verdict


def _run_inline(system: Any) -> AuditRun:
    from django.core.management import call_command

    out = io.StringIO()
    call_command(
        "run_audit",
        "--system",
        system.slug,
        "--audit",
        "sentiment_accuracy",
        "--evaluation",
        "tweets",
        "--json",
        stdout=out,
    )
    printed = json.loads(out.getvalue())
    run = AuditRun.objects.get(pk=printed["id"])
    assert printed["verdict"] == run.verdict
    return run
