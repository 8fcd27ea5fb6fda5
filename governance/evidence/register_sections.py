"""What the records of the register say besides versions, flows and goals: uses, hand-over points, vendors, states."""

from typing import Any

from governance.evidence.sections import PackFile, Scope, table
from governance.registry import content
from governance.registry.fields import PARTS, VENDOR
from governance.registry.models import SystemRevision, Vendor

_KINDS = ("use_case", "hand_over", "unit_use", "contact", "cost")


def described(scope: Scope) -> list[PackFile]:
    """One file a kind of rows, the vendors, and the list of kept states with their digests; people are ids."""
    vendors = (
        Vendor.objects.filter(systems__in=scope.systems).select_related("unit").distinct().order_by("slug")
    )
    states = SystemRevision.objects.filter(system__in=scope.systems, made_at__lt=scope.until)
    states = states.order_by("system__slug", "number")
    columns = ("system__slug", "number", "act", "reason", "made_at", "made_by", "sha256")
    known = [one.name for one in VENDOR if not one.name.startswith("contact")]
    return [
        *(_rows(scope, kind) for kind in _KINDS),
        table(
            "vendors.csv",
            ["vendor", "unit", *known],
            [[v.slug, v.unit.path, *(content.of_vendor(v)[name] for name in known)] for v in vendors],
            str(vendors.query),
        ),
        table(
            "record-states.csv",
            ["system", *columns[1:]],
            states.values_list(*columns),
            str(states.query),
        ),
    ]


def _rows(scope: Scope, kind: str) -> PackFile:
    """The rows of one kind as of the end of the period, those removed later included."""
    part = PARTS[kind]
    rows: Any = content.MODELS[kind]._default_manager.filter(
        system__in=scope.systems, created_at__lt=scope.until
    )
    rows = rows.select_related("system", *(["unit"] if kind == "unit_use" else []))
    rows = rows.order_by("system__slug", "created_at", "pk")
    names = [one.name for one in part.fields]
    lines = [
        [
            row.system.slug,
            *(content.plain(one, row) for one in part.fields),
            row.created_at,
            scope.reached(row.removed_at),
        ]
        for row in rows
    ]
    return table(f"{part.plural}.csv", ["system", *names, "created_at", "removed_at"], lines, str(rows.query))
