"""Take a register in from a document: all or nothing, through the same services as the pages.

A dry run does exactly the same and takes it back, so that its report is true. Doing it again changes nothing: systems
and vendors are found by short name, rows that belong to a system by what names them. What a file lacks, stays.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from governance.registry import checks, content, drafts, exchange, selectors, vendors
from governance.registry import services as registry
from governance.registry.exchange import Fault, key_of
from governance.registry.fields import PARTS, SYSTEM, VENDOR, Field, PartKind
from governance.registry.models import MissionStatement, System, Vendor
from governance.review import changes
from portal.access.selectors import can, units_with
from portal.accounts.models import Unit
from portal.errors import N_, Invalid, NotAllowed, RuleBroken
from portal.ledger.services import record

REASON = N_("Imported from a file.")


@dataclass
class Line:
    """What one entry of a file does: `act` is made, changed, same or refused; `rows`: the same of what it holds."""

    kind: str
    number: int
    name: str
    act: str = "same"
    changed: list[str] = field(default_factory=list)
    faults: list[dict[str, str]] = field(default_factory=list)
    missing: int = 0

    def note(self, act: str, names: list[str]) -> None:
        """Remember what was made or changed; making outweighs changing."""
        self.changed += names
        if self.act == "same" and (act == "made" or names):
            self.act = act

    def refuse(self, name: str, code: str, message: str) -> None:
        """Something that cannot be done."""
        self.act = "refused"
        self.faults.append({"field": name, "code": code, "message": message})

    def placed(self, places: Mapping[str, str]) -> None:
        """Say of every fault where it stands: `systems[0].flows[2].purpose`, or table and line of a file of tables."""
        own = f"{self.kind}s[{self.number - 1}]"
        for fault in self.faults:
            row, _dot, name = fault["field"].rpartition(".")
            inner = places.get(f"{own}.{row}")
            if inner:
                fault["place"] = f"{inner}: {name}"
            elif own in places:
                fault["place"] = f"{places[own]}: {fault['field']}".removesuffix(": ")
            else:
                fault["place"] = f"{own}.{fault['field']}".rstrip(".")

    def to_dict(self) -> dict[str, Any]:
        """As the API gives it."""
        return {
            "kind": self.kind,
            "number": self.number,
            "name": self.name,
            "act": self.act,
            "changed": self.changed,
            "missing": self.missing,
            "errors": self.faults,
        }


@dataclass
class Report:
    """What an import did, or would do."""

    lines: list[Line]
    dry_run: bool
    applied: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """Entries by what happens to them."""
        found = {"made": 0, "changed": 0, "same": 0, "refused": 0}
        for line in self.lines:
            found[line.act] += 1
        return found

    @property
    def errors(self) -> list[dict[str, str]]:
        """Every fault with its place in the document, such as `systems[0].flows[2].purpose`."""
        return [
            {"field": fault["place"], "code": fault["code"], "message": fault["message"]}
            for line in self.lines
            for fault in line.faults
        ]

    def to_dict(self) -> dict[str, Any]:
        """As the API gives it."""
        return {
            "dry_run": self.dry_run,
            "applied": self.applied,
            "counts": self.counts,
            "lines": [line.to_dict() for line in self.lines],
        }


def take_in(
    *,
    document: Mapping[str, Any],
    unit: Unit,
    by: Any,
    dry_run: bool,
    progress: Callable[[int], None] = lambda done: None,
    stored: Callable[[Report], None] = lambda report: None,
) -> Report:
    """Import a document (of `exchange` or `archive`); entries whose unit is not theirs go to `unit`.

    Nothing is kept where one entry is refused, nor where `progress` (told how many entries were looked at) raises.
    `stored` is called in the transaction of the import, where it is kept. Raises NotAllowed without the permission in
    `unit`.
    """
    if not can(registry.person(by), "edit_register", unit):
        raise NotAllowed(N_("You do not have the permission for this."), code="not_allowed")
    with transaction.atomic():
        work = _Import(by, unit, progress)
        lines = [
            *work.each("vendor", document["vendors"], work.vendor),
            *work.each("mission", document["missions"], work.mission),
            *work.each("system", document["systems"], work.one_system),
        ]
        for line in lines:
            line.placed(document.get("places", {}))
        report = Report(lines, dry_run)
        report.applied = not dry_run and not report.counts["refused"]
        if not report.applied:
            transaction.set_rollback(True)
        elif any(line.act != "same" for line in lines):
            body = {"counts": report.counts, "unit": unit.path}
            record(type="register.imported", by=by, subject=f"unit:{unit.pk}", body=body)
        if report.applied:
            stored(report)
    return report


class _Import:
    """One import by one person: what the names of the file stand for, and each kind of entry."""

    def __init__(self, by: Any, unit: Unit, progress: Callable[[int], None]) -> None:
        self.by, self.unit, self.progress, self.done = by, unit, progress, 0
        self.find = exchange.finder(by)
        self.editable = {u.path: u for u in units_with(by, "edit_register")}

    def each(
        self, kind: str, entries: list[Mapping[str, Any]], do: Callable[[Mapping[str, Any], Line], None]
    ) -> list[Line]:
        """Every entry in a savepoint of its own, so that all faults of a file are named at once."""
        lines = []
        for number, entry in enumerate(entries, start=1):
            name = str(entry.get("slug") or entry.get("text") or "")[:80]
            line = Line(kind, number, name)
            with transaction.atomic():
                self._guarded(do, entry, line)
                if line.faults:
                    transaction.set_rollback(True)
            lines.append(line)
            self.done += 1
            self.progress(self.done)
        return lines

    def _guarded(
        self,
        do: Callable[[Mapping[str, Any], Line], None],
        entry: Mapping[str, Any],
        line: Line,
        place: str = "",
    ) -> None:
        """A refusal of a service becomes a fault of the line, its field named with its place."""
        try:
            with transaction.atomic():
                do(entry, line)
        except Invalid as error:
            for row in error.errors:
                line.refuse(f"{place}{row['field']}", row["code"], row["message"])
        except RuleBroken as error:
            line.refuse(f"{place}{error.field}".rstrip("."), error.code, str(error))

    def values(
        self, table: Mapping[str, Field], entry: Mapping[str, Any], line: Line, place: str = ""
    ) -> dict[str, Any]:
        """The fields of an entry that the file names; faults go to the line."""
        found = {}
        for name, one in table.items():
            if name in entry:
                try:
                    found[name] = exchange.value_of(one, entry[name], self.find)
                except Fault as fault:
                    line.refuse(f"{place}{name}", fault.code, fault.message)
        return found

    def place(self, entry: Mapping[str, Any]) -> Unit:
        """The unit of an entry where it is one of this person's, else the one of the import."""
        return self.editable.get(str(entry.get("unit", "")), self.unit)

    def known_only(self, entry: Mapping[str, Any], names: set[str], line: Line, place: str = "") -> None:
        """Fields that nobody knows are faults: a mistyped name must not be lost silently."""
        for name in sorted(set(map(str, entry)) - names):
            line.refuse(f"{place}{name[:60]}", "unknown_field", N_("This field is not known."))

    def vendor(self, entry: Mapping[str, Any], line: Line) -> None:
        """Make or change a vendor."""
        table = {one.name: one for one in VENDOR}
        self.known_only(entry, {"slug", "unit", *table}, line)
        values = self.values(table, entry, line)
        if line.faults:
            return
        found = Vendor.objects.filter(slug=str(entry.get("slug", ""))).select_related("unit").first()
        if found is None:
            vendors.add_vendor(by=self.by, unit=self.place(entry), slug=str(entry.get("slug", "")), **values)
            line.note("made", [])
            return
        if not selectors.vendors(self.by).filter(pk=found.pk).exists():
            line.refuse("slug", "taken", N_("There is a vendor with this short name already."))
            return
        changed = changes.update_vendor(
            vendor=found, by=self.by, expected_version=found.row_version, reason=REASON, **values
        )
        line.note("changed", [change.field for change in changed])

    def mission(self, entry: Mapping[str, Any], line: Line) -> None:
        """Write down a statement of the mission, where it is not there yet."""
        self.known_only(entry, {"unit", "text"}, line)
        text, unit = entry.get("text"), self.place(entry)
        if not isinstance(text, str):
            line.refuse("text", "invalid", N_("This value has another form than is expected here."))
            return
        if not MissionStatement.objects.filter(unit=unit, text=text.strip()).exists():
            vendors.add_mission(by=self.by, unit=unit, text=text)
            line.note("made", [])

    def system(self, entry: Mapping[str, Any], line: Line) -> None:
        """Make or change a system with its rows, and register it where the file says so and nothing is missing."""
        lists = {key_of(part): part for part in PARTS.values()}
        self.known_only(entry, {"slug", "unit", "state", *SYSTEM, *lists}, line)
        if entry.get("state", "draft") not in ("draft", "registered", ""):
            line.refuse("state", "unknown_value", N_("Only drafts and registered systems can be imported."))
        values = self.values(SYSTEM, entry, line)
        if line.faults:
            return
        system = self._found_or_made(entry, values, line)
        if system is None:
            return
        for name, part in lists.items():
            self._rows(system, part, entry.get(name, []), name, line)
        if not line.faults:
            self._registered(system, entry, line)

    def one_system(self, entry: Mapping[str, Any], line: Line) -> None:
        """As `system`; to whoever reads the history it is one act with one state of the record."""
        with registry.one_state("register.system_imported", by=self.by, reason=REASON):
            self.system(entry, line)

    def _found_or_made(self, entry: Mapping[str, Any], values: dict[str, Any], line: Line) -> System | None:
        slug = str(entry.get("slug", ""))
        found = selectors.visible(self.by, drafts=True).filter(slug=slug).first()
        if found is None:
            if values.get("owner") is None:
                values.pop("owner", None)
            line.note("made", [])
            name = values.pop("name", None) or ""
            return drafts.start_draft(by=self.by, unit=self.place(entry), slug=slug, name=name, **values)
        changed = changes.update_system(
            system=found, by=self.by, expected_version=found.row_version, reason=REASON, **values
        )
        line.note("changed", [change.field for change in changed])
        return found

    def _rows(self, system: System, part: PartKind, rows: Any, name: str, line: Line) -> None:
        if not isinstance(rows, list) or any(not isinstance(row, Mapping) for row in rows):
            line.refuse(name, "invalid", N_("A list of objects is expected here."))
            return
        if not rows:
            return
        known = {_key(part, content.of_part(part, row)): row for row in content.rows(system, part)}
        for number, entry in enumerate(rows):
            place = f"{name}[{number}]."
            self.known_only(entry, set(part.by_name), line, place)
            values = self.values(part.by_name, entry, line, place)
            if any(fault["field"].startswith(place) for fault in line.faults):
                continue
            plain = {one.name: content.of_value(one, values.get(one.name)) for one in part.fields}
            row = known.get(_key(part, plain))

            def do(_entry: Mapping[str, Any], line: Line, values: Any = values, row: Any = row) -> None:
                self._row(system, part, values, row, line, name)

            self._guarded(do, entry, line, place)

    def _row(
        self, system: System, part: PartKind, values: dict[str, Any], row: Any, line: Line, name: str
    ) -> None:
        """Add one row, or change the one that is there."""
        if part.kind == "flow":
            self._flow(system, values, row, line, name)
        elif row is None:
            missing = {one.name for one in part.fields} - set(values) if part.kind == "version" else set()
            if missing & {"name", "released_on"}:
                raise Invalid([checks.error(n, "required", N_("This is needed.")) for n in sorted(missing)])
            changes.add_part(system=system, kind=part.kind, by=self.by, reason=REASON, **values)
            line.note("changed", [name])
        elif changes.change_part(
            row=row, kind=part.kind, by=self.by, expected_version=row.row_version, reason=REASON, **values
        ):
            line.note("changed", [name])

    def _flow(self, system: System, values: dict[str, Any], row: Any, line: Line, name: str) -> None:
        if row is None:
            missing = [n for n, one in PARTS["flow"].by_name.items() if one.needed and not values.get(n)]
            if missing:
                raise Invalid([checks.error(n, "required", N_("This is needed.")) for n in missing])
            changes.add_flow(system=system, by=self.by, **values)
            line.note("changed", [name])
            return
        values = {n: v for n, v in values.items() if n != "slug"}
        if changes.change_flow(
            flow=row, by=self.by, expected_version=row.row_version, reason=REASON, **values
        ):
            line.note("changed", [name])

    def _registered(self, system: System, entry: Mapping[str, Any], line: Line) -> None:
        system.refresh_from_db()
        if system.state != "draft":
            return
        line.missing = len(selectors.gaps(system))
        if entry.get("state") == "registered" and not line.missing:
            drafts.register_draft(system=system, by=self.by)


def _key(part: PartKind, plain: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(plain[name] for name in part.key)
