"""Whether what a system learned in production stays within the limits that were declared for it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date
from decimal import Decimal

from governance.findings.services import open_finding
from governance.registry.models import System
from governance.review import changes
from governance.review.models import Deployment
from metrics.dashboards import rules, selectors
from metrics.stats.change import Change, change
from portal.errors import N_


@dataclass(frozen=True)
class Learned:
    """The declared figure over the last window against that of the first after the approval."""

    system: System
    window: rules.Window
    change: Change | None
    standing: rules.Drift


def learned(system: System, approved_on: date, today: date) -> Learned | None:
    """How far the declared figure moved since the approval; None before two windows are full."""
    windows = rules.learning_windows(approved_on, today, system.learning_window_days or 0)
    if windows is None or system.learning_max_deviation is None:
        return None
    first, last = (selectors.figures(system, *window)[system.learning_figure] for window in windows)
    moved = change(last, first)
    return Learned(
        system, windows[1], moved, rules.drift_standing(moved, float(system.learning_max_deviation))
    )


def learning_in_force() -> Iterator[tuple[System, date]]:
    """Every system that learns continuously and is in use, with the day from which its behaviour is compared."""
    rows = Deployment.objects.filter(state="in_force", system__learning="continuous").select_related("system")
    seen = set()
    for row in rows.order_by("system_id", "valid_from"):
        if row.system_id not in seen:
            seen.add(row.system_id)
            yield row.system, row.valid_from.astimezone(UTC).date()


def watch(system: System, approved_on: date, today: date) -> rules.Drift:
    """Hold one system to its limits: beyond them its approval is void, beyond them by chance perhaps is a finding."""
    found = learned(system, approved_on, today)
    if found is None or found.change is None:
        return rules.Drift.NOT_ENOUGH
    source = f"learning:{found.window[1].isoformat()}"
    if found.standing is rules.Drift.BEYOND:
        deviation = Decimal(str(round(found.change.value, 6)))
        changes.drift_beyond_limits(system=system, deviation=deviation, window=found.window, source=source)
    elif found.standing is rules.Drift.UNCLEAR:
        open_finding(
            system=system,
            check=f"drift_unclear:{system.learning_figure}",
            severity="medium",
            title=N_("The system may have learned beyond its declared limits"),
            detail=N_(
                "Its figure '{kind}' moved by {deviation}, {limit} was declared as the most; with this few cases "
                "chance alone could make that difference. Look at what it learned, or gather more cases."
            ),
            params={
                "kind": system.learning_figure,
                "deviation": f"{found.change.value:.4g}",
                "limit": f"{system.learning_max_deviation:f}",
            },
            source=source,
        )
    return found.standing
