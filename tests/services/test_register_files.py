"""The register as a file: round trip, dry run, all or nothing, what is wrong named per entry and field."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from governance.registry import drafts, exchange, vendors
from governance.registry.models import System, SystemRevision, Vendor
from governance.review import imports
from portal.errors import Invalid, NotAllowed
from portal.ledger.models import PendingEvent
from tests import make

pytestmark = pytest.mark.django_db


def _document(*systems: dict[str, Any], **more: Any) -> dict[str, Any]:
    return exchange.read_json({"format": exchange.FORMAT, "schema": 1, "systems": list(systems), **more})


def test_what_is_exported_is_the_same_after_an_import_into_an_empty_unit() -> None:
    unit = make.unit()
    owner = make.person("system_owner", unit=unit)
    with transaction.atomic():
        system = make.described(make.draft(owner=owner, unit=unit), dimensions={"age": ["18-34", "35-54"]})
        vendors.add_mission(by=owner, unit=unit, text="People first.")
        drafts.register_draft(system=system, by=owner)
        make.draft(owner=owner, unit=unit, description="Half described.")
        exported = json.loads(json.dumps(exchange.export(owner)))
        transaction.set_rollback(True)
    assert not System.objects.exists()
    report = imports.take_in(document=exchange.read_json(exported), unit=unit, by=owner, dry_run=False)
    assert report.applied, report.to_dict()
    again = json.loads(json.dumps(exchange.export(owner)))
    assert {**again, "exported_at": ""} == {**exported, "exported_at": ""}
    assert len(again["systems"]) == 2
    assert again["systems"][0]["use_cases"][0]["prohibited"] == "Never to set a premium."


def test_the_same_file_twice_changes_nothing_and_keeps_no_state() -> None:
    system = make.described(make.draft())
    document = exchange.read_json(exchange.export(system.owner))
    before, events = SystemRevision.objects.count(), PendingEvent.objects.count()
    report = imports.take_in(document=document, unit=system.unit, by=system.owner, dry_run=False)
    assert report.counts == {"made": 0, "changed": 0, "same": 2, "refused": 0}
    assert (SystemRevision.objects.count(), PendingEvent.objects.count()) == (before, events)


def test_a_dry_run_says_what_would_happen_and_changes_nothing() -> None:
    unit = make.unit()
    owner = make.person("system_owner", unit=unit)
    make.draft(owner=owner, unit=unit, slug="there", name="There")
    document = _document(
        {"slug": "there", "name": "Renamed"}, {"slug": "fresh", "name": "New", "state": "registered"}
    )
    report = imports.take_in(document=document, unit=unit, by=owner, dry_run=True)
    there, fresh = report.lines
    assert (there.act, there.changed) == ("changed", ["name"])
    assert (fresh.act, fresh.missing > 5) == ("made", True)
    assert not report.applied
    assert System.objects.get().name == "There"
    imports.take_in(document=document, unit=unit, by=owner, dry_run=False)
    assert System.objects.get(slug="fresh").state == "draft"  # it said registered, but lacks what that needs


def test_one_wrong_entry_keeps_everything_out_and_each_fault_is_named_by_field() -> None:
    unit = make.unit()
    owner = make.person("system_owner", unit=unit)
    foreign = make.system(slug="foreign")
    document = _document(
        {"slug": "good", "name": "Good"},
        {"slug": "Bad Slug", "name": "X"},
        {"slug": "typo", "name": "X", "lables": ["joy"]},
        {"slug": "who", "name": "X", "owner": "nobody@nowhere.example"},
        {"slug": "number", "name": "X", "learning_max_deviation": "much"},
        {
            "slug": "row",
            "name": "X",
            "hand_overs": [{"name": "A", "trigger": "B", "to_whom": "C", "within_minutes": -1}],
        },
        {"slug": foreign.slug, "name": "Mine now"},
        vendors=[{"slug": "v", "name": "V", "transfer_tool": "scc"}],
    )
    report = imports.take_in(document=document, unit=unit, by=owner, dry_run=False)
    faults = {line.name: [(f["field"], f["code"]) for f in line.faults] for line in report.lines}
    assert faults == {
        "v": [("transfer_reference", "required")],
        "good": [],
        "Bad Slug": [("slug", "invalid")],
        "typo": [("lables", "unknown_field")],
        "who": [("owner", "unknown")],
        "number": [("learning_max_deviation", "invalid")],
        "row": [("hand_overs[0].within_minutes", "out_of_range")],
        "foreign": [("slug", "taken")],
    }
    assert not report.applied
    assert not System.objects.filter(slug="good").exists()
    assert not Vendor.objects.exists()
    foreign.refresh_from_db()
    assert foreign.name != "Mine now"


def test_a_row_that_changed_in_the_file_is_changed_and_what_the_file_lacks_stays() -> None:
    system = make.described(make.draft())
    document = exchange.export(system.owner)
    entry = document["systems"][0]
    entry["hand_overs"][0]["within_minutes"] = 30
    entry["goals"] = []
    del entry["costs"]
    report = imports.take_in(
        document=exchange.read_json(document), unit=system.unit, by=system.owner, dry_run=False
    )
    assert report.lines[-1].changed == ["hand_overs"]
    assert system.handovers.get().within_minutes == 30
    assert (system.goals.count(), system.plannedcosts.count()) == (1, 1)


def test_csv_has_one_system_a_line_and_comes_back_the_same() -> None:
    system = make.described(make.draft(name="=Formula"), dimensions={"age": ["18-34"]})
    data = exchange.to_csv(exchange.export(system.owner))
    assert b"'=Formula" in data
    report = imports.take_in(
        document=exchange.read_csv(data), unit=system.unit, by=system.owner, dry_run=False
    )
    assert report.counts["same"] == 1, report.to_dict()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"", "file"),
        (b"\xff\xfe", "file"),
        (b"name\nx\n", "file"),
        (b"slug,colour\nx,red\n", "colour"),
        (b"slug,name\nx\n", "file"),
        (b'slug,name\nx,"open\n', "file"),
    ],
)
def test_a_file_that_is_no_register_is_refused(data: bytes, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        exchange.read_csv(data)
    assert refused.value.errors[0]["field"] == field


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], "format"),
        ({"format": "other"}, "format"),
        ({"format": exchange.FORMAT, "schema": 99}, "schema"),
        ({"format": exchange.FORMAT, "schema": 1, "systems": {}}, "systems"),
        ({"format": exchange.FORMAT, "schema": 1, "systems": ["x"]}, "systems"),
        ({"format": exchange.FORMAT, "schema": 1, "more": 1}, "more"),
        ({"format": exchange.FORMAT, "schema": 1, "systems": [{}] * 201}, "systems"),
    ],
)
def test_a_document_that_is_none_is_refused(document: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        exchange.read_json(document)
    assert refused.value.errors[0]["field"] == field


def test_who_does_not_edit_the_unit_imports_nothing() -> None:
    unit = make.unit()
    with pytest.raises(NotAllowed):
        imports.take_in(document=_document(), unit=unit, by=make.person("auditor", unit=unit), dry_run=True)


def test_the_commands_do_the_same(tmp_path: Any, capsys: Any) -> None:
    system = make.described(make.draft())
    file = tmp_path / "register.json"
    call_command("export_register", "--by", system.owner.email, "--out", str(file))
    call_command(
        "import_register", str(file), "--unit", system.unit.path, "--by", system.owner.email, "--json"
    )
    assert json.loads(capsys.readouterr().out)["counts"]["same"] == 2
    file.write_text('{"format": "attune-register", "schema": 1, "systems": [{"slug": "A B", "name": "X"}]}')
    with pytest.raises(CommandError):
        call_command("import_register", str(file), "--unit", system.unit.path, "--by", system.owner.email)
