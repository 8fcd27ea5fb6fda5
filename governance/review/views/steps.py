"""Describing a system step by step: the overview with what is missing, one page a step, one a row."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views import View

from governance.registry import checks, content, drafts, emotions, fields, unfinished, words
from governance.registry import selectors as registry
from governance.registry.fields import PARTS, STEP, STEPS, Field, PartKind, Step
from governance.registry.forms import TableForm, VendorForm
from governance.registry.models import System, UnfinishedForm
from governance.registry.pages import Crumbs, said
from governance.registry.views.vendors import VendorFormPage
from governance.review import changes
from governance.review.views.register import MATERIAL, RowFormPage, SystemFormPage
from portal.access.selectors import require
from portal.errors import Invalid
from portal.web.views import SignedInMixin

BY_PLURAL = {part.plural: part for part in PARTS.values()}


def steps_of(system: System, record: Mapping[str, Any], now: str = "") -> list[dict[str, Any]]:
    """Every step with its state: done, missing something, or left empty (which is fine)."""
    gaps = checks.gaps(record["system"], record["parts"], mission=registry.has_mission(system))
    rows = []
    for step in STEPS:
        missing = [gap for gap in gaps if gap.step == step.key]
        filled = any(record["system"][one.name] not in (None, "", [], {}) for one in step.fields) or any(
            record["parts"][kind] for kind in step.parts
        )
        rows.append(
            {
                "step": step,
                "gaps": missing,
                "state": "missing" if missing else "done" if filled else "empty",
                "now": step.key == now,
                "url": reverse("system_step", args=[system.slug, step.key]),
            }
        )
    return rows


class SystemSteps(SignedInMixin, View):
    """The steps of a record with what is missing; from here a draft is registered."""

    perm = "view_register"

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The overview."""
        return _overview(request, editable_system(request, slug))


def editable_system(request: HttpRequest, slug: str) -> System:
    system = registry.get(request.user, slug)
    require(request.user, "edit_register", system)
    return system


def _overview(request: HttpRequest, system: System, status: int = 200) -> HttpResponse:
    steps = steps_of(system, content.record(system))
    context = {
        "system": system,
        "steps": steps,
        "gaps": [
            {"message": gap.message, "step": row["step"], "url": row["url"], "label": _label(gap.field)}
            for row in steps
            for gap in row["gaps"]
        ],
        "refused": status != 200,
    }
    return render(request, "registry/steps.html", context, status=status)


def _label(name: str) -> str:
    """The words of a field of the system, or of a kind of rows."""
    return fields.SYSTEM[name].label if name in fields.SYSTEM else PARTS[name].many


class DraftRegister(SignedInMixin, View):
    """Put a complete draft into the register."""

    perm = "view_register"

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Register, or show each gap with a link to its step (422)."""
        system = editable_system(request, slug)
        try:
            drafts.register_draft(system=system, by=request.user)
        except Invalid:
            return _overview(request, system, 422)
        said(request, gettext("The system is in the register."))
        return HttpResponseRedirect(system.get_absolute_url())


class DraftDiscard(SignedInMixin, View):
    """Put a draft aside."""

    perm = "view_register"

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Discard it and go to the list."""
        system = editable_system(request, slug)
        drafts.discard_draft(system=system, by=request.user)
        said(request, gettext("The draft is discarded."))
        return HttpResponseRedirect(reverse("system_list"))


class StepPage(SystemFormPage):
    """One step: a form for fields of the system, or the rows of its kinds."""

    template_name = "registry/step.html"
    step: Step

    def load(self) -> None:
        """The system and the step of the address."""
        super().load()
        if self.kwargs["step"] not in STEP:
            raise Http404
        self.step = STEP[self.kwargs["step"]]
        if self.request.method == "POST" and not self.step.fields:
            raise Http404  # rows have forms of their own

    def form(self, data: Any = None) -> TableForm:
        """The fields of this step, filled with what is there."""
        registered = self.system.state == "registered"
        return TableForm(
            data,
            table=self.step.fields,
            user=self.request.user,
            row=self.system,
            why=registered,
            draft=not registered,
        )

    def crumbs(self) -> Crumbs:
        """Below the steps of the system."""
        steps = (gettext("Describe"), reverse("system_edit", args=[self.system.slug]))
        return [*super().crumbs(), steps]

    def extra(self) -> dict[str, Any]:
        """All steps, the rows of this one, and what the labels may be mapped onto."""
        record = content.record(self.system)
        material = any(one.material for one in self.step.fields)
        kept = {one.place: one for one in unfinished.of(user=self.request.user, system=self.system)}
        return {
            "system": self.system,
            "step": self.step,
            "title": self.step.title,
            "steps": steps_of(self.system, record, self.step.key),
            "parts": [
                _rows(self.system, PARTS[kind], record["parts"][kind], kept) for kind in self.step.parts
            ],
            "next_url": self._address(1),
            "previous_url": self._address(-1),
            "note": MATERIAL if material and self.system.state == "registered" else "",
            "scheme": _scheme() if self.step.key == "labels" else None,
        }

    def _address(self, by: int) -> str:
        place = STEPS.index(self.step) + by
        if 0 <= place < len(STEPS):
            return reverse("system_step", args=[self.system.slug, STEPS[place].key])
        return reverse("system_edit", args=[self.system.slug])

    def act(self, form: TableForm) -> str:
        """Save what differs; go on to the next step, or stay."""
        data = form.cleaned_data
        found = changes.update_system(
            system=self.system,
            by=self.request.user,
            expected_version=data["row_version"],
            reason=data.get("reason", ""),
            **form.values(),
        )
        said(self.request, gettext("Saved.") if found else gettext("Nothing differed; nothing was saved."))
        return self._address(1) if "onward" in self.request.POST else self.request.path


def _scheme() -> list[dict[str, Any]]:
    """The shared scheme, by polarity."""
    found = emotions.current().labels.values()
    return [
        {
            "polarity": tone,
            "labels": [(one.id, words.shared_name(one.id)) for one in found if one.polarity == tone],
        }
        for tone in emotions.POLARITIES
    ]


def _rows(
    system: System, part: PartKind, found: list[dict[str, Any]], kept: Mapping[str, UnfinishedForm]
) -> dict[str, Any]:
    """The rows of a kind as a table in words, and what this person `kept` unfinished of them, by address."""
    names = words.names_of((one, row[one.name]) for row in found for one in part.fields)
    shown = [one for one in part.fields if one.kind != "answers" and one.name != "slug"]
    lines = [
        {
            "lead": words.say(part.by_name[part.lead], row[part.lead], names),
            "cells": [
                (one.label, words.say(one, row[one.name], names)) for one in shown if one.name != part.lead
            ],
            "url": (url := _address(system, part, row)),
            "kept": kept.get(url),
            "remove_url": reverse("part_remove", args=[system.slug, part.plural, row["id"]])
            if part.removable
            else "",
        }
        for row in found
    ]
    plural = "flow_add" if part.kind == "flow" else ""
    add = (
        reverse(plural, args=[system.slug])
        if plural
        else reverse("part_add", args=[system.slug, part.plural])
    )
    return {"part": part, "rows": lines, "add_url": add, "kept": kept.get(add)}


def _address(system: System, part: PartKind, row: Mapping[str, Any]) -> str:
    if part.kind == "flow":
        return reverse("flow_edit", args=[system.slug, row["slug"]])
    return reverse("part_edit", args=[system.slug, part.plural, row["id"]])


class PartPage(RowFormPage):
    """A form about one row of a system."""

    part: PartKind
    row: Any = None

    def load(self) -> None:
        """The system, the kind and (for one that is there) the row of the address."""
        super().load()
        self.part = BY_PLURAL[self.kwargs["kind"]]
        if "pk" in self.kwargs:
            rows = content.MODELS[self.part.kind]._default_manager.filter(system=self.system)
            if self.part.removable:
                rows = rows.filter(removed_at__isnull=True)
            self.row = get_object_or_404(rows.select_related("system"), pk=self.kwargs["pk"])

    def form(self, data: Any = None) -> TableForm:
        """The fields of the kind."""
        # what a new version brings is said in its notes
        why = self.system.state == "registered" and (self.part.kind != "version" or self.row is not None)
        return TableForm(data, table=self.part.fields, user=self.request.user, row=self.row, why=why)

    def kind(self) -> str:
        """The kind of the address."""
        return self.part.kind

    def crumbs(self) -> Crumbs:
        """Below its step."""
        step = STEP[fields.step_of(self.part.kind)]
        return [
            *super().crumbs(),
            (gettext(step.title), reverse("system_step", args=[self.system.slug, step.key])),
        ]

    def table(self) -> Mapping[str, Field]:
        """The words of its fields."""
        return self.part.by_name

    def extra(self) -> dict[str, Any]:
        """Its title and what a material change means."""
        material = self.part.material or bool(self.part.material_fields)
        verb = gettext("Change") if self.row else gettext("Add")
        return {
            "title": f"{verb}: {gettext(self.part.one)}",
            "note": MATERIAL if material and self.system.state == "registered" else "",
        }

    def act(self, form: TableForm) -> str:
        """Add or change it, and go back to the step."""
        data = form.cleaned_data
        common: dict[str, Any] = {"kind": self.part.kind, "by": self.request.user}
        if self.part.kind != "version" or self.row is not None:
            common["reason"] = data.get("reason", "")
        if self.row is None:
            changes.add_part(system=self.system, pk=data.get("token"), **common, **form.values())
        else:
            changes.change_part(row=self.row, expected_version=data["row_version"], **common, **form.values())
        said(self.request, gettext("Saved."))
        return self.crumbs()[-1][1]


class PartRemove(SignedInMixin, View):
    """Take a row out of the record."""

    perm = "view_register"

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Remove it and go back to the step; twice is harmless."""
        system = editable_system(request, kwargs["slug"])
        part = BY_PLURAL[kwargs["kind"]]
        rows = content.MODELS[part.kind]._default_manager.filter(system=system).select_related("system")
        row = get_object_or_404(rows, pk=kwargs["pk"])
        reason = request.POST.get("reason", "")
        try:
            changes.remove_part(row=row, kind=part.kind, by=request.user, reason=reason)
            said(request, gettext("Removed. History keeps it."))
        except Invalid as error:
            messages.error(request, gettext(error.errors[0]["message"]))
        return HttpResponseRedirect(reverse("system_step", args=[system.slug, fields.step_of(part.kind)]))


class VendorChange(VendorFormPage):
    """Change a vendor; a change of the transfer tool voids what was approved on other terms."""

    def extra(self) -> dict[str, Any]:
        """What a material change means."""
        return {"note": MATERIAL}

    def act(self, form: VendorForm) -> str:
        """Save what differs."""
        data = form.cleaned_data
        changes.update_vendor(
            vendor=self.vendor,
            by=self.request.user,
            expected_version=data["row_version"],
            reason=data["reason"],
            **form.values(),
        )
        said(self.request, gettext("Saved."))
        return self.vendor.get_absolute_url()
