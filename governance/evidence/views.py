"""Pages of evidence packs: list, request, progress and download, how to verify."""

import uuid
from typing import Any

import django_filters
import django_tables2 as tables
from django.conf import settings
from django.db.models import QuerySet
from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.evidence import selectors, services
from governance.evidence.build import VERIFIER
from governance.evidence.forms import PackForm
from governance.evidence.models import EvidencePack
from governance.registry import related
from portal.errors import RuleBroken
from portal.ledger import keys
from portal.ledger.fingerprints import fingerprint, verifier_key
from portal.ledger.selectors import history, latest_checkpoint
from portal.web.middleware import sentence
from portal.web.tables import AttuneTable, NumberColumn, StateColumn, WhenColumn
from portal.web.views import SignedInMixin, TableView


class PackTable(AttuneTable):
    """Packs, newest first."""

    requested_at = WhenColumn(verbose_name=_("Asked for"), linkify=True)
    systems = tables.Column(verbose_name=_("Systems"), orderable=False, accessor="pk")
    date_from = WhenColumn(verbose_name=_("From"), style="date")
    date_to = WhenColumn(verbose_name=_("To"), style="date")
    state = StateColumn(verbose_name=_("State"), accessor="job__state")
    size_bytes = NumberColumn(verbose_name=_("Bytes"))

    class Meta(AttuneTable.Meta):
        model = EvidencePack
        fields = ("requested_at", "systems", "date_from", "date_to", "state", "size_bytes")

    def render_systems(self, record: EvidencePack) -> str:
        """Their names."""
        return ", ".join(system.name for system in record.systems.all())

    def value_systems(self, record: EvidencePack) -> str:
        """In an export likewise."""
        return self.render_systems(record)


class PackFilter(django_filters.FilterSet):
    """By the period that a pack covers."""

    covers = django_filters.DateFilter(label=_("Covers the day"), method="on_day")

    class Meta:
        model = EvidencePack
        fields = ()

    def on_day(self, queryset: QuerySet[EvidencePack], name: str, value: Any) -> QuerySet[EvidencePack]:
        """Packs whose period holds this day."""
        return queryset.filter(date_from__lte=value, date_to__gte=value)


class PackList(TableView):
    """The packs that this person may take."""

    table_class, filterset_class, perm = PackTable, PackFilter, "export_evidence"
    title = _("Evidence packs")
    intro = _("What happened, proved: a pack is checked off-line, without this portal.")
    template_name = "evidence/pack_list.html"
    empty = {
        "icon": "file-archive",
        "title": _("No evidence pack yet"),
        "text": _("Ask for one about the systems and the period that you audit."),
        "action_url": reverse_lazy("pack_new"),
        "action_label": _("Ask for a pack"),
    }

    def get_queryset(self) -> QuerySet[EvidencePack]:
        return selectors.packs(self.request.user).select_related("job").prefetch_related("systems")


class PackNew(SignedInMixin, View):
    """The request form."""

    perm = "export_evidence"

    def get(self, request: HttpRequest) -> HttpResponse:
        """An empty form, with the checkpoint that the auditor may take first."""
        newest = latest_checkpoint()
        form = PackForm(user=request.user, initial={"end_size": newest.size if newest else None})
        return self._page(request, form, 200)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Ask for the pack, then show its progress."""
        form = PackForm(request.POST, user=request.user)
        if form.is_valid():
            try:
                pack = services.request_pack(by=request.user, **form.cleaned_data)
                return HttpResponseRedirect(pack.get_absolute_url())
            except RuleBroken as refusal:
                names = {"to": "date_to", "from": "date_from"}
                field = names.get(refusal.field, refusal.field)
                form.add_error(field if field in form.fields else None, sentence(refusal))
        return self._page(request, form, 422)

    def _page(self, request: HttpRequest, form: PackForm, status: int) -> HttpResponse:
        context = {"form": form, "checkpoint": latest_checkpoint()}
        return render(request, "evidence/pack_new.html", context, status=status)


def _pack(request: HttpRequest, pk: uuid.UUID) -> EvidencePack:
    return get_object_or_404(selectors.packs(request.user).select_related("job"), pk=pk)


class PackDetail(SignedInMixin, View):
    """One pack: progress while it is made, then download, digest and history."""

    perm = "export_evidence"

    def get(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """The page."""
        pack = _pack(request, pk)
        facts = [
            (gettext("Systems"), ", ".join(pack.systems.order_by("sort_key").values_list("name", flat=True))),
            (gettext("Events in the sample"), pack.sample_size),
            (gettext("Number of the auditor"), pack.auditor_number),
            (
                gettext("Leaves of the log"),
                f"{pack.start_size} – {(pack.end_size or 1) - 1}" if pack.made_at else "",
            ),
            (gettext("Bytes"), pack.size_bytes),
            ("SHA-256", pack.sha256),
        ]
        context = {"pack": pack, "facts": facts, "events": history(f"pack:{pack.pk}")}
        context["related"] = related.of_many(request.user, pack.systems.all())
        return render(request, "evidence/pack_detail.html", context)


class PackProgress(SignedInMixin, View):
    """The progress alone; 286 stops the polling once it is over."""

    perm = "export_evidence"

    def get(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """The fragment; the finished page is fetched by its reader."""
        pack = _pack(request, pk)
        over = pack.job is None or pack.job.finished_at is not None
        context = {"job": pack.job, "url": reverse("pack_progress", args=[pack.pk])}
        response = render(request, "components/progress.html", context, status=286 if over else 200)
        if over:
            response["HX-Refresh"] = "true"
        return response


class PackDownload(SignedInMixin, View):
    """The file; who took it is recorded."""

    perm = "export_evidence"

    def get(self, request: HttpRequest, pk: uuid.UUID) -> FileResponse:
        """The zip as it was made."""
        pack = _pack(request, pk)
        path = services.download(pack=pack, by=request.user)
        return FileResponse(
            path.open("rb"), as_attachment=True, filename=pack.file_name, content_type="application/zip"
        )


class HowToVerify(SignedInMixin, View):
    """How a pack is verified, what that proves and what it does not; the public key to compare with."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        context = {
            "origin": settings.LEDGER_ORIGIN,
            "fingerprint": fingerprint(),
            "verifier_key": verifier_key(),
            "refusal": keys.refusal(),
        }
        return render(request, "evidence/how_to_verify.html", context)


class Verifier(View):
    """verify.py itself: public, since an auditor needs no account to check a pack."""

    def get(self, request: HttpRequest) -> FileResponse:
        """The same file that lies in every pack."""
        return FileResponse(
            VERIFIER.open("rb"), as_attachment=True, filename="verify.py", content_type="text/x-python"
        )
