"""The tab 'History' of a system: its kept states, any two of them compared, and what happened around it."""

from dataclasses import replace
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from governance.registry import revisions, words
from governance.registry import selectors as registry
from governance.registry.models import System, SystemRevision
from governance.review import selectors
from governance.screening import rulesets
from governance.screening.models import spoken
from portal.access.selectors import can
from portal.ledger import labels
from portal.ledger.selectors import HistoryLine, actor_names, history
from portal.web.views import SignedInMixin

SHOWN = 200  # states in the list to choose from; older ones by their number in the address


class SystemHistory(SignedInMixin, View):
    """Everything that happened to a system, from the ledger."""

    perm = "view_register"

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The tab 'History'."""
        system = registry.get(request.user, slug)
        context = {
            "system": system,
            "states": states(system),
            "events": _in_words(history(_subjects(request.user, system))),
            "tab": "history",
        }
        return render(request, "review/system_history.html", context)


def _subjects(user: Any, system: System) -> list[str]:
    """The system, and of what belongs to it that which this person may see."""
    subjects = [system.subject]
    if can(user, "view_review", system):
        subjects += [row.subject for row in selectors.visible_requests(user).filter(system=system)]
        subjects += [row.subject for row in system.deployments.all()]
        subjects += [row.subject for row in system.assessments.all()]
    if can(user, "view_audits", system):
        subjects += [finding.subject for finding in system.findings.all()]
    return subjects


def _in_words(events: list[HistoryLine]) -> list[HistoryLine]:
    """With the reasons that are sentences of the law in the reader's language: the ledger keeps the English."""
    reasons = {rule.reason["en"]: spoken(dict(rule.reason)) for rule in rulesets.in_force().rules}
    return [replace(event, why=reasons.get(event.why, event.why)) for event in events]


def states(system: System) -> list[dict[str, Any]]:
    """The kept states of a record, newest first: number, when, who, what, why; the contents are not read."""
    rows = list(SystemRevision.objects.filter(system=system).defer("content")[:SHOWN])
    names = actor_names({row.made_by for row in rows})
    return [
        {
            "number": row.number,
            "before": row.number - 1,
            "when": row.made_at,
            "who": names.get(row.made_by, row.made_by),
            "what": labels.label(row.act),
            "why": row.reason,
        }
        for row in rows
    ]


class SystemCompare(SignedInMixin, View):
    """Two states of a record, field by field; `?from=&to=` are their numbers, without them the last two."""

    perm = "view_register"

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The comparison."""
        system = registry.get(request.user, slug)
        last = SystemRevision.objects.filter(system=system).values_list("number", flat=True).first() or 0
        older, newer = sorted((_number(request, "from", max(last - 1, 1)), _number(request, "to", last)))
        found = {r.number: r for r in SystemRevision.objects.filter(system=system, number__in=[older, newer])}
        if older not in found or newer not in found:
            raise Http404
        names = actor_names({row.made_by for row in found.values()})
        context = {
            "system": system,
            "older": _side(found[older], names),
            "newer": _side(found[newer], names),
            "changes": words.differences(revisions.compare(found[older].content, found[newer].content)),
            "previous": older - 1 if older > 1 else None,
            "following": newer + 1 if newer < last else None,
            "tab": "history",
        }
        return render(request, "review/system_compare.html", context)


def _number(request: HttpRequest, name: str, default: int) -> int:
    text = request.GET.get(name, "")
    if not text:
        return default
    if not (text.isdecimal() and text.isascii() and len(text) < 7):
        raise Http404
    return int(text)


def _side(row: SystemRevision, names: dict[str, str]) -> dict[str, Any]:
    what = labels.label(row.act)
    who = names.get(row.made_by, row.made_by)
    return {"number": row.number, "when": row.made_at, "who": who, "what": what, "why": row.reason}
