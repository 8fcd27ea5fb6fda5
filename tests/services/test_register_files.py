"""The register as a file: round trip, dry run, all or nothing, what is wrong named per entry and field."""

import io
import json
import zipfile
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from governance.registry import archive, drafts, exchange, parts, vendors
from governance.registry.models import System, SystemRevision, Vendor
from governance.review import imports
from governance.review.files import document_of
from portal.errors import Invalid, NotAllowed
from portal.ledger.models import PendingEvent
from tests import make

pytestmark = pytest.mark.django_db


def _document(*systems: dict[str, Any], **more: Any) -> dict[str, Any]:
    return exchange.read_json({"format": exchange.FORMAT, "schema": 1, "systems": list(systems), **more})


def serving(system: System, mission: Any) -> None:
    """The goals of a system serve this statement."""
    for goal in system.goals.all():
        values = {"expected_version": goal.row_version, "by": system.owner, "mission": mission}
        parts.change_part(row=goal, kind="goal", **values)


def test_what_is_exported_is_the_same_after_an_import_into_an_empty_unit() -> None:
    unit = make.unit()
    owner = make.person("system_owner", unit=unit)
    with transaction.atomic():
        system = make.described(make.draft(owner=owner, unit=unit), dimensions={"age": ["18-34", "35-54"]})
        serving(system, vendors.add_mission(by=owner, unit=unit, text="People first."))
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


STARTS = ("=1+1", "+1", "-1", "@x", "'s Avonds", "'=x", "''@y", 'two\nlines, "quoted"')


def test_a_zip_of_tables_holds_everything_and_comes_back_the_same_in_an_empty_register() -> None:
    unit = make.unit()
    owner = make.person("system_owner", unit=unit)
    with transaction.atomic():
        system = make.described(
            make.draft(owner=owner, unit=unit), dimensions={"age": ["18-34", "35-54"], "channel": ["chat"]}
        )
        mission = vendors.add_mission(by=owner, unit=unit, text="People first.")
        serving(system, mission)
        for number, text in enumerate(STARTS):
            parts.add_part(
                system=system, by=owner, kind="goal", kpi="csat", target=Decimal("-0.5"), statement=text,
                direction="at_least", due_on=date(2028, 1, number + 1), mission=mission,
            )  # fmt: skip
        drafts.register_draft(system=system, by=owner)
        make.draft(owner=owner, unit=unit, description="Half described.")
        exported = json.loads(json.dumps(exchange.export(owner)))
        packed = archive.to_zip(exported)
        transaction.set_rollback(True)
    assert not System.objects.exists() and not Vendor.objects.exists()
    with zipfile.ZipFile(io.BytesIO(packed)) as found:
        assert set(found.namelist()) == {f"{name}.csv" for name in archive.TABLES}
        assert b"'=1+1" in found.read("goals.csv"), "no spreadsheet runs it"
    report = imports.take_in(document=document_of(packed), unit=unit, by=owner, dry_run=False)
    assert report.applied, report.to_dict()
    again = json.loads(json.dumps(exchange.export(owner)))
    assert {**again, "exported_at": ""} == {**exported, "exported_at": ""}
    assert {goal["statement"] for goal in again["systems"][0]["goals"]} >= set(STARTS)
    assert archive.to_zip(again) == packed


def _packed(**tables: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name, text in tables.items():
            packed.writestr(f"{name}.csv", text)
    return out.getvalue()


def test_a_fault_of_a_table_is_named_by_table_line_and_column() -> None:
    unit = make.unit()
    owner = make.person("system_owner", unit=unit)
    data = _packed(
        systems="slug,name,owner\nchat,Chat,\nmail,Mail,nobody@nowhere.example\n",
        hand_overs='system,name,trigger,to_whom,within_minutes\n"chat","A","two\nlines",C,-1\nchat,B,x,C,soon\n',
        vendors="slug,name,transfer_tool\nv,V,scc\n",
    )
    report = imports.take_in(document=document_of(data), unit=unit, by=owner, dry_run=True)
    assert [(row["field"], row["code"]) for row in report.errors] == [
        ("vendors.csv line 2: transfer_reference", "required"),
        ("hand_overs.csv line 3: within_minutes", "out_of_range"),
        ("hand_overs.csv line 4: within_minutes", "invalid"),
        ("systems.csv line 3: owner", "unknown"),
    ]
    flat = imports.take_in(
        document=document_of(b"slug,name,learning\nchat,Chat,no\nmail,Mail,sometimes\n"),
        unit=unit, by=owner, dry_run=True,
    )  # fmt: skip
    assert [row["field"] for row in flat.errors] == ["line 3: learning"]


def test_a_fault_of_a_document_is_named_by_its_path() -> None:
    unit = make.unit()
    owner = make.person("system_owner", unit=unit)
    flow = {"slug": "f", "name": "F", "modality": "text", "subject_role": "customer", "setting": "self_service",
            "purpose": "service", "output": "emotion", "consequence": "reply", "recipient": "system"}  # fmt: skip
    flows = [flow, {**flow, "slug": "g"}, {**flow, "slug": "h", "purpose": "fun"}]
    document = _document({"slug": "chat", "name": "Chat", "flows": flows})
    report = imports.take_in(document=document, unit=unit, by=owner, dry_run=True)
    assert [row["field"] for row in report.errors] == ["systems[0].flows[2].purpose"]


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"PK\x03\x04 no archive", "file"),
        (_packed(colours="x\n1\n"), "colours.csv"),
        (_packed(systems="name\nx\n"), "systems.csv"),
        (_packed(goals="kpi\ncsat\n"), "goals.csv"),
        (_packed(missions="unit\n/x/\n"), "missions.csv"),
        (_packed(systems="slug,colour\nx,red\n"), "colour"),
        (_packed(systems="slug,slug\nx,y\n"), "slug"),
        (_packed(systems="slug,name\nx\n"), "systems.csv line 2"),
        (_packed(systems="slug\nx\n", goals="system,kpi\ny,csat\n"), "goals.csv line 2: system"),
        (_packed(**{"../systems": "slug\nx\n"}), "../systems.csv"),
        (_packed(systems="slug\n\x00\n"), "systems.csv"),
    ],
)
def test_an_archive_that_is_no_register_is_refused(data: bytes, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        document_of(data)
    assert refused.value.errors[0]["field"] == field


def test_a_small_file_that_unpacks_to_a_large_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 1000)
    with pytest.raises(Invalid, match="too large"):
        document_of(_packed(systems="slug\n" + "x" * 1000))


def test_an_imported_system_is_one_state_in_its_history_and_every_act_in_the_ledger() -> None:
    unit = make.unit()
    owner = make.person("system_owner", unit=unit)
    with transaction.atomic():
        system = make.described(make.draft(owner=owner, unit=unit))
        drafts.register_draft(system=system, by=owner)
        exported = json.loads(json.dumps(exchange.export(owner)))
        transaction.set_rollback(True)
    imports.take_in(document=exchange.read_json(exported), unit=unit, by=owner, dry_run=False)
    system = System.objects.get()
    kept = SystemRevision.objects.get(system=system)
    assert (kept.number, kept.act, kept.made_by) == (1, "register.system_imported", f"user:{owner.pk}")
    assert kept.content["system"]["state"] == "registered" and len(kept.content["parts"]["flow"]) == 1
    told = set(PendingEvent.objects.filter(subject=system.subject).values_list("type", flat=True))
    assert told >= {"register.goal_added", "register.flow_added", "register.system_imported"}


def test_csv_has_one_system_a_line_and_comes_back_the_same() -> None:
    system = make.described(make.draft(name="=Formula"), dimensions={"age": ["18-34"]})
    data = archive.to_csv(exchange.export(system.owner))
    assert b"'=Formula" in data
    report = imports.take_in(
        document=archive.read_csv(data), unit=system.unit, by=system.owner, dry_run=False
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
        archive.read_csv(data)
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
        ({"format": exchange.FORMAT, "schema": 1, "systems": [{}] * 3_001}, "systems"),
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
    packed = tmp_path / "register.zip"
    call_command("export_register", "--by", system.owner.email, "--zip", "--out", str(packed))
    call_command(
        "import_register", str(packed), "--unit", system.unit.path, "--by", system.owner.email, "--json"
    )
    assert json.loads(capsys.readouterr().out)["counts"]["same"] == 2
    call_command(
        "import_register", str(file), "--unit", system.unit.path, "--by", system.owner.email, "--json"
    )
    assert json.loads(capsys.readouterr().out)["counts"]["same"] == 2
    file.write_text('{"format": "attune-register", "schema": 1, "systems": [{"slug": "A B", "name": "X"}]}')
    with pytest.raises(CommandError):
        call_command("import_register", str(file), "--unit", system.unit.path, "--by", system.owner.email)


def test_goals_that_serve_no_statement_keep_an_imported_system_a_draft_and_a_registered_one_as_it_was() -> (
    None
):
    unit = make.unit()
    owner = make.person("system_owner", unit=unit)
    with transaction.atomic():
        system = make.described(make.draft(owner=owner, unit=unit))
        drafts.register_draft(system=system, by=owner)
        exported = json.loads(json.dumps(exchange.export(owner)))
        transaction.set_rollback(True)
    document = exchange.read_json(exported)
    vendors.add_mission(by=owner, unit=unit, text="People first.")
    report = imports.take_in(document=document, unit=unit, by=owner, dry_run=False)
    assert (report.lines[-1].missing, System.objects.get().state) == (1, "draft")
    document["systems"][0]["goals"][0]["mission"] = "People first."
    imports.take_in(document=document, unit=unit, by=owner, dry_run=False)
    system = System.objects.get()
    assert (system.state, str(system.goals.get().mission)) == ("registered", "People first.")
    document["systems"][0]["goals"][0]["mission"] = ""
    refused = imports.take_in(document=document, unit=unit, by=owner, dry_run=False)
    assert [row["field"] for row in refused.errors] == ["systems[0].goals[0].mission"]
