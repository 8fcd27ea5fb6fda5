"""A register as a file: what it holds, and the job that takes a large one in."""

from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from rest_framework.exceptions import ParseError

from governance.registry import archive, exchange
from governance.registry.services import person
from governance.review import imports
from portal.access.selectors import can, units_with
from portal.accounts.models import Unit
from portal.errors import N_, Invalid, NotAllowed, RuleBroken
from portal.jobs.models import Job
from portal.jobs.services import enqueue
from portal.web import uploads
from portal.web.rest import loads

if TYPE_CHECKING:
    from portal.jobs.context import JobContext

IMPORT = "import_register"
"""The kind of job that takes a register in."""
AT_ONCE = 50
"""Systems that are taken in while the person waits; more of them are a job."""
FAULTS_KEPT, LINES_KEPT = 1_000, 500
_BLANKS = b"\xef\xbb\xbf \t\r\n"


def document_of(data: bytes) -> dict[str, Any]:
    """The document in a file: a ZIP of tables, JSON where it begins with a brace, else CSV. Raises Invalid."""
    if data.startswith(b"PK"):
        return archive.read_zip(data)
    if not data.lstrip(_BLANKS).startswith(b"{"):
        return archive.read_csv(data)
    try:
        return exchange.read_json(loads(data.removeprefix(b"\xef\xbb\xbf")))
    except ParseError as error:
        message = N_("This is not well-formed JSON in UTF-8.")
        raise Invalid([{"field": "file", "code": "malformed", "message": message}]) from error


def is_large(document: dict[str, Any]) -> bool:
    """Whether it takes longer than a person should wait."""
    return len(document["systems"]) > AT_ONCE


def request_import(*, token: str, unit: Unit, by: Any, dry_run: bool) -> Job:
    """Ask for the import of an upload, or to see what it would do; asked again while it is open, it is one job."""
    if not can(person(by), "edit_register", unit):
        raise NotAllowed(N_("You do not have the permission for this."), code="not_allowed")
    return enqueue(
        kind=IMPORT,
        payload={"token": token, "unit": str(unit.pk), "dry_run": dry_run},
        by=by,
        unit=unit,
        unique_key=f"{IMPORT}:{token}:{dry_run}",
        about=unit.name,
    )


def jobs(user: Any) -> QuerySet[Job]:
    """The imports into units whose register this person edits."""
    return Job.objects.filter(kind=IMPORT, unit__in=units_with(user, "edit_register")).select_related("unit")


def run(context: "JobContext") -> dict[str, Any]:
    """Do it as the person who asked, only while they still may; kept whole together with the end of the job."""
    asked, by = context.payload, context.job.requested_by
    owner = str(context.job.requested_by_id)
    data = uploads.find(asked["token"], owner)
    if data is None:
        raise RuleBroken(N_("This upload is no longer there: choose the file again."), code="upload_gone")
    context.progress(0, N_("Reading the file"))
    document = document_of(data)
    total = max(1, sum(len(document[name]) for name in ("vendors", "missions", "systems")))
    context.progress(1, N_("Looking at every entry; nothing is kept before the last one"))
    with context.beside() as say:
        report = imports.take_in(
            document=document,
            unit=Unit.objects.get(pk=asked["unit"]),
            by=by,
            dry_run=asked["dry_run"],
            progress=lambda done: say(1 + 98 * done // total) if done % max(1, total // 100) == 0 else None,
            stored=lambda report: context.finish(result_of(report)),
        )
    if report.applied:
        uploads.drop(asked["token"], owner)
    return result_of(report)


def result_of(report: imports.Report) -> dict[str, Any]:
    """What is kept of a report: counts, the first faults with their places, the first entries that are not the same."""
    told = [line for line in report.lines if line.act != "same"]
    return {
        "dry_run": report.dry_run,
        "applied": report.applied,
        "counts": report.counts,
        "errors": report.errors[:FAULTS_KEPT],
        "errors_left_out": max(0, len(report.errors) - FAULTS_KEPT),
        "lines": [line.to_dict() for line in told[:LINES_KEPT] if not line.faults],
        "lines_left_out": max(0, len(told) - LINES_KEPT),
    }
