"""What belongs together: the cards 'Related' of a page. Slices above are read by name, nothing of them is imported."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db.models import Model, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext

from governance.registry.models import System, Vendor
from governance.registry.selectors import visible
from portal.access.selectors import can
from portal.errors import N_
from portal.web import badges

SHOWN, MANY = 5, 50


@dataclass(frozen=True)
class Kind:
    """One kind of thing that refers to a system: who may see it, what it is called, where it and all of them are."""

    title: str
    icon: str
    model: str
    perm: str
    order: str
    page: str  # the tab with all of them
    label: Callable[[Any], str]
    url: Callable[[Any], str] = lambda row: row.get_absolute_url()
    state: str = ""  # the field with its state
    when: str = ""  # the field with its day
    joined: tuple[str, ...] = ()
    # which of them this person may open, where the permission alone does not say
    open_to: Callable[[QuerySet[Any], Any, System], QuerySet[Any]] = lambda rows, user, system: rows


def _no_drafts_of_others(rows: QuerySet[Any], user: Any, system: System) -> QuerySet[Any]:
    if can(user, "request_deployment", system):
        return rows
    return rows.filter(~Q(state="draft") | Q(requested_by=user))


OF_SYSTEM: tuple[Kind, ...] = (
    Kind(
        N_("Data flows"), "route", "DataFlow", "view_register", "slug", "system_flows",
        label=lambda row: row.name, joined=("system",),
    ),
    Kind(
        N_("Requests"), "scale", "DeploymentRequest", "view_review", "-created_at", "system_approvals",
        label=lambda row: str(row.version), state="state", when="created_at", joined=("version",),
        open_to=_no_drafts_of_others,
    ),
    Kind(
        N_("Assessments"), "clipboard-list", "Assessment", "view_review", "-created_at", "system_assessments",
        label=str, state="state",
    ),
    Kind(
        N_("Deployments"), "shield-check", "Deployment", "view_review", "-valid_from", "system_approvals",
        label=lambda row: str(row.version), state="state", when="valid_from", joined=("version",),
    ),
    Kind(
        N_("Findings"), "triangle-alert", "Finding", "view_audits", "-opened_at", "system_audits",
        label=lambda row: row.title_text, state="state",
    ),
    Kind(
        N_("Audits"), "clipboard-check", "AuditRun", "view_audits", "-requested_at", "system_audits",
        label=lambda row: badges.word(row.kind), state="verdict", when="requested_at",
    ),
    Kind(
        N_("Data-use policies"), "file-check", "Policy", "view_consent", "-version", "system_consent",
        label=lambda row: gettext("Version {number}").format(number=row.version), state="state",
        url=lambda row: reverse("policy_detail", args=[row.system.slug, row.version]), joined=("system",),
    ),
    Kind(
        N_("Notices"), "message-square-text", "Notice", "view_consent", "-version", "system_consent",
        label=lambda row: gettext("Version {number}").format(number=row.version) + f" ({row.language})",
        url=lambda row: reverse("notice_detail", args=[row.system.slug, row.pk]), joined=("system",),
    ),
)  # fmt: skip


def of_system(user: Any, system: System) -> list[dict[str, Any]]:
    """What refers to a system, as far as this person may see it; one query a kind."""
    return [*_of_vendor_of(system), *_groups(user, system, None)]


def around(user: Any, system: System, row: Model) -> list[dict[str, Any]]:
    """What stands beside a thing of a system: the system, its vendor, and what else refers to the system, without the
    thing itself, as far as this person may see it; one query a kind."""
    own = {"label": system.name, "url": system.get_absolute_url(), "state": system.state}
    here = {"title": N_("System"), "icon": "boxes", "rows": [own]}
    return [here, *_of_vendor_of(system), *_groups(user, system, row)]


def of_many(user: Any, systems: QuerySet[System]) -> list[dict[str, Any]]:
    """The systems that a thing is about, those that this person may see; one query."""
    found = list(visible(user, drafts=True).filter(pk__in=systems.values("pk")).order_by("sort_key")[:MANY])
    rows = [{"label": s.name, "url": s.get_absolute_url(), "state": s.state} for s in found]
    return [{"title": N_("Systems"), "icon": "boxes", "rows": rows}] if rows else []


def _of_vendor_of(system: System) -> list[dict[str, Any]]:
    if system.vendor is None:
        return []
    row = {"label": system.vendor.name, "url": system.vendor.get_absolute_url()}
    return [{"title": N_("Vendor"), "icon": "building-2", "rows": [row]}]


def _groups(user: Any, system: System, without: Model | None) -> list[dict[str, Any]]:
    allowed = {perm: can(user, perm, system) for perm in sorted({kind.perm for kind in OF_SYSTEM})}
    groups = [_group(kind, user, system, without) for kind in OF_SYSTEM if allowed[kind.perm]]
    return [group for group in groups if group["rows"]]


def _group(kind: Kind, user: Any, system: System, without: Model | None) -> dict[str, Any]:
    model = apps.get_model("governance", kind.model)
    rows = kind.open_to(model._default_manager.filter(system=system), user, system).order_by(kind.order)
    if isinstance(without, model):
        rows = rows.exclude(pk=without.pk)
    found = list((rows.select_related(*kind.joined) if kind.joined else rows)[: SHOWN + 1])
    shown = [
        {
            "label": kind.label(row),
            "url": kind.url(row),
            "state": getattr(row, kind.state) if kind.state else "",
            "when": getattr(row, kind.when) if kind.when else None,
        }
        for row in found[:SHOWN]
    ]
    more = reverse(kind.page, args=[system.slug]) if len(found) > SHOWN else ""
    return {"title": kind.title, "icon": kind.icon, "rows": shown, "more": more}


def of_vendor(user: Any, vendor: Vendor) -> list[dict[str, Any]]:
    """The systems of a vendor that this person may see."""
    return of_many(user, System.objects.filter(vendor=vendor))


def of_rules(user: Any, version: str) -> list[dict[str, Any]]:
    """The systems with a data flow whose legal outcome comes from the rules of that version."""
    screened = apps.get_model("governance", "Screening")._default_manager
    current = screened.filter(rules_version=version, superseded_at__isnull=True)
    return of_many(user, System.objects.filter(flows__in=current.values("flow")))
