"""Questions about the register."""

from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Q, QuerySet, Value
from django.shortcuts import get_object_or_404

from governance.registry import checks, content, emotions, figures
from governance.registry.checks import Gap, Known
from governance.registry.models import (
    DataFlow,
    Goal,
    MissionStatement,
    System,
    SystemVersion,
    UnlistedReport,
    Vendor,
)
from portal.access.selectors import is_person, system_ids_with, units_with

UNREGISTERED = ("draft", "discarded")


def visible(user: Any, perm: str = "view_register", *, drafts: bool = False) -> QuerySet[System]:
    """The systems on which `user` has `perm`, by a grant on the system, its unit or a unit above it.

    A machine client sees its own system only, and only where its scopes reach that far. Drafts are left out unless
    asked for, and then only theirs: of their owner, their maker, and those who edit the register of that unit.
    """
    rows = System.objects.filter(Q(unit__in=units_with(user, perm)) | Q(pk__in=system_ids_with(user, perm)))
    if not drafts or not is_person(user):
        return rows.exclude(state__in=UNREGISTERED)
    edits = Q(unit__in=units_with(user, "edit_register")) | Q(pk__in=system_ids_with(user, "edit_register"))
    own = Q(owner=user) | Q(created_by=user) | edits
    return rows.exclude(state="discarded").filter(~Q(state="draft") | own)


def get(user: Any, slug: str, perm: str = "view_register") -> System:
    """The system (or draft) with this slug if `user` may see it by `perm`; Http404 otherwise."""
    rows = visible(user, perm, drafts=True).select_related("unit", "owner", "vendor")
    return get_object_or_404(rows, slug=slug)


def vendors(user: Any, perm: str = "view_register") -> QuerySet[Vendor]:
    """The vendors of the units where `user` has `perm`, and for seeing also those of systems in view."""
    rows = Q(unit__in=units_with(user, perm))
    if perm == "view_register":
        rows |= Q(pk__in=visible(user, drafts=True).filter(vendor__isnull=False).values("vendor"))
    return Vendor.objects.filter(rows)


def missions(user: Any, perm: str = "view_register") -> QuerySet[MissionStatement]:
    """The statements of the mission that hold in units where `user` has `perm`: theirs and of the units above."""
    below = units_with(user, perm).filter(path__startswith=OuterRef("unit__path"))
    return MissionStatement.objects.filter(Exists(below))


def reports(user: Any) -> QuerySet[UnlistedReport]:
    """The reports that `user` answers: of units whose register they edit, or whose data protection is theirs."""
    rows = Q(unit__in=units_with(user, "edit_register")) | Q(unit__in=units_with(user, "sign_screening"))
    return UnlistedReport.objects.filter(rows)


def known() -> Known:
    """What descriptions may refer to: figures of the catalogue, labels of the shared scheme."""
    return Known(frozenset(figures.known()), frozenset(emotions.current().labels))


def gaps(system: System) -> list[Gap]:
    """What a system lacks to be registered, in the order of the steps; empty where it is complete."""
    found = content.record(system)
    return checks.gaps(found["system"], found["parts"], mission=has_mission(system))


def has_mission(system: System) -> bool:
    """Whether a statement of the mission holds for the unit of a system: its own, or of a unit above."""
    return _missions_for(system).exists()


def goals_without_mission(system: System) -> QuerySet[Goal]:
    """The goals of a system that serve no statement of the mission although there are some; one query."""
    goals = Goal.objects.filter(system=system, removed_at__isnull=True, mission__isnull=True)
    return goals.filter(Exists(_missions_for(system)))


def _missions_for(system: System) -> QuerySet[MissionStatement]:
    path = Value(system.unit.path, output_field=CharField())
    return MissionStatement.objects.annotate(here=path).filter(here__startswith=F("unit__path"))


def current_version(system: System) -> SystemVersion | None:
    """The version released last."""
    return system.versions.order_by("-released_on", "-created_at").first()


def flow_facts(flow: DataFlow) -> dict[str, Any]:
    """Everything the law asks of a flow, as plain data: the seven facts, the answers and the provider role."""
    names = ("modality", "subject_role", "setting", "purpose", "output", "consequence", "recipient")
    return {
        **{name: getattr(flow, name) for name in names},
        "provider_role": flow.system.provider_role,
        **{question: answer for question, answer in flow.facts.items() if answer is not None},
    }
