"""What belongs together: the cards 'Related' of a page. Slices above are read by name, nothing of them is imported."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.urls import reverse
from django.utils.translation import gettext

from governance.registry.models import System, Vendor
from governance.registry.selectors import visible
from portal.access.selectors import can
from portal.errors import N_
from portal.web import badges

SHOWN = 5


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


OF_SYSTEM: tuple[Kind, ...] = (
    Kind(
        N_("Data flows"), "route", "DataFlow", "view_register", "slug", "system_flows",
        label=lambda row: row.name, joined=("system",),
    ),
    Kind(
        N_("Requests"), "scale", "DeploymentRequest", "view_review", "-created_at", "system_approvals",
        label=lambda row: str(row.version), state="state", when="created_at", joined=("version",),
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
    groups: list[dict[str, Any]] = []
    if system.vendor is not None:
        row = {"label": system.vendor.name, "url": system.vendor.get_absolute_url()}
        groups.append({"title": N_("Vendor"), "icon": "building-2", "rows": [row]})
    for kind in OF_SYSTEM:
        if can(user, kind.perm, system):
            groups.append(_group(kind, system))
    return [group for group in groups if group["rows"]]


def _group(kind: Kind, system: System) -> dict[str, Any]:
    rows = (
        apps.get_model("governance", kind.model)._default_manager.filter(system=system).order_by(kind.order)
    )
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
    found = visible(user, drafts=True).filter(vendor=vendor).order_by("sort_key")[:50]
    rows = [{"label": s.name, "url": s.get_absolute_url(), "state": s.state} for s in found]
    return [{"title": N_("Systems"), "icon": "boxes", "rows": rows}] if rows else []
