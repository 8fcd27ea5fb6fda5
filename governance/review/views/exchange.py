"""The register as a file: export it whole; import one after seeing what would change."""

import json
import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry import archive, exchange
from governance.registry.forms import FileForm
from governance.registry.pages import Crumbs, FormPage, said
from governance.review import imports
from governance.review.files import document_of, is_large, jobs, request_import
from portal.access.selectors import units_with
from portal.errors import Invalid
from portal.jobs.models import Job
from portal.jobs.rules import OPEN, UNFINISHED, JobState
from portal.jobs.selectors import may_manage, uploads_in_use
from portal.web import uploads
from portal.web.views import SignedInMixin


class RegisterExport(SignedInMixin, View):
    """Everything in view as one file: JSON, or `?as=zip` with one CSV a table; `?as=csv` has the systems alone."""

    perm = "view_register"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The file."""
        document = exchange.export(request.user)
        stem = f"register-{timezone.localdate().isoformat()}"
        match request.GET.get("as"):
            case "csv":
                return _file(archive.to_csv(document), "text/csv; charset=utf-8", f"{stem}.csv")
            case "zip":
                return _file(archive.to_zip(document), "application/zip", f"{stem}.zip")
        text = json.dumps(document, ensure_ascii=False, indent=2)
        return _file(text.encode(), "application/json", f"{stem}.json")


def _file(data: bytes, kind: str, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


class RegisterImport(FormPage):
    """Choose a file; nothing is changed yet."""

    perm = "edit_register"
    title = _("Import a register")
    submit = _("See what would change")
    template_name = "registry/import.html"

    def form(self, data: Any = None) -> FileForm:
        """The file and the unit."""
        return FileForm(data, self.request.FILES or None, user=self.request.user)

    def crumbs(self) -> Crumbs:
        """Below the list."""
        return [(gettext("Systems"), reverse("system_list"))]

    def act(self, form: FileForm) -> str:
        """Keep the file for the next page; a large one goes to a worker."""
        data = form.cleaned_data
        try:
            document = document_of(data["file"])
        except Invalid as error:
            told = [f"{row['field']}: {gettext(row['message'])}" for row in error.errors]
            raise Invalid([{"field": "file", "code": "invalid", "message": text} for text in told]) from error
        token = uploads.keep(data["file"], str(self.request.user.pk), in_use=uploads_in_use())
        if is_large(document):
            job = request_import(token=token, unit=data["unit"], by=self.request.user, dry_run=True)
            return reverse("register_import_result", args=[job.pk])
        return reverse("register_import_check", args=[data["unit"].pk, token])


class RegisterImportCheck(SignedInMixin, View):
    """What a file would change; and the button that does it."""

    perm = "edit_register"

    def get(self, request: HttpRequest, unit: Any, token: str) -> HttpResponse:
        """The dry run."""
        return self._run(request, unit, token, dry_run=True)

    def post(self, request: HttpRequest, unit: Any, token: str) -> HttpResponse:
        """Do it, all or nothing."""
        return self._run(request, unit, token, dry_run=False)

    def _run(self, request: HttpRequest, unit: Any, token: str, *, dry_run: bool) -> HttpResponse:
        place = get_object_or_404(units_with(request.user, "edit_register"), pk=unit)
        data = uploads.find(token, str(request.user.pk))
        if data is None:
            said(request, gettext("The file is no longer here. Choose it again."))
            return HttpResponseRedirect(reverse("register_import"))
        report = imports.take_in(document=document_of(data), unit=place, by=request.user, dry_run=dry_run)
        if report.applied:
            uploads.drop(token, str(request.user.pk))
            said(request, gettext("The register is imported."))
            return HttpResponseRedirect(reverse("system_list"))
        context = {"report": report, "unit": place}
        return render(request, "registry/import_check.html", context, status=200 if dry_run else 409)


class RegisterImportResult(SignedInMixin, View):
    """One import by a worker: how far it is, then what it did or would do, and the button that does it."""

    perm = "edit_register"

    def get(self, request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        """The page; it asks for itself again until the job is over."""
        job = get_object_or_404(jobs(request.user), pk=job_id)
        result, mine = job.result or {}, may_manage(request.user, job)
        faults = [row | {"message": gettext(row["message"])} for row in result.get("errors", [])]
        context = {
            "job": job,
            "unit": job.unit,
            "result": result,
            "faults": faults,
            "may_import": self._may_import(request, job),
            "may_cancel": JobState(job.state) in OPEN and not job.cancel_requested_at and mine,
            "may_retry": JobState(job.state) in UNFINISHED and mine,
        }
        return render(request, "registry/import_result.html", context)

    def post(self, request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        """After a look without faults: do it."""
        job = get_object_or_404(jobs(request.user), pk=job_id)
        if not self._may_import(request, job) or job.unit is None:
            return HttpResponseRedirect(reverse("register_import_result", args=[job.pk]))
        if uploads.find(job.payload["token"], str(request.user.pk)) is None:
            said(request, gettext("The file is no longer here. Choose it again."))
            return HttpResponseRedirect(reverse("register_import"))
        made = request_import(token=job.payload["token"], unit=job.unit, by=request.user, dry_run=False)
        return HttpResponseRedirect(reverse("register_import_result", args=[made.pk]))

    def _may_import(self, request: HttpRequest, job: Job) -> bool:
        """Whoever chose the file, once it was looked at and nothing in it is refused."""
        looked = job.state == JobState.DONE.value and job.payload["dry_run"]
        return looked and not (job.result or {}).get("errors") and job.requested_by_id == request.user.pk
