"""Questions about evidence packs: which a person may see, and what belongs to a scope."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from governance.evidence.models import EvidencePack
from governance.findings.models import Finding
from governance.registry import selectors as registry
from governance.registry.models import System
from governance.review.models import Deployment, DeploymentRequest
from portal.ledger.models import Checkpoint


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
    """How the ledger names these systems and what belongs to each: requests, deployments, findings."""
    names = [system.subject for system in systems]
    for model, kind in ((DeploymentRequest, "request"), (Deployment, "deployment"), (Finding, "finding")):
        keys = model._default_manager.filter(system__in=systems).order_by("pk").values_list("pk", flat=True)
        names += [f"{kind}:{key}" for key in keys]
    return names


def latest_checkpoint() -> Checkpoint | None:
    """The newest signed checkpoint: what an auditor writes down before giving a number."""
    return Checkpoint.objects.order_by("-size").first()
