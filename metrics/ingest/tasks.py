"""The job that imports a file of a person."""

from typing import Any

from django.db import transaction
from django.urls import reverse

from governance.registry.models import System
from governance.registry.services import permitted
from metrics.ingest.imports import Imported, import_evaluation_file, import_live_file
from metrics.ingest.selectors import IMPORT
from portal.errors import N_, RuleBroken
from portal.jobs.context import JobContext
from portal.jobs.models import Job
from portal.jobs.registry import handler
from portal.web import uploads


def _page(job: Job) -> str:
    system = System.objects.filter(pk=job.payload["system"]).first()
    return reverse("import_result", args=[system.slug, job.pk]) if system else ""


@handler(IMPORT, title=N_("Import of a file"), page=_page)
def import_file(context: JobContext) -> dict[str, Any]:
    """Import the upload that the payload names, as the person who asked and only while they still may."""
    asked, person = context.payload, context.job.requested_by
    system = System.objects.get(pk=asked["system"])
    permitted(person, "import_data", system)
    data = uploads.find(asked["token"], str(context.job.requested_by_id))
    if data is None:
        raise RuleBroken(N_("This upload is no longer there: choose the file again."), code="upload_gone")
    context.progress(1, N_("Reading the file"))
    shared = {
        "system": system,
        "data": data,
        "by": person,
        "mapping": asked["mapping"],
        "fixed": asked["fixed"],
    }
    evaluation = asked["kind"] == "evaluation"
    result = _evaluation(context, asked["name"], shared) if evaluation else _live(context, shared)
    uploads.drop(asked["token"], str(context.job.requested_by_id))
    return result


def _evaluation(context: JobContext, name: str, shared: dict[str, Any]) -> dict[str, Any]:
    """Whole or not at all: the set and the end of the job are one transaction."""
    with transaction.atomic():
        made = import_evaluation_file(name=name, **shared)
        result = {"evaluation": str(made.pk), "n": made.n}
        context.finish(result)
    return result


def _live(context: JobContext, shared: dict[str, Any]) -> dict[str, Any]:
    """Batch by batch, each stored with its receipt; stopped or killed, what was stored stays and is said."""

    def after_batch(percent: int, so_far: Imported) -> None:
        context.progress(percent, so_far=so_far.to_dict())

    context.progress(2, N_("Storing, 5,000 lines at a time"))
    return import_live_file(after_batch=after_batch, **shared).to_dict()
