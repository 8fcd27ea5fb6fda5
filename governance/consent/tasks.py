"""Consent as work of the job queue: importing a file, and ending what expired."""

from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from governance.consent.expiry import end_what_expired
from governance.consent.imports import IMPORT, Imported, import_consent_file
from governance.registry.models import System
from governance.registry.services import permitted
from portal.errors import N_, RuleBroken
from portal.jobs.context import JobContext
from portal.jobs.models import Job
from portal.jobs.registry import handler
from portal.jobs.rules import Every
from portal.web import uploads


def _page(job: Job) -> str:
    system = System.objects.filter(pk=job.payload["system"]).first()
    return reverse("consent_import_result", args=[system.slug, job.pk]) if system else ""


@handler(IMPORT, title=N_("Import of consent"), page=_page)
def import_file(context: JobContext) -> dict[str, Any]:
    """Import the upload that the payload names, as the person who asked and only while they still may.

    Batch by batch; stopped or killed, what was stored stays and is said, and trying again finds it known.
    """
    asked, person = context.payload, context.job.requested_by
    system = System.objects.get(pk=asked["system"])
    permitted(person, "manage_consent", system)
    owner = str(context.job.requested_by_id)
    data = uploads.find(asked["token"], owner)
    if data is None:
        raise RuleBroken(N_("This upload is no longer there: choose the file again."), code="upload_gone")

    def after_batch(percent: int, so_far: Imported) -> None:
        context.progress(percent, so_far=so_far.to_dict())

    context.progress(1, N_("Storing, 5,000 lines at a time"))
    result = import_consent_file(
        system=system,
        kind=asked["kind"],
        data=data,
        by=person,
        source=asked["source"],
        mapping=asked["mapping"],
        fixed=asked["fixed"],
        after_batch=after_batch,
    ).to_dict()
    with transaction.atomic():
        context.finish(result)
    uploads.drop(asked["token"], owner)
    return result


@handler(
    "expire_consent",
    title=N_("Stop what rested on consent that has expired"),
    shows={"stops": N_("Stops")},
    standing=Every.HOURLY,
)
def expire_consent(context: JobContext) -> dict[str, Any]:
    """System by system, each in transactions of its own: what was ordered stays ordered."""
    stops, systems = 0, list(System.objects.order_by("slug"))
    for number, system in enumerate(systems):
        context.progress(100 * number // len(systems), system.name, so_far={"stops": stops})
        stops += end_what_expired(system=system, now=timezone.now())
    return {"stops": stops}
