"""What must hold of votes, audits and packs: one effect each, however often it was asked for or begun."""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from tests.chaos.books import Books
from tests.chaos.invariants import Findings, events, select

OPEN = ("queued", "running")


def votes(books: Books) -> Findings:
    """Each seat voted once, every acknowledged vote is there, the outcome is what the votes say, once."""
    from governance.review.models import DeploymentRequest, Vote

    found = Findings()
    cast = Counter((subject, body["seat"]) for subject, body in events("review.vote_cast"))
    decided = Counter(subject for subject, _body in events("review.request_decided"))
    for request in DeploymentRequest.objects.filter(pk__in=books.choices).prefetch_related("votes__seat"):
        name, rows = str(request.pk), list(request.votes.all())
        found.rows += len(rows)
        seats = Counter(vote.seat.discipline for vote in rows)
        found.double += sum(seats.values()) - len(seats)
        for seat in seats:
            times = cast[request.subject, seat]
            found.need(times == 1, f"a vote of request {name} stands {times} times in the ledger")
        said = sorted(vote.choice for vote in rows)
        found.need(
            said == sorted(books.choices[name]), f"request {name}: votes {said}, sent {books.choices[name]}"
        )
        won = said.count("approve") > said.count("reject")
        right = request.state == ("approved" if won else "rejected") and decided[request.subject] == 1
        found.need(
            right, f"request {name} is {request.state} after {said}, decided {decided[request.subject]} times"
        )
        found.need(
            hasattr(request, "deployment") == won, f"request {name}: {said}, but deployment: {not won}"
        )
    there = {str(pk) for pk in Vote.objects.values_list("pk", flat=True)}
    found.lost = sum(receipt["id"] not in there for receipt in books.votes.values())
    return found


def runs(books: Books, *, final: bool) -> Findings:
    """Each promised run is there and open or done (at the end: done), with one result and one event."""
    from governance.audits.models import AuditRun

    found = Findings()
    finished = Counter(body["run"] for _subject, body in events("audit.run_finished"))
    rows = {str(run.pk): run for run in AuditRun.objects.select_related("job")}
    found.rows, found.lost = len(rows), len(books.runs - set(rows))
    for name, run in rows.items():
        _ended_once(found, f"audit {name}", run.job, finished[name], bool(run.verdict), final=final)
        found.need(
            not run.verdict or (run.job.result or {}).get("digest") == run.digest,
            f"audit {name}: two results",
        )
    more = select(
        "SELECT count(*) FROM (SELECT 1 FROM governance_finding WHERE state = 'open'"
        " GROUP BY system_id, check_key HAVING count(*) > 1) twice"
    )[0][0]
    found.double += more
    return found


def packs(books: Books, *, final: bool) -> Findings:
    """Each promised pack is there and open or made (at the end: made), one file that verifies and holds its request."""
    from governance.evidence.models import EvidencePack
    from governance.evidence.services import path_of

    found = Findings()
    made = Counter(subject for subject, _body in events("evidence.pack_made"))
    asked = dict(select("SELECT subject, index FROM portal_leaf WHERE type = 'evidence.pack_requested'"))
    rows = {str(pack.pk): pack for pack in EvidencePack.objects.select_related("job")}
    found.rows, found.lost = len(rows), len(books.packs - set(rows))
    for name, pack in rows.items():
        assert pack.job is not None
        _ended_once(
            found, f"pack {name}", pack.job, made[f"pack:{name}"], pack.made_at is not None, final=final
        )
        if pack.made_at is None:
            continue
        content = path_of(pack).read_bytes() if path_of(pack).is_file() else b""
        found.need(
            hashlib.sha256(content).hexdigest() == pack.sha256, f"the file of pack {name} is not the one made"
        )
        inside = asked.get(f"pack:{name}")
        found.need(
            inside is not None and inside < (pack.end_size or 0), f"pack {name} ends before its own request"
        )
        if final:
            found.need(_verifies(content), f"pack {name} does not verify")
            parts = list(path_of(pack).parent.glob(f"{path_of(pack).name}.*"))
            found.need(not parts, f"pack {name} left parts behind: {[part.name for part in parts]}")
    return found


def _ended_once(found: Findings, what: str, job: Any, times: int, has_effect: bool, *, final: bool) -> None:
    allowed = ("done",) if final else (*OPEN, "done")
    found.need(
        job.state in allowed, f"{what} is {job.state} after {job.attempts} attempts: {job.error[:200]}"
    )
    done = job.state == "done"
    found.need(
        times == done and has_effect == done,
        f"{what} is {job.state}; effect: {has_effect}, in the ledger {times} times",
    )


def _verifies(content: bytes) -> bool:
    """By the pack's own verifier, in a process without any package."""
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "pack.zip"
        archive.write_bytes(content)
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
        inside = next(Path(folder).glob("*/verify.py"))
        command = [sys.executable, "-I", "-S", str(inside), str(inside.parent)]
        return subprocess.run(command, capture_output=True, check=False, timeout=120).returncode == 0


def all_of(books: Books, *, final: bool) -> Findings:
    """Votes, runs and packs; `final`: nothing may be open any more."""
    found = Findings()
    for one in (votes(books), runs(books, final=final), packs(books, final=final)):
        found.add(one)
    found.rows = 0
    return found
