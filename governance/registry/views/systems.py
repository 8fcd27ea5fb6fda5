"""The list of systems, starting a draft, and the first page of a system."""

from typing import Any

from django.apps import apps
from django.db.models import Case, CharField, Count, OuterRef, Q, QuerySet, Subquery, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry import checks, content, drafts, related, selectors, words
from governance.registry.fields import PARTS, STEPS, SYSTEM, step_of
from governance.registry.forms import StartForm
from governance.registry.models import System
from governance.registry.pages import Crumbs, FormPage, said
from governance.registry.tables import SystemFilter, SystemTable
from portal.access.selectors import can, has_anywhere
from portal.web.views import SignedInMixin, TableView

_WORST = ("prohibited", "hold", "high_risk", "transparency", "minimal", "not_emotion_recognition")


class SystemList(TableView):
    """Every system this person may see, with its legal outcome, approval and open findings."""

    table_class = SystemTable
    filterset_class = SystemFilter
    perm = "view_register"
    title = _("Systems")
    intro = _("AI systems that read or answer emotion, and whether they may be used.")
    template_name = "registry/system_list.html"
    hidden_columns = ("vendor", "provider_role", "learning", "languages", "created_at")
    shipped_views = (
        (_("Approval ends soon"), "due=expiring"),
        (_("Overdue findings"), "due=overdue"),
        (_("Never approved"), "approval=never&state=registered"),
        (_("Drafts"), "state=draft"),
        (_("Contracts that end"), "due=contract"),
    )
    empty = {
        "icon": "boxes",
        "title": _("No systems yet"),
        "text": _("Register the first AI system that reads or answers emotion."),
        "action_url": reverse_lazy("system_add"),
        "action_label": _("Register a system"),
    }

    def get_queryset(self) -> QuerySet[System]:
        """The visible systems in one query, with what the columns show."""
        rows = selectors.visible(self.request.user, drafts=True).select_related("unit", "owner", "vendor")
        return with_standing(rows)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The button to register, for whom it works."""
        context = super().get_context_data(**kwargs)
        context["may_register"] = has_anywhere(self.request.user, "edit_register")
        if not context["may_register"]:
            context["empty"] = {
                **self.empty,
                "action_url": "",
                "text": _("Nothing in your units is registered."),
            }
        return context


def with_standing(rows: QuerySet[System]) -> QuerySet[System]:
    """Annotate the worst current legal outcome, the latest deployment and the number of open findings."""
    # these tables belong to slices above; the list reads them by name and imports nothing of theirs
    screening, deployment = (apps.get_model("governance", name) for name in ("Screening", "Deployment"))
    current = screening._default_manager.filter(flow__system=OuterRef("pk"), superseded_at__isnull=True)
    rank = Case(*(When(outcome=o, then=Value(i)) for i, o in enumerate(_WORST)), default=Value(9))
    latest = deployment._default_manager.filter(system=OuterRef("pk")).order_by("-valid_from")
    return rows.annotate(
        worst_outcome=Subquery(current.order_by(rank).values("outcome")[:1], output_field=CharField()),
        deployment_state=Subquery(latest.values("state")[:1]),
        deployment_until=Subquery(latest.values("valid_until")[:1]),
        open_findings=Count("findings", filter=Q(findings__state="open"), distinct=True),
    ).order_by("sort_key", "slug")


class SystemAdd(FormPage):
    """Start to describe a system: the first step makes the draft."""

    perm = "edit_register"
    form_class = StartForm
    template_name = "registry/start.html"
    title = _("Register a system")
    submit = _("Save and continue")

    def form(self, data: Any = None) -> StartForm:
        """With the units in which this person may register."""
        return StartForm(data, user=self.request.user)

    def crumbs(self) -> Crumbs:
        """Below the list."""
        return [(gettext("Systems"), reverse("system_list"))]

    def extra(self) -> dict[str, Any]:
        """The way ahead."""
        return {"all_steps": STEPS}

    def act(self, form: StartForm) -> str:
        """Make the draft and go to its next step."""
        data = form.cleaned_data
        system = drafts.start_draft(
            by=self.request.user, unit=data["unit"], slug=data["slug"], pk=data.get("token"), **_given(form)
        )
        said(self.request, gettext("The draft is saved. Only you and those who edit this register see it."))
        return reverse("system_step", args=[system.slug, STEPS[1].key])


def _given(form: StartForm) -> dict[str, Any]:
    """What was typed at the first step; what was left empty stays as a draft has it."""
    return {name: value for name, value in form.values().items() if value is not None}


class SystemDetail(SignedInMixin, View):
    """Overview: what it is, who answers for it, what it is for, what to do next."""

    perm = "view_register"

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The first tab."""
        system = selectors.get(request.user, slug)
        found = content.record(system)
        standing = with_standing(System.objects.filter(pk=system.pk)).get()
        may_edit = can(request.user, "edit_register", system)
        context = {
            "system": system,
            "standing": standing,
            "facts": _facts(found["system"]),
            "parts": [_card(system, kind, found["parts"][kind]) for kind in CARDS],
            "flows": len(found["parts"]["flow"]),
            "gaps": checks.gaps(found["system"], found["parts"], mission=selectors.has_mission(system))
            if may_edit
            else [],
            "may_edit": may_edit,
            "may_request": can(request.user, "request_deployment", system) and system.state == "registered",
            "label_rows": [(x, words.shared_name(system.label_map.get(x, ""))) for x in system.labels],
            "related": related.of_system(request.user, system),
            "tab": "overview",
        }
        return render(request, "registry/system_detail.html", context)


CARDS = ("use_case", "hand_over", "version", "goal", "cost", "unit_use", "contact")
GLANCE = ("provider_role", "languages", "learning", "learning_figure", "learning_max_deviation",
          "learning_window_days", "strategies", "strategy_note", "link_template")  # fmt: skip


WORDY = ("use_case", "goal")  # too much text for the columns of a table


def _facts(found: dict[str, Any]) -> list[tuple[str, str]]:
    """(label, words) of the fields at a glance; what does not apply is left out."""
    shown = [SYSTEM[name] for name in GLANCE if found[name] not in (None, "", [], {}) or name == "learning"]
    names = words.names_of((one, found[one.name]) for one in shown)
    return [(gettext(one.label), words.say(one, found[one.name], names)) for one in shown]


def _card(system: System, kind: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The rows of one kind as a table in words."""
    part = PARTS[kind]
    names = words.names_of((one, row[one.name]) for row in rows for one in part.fields)
    used = [one for one in part.fields if any(row[one.name] not in (None, "") for row in rows)]
    columns = [one.label for one in used]
    cells = [[words.say(one, row[one.name], names) for one in used] for row in rows]
    return {
        "part": part,
        "columns": columns,
        "rows": cells,
        "cells": [list(zip(columns, row, strict=True)) for row in cells],
        "wordy": kind in WORDY,
        "url": reverse("system_step", args=[system.slug, step_of(kind)]),
    }
