"""The columns of a CSV file of interactions or of an evaluation set; pure."""

from collections.abc import Mapping

from metrics.ingest.shapes import FIELDS
from portal import tabular
from portal.tabular import Table, header

__all__ = [
    "EVALUATION_FIELDS",
    "LIVE_FIELDS",
    "LIVE_REQUIRED",
    "Table",
    "check_columns",
    "guess",
    "header",
    "read_table",
]
EVALUATION_FIELDS = ("id", "gold", "predicted")
LIVE_REQUIRED = ("id", "occurred_at", "modality", "purpose", "subject_role")
LIVE_FIELDS = (
    *(f for f in FIELDS if f not in ("attributes", "offer", "scores")),
    "offer.kind",
    "offer.accepted",
)
_USUAL = {
    "item_id": "id",
    "label": "gold",
    "truth": "gold",
    "prediction": "predicted",
    "timestamp": "occurred_at",
}
_EVALUATION = tabular.Layout(EVALUATION_FIELDS, EVALUATION_FIELDS, open_ended="attributes.", usual=_USUAL)
_LIVE = tabular.Layout(
    LIVE_FIELDS, LIVE_REQUIRED, lists=frozenset({"recipients"}), open_ended="attributes.", usual=_USUAL
)


def _layout(evaluation: bool) -> tabular.Layout:
    return _EVALUATION if evaluation else _LIVE


def guess(columns: list[str], *, evaluation: bool) -> dict[str, str]:
    """A first mapping of columns to fields: the same name, or a usual one."""
    return _layout(evaluation).guess(columns)


def read_table(
    data: bytes, *, mapping: Mapping[str, str], fixed: Mapping[str, str], evaluation: bool
) -> Table:
    """The rows of a file, as portal.tabular.read_table gives them. Raises Invalid."""
    return tabular.read_table(data, _layout(evaluation), mapping=mapping, fixed=fixed)


def check_columns(
    data: bytes, *, mapping: Mapping[str, str], fixed: Mapping[str, str], evaluation: bool
) -> None:
    """Look at the header alone, for an answer at once. Raises Invalid as `read_table` would."""
    tabular.check_columns(data, _layout(evaluation), mapping=mapping, fixed=fixed)
