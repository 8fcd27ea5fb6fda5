"""Flows and law: the tab of a system, a flow with its legal outcome."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views import View

from governance.registry import related
from governance.registry import selectors as registry
from governance.registry.models import DataFlow
from governance.registry.rules import FLOW_ENUMS, FLOW_FACTS
from governance.screening import rules, rulesets, selectors
from governance.screening.forms import ANSWER_CHOICES, LABELS
from governance.screening.models import Screening, spoken
from portal.access.selectors import can, require
from portal.web.views import SignedInMixin


class SystemFlows(SignedInMixin, View):
    """Every data flow of a system with its legal outcome."""

    perm = "view_register"

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The tab 'Flows and law'."""
        system = registry.get(request.user, slug)
        flows = list(system.flows.select_related("system"))
        current = selectors.current_of(flows)
        today = timezone.localdate()
        rows = [
            {
                "flow": flow,
                "modality": FLOW_ENUMS["modality"](flow.modality),
                "subject_role": FLOW_ENUMS["subject_role"](flow.subject_role),
                "purpose": FLOW_ENUMS["purpose"](flow.purpose),
                "screening": current.get(flow.pk),
                "signature": selectors.signature_of(current.get(flow.pk), flow, today).value,
            }
            for flow in flows
        ]
        context = {
            "system": system,
            "rows": rows,
            "law": rulesets.in_force(),
            "may_edit": can(request.user, "edit_register", system),
            "tab": "flows",
        }
        return render(request, "screening/system_flows.html", context)


class FlowDetail(SignedInMixin, View):
    """One flow: its facts, the legal outcome with reason, duties and what would change it."""

    perm = "view_register"

    def get(self, request: HttpRequest, slug: str, flow: str) -> HttpResponse:
        """The page of a flow."""
        system = registry.get(request.user, slug)
        found = get_object_or_404(DataFlow.objects.select_related("system"), system=system, slug=flow)
        screening, today = selectors.current(found), timezone.localdate()
        context = {
            "system": system,
            "flow": found,
            "facts": facts_shown(found),
            "answers": answers_shown(found),
            "screening": screening,
            "duties": duties_shown(screening),
            "signature": selectors.signature_of(screening, found, today).value,
            "related": related.around(request.user, system, found),
            "earlier": found.screenings.filter(superseded_at__isnull=False)[:20],
            "law": rulesets.in_force(),
            "may_edit": can(request.user, "edit_register", system),
            "may_sign": can(request.user, "sign_screening", system),
            "tab": "flows",
        }
        return render(request, "screening/flow_detail.html", context)


class FlowPreview(SignedInMixin, View):
    """What the law would say about a flow as it is being described; nothing is saved."""

    perm = "edit_register"

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The outcome as a part of the page."""
        system = registry.get(request.user, slug)
        require(request.user, "edit_register", system)
        known = rulesets.in_force()
        facts: dict[str, str | None] = {name: request.POST.get(name) for name in FLOW_FACTS}
        facts |= {name: request.POST.get(f"q_{name}") for name in known.questions}
        facts["provider_role"] = system.provider_role
        result = rules.evaluate(facts, known, timezone.localdate())
        context = {
            "result": result,
            "law": known,
            "reason": spoken(dict(result.reason)),
            "questions": _asked(result),
            "would_change": [spoken(dict(text)) for text in result.would_change],
        }
        return render(request, "screening/preview.html", context)


def _asked(result: rules.Result) -> list[str]:
    """The facts and questions that are still open, in words."""
    return [
        str(LABELS[asked["fact"]]) if asked["fact"] in LABELS else spoken(asked["text"])
        for asked in result.open_questions
    ]


def facts_shown(flow: DataFlow) -> list[tuple[str, str]]:
    """(label, words) of the seven facts."""
    return [
        (str(LABELS[name]), gettext(FLOW_ENUMS[name](getattr(flow, name)).sentence)) for name in FLOW_FACTS
    ]


def answers_shown(flow: DataFlow) -> list[tuple[str, str]]:
    """(question, answer) of the questions of the law that are answered."""
    words = dict(ANSWER_CHOICES)
    return [
        (spoken(dict(text)), str(words.get(flow.facts[question], flow.facts[question])))
        for question, text in rulesets.in_force().questions.items()
        if flow.facts.get(question)
    ]


def duties_shown(screening: Screening | None) -> list[dict[str, Any]]:
    """The duties with texts in the reader's language, those in effect first."""
    today = timezone.localdate().isoformat()
    rows = [
        {
            "article": duty["article"],
            "text": spoken(duty["text"]),
            "applies_from": duty["applies_from"],
            "in_effect": duty["applies_from"] <= today,
            "other_from": duty.get("other_reading", {}).get("applies_from"),
            "other_text": spoken(duty.get("other_reading", {}).get("text", "")),
        }
        for duty in (screening.duties if screening else [])
    ]
    return sorted(rows, key=lambda row: row["applies_from"])
