"""Questions about evidence packs: which a person may see, and what belongs to a scope."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.urls import reverse

from governance.assessments.models import Assessment
from governance.evidence.models import EvidencePack
from governance.findings.models import Finding
from governance.registry import selectors as registry
from governance.registry.models import System
from governance.review.models import Deployment, DeploymentRequest
from portal.access.selectors import units_with
from portal.accounts.models import Unit
from portal.jobs.rules import answered_state
from portal.ledger.models import Leaf


def packs(user: Any) -> QuerySet[EvidencePack]:
    """The packs whose systems `user` may all export, newest first; a part of a pack is not shown."""
    through = EvidencePack.systems.through
    foreign = through.objects.filter(evidencepack=OuterRef("pk")).exclude(
        system__in=registry.visible(user, "export_evidence")
    )
    has_system = through.objects.filter(evidencepack=OuterRef("pk"))
    return EvidencePack.objects.filter(Exists(has_system), ~Exists(foreign)).order_by("-requested_at")


def exportable(user: Any) -> QuerySet[System]:
    """The systems about which `user` may ask for evidence."""
    return registry.visible(user, "export_evidence")


def subjects_in_scope(systems: Sequence[System]) -> list[str]:
    """How the ledger names these systems and what belongs to each."""
    names = [system.subject for system in systems]
    for model, kind in (
        (DeploymentRequest, "request"),
        (Deployment, "deployment"),
        (Finding, "finding"),
        (Assessment, "assessment"),
    ):
        keys = model._default_manager.filter(system__in=systems).order_by("pk").values_list("pk", flat=True)
        names += [f"{kind}:{key}" for key in keys]
    return names


def sees_everything(user: Any) -> bool:
    """Whether `user` reads the ledger of the whole organisation: the permission on every top unit."""
    tops = Unit.objects.filter(parent__isnull=True)
    return tops.exists() and not tops.exclude(pk__in=units_with(user, "view_ledger")).exists()


def leaves(user: Any) -> QuerySet[Leaf]:
    """The ledger's leaves that `user` may read: all of them, or those about the systems where they may."""
    if sees_everything(user):
        return Leaf.objects.all()
    systems = list(registry.visible(user, "view_ledger"))
    subjects = subjects_in_scope(systems) + [f"pack:{pk}" for pk in packs(user).values_list("pk", flat=True)]
    return Leaf.objects.filter(subject__in=subjects)


def pack_shape(pack: EvidencePack) -> dict[str, Any]:
    """A pack as the API answers it."""
    job = pack.job
    return {
        "id": pack.pk,
        "systems": sorted(pack.systems.values_list("slug", flat=True)),
        "from": pack.date_from,
        "to": pack.date_to,
        "state": answered_state(job.state) if job else "queued",
        "progress": job.progress if job else 0,
        "error": job.error if job else "",
        "sample_size": pack.sample_size,
        "auditor_number": pack.auditor_number,
        "end_size": pack.end_size,
        "requested_at": pack.requested_at,
        "made_at": pack.made_at,
        "sha256": pack.sha256 or None,
        "size_bytes": pack.size_bytes,
        "download": reverse("api_pack_download", args=[pack.pk]) if pack.made_at else None,
    }
