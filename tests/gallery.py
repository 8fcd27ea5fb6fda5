"""Every component once, with awkward content: what tests of the look render, and what a browser looks at."""

import datetime as dt
import uuid
from types import SimpleNamespace
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template import engines
from django.urls import include, path

from portal.urls import urlpatterns as product
from portal.web.badges import BADGES
from portal.web.tables import AttuneTable, FigureColumn, LinkColumn, NumberColumn, StateColumn, WhenColumn
from portal.web.views import progress

NOW = dt.datetime(2026, 11, 23, 13, 5, tzinfo=dt.UTC)
FIGURE = {
    "kpi": "sentiment_accuracy", "value": "0.8003", "ci": ["0.7786", "0.8204"], "level": "0.95", "n": 1421,
    "numerator": 1137, "denominator": 1421, "method": "Wilson", "state": "ok", "reason": "", "more_needed": None,
}  # fmt: skip
FEW = {"value": None, "state": "not_enough_data", "n": 12, "more_needed": 18, "ci": None, "reason": ""}
ROI = {"value": "412000", "p10": "-80000", "p90": "1150000", "draws": 10000, "state": "ok"}
STATE = "running"  # of the job that the page watches; a test lets it end
LONG = "Emotional tone of calls to the claims department, including night shift, after the merger of 2025"


class GalleryTable(AttuneTable):
    """One column of each kind."""

    name = LinkColumn(verbose_name="Name", linkify=lambda record: f"#{record['n']}")
    state = StateColumn(verbose_name="State")
    n = NumberColumn(verbose_name="Interactions")
    accuracy = FigureColumn(verbose_name="Accuracy", unit="share")
    at = WhenColumn(verbose_name="Last seen")


class GalleryForm(forms.Form):
    """One field of each kind; nothing given, so that all complain."""

    name = forms.CharField(label="Name", help_text="As people in the organisation call it.")
    kind = forms.ChoiceField(label="Modality", choices=[("text", "Text"), ("voice", "Voice")])
    day = forms.DateField(label="From", widget=forms.DateInput(attrs={"type": "date"}))
    yes = forms.BooleanField(label="I have read the screening")
    why = forms.CharField(label="Reason", widget=forms.Textarea(attrs={"rows": 3}))
    vote = forms.ChoiceField(
        label="Vote", widget=forms.RadioSelect, choices=[("approve", "Approve"), ("reject", "Reject")]
    )


def rows() -> list[dict[str, Any]]:
    """Rows of the table, the last with a long name and no figure."""
    states = ["in_force", "suspended", "draft", "not_enough_evidence"]
    made: list[dict[str, Any]] = [
        {"name": f"System {i}", "state": s, "n": 12_345 * (i + 1), "accuracy": FIGURE, "at": NOW}
        for i, s in enumerate(states)
    ]
    return [*made, {"name": LONG, "state": "prohibited", "n": 0, "accuracy": FEW, "at": None}]


def context() -> dict[str, Any]:
    """What the gallery's template shows."""
    job = {"pk": uuid.UUID(int=7), "progress": 40, "note": "Measuring 41,020 interactions", "error": ""}
    why = "Two of three seats approved; the agents' flow was left out."
    return {
        "figure": FIGURE,
        "few": FEW,
        "roi": ROI,
        "codes": list(BADGES),
        "table": GalleryTable(rows()),
        "form": GalleryForm({}),
        "running": SimpleNamespace(**job, state=STATE),
        "failed": SimpleNamespace(**job | {"pk": uuid.UUID(int=8), "error": "No answer"}, state="failed"),
        "events": [
            {"when": NOW, "who": "Ines de Wit", "what": "Request approved", "why": why, "index": 41},
            {"when": NOW, "who": "system", "what": "Flow screened", "why": "", "index": None},
        ],
        "changes": [
            {"field": "Purpose", "before": "Quality of calls", "after": "Well-being"},
            {"field": "Recipient", "before": None, "after": "Team lead"},
        ],
        "facts": [("Owner", "Bram Visser"), ("Languages", "nl, en"), ("Template", "")],
        "steps": [
            {"label": "Screened", "state": "done"},
            {"label": "Vote", "state": "now", "note": "1 of 3"},
            {"label": "Decision", "state": "later"},
        ],
        "long": LONG,
    }


def gallery(request: HttpRequest) -> HttpResponse:
    """The page of everything."""
    return HttpResponse(engines["django"].from_string(PAGE).render(context(), request))


def job(request: HttpRequest) -> HttpResponse:
    """The running job, as the page polls it."""
    return progress(request, context()["running"], "/gallery/job")


def chart(request: HttpRequest) -> JsonResponse:
    """A line with its band, a target and a trace of a type we do not draw."""
    days = [f"2026-{month:02}-01" for month in range(1, 12)]
    values = [0.74, 0.76, 0.75, 0.78, 0.79, 0.80, 0.79, 0.81, 0.80, 0.82, 0.80]
    high, low = [round(v + 0.03, 3) for v in values], [round(v - 0.03, 3) for v in values]
    band = {"mode": "lines", "line": {"width": 0}, "showlegend": False, "hoverinfo": "skip"}
    data = [
        {"type": "scatter", "x": days, "y": high, **band},
        {"type": "scatter", "x": days, "y": low, "fill": "tonexty", "fillcolor": "var(--chart-band)", **band},
        {"type": "scatter", "x": days, "y": values, "name": "Accuracy", "line": {"color": "var(--chart-1)"}},
        {"type": "pie", "values": [1, 2]},
    ]
    rows = [list(row) for row in zip(days, values, low, high, strict=True)]
    return JsonResponse(
        {
            "data": data,
            "layout": {"yaxis": {"title": {"text": "Accuracy"}, "range": [0.6, 1]}},
            "table": {"columns": ["Month", "Accuracy", "Low", "High"], "rows": rows},
        }
    )


PAGE = """{% extends "base.html" %}{% load django_tables2 %}
{% block title %}Gallery & {{ long }}{% endblock %}
{% block intro %}Every component once.{% endblock %}
{% block crumbs %}{% crumb "Start" "/" %}{% endblock %}
{% block actions %}<a class="btn" href="#a">Second</a><a class="btn btn-primary" href="#b">{% icon "plus" 16 %} Register</a>{% endblock %}
{% block content %}<div class="stack">
{% include "components/steps.html" %}
<div class="grid-cards">
<h2 class="visually-hidden">Figures</h2>
{% include "components/kpi_card.html" with title="Sentiment accuracy" figure=figure unit="share" target="0.84" verdict="not_enough_evidence" delta="+0.02" delta_good=True delta_period="Against Q2" question="How often is the label right?" formula="right / all labelled" source="Wilson 1927" owner="Data science" version="1" %}
{% include "components/kpi_card.html" with title="Return on investment" figure=roi unit="EUR" target="0" verdict="met" formula="benefits - costs" %}
{% include "components/kpi_card.html" with title="Trust of customers" figure=few unit="score" %}
{% include "components/kpi_card.html" with title=long figure=figure unit="percent" verdict="not_met" delta="-1.1 pp" delta_good=False %}
</div>
<section class="card"><div class="card-header"><h2 class="card-title">Systems</h2><a class="card-link" href="#all">All</a></div>{% render_table table %}</section>
<div class="grid-2">
{% include "components/figure.html" with title="Accuracy by month" chart_url="/gallery/chart.json" note="95 % Wilson intervals" %}
<section class="card"><div class="card-header"><h2 class="card-title">History</h2></div><div class="card-body">{% include "components/timeline.html" %}</div></section>
</div>
<div class="grid-main"><section class="card"><div class="card-header"><h2 class="card-title">Form</h2></div><div class="card-body">{% include "components/form.html" with cancel_url="#c" %}</div></section>
<div class="stack">
<section class="card"><div class="card-header"><h2 class="card-title">Facts</h2></div><div class="card-body">{% include "components/facts.html" %}</div></section>
<section class="card"><div class="card-body stack">{% include "components/progress.html" with job=running url="/gallery/job" %}{% include "components/progress.html" with job=failed url="/gallery/job" %}</div></section>
<section class="card"><div class="card-body">{% include "components/empty.html" with icon="boxes" title="No systems yet" text="Register the first one; its flows are screened at once." action_url="#d" action_label="Register a system" %}</div></section>
</div></div>
<section class="card"><div class="card-header"><h2 class="card-title">Differences</h2></div>{% include "components/diff.html" %}</section>
<section class="card"><div class="card-header"><h2 class="card-title">Badges</h2></div><div class="card-body d-flex flex-wrap gap-2">{% for code in codes %}{% state code %}{% endfor %}</div></section>
<div class="alert notice notice-info">{% icon "info" %}<div>A boxed remark with a <a href="#e">link</a>.</div></div>
<div class="alert notice notice-success">{% icon "circle-check" %}<div>Saved.</div></div>
<div class="alert notice notice-warning">{% icon "triangle-alert" %}<div>Two flows lie on hold.</div></div>
<p>{% figure_value figure unit="share" %} and {% figure_value few %}, {% when events.0.when %}</p>
</div>{% endblock %}
{% block scripts %}{% include "components/charts.html" %}{% endblock %}
"""  # noqa: E501 - a template reads better in long lines

urlpatterns = [
    path("gallery/", gallery, name="gallery"),
    path("gallery/chart.json", chart),
    path("gallery/job", job),
    path("", include(product)),
]
handler404 = "portal.web.errors.not_found"
