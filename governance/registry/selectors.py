"""Questions about the register."""

from typing import Any

from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404

from governance.registry.models import DataFlow, System, SystemVersion
from portal.access.selectors import system_ids_with, units_with


def visible(user: Any, perm: str = "view_register") -> QuerySet[System]:
    """The systems on which `user` has `perm`, by a grant on the system, its unit or a unit above it.

    A machine client sees its own system only, and only where its scopes reach that far.
    """
    return System.objects.filter(Q(unit__in=units_with(user, perm)) | Q(pk__in=system_ids_with(user, perm)))


def get(user: Any, slug: str, perm: str = "view_register") -> System:
    """The system with this slug if `user` may see it by `perm`; Http404 otherwise."""
    return get_object_or_404(visible(user, perm).select_related("unit", "owner"), slug=slug)


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
