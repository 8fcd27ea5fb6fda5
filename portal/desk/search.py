"""One search over what a person may see: systems, findings, requests, people, figures and pages; one query a kind."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.findings.selectors import visible_findings
from governance.registry.selectors import visible
from governance.review.selectors import visible_requests
from metrics.catalogue import KPIS
from portal.access.selectors import has_anywhere
from portal.accounts.selectors import people
from portal.desk import menu

SHORTEST, LONGEST = 2, 100  # letters of a question
SHOWN = 10  # hits of a kind; the list of the kind, with the same words as its filter, shows all


@dataclass(frozen=True)
class Hit:
    """One thing found; `state` is a code for a badge."""

    title: str
    url: str
    note: str = ""
    state: str = ""


@dataclass(frozen=True)
class Group:
    """The hits of one kind; `more`: the address of all of them, where there are more than shown."""

    title: str | Promise
    icon: str
    hits: list[Hit]
    more: str = ""


def search(user: Any, words: str) -> list[Group]:
    """The groups with a hit, in a fixed order; nothing for a question that is too short.

    Each kind is asked through its slice's own selector, so nobody finds what they may not open.
    """
    words = words.strip()[:LONGEST].replace("\x00", "")
    if len(words) < SHORTEST:
        return []
    return [group for find in KINDS for group in find(user, words) if group.hits]


def _group(title: Any, icon: str, rows: Any, hit: Callable[[Any], Hit], list_name: str, words: str) -> Group:
    found = list(rows[: SHOWN + 1])
    more = reverse(list_name, query={"q": words}) if len(found) > SHOWN else ""
    return Group(title, icon, [hit(row) for row in found[:SHOWN]], more)


def _systems(user: Any, words: str) -> Iterator[Group]:
    rows = visible(user).filter(
        Q(name__icontains=words) | Q(slug__icontains=words) | Q(description__icontains=words)
    )

    def hit(row: Any) -> Hit:
        return Hit(row.name, row.get_absolute_url(), row.unit.name, row.state)

    yield _group(_("Systems"), "boxes", rows.select_related("unit"), hit, "system_list", words)


def _findings(user: Any, words: str) -> Iterator[Group]:
    rows = visible_findings(user).filter(
        Q(title__icontains=words) | Q(check_key__icontains=words) | Q(system__name__icontains=words)
    )

    def hit(row: Any) -> Hit:
        return Hit(row.title_text, row.get_absolute_url(), row.system.name, row.state)

    yield _group(_("Findings"), "triangle-alert", rows, hit, "finding_list", words)


def _requests(user: Any, words: str) -> Iterator[Group]:
    rows = visible_requests(user).filter(
        Q(system__name__icontains=words) | Q(system__slug__icontains=words) | Q(summary__icontains=words)
    )

    def hit(row: Any) -> Hit:
        title = f"{row.system.name} {row.version.name}"
        return Hit(title, row.get_absolute_url(), row.summary, row.state)

    yield _group(
        _("Approvals"), "scale", rows.select_related("system", "version"), hit, "request_list", words
    )


def _people(user: Any, words: str) -> Iterator[Group]:
    if has_anywhere(user, "manage_people"):
        rows = people().filter(Q(name__icontains=words) | Q(email__icontains=words))

        def hit(row: Any) -> Hit:
            return Hit(str(row.display), row.get_absolute_url(), row.email)

        yield _group(_("People"), "user-cog", rows, hit, "person_list", words)


def _figures(user: Any, words: str) -> Iterator[Group]:
    """What is measured, with the question that it answers and how it is calculated."""
    if has_anywhere(user, "view_kpis"):
        url, sought = reverse("portfolio"), words.casefold()
        texts = [
            (gettext(kpi.name), gettext(kpi.question), gettext(kpi.formula))
            for kpi in KPIS.values()
            if kpi.name
        ]
        yield Group(
            _("Figures and how they are calculated"),
            "chart-line",
            [
                Hit(name, url, f"{question} {formula}")
                for name, question, formula in texts
                if sought in name.casefold() or sought in question.casefold()
            ][:SHOWN],
        )


def _pages(user: Any, words: str) -> Iterator[Group]:
    hits = [
        Hit(str(entry.label), reverse(entry.url_name))
        for entry in menu.opened(user)
        if words.casefold() in str(entry.label).casefold()
    ]
    yield Group(_("Pages"), "compass", hits)


KINDS = (_systems, _requests, _findings, _people, _figures, _pages)
