"""The register as a file: export it whole; import one after seeing what would change."""

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View
from rest_framework.exceptions import ParseError

from governance.registry import exchange
from governance.registry.forms import FileForm
from governance.registry.pages import Crumbs, FormPage, said
from governance.review import imports
from portal.access.selectors import units_with
from portal.errors import N_, Invalid
from portal.jobs.selectors import uploads_in_use
from portal.web import uploads
from portal.web.rest import loads
from portal.web.views import SignedInMixin


class RegisterExport(SignedInMixin, View):
    """Everything in view as one file: `?as=csv` has one system a line, JSON the whole."""

    perm = "view_register"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The file."""
        document = exchange.export(request.user)
        stem = f"register-{timezone.localdate().isoformat()}"
        if request.GET.get("as") == "csv":
            response = HttpResponse(exchange.to_csv(document), content_type="text/csv; charset=utf-8")
            response["Content-Disposition"] = f'attachment; filename="{stem}.csv"'
            return response
        text = json.dumps(document, ensure_ascii=False, indent=2)
        response = HttpResponse(text, content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="{stem}.json"'
        return response


def document_of(data: bytes) -> dict[str, Any]:
    """The document in a file: JSON where it begins with a brace, else CSV. Raises Invalid."""
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        return exchange.read_csv(data)
    try:
        return exchange.read_json(loads(data.removeprefix(b"\xef\xbb\xbf")))
    except ParseError as error:
        message = N_("This is not well-formed JSON in UTF-8.")
        raise Invalid([{"field": "file", "code": "malformed", "message": message}]) from error


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
        """Keep the file for the next page."""
        data = form.cleaned_data
        try:
            document_of(data["file"])
        except Invalid as error:
            told = [f"{row['field']}: {gettext(row['message'])}" for row in error.errors]
            raise Invalid([{"field": "file", "code": "invalid", "message": text} for text in told]) from error
        token = uploads.keep(data["file"], str(self.request.user.pk), in_use=uploads_in_use())
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
