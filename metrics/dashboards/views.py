"""Pages of figures: the portfolio, the dashboard of one system, and the numbers of their charts."""

import hashlib
from typing import Any

import orjson
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import View

from governance.registry import selectors as registry
from governance.registry.models import System
from metrics.dashboards import charts, present, selectors
from metrics.dashboards.rules import PRESETS, Range, read_range
from portal.web.exports import to_csv
from portal.web.views import SignedInMixin, paged


class PortfolioView(SignedInMixin, View):
    """Every system whose figures the person may see, side by side."""

    perm = "view_kpis"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The table of systems and the chart of trust against accuracy."""
        span, errors = read_range(request.GET.dict(), timezone.localdate())
        part = paged(request, _systems(request))
        boards = selectors.boards(list(part["page"]), span)
        context = _range_context(span, errors) | {
            "rows": [{"board": board, "cards": present.small_cards(board)} for board in boards],
            **part,
            "chart_url": f"{reverse('portfolio_chart', args=['trust_accuracy', 'json'])}?{_query(span)}",
        }
        return render(request, "dashboards/portfolio_list.html", context, status=422 if errors else 200)


class DashboardView(SignedInMixin, View):
    """The figures of one system."""

    perm = "view_kpis"

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Cards and charts by group, what happened in the window, and the evaluation sets."""
        system = registry.get(request.user, slug, "view_kpis")
        span, errors = read_range(request.GET.dict(), timezone.localdate())
        board = selectors.boards([system], span)[0]
        by = request.GET.get("by") or selectors.STANDARD_DIMENSIONS[0]
        context = _range_context(span, errors) | {
            "system": system,
            "board": board,
            "sections": present.sections(board),
            "facts": present.facts_of_worth(board),
            "withheld": _(board.worth.withheld) if board.worth.withheld else "",
            "warnings": [_(warning) for warning in board.worth.warnings],
            "marks": charts.marks_of(system, span),
            "evaluations": [
                (e, [present.figure_of(f) for f in selectors.evaluation_figures(e).values()][:2])
                for e in selectors.evaluations(system)[:5]
            ],
            "dimensions": selectors.dimensions(system),
            "by": by if by in selectors.dimensions(system) else selectors.STANDARD_DIMENSIONS[0],
        }
        return render(request, "dashboards/dashboard_detail.html", context, status=422 if errors else 200)


class ChartView(SignedInMixin, View):
    """The numbers of one chart of one system as JSON for Plotly, or as CSV."""

    perm = "view_kpis"

    def get(self, request: HttpRequest, slug: str, key: str, kind: str) -> HttpResponse:
        """200 with an ETag, 304 where the browser has it, 404 for an unknown chart or another's system."""
        system = registry.get(request.user, slug, "view_kpis")
        spec = charts.SPECS.get(key)
        if spec is None:
            raise Http404
        span, _errors = read_range(request.GET.dict(), timezone.localdate())
        chart = spec.make(system, span, request.GET.get("by", selectors.STANDARD_DIMENSIONS[0]))
        return answer(request, chart, kind, [(_("System"), system.name), (_("Chart"), _(spec.title))], span)


class PortfolioChartView(SignedInMixin, View):
    """A chart over all systems of the person."""

    perm = "view_kpis"

    def get(self, request: HttpRequest, key: str, kind: str) -> HttpResponse:
        """Trust against accuracy."""
        if key != "trust_accuracy":
            raise Http404
        span, _errors = read_range(request.GET.dict(), timezone.localdate())
        chart = charts.trust_against_accuracy(selectors.boards(list(_systems(request)), span))
        return answer(request, chart, kind, [(_("Chart"), _("Trust and accuracy"))], span)


def answer(
    request: HttpRequest, chart: dict[str, Any], kind: str, about: list[tuple[str, str]], span: Range
) -> HttpResponse:
    """The chart as JSON, or its table as CSV, with an ETag over the bytes."""
    if kind == "csv":
        window = f"{span.date_from.isoformat()} / {span.date_to.isoformat()}"
        table = chart["table"]
        body = to_csv([*about, (_("Days"), window)], [table["columns"], *table["rows"]])
    else:
        body = orjson.dumps(chart)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in request.headers.get("If-None-Match", ""):
        return HttpResponse(status=304, headers=headers)
    types = {"csv": "text/csv; charset=utf-8", "json": "application/json"}
    response = HttpResponse(body, content_type=types[kind], headers=headers)
    if kind == "csv":
        name = request.path.rsplit("/", 1)[-1]
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _systems(request: HttpRequest) -> QuerySet[System]:
    found = registry.visible(request.user, "view_kpis").select_related("unit", "owner")
    return found.order_by("sort_key", "slug")


def _query(span: Range) -> str:
    return f"from={span.date_from.isoformat()}&to={span.date_to.isoformat()}"


def _range_context(span: Range, errors: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "span": span,
        "query": _query(span),
        "presets": [(key, _(label), key == span.preset) for key, label in PRESETS.items()],
        "range_errors": [_(error["message"]) for error in errors],
    }
