"""CSV files of people: evaluation sets whole or not at all, live files line by line; every fault named."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from metrics.ingest.files import guess, read_table
from metrics.ingest.imports import import_evaluation_file, import_live_file
from metrics.ingest.models import EvaluationItem, EvaluationSet, Interaction
from portal.errors import Invalid, RuleBroken
from tests import make

pytestmark = pytest.mark.django_db
# gold x predicted of the emotion test set of TweetEval, as published with the RoBERTa-retrained run
COUNTS = {
    "labels": list(make.LABELS),
    "matrix": [[488, 19, 13, 38], [13, 302, 14, 29], [17, 16, 76, 14], [38, 19, 6, 319]],
}


def labelled(matrix: list[list[int]], labels: list[str]) -> bytes:
    lines, n = ["item_id,gold,predicted"], 0
    for gold, row in zip(labels, matrix, strict=True):
        for predicted, count in zip(labels, row, strict=True):
            for _ in range(count):
                lines.append(f"{n},{gold},{predicted}")
                n += 1
    return "\n".join(lines).encode()


def test_an_evaluation_file_becomes_confusion_counts() -> None:
    system = make.system()
    data = labelled(COUNTS["matrix"], COUNTS["labels"])
    made = import_evaluation_file(
        system=system, name="emotion", data=data, by="system", mapping={"item_id": "id"}
    )
    assert made.counts == COUNTS
    assert (made.n, EvaluationItem.objects.filter(evaluation=made).count()) == (
        sum(map(sum, COUNTS["matrix"])),
    ) * 2


BAD = [
    (b"", "file", "empty"),
    (b"id,gold,predicted\n", "file", "empty"),
    (b"id,gold\n1,joy\n", "line 1: predicted", "missing_column"),
    (b"id,gold,predicted,mood\n1,joy,joy,x\n", "line 1: mood", "unknown_column"),
    (b"id,gold,gold\n1,joy,joy\n", "line 1: gold", "duplicate_column"),
    (b"id,gold,predicted\n1,joy,joy\n2,bliss,joy\n", "line 3: gold", "unknown_label"),
    (b"id,gold,predicted\n1,joy,joy\n2,joy\n", "line 3", "columns"),
    (b"id,gold,predicted\n1,joy,joy\n1,joy,anger\n", "line 3: id", "duplicate"),
    (b"id,gold,predicted\n1,joy,joy\n2,jo\x00y,joy\n", "line 3", "nul"),
    (b"id,gold,predicted\n1,joy,joy\n2,\xe9,joy\n", "line 3", "encoding"),
    ("id,gold,predicted\n1,joy,joy\n".encode("utf-16"), "file", "encoding"),
    (b"id,gold,predicted\n" + b"x" * 5000 + b",joy,joy\n", "line 2: id", "too_long"),
    (b"id,gold,predicted\n" + b"x" * 200 + b",joy,joy\n", "line 2: id", "length"),
    (b"id,gold,predicted\n1,,joy\n", "line 2: gold", "required"),
    (b'id,gold,predicted\n1,"joy,joy\n', "line 2", "malformed"),
]


@pytest.mark.parametrize(("data", "field", "code"), BAD)
def test_a_bad_evaluation_file_is_named_by_line_and_imports_nothing(
    data: bytes, field: str, code: str
) -> None:
    system = make.system()
    with pytest.raises(Invalid) as caught:
        import_evaluation_file(system=system, name="bad", data=data, by="system")
    assert (field, code) in [(e["field"], e["code"]) for e in caught.value.errors]
    assert not EvaluationSet.objects.exists()


def test_a_byte_order_mark_and_semicolons_of_a_spreadsheet_are_read() -> None:
    table = read_table(
        b"\xef\xbb\xbfid;gold;predicted\r\n1;joy;joy\r\n", mapping={}, fixed={}, evaluation=True
    )
    assert (table.rows, table.lines) == ([{"id": "1", "gold": "joy", "predicted": "joy"}], [2])


def test_a_name_is_used_once() -> None:
    system = make.system()
    data = b"id,gold,predicted\n1,joy,joy\n"
    import_evaluation_file(system=system, name="one", data=data, by="system")
    with pytest.raises(RuleBroken, match="name"):
        import_evaluation_file(system=system, name="one", data=data, by="system")


def test_live_files_store_good_lines_name_bad_ones_and_may_come_twice() -> None:
    system = make.live_system(dimensions={"segment": ["young", "old"]})
    data = (
        b"reference,occurred_at,customer,predicted,confidence,attributes.segment,resolved\n"
        b"a,2026-03-01T10:00:00Z,c1,joy,0.9,young,true\n"
        b"b,2026-03-01T10:00:00Z,c2,bliss,0.9,old,\n"
        b"c,1999-01-01T00:00:00Z,c3,joy,,,\n"
    )
    options: dict[str, Any] = {
        "mapping": {"reference": "id", "customer": "subject"},
        "fixed": {"modality": "text", "purpose": "service", "subject_role": "customer"},
    }
    result = import_live_file(system=system, data=data, by="system", **options)
    assert result.counts == {"accepted": 1, "refused": 2}
    assert [(e["field"], e["code"]) for e in result.errors] == [
        ("line 3: predicted", "unknown_label"),
        ("line 4: occurred_at", "too_early"),
    ]
    stored = Interaction.objects.get(system_id=system.pk)
    assert (stored.confidence, stored.attributes, stored.resolved) == (0.9, {"segment": "young"}, True)
    assert import_live_file(system=system, data=data, by="system", **options).receipts == result.receipts


def test_the_command_prints_what_the_portal_stored(tmp_path: Path) -> None:
    system = make.system()
    file = tmp_path / "labels.csv"
    file.write_bytes(labelled(COUNTS["matrix"], COUNTS["labels"]))
    out = StringIO()
    call_command(
        "import_interactions",
        str(file),
        system=system.slug,
        mapping=[("item_id", "id")],
        evaluation="x",
        as_json=True,
        stdout=out,
    )
    printed = json.loads(out.getvalue())
    assert (printed["imported"], printed["evaluation"]["counts"]) == (sum(map(sum, COUNTS["matrix"])), COUNTS)


def test_the_command_exits_with_1_and_names_the_fault(tmp_path: Path) -> None:
    system = make.system()
    file = tmp_path / "labels.csv"
    file.write_text("id,gold,predicted\n1,bliss,joy\n")
    errors = StringIO()
    with pytest.raises(SystemExit):
        call_command("import_interactions", str(file), system=system.slug, evaluation="x", stderr=errors)
    assert "line 2: gold" in errors.getvalue()
    with pytest.raises(CommandError, match="nowhere"):
        call_command("import_interactions", str(file), system="nowhere", evaluation="x")


def test_columns_are_guessed_by_name() -> None:
    assert guess(["item_id", "gold", "predicted", "mood"], evaluation=True) == {
        "item_id": "id",
        "gold": "gold",
        "predicted": "predicted",
    }
