"""Consent as ISO/IEC TS 27560 records in DPV terms: the profile is held, and the validator sees what breaks it."""

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from governance.consent import dpv, records, services
from governance.consent.models import ConsentEvent
from portal.errors import RuleBroken
from tests import make
from tests.views.test_consent_api import SCOPES, Caller

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads(
    (ROOT / "governance" / "catalogue" / "consent_record.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = Draft202012Validator(SCHEMA)
CONTROLLER = dpv.Controller("Acme", "Street 1, Town", "privacy@example.org", "NL", "The authority")


@pytest.fixture(autouse=True)
def known_controller(settings: Any) -> None:
    settings.CONTROLLER_NAME, settings.CONTROLLER_ADDRESS = "Acme", "Street 1, Town"
    settings.CONTROLLER_CONTACT, settings.CONTROLLER_COUNTRY = "privacy@example.org", "NL"
    settings.CONTROLLER_AUTHORITY = "The authority"


@pytest.fixture
def system() -> Any:
    return make.live_system(make.PERMIT_BY_CONSENT)


def say(system: Any, *items: dict[str, Any]) -> list[ConsentEvent]:
    answers = services.record_consent_events(system=system, items=list(items), by="system")
    assert {answer["status"] for answer in answers} == {"accepted"}
    return [ConsentEvent.objects.get(pk=answer["event"]) for answer in answers]


def faults(document: Any) -> list[str]:
    return [error.message for error in VALIDATOR.iter_errors(document)]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    assert "https://w3id.org/dpv/schema/dpv-27560" in SCHEMA["$comment"]


@pytest.mark.parametrize("action", sorted(dpv.STATUS))
@pytest.mark.parametrize("role", ["customer", "employee", "candidate", "student", "visitor", "unknown"])
def test_records_and_receipts_hold_the_profile(system: Any, action: str, role: str) -> None:
    fields: dict[str, Any] = {"expires_at": "2027-01-10T10:00:00Z"} if role == "customer" else {}
    (event,) = say(system, make.consent(1, action=action, subject_role=role, method="letter", **fields))
    record, receipt = records.record(system, event), records.receipt(system, event)
    assert faults(record) == []
    assert faults(receipt) == []
    (status,) = record["dpv:hasConsentStatus"]
    assert status["@type"] == dpv.STATUS[action]
    assert receipt["dpv:hasRecordOfActivity"]["dct:identifier"] == str(event.pk)
    assert records.receipt(system, event) == receipt


def test_a_record_says_what_was_told_kept_and_by_whom() -> None:
    system = make.live_system(make.PERMIT_BY_CONSENT | {"retention_days": 90, "explicit": True})
    (event,) = say(system, make.consent(1, explicit=True, minor="yes", actor="guardian"))
    made = records.record(system, event)
    assert made["dpv:hasProcess"]["dpv:hasStorageCondition"][1]["dpv:hasDuration"] == "P90D"
    (status,) = made["dpv:hasConsentStatus"]
    assert status["dpv:hasLegalBasis"] == "dpv:ExplicitlyExpressedConsent"
    assert status["dpv:isIndicatedBy"] == "dpv:GuardianOfDataSubject"
    assert made["dpv:hasNotice"]["dct:language"] == "en"
    assert made["dct:conformsTo"] == "https://w3id.org/dpv/schema/dpv-27560#record-eu-gdpr"
    assert "customer-1" not in json.dumps(made)


def without(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """(path, the document without what stands there) for every key of every object inside, the context left alone."""
    here = node
    for step in path:
        here = here[step]
    if isinstance(here, dict):
        for key in here:
            if key == "@context":
                continue
            changed = copy.deepcopy(node)
            inner = changed
            for step in path:
                inner = inner[step]
            del inner[key]
            yield (*path, key), changed
            yield from without(node, (*path, key))
    elif isinstance(here, list):
        for n in range(len(here)):
            yield from without(node, (*path, n))


OPTIONAL = {"dpv:hasIndicationMethod", "dct:replaces"}


def test_nothing_that_the_profile_asks_can_be_left_out(system: Any) -> None:
    (event,) = say(system, make.consent(1, method="letter"))
    (correction,) = say(system, make.consent(2, subject="customer-1", corrects="c-1"))
    assert correction.corrects_id == event.pk
    document = records.receipt(system, correction)
    assert faults(document) == []
    missed = [path for path, changed in without(document) if path[-1] not in OPTIONAL and not faults(changed)]
    assert missed == []
    assert len(list(without(document))) > 50


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("@type",), "dpv:Record"),
        (("dct:conformsTo",), "https://w3id.org/dpv/schema/dpv-27560#record"),
        (("dpv:hasJurisdiction",), "Netherlands"),
        (("dpv:hasConsentStatus", 0, "@type"), "dpv:ConsentObjected"),
        (("dpv:hasConsentStatus", 0, "dct:date"), "yesterday"),
        (("dpv:hasConsentStatus", 0, "dct:valid"), "P1Y"),
        (("dpv:hasNotice", "dct:identifier"), "sha256:abc"),
        (("dpv:hasDataController", "dpv:hasAddress"), ""),
        (("dpv:hasProcess", "dpv:hasRecipient"), []),
        (("dpv:hasProcess", "dpv:hasPersonalData", "dpv:hasEmotion"), "joy"),
        (("dpv:hasLegalBasis",), "eu-gdpr:A6-1-f"),
    ],
)
def test_what_the_profile_does_not_know_is_refused(system: Any, path: tuple[Any, ...], value: Any) -> None:
    (event,) = say(system, make.consent(1))
    document: Any = records.record(system, event)
    inner = document
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert faults(document)


def test_an_objection_has_no_record_and_a_nameless_controller_none_either(system: Any, settings: Any) -> None:
    (event,) = say(system, make.consent(1, action="objected"))
    with pytest.raises(RuleBroken, match="objection is no consent"):
        records.receipt(system, event)
    assert list(records.events_after(system, "")) == []
    settings.CONTROLLER_ADDRESS = settings.CONTROLLER_COUNTRY = ""
    with pytest.raises(RuleBroken, match="ATTUNE_CONTROLLER_ADDRESS, ATTUNE_CONTROLLER_COUNTRY"):
        records.controller()


# --- over REST ------------------------------------------------------------------------------------------------


def test_records_are_read_once_each_behind_a_cursor(system: Any) -> None:
    caller = Caller(system)
    say(system, *(make.consent(n) for n in range(5)))
    seen: list[str] = []
    after = ""
    while True:
        page = caller.get("consent-records", limit=2, **({"after": after} if after else {})).json()
        seen += [record["dct:identifier"] for record in page["@graph"]]
        after = page["after"]
        if not page["more"]:
            break
    assert len(seen) == len(set(seen)) == 5
    assert caller.get("consent-records", after=after).json()["@graph"] == []
    say(system, make.consent("new"))
    (late,) = caller.get("consent-records", after=after).json()["@graph"]
    assert faults({"@context": dpv.CONTEXT} | late) == []
    one = caller.get(f"consent-records/{late['dct:identifier']}")
    assert faults(one.json()) == []
    assert faults(caller.get(f"consent-records/{late['dct:identifier']}/receipt").json()) == []
    for wrong in ("x", "00000000-0000-4000-8000-000000000000"):
        refused = caller.get("consent-records", after=wrong)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "after")
    assert caller.get("consent-records", limit=0).status_code == 422


def test_records_are_for_the_system_s_own_readers(system: Any, settings: Any) -> None:
    (event,) = say(system, make.consent(1))
    assert Caller(system, ("consent:write",)).get("consent-records").status_code == 403
    other = Caller(make.system())
    assert other.get(f"/api/v1/systems/{system.slug}/consent-records/{event.pk}").status_code == 404
    settings.CONTROLLER_CONTACT = ""
    refused = Caller(system).get(f"consent-records/{event.pk}")
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:attune:problem:controller_unknown")


def test_a_page_of_records_takes_the_same_queries_whatever_its_size(
    system: Any, django_assert_num_queries: Any
) -> None:
    say(system, *(make.consent(n) for n in range(6)))
    with django_assert_num_queries(4):  # events, organisation, flows, policies
        assert len(records.records(system, list(records.events_after(system, "")))) == 6


# --- policies over REST ---------------------------------------------------------------------------------------


def test_a_policy_is_drafted_read_and_approved_by_another_person() -> None:
    system = make.live_system()
    machine = Caller(system, SCOPES)
    rules = [make.PERMIT_BY_CONSENT]
    drafted = machine.post("policies/draft", {"rules": rules, "note": "By consent."})
    assert drafted.status_code == 200, drafted.content
    assert (drafted.json()["version"], drafted.json()["state"]) == (2, "draft")
    assert [row["version"] for row in machine.get("policies").json()["results"]] == [2, 1]
    read = machine.get("policies/2").json()
    refused = machine.post("policies/2/approve", {"seen": read["stamp"]})
    assert (refused.status_code, refused.json()["type"]) == (403, "urn:attune:problem:person_needed")
    officer = make.person("data_protection_officer", unit=system.unit)
    machine.client.force_login(officer)
    machine.headers = {}
    assert machine.post("policies/2/approve", {"seen": "another"}).json()["type"].endswith("stale")
    approved = machine.post("policies/2/approve", {"seen": read["stamp"]})
    assert (approved.status_code, approved.json()["state"]) == (200, "approved")
    assert machine.post("policies/2/approve", {"seen": read["stamp"]}).status_code == 409
    mine = machine.post("policies/draft", {"rules": rules}).json()
    refused = machine.post("policies/3/approve", {"seen": mine["stamp"]})
    assert refused.json()["type"] == "urn:attune:problem:same_person"


def test_rules_that_are_none_are_refused_by_field_and_doubts_are_told() -> None:
    system = make.live_system()
    machine = Caller(system)
    refused = machine.post("policies/draft", {"rules": [{"id": "x", "effect": "allow"}]})
    assert refused.status_code == 422
    assert "rules[1].effect" in {row["field"] for row in refused.json()["errors"]}
    assert machine.post("policies/draft", {"rules": "all"}).status_code == 422
    for name, value in {
        "basis": ["consent"],
        "reference": {"art": 6},
        "employee_exception": "x" * 201,
        "retention_days": 10**30,
        "min_group": True,
        "explicit": 1,
        "purpose": [["service"]],
        "id": ["a"],
    }.items():
        refused = machine.post("policies/draft", {"rules": [make.PERMIT_BY_CONTRACT | {name: value}]})
        assert refused.status_code == 422, name
        assert f"rules[1].{name}" in {row["field"] for row in refused.json()["errors"]}
    rows = [make.PERMIT_BY_CONTRACT, {"id": "never", "effect": "prohibit"}]
    told = machine.post("policies/draft", {"rules": rows}).json()["doubts"]
    assert "permit_under_prohibition" in {row["code"] for row in told}
