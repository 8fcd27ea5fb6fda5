"""Questions about what came in."""

import uuid
from typing import Any

from django.db.models import QuerySet

from governance.registry.models import System
from metrics.catalogue import kpi
from metrics.ingest.models import Batch, EvaluationSet
from metrics.stats.sentiment import f1_by_label, sentiment_figures
from portal.jobs.models import Job

SHOWN = 20
IMPORT = "import_file"
"""The kind of job that imports a file."""


def latest_batches(systems: QuerySet[System]) -> list[dict[str, Any]]:
    """The last batches of these systems: {system, batch}."""
    names = {system.pk: system for system in systems}
    rows = Batch.objects.filter(system_id__in=names).defer("answer").order_by("-received_at")[:SHOWN]
    return [{"system": names[batch.system_id], "batch": batch} for batch in rows]


def import_job(system: System, job_id: uuid.UUID) -> Job | None:
    """The import of a file into this system, or None."""
    return Job.objects.filter(kind=IMPORT, payload__system=str(system.pk), pk=job_id).first()


def latest_imports(systems: QuerySet[System]) -> list[dict[str, Any]]:
    """The last imports of files into these systems: {system, job}."""
    names = {str(system.pk): system for system in systems}
    rows = Job.objects.filter(kind=IMPORT, payload__system__in=list(names)).order_by("-requested_at")[:SHOWN]
    return [{"system": names[job.payload["system"]], "job": job} for job in rows]


def latest_evaluations(systems: QuerySet[System]) -> QuerySet[EvaluationSet]:
    """The evaluation sets of these systems that were imported last."""
    return (
        EvaluationSet.objects.filter(system__in=systems)
        .select_related("system")
        .order_by("-imported_at")[:SHOWN]
    )


def evaluation_figures(evaluation: EvaluationSet) -> dict[str, Any]:
    """{"figures": [(title, Figure as dict)], "f1": [(label, F1 or None)]} of an evaluation set."""
    labels, matrix = evaluation.counts["labels"], evaluation.counts["matrix"]
    figures = sentiment_figures(labels, matrix, source=f"evaluation set {evaluation.name}")
    return {
        "figures": [(kpi(key).name, figure.to_dict()) for key, figure in figures.items()],
        "f1": list(f1_by_label(labels, matrix).items()),
    }
