"""Importing consent from a file: the file, what its columns mean, what became of it."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.views import View

from governance.consent import files
from governance.consent.forms import ConsentColumnsForm, ConsentFileForm
from governance.consent.imports import IMPORT, REFUSALS_KEPT, request_import
from governance.consent.notice_views import managed
from governance.registry.models import System
from portal import tabular
from portal.errors import Invalid
from portal.jobs.models import Job
from portal.jobs.rules import OPEN, UNFINISHED, JobState
from portal.jobs.selectors import may_manage, uploads_in_use
from portal.web import exports, uploads
from portal.web.views import CSV, SignedInMixin

SHOWN = 20  # imports in the list, and refusals on the page
Faults = list[dict[str, str]]


def _told(rows: Any) -> Faults:
    return [row | {"message": gettext(row["message"])} for row in rows]


class ImportNew(SignedInMixin, View):
    """Choose a file."""

    perm = "manage_consent"

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The form, and the last imports."""
        return self._page(request, managed(request, slug), ConsentFileForm(), [], 200)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Keep the file and ask what its columns mean."""
        system = managed(request, slug)
        form = ConsentFileForm(request.POST, request.FILES)
        faults: Faults = []
        if form.is_valid():
            data, kind = form.cleaned_data["file"], form.cleaned_data["kind"]
            try:
                _columns(data)
            except Invalid as error:
                faults = _told(error.errors)
            else:
                token = uploads.keep(data, str(request.user.pk), in_use=uploads_in_use())
                return HttpResponseRedirect(reverse("consent_import_columns", args=[slug, kind, token]))
        return self._page(request, system, form, faults, 422)

    def _page(
        self, request: HttpRequest, system: System, form: ConsentFileForm, faults: Faults, status: int
    ) -> HttpResponse:
        jobs = Job.objects.filter(kind=IMPORT, payload__system=str(system.pk)).order_by("-requested_at")[
            :SHOWN
        ]
        context = {"system": system, "form": form, "faults": faults, "jobs": jobs, "kinds": files.KINDS}
        return render(request, "consent/import_new.html", context, status=status)


def _columns(data: bytes) -> list[str]:
    """The columns of a CSV file; none for JSON. Raises Invalid."""
    return tabular.header(data) if files.form_of(data) == files.CSV else []


class ImportColumns(SignedInMixin, View):
    """Say where the file comes from and what its columns mean, and import."""

    perm = "manage_consent"

    def get(self, request: HttpRequest, slug: str, kind: str, token: str) -> HttpResponse:
        """The form, with a guess."""
        system, data = self._upload(request, slug, kind, token)
        if data is None:
            return self._gone(request, slug)
        return self._page(
            request, system, kind, ConsentColumnsForm(kind=kind, columns=_columns(data)), [], 200
        )

    def post(self, request: HttpRequest, slug: str, kind: str, token: str) -> HttpResponse:
        """Hand it to a worker; a wrong column is said at once, and the file is still there."""
        system, data = self._upload(request, slug, kind, token)
        if data is None:
            return self._gone(request, slug)
        form = ConsentColumnsForm(request.POST, kind=kind, columns=_columns(data))
        faults: Faults = []
        if form.is_valid():
            try:
                job = request_import(
                    system=system,
                    kind=kind,
                    token=token,
                    by=request.user,  # type: ignore[arg-type]
                    source=form.cleaned_data["source"],
                    mapping=form.mapping(),
                    fixed=form.fixed(),
                )
            except Invalid as error:
                faults = _told(error.errors)
            else:
                return HttpResponseRedirect(reverse("consent_import_result", args=[slug, job.pk]))
        return self._page(request, system, kind, form, faults, 422)

    def _upload(self, request: HttpRequest, slug: str, kind: str, token: str) -> tuple[System, bytes | None]:
        system = managed(request, slug)
        if kind not in files.KINDS:
            raise Http404
        return system, uploads.find(token, str(request.user.pk))

    def _gone(self, request: HttpRequest, slug: str) -> HttpResponse:
        messages.info(request, gettext("This upload is no longer there: choose the file again."))
        return HttpResponseRedirect(reverse("consent_import", args=[slug]))

    def _page(
        self, request: HttpRequest, system: System, kind: str, form: Any, faults: Faults, status: int
    ) -> HttpResponse:
        back = reverse("consent_import", args=[system.slug])
        context = {
            "system": system,
            "form": form,
            "faults": faults,
            "cancel_url": back,
            "kind": files.KINDS[kind],
        }
        return render(request, "consent/import_columns.html", context, status=status)


class ImportResult(SignedInMixin, View):
    """One import: how far it is, then what became of the file."""

    perm = "manage_consent"

    def get(self, request: HttpRequest, slug: str, job_id: uuid.UUID) -> HttpResponse:
        """The page, which asks for itself again until the import is over; `?export=csv` the refusals."""
        system = managed(request, slug)
        job = Job.objects.filter(kind=IMPORT, payload__system=str(system.pk), pk=job_id).first()
        if job is None:
            raise Http404
        result = job.result or {}
        faults = result.get("errors", [])
        if request.GET.get("export") == "csv":
            return _refusals(system, _told(faults))
        open_ = JobState(job.state) in OPEN
        mine = may_manage(request.user, job)
        context = {
            "system": system,
            "job": job,
            "result": result,
            "faults": _told(faults[:SHOWN]),
            "more": max(0, result.get("refused", 0) - SHOWN),
            "left_out": max(0, result.get("refused", 0) - REFUSALS_KEPT),
            "may_cancel": open_ and not job.cancel_requested_at and mine,
            "may_retry": JobState(job.state) in UNFINISHED and mine,
        }
        return render(request, "consent/import_result.html", context)


def _refusals(system: System, faults: Faults) -> HttpResponse:
    header = ("place", "id", "code", "message")
    rows = [header, *((row["field"], row.get("id", ""), row["code"], row["message"]) for row in faults)]
    response = HttpResponse(exports.to_csv([(gettext("System"), system.name)], rows), content_type=CSV)
    response["Content-Disposition"] = f'attachment; filename="{system.slug}-refused.csv"'
    return response
