"""Questions about what came in."""

from typing import Any

from django.db.models import QuerySet

from governance.registry.models import System
from metrics.ingest.models import Batch, EvaluationSet
from metrics.stats.sentiment import f1_by_label, sentiment_figures

SHOWN = 20


def latest_batches(systems: QuerySet[System]) -> list[dict[str, Any]]:
    """The last batches of these systems: {system, batch}."""
    names = {system.pk: system for system in systems}
    rows = Batch.objects.filter(system_id__in=names).defer("answer").order_by("-received_at")[:SHOWN]
    return [{"system": names[batch.system_id], "batch": batch} for batch in rows]


def evaluation_figures(evaluation: EvaluationSet) -> dict[str, Any]:
    """{"figures": {kpi: Figure as dict}, "f1": [(label, F1 or None)]} of an evaluation set."""
    labels, matrix = evaluation.counts["labels"], evaluation.counts["matrix"]
    figures = sentiment_figures(labels, matrix, source=f"evaluation set {evaluation.name}")
    return {
        "figures": [(kpi, figure.to_dict()) for kpi, figure in figures.items()],
        "f1": list(f1_by_label(labels, matrix).items()),
    }
