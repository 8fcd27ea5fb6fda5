"""Keeping the rollups equal to the rows behind them."""

from governance.registry.models import System


def rebuild(*, system: System | None = None) -> dict[str, int]:
    """Compute every rollup row anew from the raw rows (of one system, or of all), in one transaction.

    Returns {"rows": rollup rows written, "differing": rows that were not what they should have been}.
    """
    raise NotImplementedError
