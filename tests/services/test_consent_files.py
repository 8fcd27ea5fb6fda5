"""Consent from files: CSV, JSON and NDJSON; every refusal by place, field and reason; sent twice, counted once."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from governance.consent import files, imports
from governance.consent.imports import import_consent_file, request_import
from governance.consent.models import ConsentEvent, NoticeServed
from portal.errors import Invalid, NotAllowed
from portal.jobs.runner import run_job
from portal.web import uploads
from tests import make

pytestmark = pytest.mark.django_db
CSV = b"""event_id;customer;role;purpose;modality;status;date;notice;language;explicit
a;customer-1;customer;service;text;given;2026-01-10T10:00:00Z;1;en;true
b;customer-2;customer;service;text;refused;2026-01-11T10:00:00Z;;;
c;customer-3;customer;selling;text;given;2026-01-11T10:00:00Z;1;en;
d;customer-4;customer;service;text;given;soon;1;en;
"""
MAPPING = {
    "event_id": "id",
    "customer": "subject",
    "role": "subject_role",
    "status": "action",
    "date": "effective_at",
    "notice": "notice_version",
}


@pytest.fixture
def system() -> Any:
    return make.live_system(make.PERMIT_BY_CONSENT)


def bring(system: Any, data: bytes, kind: str = "events", **fields: Any) -> Any:
    return import_consent_file(system=system, kind=kind, data=data, by="system", **fields)


def test_a_csv_file_stores_the_good_lines_and_names_the_bad(system: Any) -> None:
    assert files.LAYOUTS["events"].guess(CSV.split(b"\n")[0].decode().split(";")) == MAPPING | {
        name: name for name in ("purpose", "modality", "language", "explicit")
    }
    found = bring(system, CSV, mapping=MAPPING)
    assert found.to_dict()["counts"] == {"accepted": 2, "refused": 2}
    assert (found.total, found.done, found.refused) == (4, 4, 2)
    assert [(row["field"], row["id"], row["code"]) for row in found.errors] == [
        ("line 4: purpose", "c", "unknown_purpose"),
        ("line 5: effective_at", "d", "invalid"),
    ]
    stored = {row.source_event: row for row in ConsentEvent.objects.all()}
    assert (stored["a"].action, stored["a"].explicit, stored["a"].source) == ("given", True, "import")
    assert stored["b"].action == "refused"


def test_the_same_file_again_counts_nothing_twice_and_other_words_are_a_conflict(system: Any) -> None:
    bring(system, CSV, mapping=MAPPING)
    again = bring(system, CSV, mapping=MAPPING)
    assert again.to_dict()["counts"] == {"duplicate": 2, "refused": 2}
    other = bring(system, CSV.replace(b";refused;", b";objected;"), mapping=MAPPING)
    assert other.counts["conflict"] == 1
    assert ("line 3: id", "conflict") in [(row["field"], row["code"]) for row in other.errors]
    assert ConsentEvent.objects.count() == 2


def _events(*names: str) -> list[dict[str, Any]]:
    return [make.consent(name) for name in names]


@pytest.mark.parametrize(
    "write",
    [
        lambda rows: json.dumps(rows).encode(),
        lambda rows: json.dumps({"items": rows}, indent=2).encode(),
        lambda rows: "\n".join(json.dumps(row) for row in rows).encode(),
        lambda rows: b"\xef\xbb\xbf" + json.dumps(rows).encode(),
    ],
    ids=["list", "envelope", "ndjson", "byte order mark"],
)
def test_json_in_every_form(system: Any, write: Any) -> None:
    found = bring(system, write([*_events("1", "2"), make.consent("3", purpose="selling")]))
    assert found.to_dict()["counts"] == {"accepted": 2, "refused": 1}
    (error,) = found.errors
    assert error["field"] in ("item 3: purpose", "line 3: purpose")


def test_one_object_alone_and_lines_that_are_no_json(system: Any) -> None:
    assert bring(system, json.dumps(make.consent("only")).encode()).counts == {"accepted": 1}
    lines = [json.dumps(make.consent("x")), "{broken", '"text"', ""]
    found = bring(system, "\n".join(lines).encode())
    assert found.to_dict()["counts"] == {"accepted": 1, "refused": 2}
    assert [(row["field"], row["code"]) for row in found.errors] == [
        ("line 2", "malformed"),
        ("line 3", "invalid"),
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b"[]", "empty"),
        (b"[1, 2", "malformed"),
        (b'{"items": {}}', "invalid"),
        (b'{"items": [], "source": "x"}', "invalid"),
        (b"id;mood\n1;good\n", "unknown_column"),
        (b"id,purpose\n1,service\n", "missing_column"),
        (b"[" * 100_000, "malformed"),
        (b"\xff\xfeid", "encoding"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_whole(system: Any, data: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        bring(system, data)
    assert code in {row["code"] for row in refused.value.errors}
    assert not ConsentEvent.objects.exists()


def test_who_was_shown_a_notice_comes_from_a_file_too(system: Any) -> None:
    data = b"id,subject,notice_version,language,served_at,channel\n1,anna,1,en,2026-02-01T10:00:00Z,app\n"
    assert bring(system, data, kind="served", source="web").counts == {"accepted": 1}
    assert NoticeServed.objects.get().source == "web"


def test_values_that_hold_for_all_lines(system: Any) -> None:
    data = b"id,subject\n1,anna\n2,bob\n"
    fixed = {
        "purpose": "service",
        "modality": "text",
        "action": "refused",
        "effective_at": "2026-01-10T10:00:00Z",
    }
    assert bring(system, data, fixed=fixed).counts == {"accepted": 2}


# --- as a job -------------------------------------------------------------------------------------------------


def test_a_file_is_imported_by_a_worker_with_progress(system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "EVENTS_AT_ONCE", 2)
    officer = make.person("data_protection_officer", unit=system.unit)
    token = uploads.keep(CSV, str(officer.pk), in_use=())
    job = request_import(system=system, kind="events", token=token, by=officer, mapping=MAPPING, source="crm")
    same = request_import(
        system=system, kind="events", token=token, by=officer, mapping=MAPPING, source="crm"
    )
    assert same.pk == job.pk
    run_job(job.pk)
    job.refresh_from_db()
    assert job.result is not None
    assert (job.state, job.result["counts"]) == ("done", {"accepted": 2, "refused": 2})
    assert ConsentEvent.objects.filter(source="crm").count() == 2
    assert uploads.find(token, str(officer.pk)) is None


def test_only_who_manages_consent_may_import(system: Any) -> None:
    owner = system.owner
    token = uploads.keep(CSV, str(owner.pk), in_use=())
    with pytest.raises(NotAllowed):
        request_import(system=system, kind="events", token=token, by=owner, mapping=MAPPING)
    officer = make.person("data_protection_officer", unit=system.unit)
    with pytest.raises(LookupError):  # somebody else's upload
        request_import(system=system, kind="events", token=token, by=officer, mapping=MAPPING)


def test_the_command_tells_what_it_refused(system: Any, tmp_path: Any) -> None:
    path = tmp_path / "consent.csv"
    path.write_bytes(CSV)
    out = io.StringIO()
    arguments = [f"--map={column}={field}" for column, field in MAPPING.items()]
    with pytest.raises(SystemExit) as ended:
        call_command("import_consent", str(path), *arguments, "--json", system=system.slug, stdout=out)
    assert ended.value.code == 1
    told = json.loads(out.getvalue())
    assert told["counts"] == {"accepted": 2, "refused": 2}
    assert {row["field"] for row in told["errors"]} == {"line 4: purpose", "line 5: effective_at"}
    path.write_bytes(json.dumps(_events("9")).encode())
    out = io.StringIO()
    call_command("import_consent", str(path), system=system.slug, stdout=out)
    assert "accepted: 1" in out.getvalue()
