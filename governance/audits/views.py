"""Pages of audits: how every audit of every system stands, plans, runs."""

import uuid
from typing import Any, ClassVar

import django_filters
import django_tables2 as tables
from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.audits import charts, misses, registry, selectors, services
from governance.audits.forms import PlanForm, RunForm
from governance.audits.models import AuditRun
from governance.audits.registry import AuditKind
from governance.audits.rules import Verdict
from governance.registry import related
from governance.registry import selectors as register
from governance.registry.models import System
from portal.access.selectors import can, require
from portal.errors import Invalid, RuleBroken
from portal.jobs.selectors import may_manage
from portal.web import badges, exports
from portal.web.middleware import sentence
from portal.web.tables import AttuneTable, LinkColumn, StateColumn, WhenColumn
from portal.web.views import SignedInMixin, TableView, paged


def kind_title(kind: str) -> str:
    """What people call this audit."""
    found = registry.find(kind)
    return gettext(found.title) if found else kind


def _kind(kind: str) -> AuditKind:
    found = registry.find(kind)
    if found is None:
        raise Http404
    return found


class Overview(SignedInMixin, View):
    """Every audit of every system that this person may see."""

    perm = "view_audits"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        systems = register.visible(request.user, "view_audits").order_by("sort_key", "slug")
        part = paged(request, systems)
        standings = selectors.standings(System.objects.filter(pk__in=[one.pk for one in part["page"]]))
        context = {"standings": standings, "title": gettext("Audits"), **part}
        return render(request, "audits/audit_overview.html", context)


class SystemAudits(SignedInMixin, View):
    """The audits of one system: how each stands, its plan, its last runs."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The page."""
        system = register.get(request.user, slug, "view_audits")
        runs = selectors.visible_runs(request.user).filter(system=system).order_by("-requested_at")[:20]
        context = {
            "system": system,
            "standings": selectors.standings(System.objects.filter(pk=system.pk)),
            "runs": runs,
            "may_run": can(request.user, "run_audits", system),
        }
        return render(request, "audits/system_audits.html", context)


class PlanEdit(SignedInMixin, View):
    """Targets and rhythm of one audit."""

    def _page(
        self, request: HttpRequest, system: System, kind: AuditKind, form: PlanForm, status: int
    ) -> HttpResponse:
        context = {
            "system": system,
            "kind": kind,
            "form": form,
            "plan": selectors.plan_in_force(system, kind.kind),
            "cancel_url": reverse("system_audits", args=[system.slug]),
        }
        return render(request, "audits/plan_form.html", context, status=status)

    def get(self, request: HttpRequest, slug: str, kind: str) -> HttpResponse:
        """The form, filled with the plan in force."""
        system, known = self._allowed(request, slug, kind)
        form = PlanForm(kind=known, plan=selectors.plan_in_force(system, kind))
        return self._page(request, system, known, form, 200)

    def post(self, request: HttpRequest, slug: str, kind: str) -> HttpResponse:
        """A new version of the plan."""
        system, known = self._allowed(request, slug, kind)
        form = PlanForm(request.POST, kind=known, plan=selectors.plan_in_force(system, kind))
        if form.is_valid():
            try:
                plan = services.plan_audit(
                    system=system,
                    kind=kind,
                    targets=form.targets(),
                    every=form.cleaned_data["every"],
                    note=form.cleaned_data["note"],
                    by=request.user,  # type: ignore[arg-type]
                )
            except Invalid as refusal:
                for row in refusal.errors:
                    form.add_error(f"target_{row['field'].removeprefix('targets.')}", gettext(row["message"]))
            else:
                messages.success(
                    request, gettext("Version %(n)s of the plan is stored.") % {"n": plan.version}
                )
                return HttpResponseRedirect(reverse("system_audits", args=[slug]))
        return self._page(request, system, known, form, 422)

    def _allowed(self, request: HttpRequest, slug: str, kind: str) -> tuple[System, AuditKind]:
        system = register.get(request.user, slug, "view_audits")
        require(request.user, "run_audits", system)
        return system, _kind(kind)


class RunStart(SignedInMixin, View):
    """What a run shall look at, and go."""

    def get(self, request: HttpRequest, slug: str, kind: str) -> HttpResponse:
        """The form."""
        system, known = self._allowed(request, slug, kind)
        return self._page(request, system, known, RunForm(kind=known, system=system), 200)

    def post(self, request: HttpRequest, slug: str, kind: str) -> HttpResponse:
        """Ask for the run and go to its page."""
        system, known = self._allowed(request, slug, kind)
        form = RunForm(request.POST, kind=known, system=system)
        if form.is_valid():
            try:
                run = services.start_run(
                    system=system,
                    kind=kind,
                    date_from=form.cleaned_data["date_from"],
                    date_to=form.cleaned_data["date_to"],
                    evaluation=form.cleaned_data.get("evaluation", ""),
                    by=request.user,  # type: ignore[arg-type]
                )
            except RuleBroken as refusal:
                field = {"from": "date_from", "to": "date_to", "evaluation": "evaluation"}.get(refusal.field)
                form.add_error(field if field in form.fields else None, sentence(refusal))
            else:
                return HttpResponseRedirect(run.get_absolute_url())
        return self._page(request, system, known, form, 422)

    def _page(
        self, request: HttpRequest, system: System, kind: AuditKind, form: RunForm, status: int
    ) -> HttpResponse:
        context = {
            "system": system,
            "kind": kind,
            "form": form,
            "plan": selectors.plan_shape(system, kind.kind),
            "days": kind.looks_at(system),
            "cancel_url": reverse("system_audits", args=[system.slug]),
        }
        return render(request, "audits/run_form.html", context, status=status)

    def _allowed(self, request: HttpRequest, slug: str, kind: str) -> tuple[System, AuditKind]:
        system = register.get(request.user, slug, "view_audits")
        require(request.user, "run_audits", system)
        return system, _kind(kind)


class RunTable(AttuneTable):
    """Runs, newest first."""

    kind = LinkColumn(verbose_name=_("Audit"))
    system = tables.Column(verbose_name=_("System"))
    verdict = StateColumn(verbose_name=_("Verdict"))
    state = StateColumn(verbose_name=_("Run"), accessor="job__state")
    looks_at = tables.Column(
        verbose_name=_("Looked at"), empty_values=(), order_by=("window_to", "evaluation")
    )
    requested_at = WhenColumn(verbose_name=_("Requested"))
    finished_at = WhenColumn(verbose_name=_("Finished"))

    class Meta(AttuneTable.Meta):
        model = AuditRun
        fields = ("kind", "system", "verdict", "state", "looks_at", "requested_at", "finished_at")
        order_by = ("-requested_at",)

    def render_kind(self, value: str) -> str:
        """The title instead of the code."""
        return kind_title(value)

    def value_kind(self, value: str) -> str:
        """In an export likewise."""
        return kind_title(value)

    def render_looks_at(self, record: AuditRun) -> str:
        """The set, or the days as people of the language write them."""
        if record.evaluation or record.window_from is None or record.window_to is None:
            return record.evaluation
        return f"{date_format(record.window_from)} – {date_format(record.window_to)}"

    def value_looks_at(self, record: AuditRun) -> str:
        """In an export the days in ISO."""
        return record.evaluation or f"{record.window_from} – {record.window_to}"


class RunFilter(django_filters.FilterSet):
    """By system, audit and verdict."""

    system = django_filters.ModelChoiceFilter(label=_("System"), queryset=lambda request: _systems(request))
    kind = django_filters.ChoiceFilter(
        label=_("Audit"), choices=[(kind.kind, _(kind.title)) for kind in registry.all_kinds()]
    )
    verdict = django_filters.ChoiceFilter(
        label=_("Verdict"), choices=[(item.value, badges.BADGES[item.value][0]) for item in Verdict]
    )


def _systems(request: HttpRequest | None) -> QuerySet[System]:
    return register.visible(request.user, "view_audits") if request else System.objects.none()


class RunList(TableView):
    """All runs that this person may see."""

    table_class = RunTable
    filterset_class = RunFilter
    perm = "view_audits"
    template_name = "audits/run_list.html"
    title = _("Audit runs")
    hidden_columns = ("requested_at",)
    empty: ClassVar[dict[str, Any]] = {
        "icon": "clipboard-check",
        "title": _("No audit has run yet"),
        "text": _("Set targets for a system and run an audit; every run stays here with its evidence."),
    }

    def get_queryset(self) -> QuerySet[AuditRun]:
        """Those of the systems in view."""
        return selectors.visible_runs(self.request.user).order_by("-requested_at", "pk")


def find_run(request: HttpRequest, run_id: uuid.UUID) -> AuditRun:
    """The run, if this person may see it. Raises Http404."""
    return get_object_or_404(selectors.visible_runs(request.user), pk=run_id)


class RunDetail(SignedInMixin, View):
    """One run: verdict, checks, figures, evidence tables, job, findings."""

    def get(self, request: HttpRequest, run_id: uuid.UUID) -> HttpResponse:
        """The page."""
        run = find_run(request, run_id)
        known = registry.find(run.kind)
        context = {
            "run": run,
            "system": run.system,
            "title": kind_title(run.kind),
            "question": gettext(known.question) if known else "",
            "verdict": Verdict(run.verdict) if run.verdict else None,
            "tables": [
                charts.with_cells(charts.shown_table(table), known.words if known else {})
                for table in run.tables
                if table["key"] != "confusion"
            ],
            "confusion": next(
                (charts.shown_table(table) for table in run.tables if table["key"] == "confusion"), None
            ),
            "figures": [
                (charts.figure_name(known.names if known else {}, figure["kpi"]), figure)
                for figure in run.figures
            ],
            "findings": selectors.findings_of(run) if run.verdict else [],
            "lists_misses": misses.are_listed(run)
            and can(request.user, misses.reading(request.user), run.system),
            "may_manage": may_manage(request.user, run.job),
            "related": related.around(request.user, run.system, run),
            "open": run.job.state in ("queued", "running"),
            "ended_badly": run.job.state in ("failed", "cancelled", "dead"),
        }
        return render(request, "audits/run_detail.html", context)


class ConfusionChart(SignedInMixin, View):
    """The confusion counts of a run as a chart, or as CSV."""

    def get(self, request: HttpRequest, run_id: uuid.UUID, form: str) -> HttpResponse:
        """The chart, drawn by the page; or its numbers."""
        run = find_run(request, run_id)
        table = next((table for table in run.tables if table["key"] == "confusion"), None)
        if table is None:
            raise Http404
        chart = charts.confusion(charts.shown_table(table))
        if form == "json":
            return JsonResponse(chart)
        header = [(gettext("Audit run"), str(run.pk)), (gettext("Digest"), run.digest)]
        body = exports.to_csv(header, [chart["table"]["columns"], *chart["table"]["rows"]])
        response = HttpResponse(body, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="confusion-{run.pk}.csv"'
        return response
