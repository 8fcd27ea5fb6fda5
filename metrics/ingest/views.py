"""Pages of import: file, columns, result; evaluation sets."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views import View

from governance.registry import selectors as register
from governance.registry.models import System
from metrics.ingest import files
from metrics.ingest.forms import MappingForm, UploadForm
from metrics.ingest.imports import request_import
from metrics.ingest.models import EvaluationSet
from metrics.ingest.selectors import (
    evaluation_figures,
    import_job,
    latest_batches,
    latest_evaluations,
    latest_imports,
)
from portal.access.selectors import can, require
from portal.errors import Invalid, RuleBroken
from portal.jobs.rules import OPEN, UNFINISHED, JobState
from portal.jobs.selectors import may_manage, uploads_in_use
from portal.web import uploads
from portal.web.middleware import sentence
from portal.web.views import SignedInMixin

Faults = list[dict[str, str]]


def _faults(error: Invalid) -> Faults:
    return [row | {"message": gettext(row["message"])} for row in error.errors]


class ImportNew(SignedInMixin, View):
    """Choose a system and a file."""

    perm = "import_data"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        chosen = {"system": request.GET.get("system", "")}
        return self._page(request, UploadForm(systems=self._systems(request), initial=chosen), [], 200)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Keep the file and ask what its columns mean."""
        form = UploadForm(request.POST, request.FILES, systems=self._systems(request))
        faults: Faults = []
        if form.is_valid():
            try:
                files.header(form.cleaned_data["file"])
            except Invalid as error:
                faults = _faults(error)
            else:
                token = uploads.keep(form.cleaned_data["file"], str(request.user.pk), in_use=uploads_in_use())
                slug, kind = form.cleaned_data["system"].slug, form.cleaned_data["kind"]
                return HttpResponseRedirect(reverse("import_columns", args=[slug, kind, token]))
        return self._page(request, form, faults, 422)

    def _systems(self, request: HttpRequest) -> Any:
        return register.visible(request.user, "import_data").order_by("sort_key")

    def _page(self, request: HttpRequest, form: UploadForm, faults: Faults, status: int) -> HttpResponse:
        context = {
            "form": form,
            "faults": faults,
            "imports": latest_imports(self._systems(request)),
            "batches": latest_batches(self._systems(request)),
            "evaluations": latest_evaluations(register.visible(request.user, "view_kpis")),
        }
        return render(request, "ingest/import_new.html", context, status=status)


class ImportColumns(SignedInMixin, View):
    """Say what the columns mean, and import."""

    perm = "import_data"

    def get(self, request: HttpRequest, slug: str, kind: str, token: str) -> HttpResponse:
        """The form, with a guess."""
        found = self._upload(request, slug, token)
        if found is None:
            return self._gone(request)
        system, data = found
        return self._page(request, system, self._form(None, system, kind, data), [], 200)

    def post(self, request: HttpRequest, slug: str, kind: str, token: str) -> HttpResponse:
        """Hand it to a worker; a wrong column or name is said at once, and the file is still there."""
        found = self._upload(request, slug, token)
        if found is None:
            return self._gone(request)
        system, data = found
        form = self._form(request.POST, system, kind, data)
        faults: Faults = []
        if form.is_valid():
            try:
                job = request_import(
                    system=system,
                    kind=kind,
                    token=token,
                    by=request.user,  # type: ignore[arg-type]
                    mapping=form.mapping(),
                    fixed=form.fixed(),
                    name=form.cleaned_data.get("name", ""),
                )
            except Invalid as error:
                faults = _faults(error)
            except RuleBroken as error:
                form.add_error(error.field if error.field in form.fields else None, sentence(error))
            else:
                return HttpResponseRedirect(reverse("import_result", args=[system.slug, job.pk]))
        return self._page(request, system, form, faults, 422)

    def _upload(self, request: HttpRequest, slug: str, token: str) -> tuple[System, bytes] | None:
        system = register.get(request.user, slug)
        require(request.user, "import_data", system)
        data = uploads.find(token, str(request.user.pk))
        return None if data is None else (system, data)

    def _gone(self, request: HttpRequest) -> HttpResponse:
        messages.info(request, gettext("This upload is no longer there: choose the file again."))
        return HttpResponseRedirect(reverse("import_new"))

    def _form(self, posted: Any, system: System, kind: str, data: bytes) -> MappingForm:
        columns = files.header(data)
        evaluation = kind == "evaluation"
        return MappingForm(
            posted,
            columns=columns,
            guessed=files.guess(columns, evaluation=evaluation),
            evaluation=evaluation,
            dimensions=sorted(system.dimensions or {}),
        )

    def _page(
        self, request: HttpRequest, system: System, form: MappingForm, faults: Faults, status: int
    ) -> HttpResponse:
        context = {"system": system, "form": form, "faults": faults, "cancel_url": reverse("import_new")}
        return render(request, "ingest/import_columns.html", context, status=status)


class ImportResult(SignedInMixin, View):
    """One import: how far it is, then what became of the file."""

    perm = "import_data"

    def get(self, request: HttpRequest, slug: str, job_id: uuid.UUID) -> HttpResponse:
        """The page; it asks for itself again until the import is over."""
        system = register.get(request.user, slug)
        require(request.user, "import_data", system)
        job = import_job(system, job_id)
        if job is None:
            raise Http404
        result = job.result or {}
        context = {
            "system": system,
            "job": job,
            "result": result,
            "faults": [row | {"message": gettext(row["message"])} for row in result.get("errors", [])],
            "evaluation": EvaluationSet.objects.filter(pk=result["evaluation"]).first()
            if "evaluation" in result
            else None,
            "may_cancel": JobState(job.state) in OPEN
            and not job.cancel_requested_at
            and may_manage(request.user, job),
            "may_retry": JobState(job.state) in UNFINISHED and may_manage(request.user, job),
        }
        return render(request, "ingest/import_result.html", context)


class EvaluationList(SignedInMixin, View):
    """The evaluation sets of one system."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The page."""
        system = register.get(request.user, slug, "view_kpis")
        sets = EvaluationSet.objects.filter(system=system)
        context = {"system": system, "sets": sets, "may_import": can(request.user, "import_data", system)}
        return render(request, "ingest/evaluation_list.html", context)


class EvaluationDetail(SignedInMixin, View):
    """One evaluation set: figures with their intervals, and the confusion counts."""

    def get(self, request: HttpRequest, slug: str, pk: Any) -> HttpResponse:
        """The page."""
        system = register.get(request.user, slug, "view_kpis")
        evaluation = get_object_or_404(EvaluationSet, system=system, pk=pk)
        rows = [
            (label, row, sum(row))
            for label, row in zip(evaluation.counts["labels"], evaluation.counts["matrix"], strict=True)
        ]
        context = {"system": system, "evaluation": evaluation, "rows": rows, **evaluation_figures(evaluation)}
        return render(request, "ingest/evaluation_detail.html", context)
