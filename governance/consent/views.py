"""Pages of consent: every system at a glance, notices and policies of one, publishing, drafting, approving."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views import View

from governance.consent import notices, policy_words, selectors, services
from governance.consent.forms import ComparePolicies, PolicyForm, RuleFormSet, initial_of
from governance.consent.models import Policy
from governance.consent.policy_checks import Doubt
from governance.consent.rules import DIMENSIONS, faults_in
from governance.consent.templates import all_templates
from governance.registry import related
from governance.registry import selectors as register
from governance.registry.models import System
from governance.screening.models import spoken
from portal.access.selectors import can, require
from portal.errors import Invalid
from portal.ledger.selectors import actor_names
from portal.ledger.services import actor_text
from portal.web.badges import word
from portal.web.params import shown
from portal.web.views import SignedInMixin

SHOWN_WORDS = ("given", "refused", "withdrawn", "objected")
"""The last words that the overview counts, in the order of its columns."""


class Overview(SignedInMixin, View):
    """Consent of every system that this person may see."""

    perm = "view_consent"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        approved = Count("policies", filter=Q(policies__state="approved"), distinct=True)
        systems = register.visible(request.user, "view_consent").annotate(
            notice_count=Count("notices__version", distinct=True), policy_count=approved
        )
        now = timezone.now()
        shown_systems = list(systems.order_by("sort_key"))
        said = selectors.people_by_action(shown_systems, now)
        rows = [
            {"system": system, "people": [said.get(system.pk, {}).get(word, 0) for word in SHOWN_WORDS]}
            for system in shown_systems
        ]
        return render(request, "consent/consent_overview.html", {"rows": rows})


class SystemConsent(SignedInMixin, View):
    """Notices, policies and what people said, of one system."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The page."""
        system = register.get(request.user, slug, "view_consent")
        published = list(selectors.notices_of(system))
        newest, missing = notices.missing_languages(published)
        now = timezone.now()
        context = {
            "system": system,
            "tab": "consent",
            "notices": published,
            "newest": newest,
            "to_translate": notices.named(missing),
            "reconsent": notices.reconsent(system, now),
            "policies": selectors.policies_of(system),
            "coverage": selectors.standing(system, now),
            "may_manage": can(request.user, "manage_consent", system),
            "may_draft": _may_draft(request, system),
        }
        return render(request, "consent/system_consent.html", context)


class PolicyEdit(SignedInMixin, View):
    """The draft of the next policy version: whoever describes the system or manages consent writes it."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The form, filled with the draft, or with the newest version."""
        system = _drafting(request, slug)
        rules, values = _start(system, request.GET.get("template", ""))
        rows = RuleFormSet(initial=initial_of(rules), prefix="rules")
        return self._page(request, system, PolicyForm(initial=values), rows, 200)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Store the draft."""
        system = _drafting(request, slug)
        form, rows = PolicyForm(request.POST), RuleFormSet(request.POST, prefix="rules")
        if form.is_valid() and rows.is_valid():
            kept = [row for row in (one.row() for one in rows.forms) if row]
            try:
                draft = services.draft_policy(system=system, rules=kept, by=request.user, **form.cleaned_data)
            except Invalid as refusal:
                for fault in refusal.errors:
                    form.add_error(None, f"{fault['field']}: {gettext(fault['message'])}")
            else:
                messages.success(request, gettext("Draft %(n)s is stored.") % {"n": draft.version})
                return HttpResponseRedirect(reverse("policy_detail", args=[slug, draft.version]))
        return self._page(request, system, form, rows, 422)

    def _page(self, request: HttpRequest, system: System, form: Any, rows: Any, status: int) -> HttpResponse:
        back = reverse("system_consent", args=[system.slug])
        templates = [(one.key, spoken(one.title)) for one in all_templates().values()]
        context = {"system": system, "form": form, "rows": rows, "cancel_url": back, "templates": templates}
        return render(request, "consent/policy_edit.html", context, status=status)


def _start(system: System, template: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """(rules, other values) that the form begins with: a template, else the draft, else the newest version."""
    chosen = all_templates().get(template)
    if chosen is not None:
        return chosen.rules, {"retention_days": chosen.retention_days, "note": spoken(chosen.title)}
    newest = selectors.policies_of(system).first()
    if newest is None:
        return [], {}
    note = newest.note if newest.state == "draft" else ""
    return newest.rules, {"retention_days": newest.retention_days, "note": note}


class PolicyCheck(SignedInMixin, View):
    """What is doubtful about a policy as it is being typed; nothing is stored."""

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The remarks, as a part of the page."""
        system = _drafting(request, slug)
        form, rows = PolicyForm(request.POST), RuleFormSet(request.POST, prefix="rules")
        typed = [row for row in (one.row() for one in rows.forms if one.is_valid()) if row]
        form.is_valid()
        days = form.cleaned_data.get("retention_days")
        faults = [f"{f['field']}: {gettext(f['message'])}" for f in faults_in(typed)]
        context = {"faults": faults, "doubts": _told(selectors.policy_doubts(system, typed, days))}
        return render(request, "consent/policy_doubts.html", context)


def _told(found: list[Doubt]) -> list[dict[str, Any]]:
    """Remarks in the language of the reader."""
    return [
        {"severity": one.severity, "text": gettext(one.message).format(**shown(one.params))} for one in found
    ]


class PolicyDetail(SignedInMixin, View):
    """One version of a policy, with what it changes."""

    def get(self, request: HttpRequest, slug: str, version: int) -> HttpResponse:
        """The page."""
        system = register.get(request.user, slug, "view_consent")
        policy = get_object_or_404(Policy, system=system, version=version)
        before = selectors.policy_before(policy)
        names = actor_names({policy.drafted_by, policy.approved_by or policy.drafted_by})
        may_manage = can(request.user, "manage_consent", system) and policy.state == "draft"
        context = {
            "system": system,
            "policy": policy,
            "rows": [(row, _matches(row)) for row in policy.rules],
            "before": before,
            "drafted_by": names.get(policy.drafted_by, policy.drafted_by),
            "approved_by": names.get(policy.approved_by or "", policy.approved_by),
            "changes": policy_words.differences(before, policy) if before else [],
            "related": related.around(request.user, system, policy),
            "doubts": _told(selectors.policy_doubts(system, policy.rules, policy.retention_days)),
            "may_approve": may_manage and actor_text(request.user) != policy.drafted_by,
            "own_draft": policy.state == "draft" and actor_text(request.user) == policy.drafted_by,
        }
        return render(request, "consent/policy_detail.html", context)


class PolicyCompare(SignedInMixin, View):
    """What any two versions say differently; without a choice the newest and the one before it."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The page; versions that are none show the form with what is wrong."""
        system = register.get(request.user, slug, "view_consent")
        rows = list(selectors.policies_of(system))
        newest = {"after": rows[0].version, "before": rows[min(1, len(rows) - 1)].version} if rows else {}
        form = ComparePolicies(request.GET or newest, policies=rows)
        pair = form.pair() if form.is_valid() else None
        context = {"system": system, "form": form, "rows": rows, "pair": pair}
        if pair:
            context["changes"] = policy_words.differences(*pair)
        return render(request, "consent/policy_compare.html", context)


def _matches(row: dict[str, Any]) -> list[str]:
    """What a rule speaks about, dimension by dimension, in words."""
    values = [row.get(name) or "*" for name in DIMENSIONS]
    lists = [[v] if isinstance(v, str) else v for v in values]
    return [", ".join(gettext("Any") if v == "*" else word(v) for v in one) for one in lists]


def _may_draft(request: HttpRequest, system: System) -> bool:
    return any(can(request.user, perm, system) for perm in ("manage_consent", "edit_register"))


def _drafting(request: HttpRequest, slug: str) -> System:
    """The system, for whoever may draft: its owner too, so that the officer who approves is a second person."""
    system = register.get(request.user, slug, "view_consent")
    if not _may_draft(request, system):
        require(request.user, "manage_consent", system)
    return system
