"""The figures that a public page may show: held to the same minimum, interval and privacy floor as every other."""

from datetime import timedelta

from django.utils import timezone

from governance.registry import figures
from governance.registry.models import System
from metrics.dashboards import rules, selectors
from metrics.stats.figure import Figure

DAYS = 90


def accuracy(system: System, language: str) -> Figure | None:
    """How often the system reads the emotion that people named, over the last 90 days; in one language, or in all.

    A language means its regions too ('nl' finds 'nl-NL' where 'nl' itself has nothing). None: nothing was labelled.
    """
    today = timezone.now().date()
    span = rules.Range(today - timedelta(days=DAYS - 1), today)
    if not language:
        return selectors.boards([system], span)[0].figures.get("accuracy")
    found = {
        part.value.lower(): part.figures["accuracy"]
        for part in selectors.slices(system, *span.window, "language")
    }
    near = [value for value in sorted(found) if value.partition("-")[0] == language[:2].lower()]
    return found.get(language[:2].lower()) or (found[near[0]] if near else None)


def fill() -> None:
    """Put it into governance's register."""
    figures.measured_by("accuracy", accuracy)
