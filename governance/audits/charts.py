"""Tables of a run made ready for a page, and the confusion counts as a heat map."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.translation import gettext

from portal.web import badges, numbers

_OUR_VALUES = frozenset({"subject_role", "modality"})
_STATES = frozenset({"ok", "not_enough_data", "suppressed", "withheld", "not_estimable"})


def shown_table(table: dict[str, Any]) -> dict[str, Any]:
    """The table with title, columns and note in the reader's language."""
    return table | {
        "title": gettext(table["title"]),
        "columns": [gettext(column) for column in table["columns"]],
        "note": gettext(table["note"]) if table["note"] else "",
    }


def figure_name(names: dict[str, str], kpi: str) -> str:
    """The title of a figure in the reader's language: 'f1:joy' is 'F1: joy'."""
    key, _colon, part = kpi.partition(":")
    title = gettext(names[key]) if key in names else key
    return f"{title}: {part}" if part else title


def with_cells(table: dict[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """The table with cells as text in the reader's language; state codes as their words, others by `words`."""
    raw = [_in_words(row) for row in table["rows"]] if table.get("key") == "slices" else table["rows"]
    raw = [_said(row, table.get("words", ()), words) for row in raw]
    rows = [[_cell(cell) for cell in row] for row in raw]
    heads = [
        {"text": text, "is_number": any(row[place]["is_number"] for row in rows)}
        for place, text in enumerate(table["columns"])
    ]
    for row in rows:  # a dash below numbers stands where they stand
        for cell, head in zip(row, heads, strict=True):
            cell["is_number"] = head["is_number"]
    return table | {"rows": rows, "heads": heads}


def _said(row: list[Any], places: Sequence[int], words: Mapping[str, str]) -> list[Any]:
    return [
        gettext(words[cell]) if place in places and cell in words else cell for place, cell in enumerate(row)
    ]


def _in_words(row: list[Any]) -> list[Any]:
    """The dimension and, where the portal chose the values, the value as people call them."""
    dimension, value, *rest = row
    return [badges.word(dimension), badges.word(value) if dimension in _OUR_VALUES else value, *rest]


def _cell(cell: str | int | float | None) -> dict[str, Any]:
    if cell is None:
        return {"text": "–", "is_number": False}
    if isinstance(cell, str):
        return {"text": badges.word(cell) if cell in _STATES else cell, "is_number": False}
    return {
        "text": numbers.format_value(cell, unit="count" if isinstance(cell, int) else "share"),
        "is_number": True,
    }


def confusion(table: dict[str, Any]) -> dict[str, Any]:
    """Human label down, predicted across, coloured by the share of the human label, with the count in each
    cell."""
    labels = [str(row[0]) for row in table["rows"]]
    counts = [[int(cell) for cell in row[1:-1]] for row in table["rows"]]
    shares = [[cell / (sum(row) or 1) for cell in row] for row in counts]
    return {
        "data": [
            {
                "type": "heatmap",
                "x": labels,
                "y": labels,
                "z": shares,
                "zmin": 0,
                "zmax": 1,
                "text": [[str(cell) for cell in row] for row in counts],
                "texttemplate": "%{text}",
                "hovertemplate": "%{y} → %{x}: %{text}<extra></extra>",
                "textfont": {"color": "var(--chart-ink)"},
                "colorscale": [[0, "var(--chart-low)"], [1, "var(--chart-high)"]],
                "showscale": False,
                "xgap": 2,
                "ygap": 2,
            }
        ],
        "layout": {
            "xaxis": {"title": {"text": gettext("Predicted")}, "side": "bottom"},
            "yaxis": {"title": {"text": gettext("Human label")}, "autorange": "reversed", "showgrid": False},
        },
        "table": {"columns": table["columns"], "rows": table["rows"]},
    }
