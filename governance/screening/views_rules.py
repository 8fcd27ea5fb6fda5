"""The legal rules as pages: those in force, sets that arrived, what a set would change, applying it."""

import datetime as dt
from collections import Counter
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry import related
from governance.registry.pages import Crumbs, FormPage, said
from governance.screening import rules, rulesets
from governance.screening.forms import ApplyRulesForm, RuleSetForm
from governance.screening.models import RuleSet, spoken
from portal.errors import NotAllowed
from portal.ledger.selectors import history
from portal.web.views import SignedInMixin

SHOWN = 200  # differences listed on the page; the counts are of all


class LawPage(SignedInMixin, View):
    """The rules in use, with article, dates and source."""

    perm = "view_register"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The catalogue as a page."""
        current = rulesets.in_force()
        today = timezone.localdate()
        context = {
            "law": current,
            "applied": rulesets.latest(),
            "rules": [
                {"rule": r, "reason": spoken(dict(r.reason)), "valid": r.valid(today)} for r in current.rules
            ],
            "duties": [
                {"duty": d, "text": spoken(dict(d.text)), "other": spoken(dict(d.other_text))}
                for d in current.duties.values()
            ],
            "today": today,
            "sets": _sets(),
            "events": history(rulesets.SUBJECT),
            "may_apply": rulesets.may_apply(request.user),
        }
        return render(request, "screening/law.html", context)


def _sets() -> list[dict[str, Any]]:
    """Every known set and whether it is the one in force."""
    applied = rulesets.latest()
    return [
        {
            "set": row,
            "stored": not row._state.adding,
            "state": "in_force" if applied and applied.rule_set.sha256 == row.sha256 else "available",
        }
        for row in rulesets.candidates()
    ]


class RuleSetAdd(FormPage):
    """Bring in a signed file of rules; nothing is screened by it until it is applied."""

    perm = "apply_law"
    form_class = RuleSetForm
    title = _("Bring in a set of legal rules")
    submit = _("Check the file and keep it")

    def load(self) -> None:
        """For administrators of the whole organisation."""
        _refuse_others(self.request.user)

    def form(self, data: Any = None) -> forms.Form:
        """With the file that was sent."""
        return RuleSetForm(data, self.request.FILES if data is not None else None)

    def crumbs(self) -> Crumbs:
        """Below the rules in use."""
        return [(gettext("The rules in use"), reverse("law"))]

    def act(self, form: Any) -> str:
        """Keep it and show what it would change."""
        row = rulesets.receive(text=form.cleaned_data["file"], by=self.request.user)
        said(
            self.request,
            gettext("The signature holds and the file has no mistake. Look at what it would change."),
        )
        return row.get_absolute_url()


class RuleSetDetail(FormPage):
    """One set: who signed it, which outcomes it would change on a day, and the form that applies it."""

    perm = "apply_law"
    form_class = ApplyRulesForm
    template_name = "screening/rule_set.html"
    title = _("A set of legal rules")
    submit = _("Apply these rules")

    def load(self) -> None:
        """The set of the address; `product` stands for the one that ships with the product."""
        _refuse_others(self.request.user)
        self.rule_set = find_set(self.kwargs["pk"])

    def form(self, data: Any = None) -> forms.Form:
        """With the version in force now."""
        return ApplyRulesForm(data, initial={"seen": rulesets.in_force().version})

    def crumbs(self) -> Crumbs:
        """Below the rules in use."""
        return [(gettext("The rules in use"), reverse("law"))]

    def extra(self) -> dict[str, Any]:
        """What would change, and whether it is in force already."""
        on = _day(self.request.GET.get("on", ""))
        found = rulesets.differences(self.rule_set, on)
        applied = rulesets.latest()
        return {
            "rule_set": self.rule_set,
            "related": related.of_rules(self.request.user, self.rule_set.version),
            "title": gettext("Legal rules, version %(version)s") % {"version": self.rule_set.version},
            "on": on,
            "counts": [
                {"before": before, "after": after, "n": n, "worse": rules.worse(after, before)}
                for (before, after), n in sorted(Counter((d.before, d.after) for d in found).items())
            ],
            "differences": [{"one": d, "reason": spoken(dict(d.reason))} for d in found[:SHOWN]],
            "more": max(0, len(found) - SHOWN),
            "in_force": applied is not None and applied.rule_set.sha256 == self.rule_set.sha256,
        }

    def act(self, form: Any) -> str:
        """Apply and go to the rules in use."""
        rulesets.apply(rule_set=self.rule_set, by=self.request.user, **form.cleaned_data)
        said(self.request, gettext("These rules are in force. Every data flow is being screened again."))
        return reverse("law")


def find_set(pk: Any) -> RuleSet:
    """A known set, stored or of the product; Http404 otherwise."""
    found = next((row for row in rulesets.candidates() if row.pk == pk), None)
    if found is None:
        raise Http404
    return found


def _day(text: str) -> dt.date:
    """The day of the address, else today."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return timezone.localdate()


def _refuse_others(user: Any) -> None:
    if not rulesets.may_apply(user):
        raise NotAllowed(rulesets.WHOLE_ORGANISATION, code="not_allowed")
