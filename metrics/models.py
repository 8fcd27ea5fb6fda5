"""The models of the app `metrics`, gathered from its slices (Django looks only here)."""

from metrics.ingest.models import (
    Batch,
    EvaluationItem,
    EvaluationSet,
    Interaction,
    Label,
)
from metrics.roi.models import ValueEntry, ValueItem
from metrics.rollups.models import ConfusionRollup, DayRollup, PersonDay
from metrics.surveys.models import SurveyAnswer

__all__ = [
    "Batch",
    "ConfusionRollup",
    "DayRollup",
    "EvaluationItem",
    "EvaluationSet",
    "Interaction",
    "Label",
    "PersonDay",
    "SurveyAnswer",
    "ValueEntry",
    "ValueItem",
]
