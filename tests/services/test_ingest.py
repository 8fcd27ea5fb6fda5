"""Interactions on their way in: every status, nothing lost, nothing twice, the rollups equal to the rows."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils import timezone

from governance.findings.models import Finding
from governance.review.models import Deployment
from metrics.ingest import services
from metrics.ingest.models import Batch, Interaction, Label
from metrics.rollups import selectors as rollups
from metrics.rollups.services import rebuild
from portal.errors import Invalid, RuleBroken
from portal.ledger.models import PendingEvent
from portal.shapes import Malformed
from tests import make

pytestmark = pytest.mark.django_db
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


def statuses(receipt: dict) -> list[str]:
    return [one["status"] for one in receipt["items"]]


def codes(receipt: dict, n: int = 0) -> list[tuple[str, str]]:
    return [(e["field"], e["code"]) for e in receipt["items"][n]["errors"]]


def test_accepted_item_is_stored_pseudonymised_counted_and_recorded() -> None:
    system = make.live_system()
    receipt = make.receive(system, make.item(1, gold="joy", disclosed_at="2026-03-01T09:59:00Z"))
    assert statuses(receipt) == ["accepted"]
    assert receipt["items"][0]["basis"] == "allow"
    stored = Interaction.objects.get(system_id=system.pk)
    assert stored.subject is not None
    assert "customer-1" not in str(stored.__dict__)
    totals = rollups.totals(system, *YEAR)
    assert (totals["interactions"], totals["disclosure.done"]) == (1, 1)
    labels, matrix = rollups.confusion(system, *YEAR)
    assert labels == list(make.LABELS)
    assert matrix[labels.index("joy")][labels.index("joy")] == 1
    assert rollups.people(system, *YEAR) == 1
    assert PendingEvent.objects.filter(type="ingest.batch_received", subject=system.subject).count() == 1


def test_again_the_same_is_a_duplicate_and_other_content_a_conflict() -> None:
    system = make.live_system()
    make.receive(system, make.item(1))
    again = make.receive(system, make.item(1), make.item(1, predicted="anger"), make.item(2))
    assert statuses(again) == ["duplicate", "conflict", "accepted"]  # within one batch too
    other = make.receive(system, make.item(1, predicted="anger"))
    assert statuses(other) == ["conflict"]
    assert codes(other) == [("id", "conflict")]
    assert Interaction.objects.get(system_id=system.pk, source_id="i-1").predicted == "joy"
    assert rebuild(system=system)["differing"] == 0


def test_correction_replaces_content_and_moves_the_counts() -> None:
    system = make.live_system()
    make.receive(system, make.item(1, gold="joy", predicted="anger"))
    receipt = make.receive(
        system, make.item(1, gold="joy", predicted="joy", occurred_at="2026-03-02T10:00:00Z", correction=True)
    )
    assert statuses(receipt) == ["corrected"]
    labels, matrix = rollups.confusion(system, *YEAR)
    assert sum(map(sum, matrix)) == 1 == matrix[labels.index("joy")][labels.index("joy")]
    assert list(rollups.day_series(system, *YEAR)) == [date(2026, 3, 2)]
    assert rebuild(system=system)["differing"] == 0
    assert statuses(
        make.receive(system, make.item(1, gold="joy", predicted="joy", occurred_at="2026-03-02T10:00:00Z"))
    ) == ["duplicate"]


def test_without_a_basis_only_id_time_flow_and_reason_are_kept() -> None:
    system = make.live_system(make.PERMIT_BY_CONSENT)
    receipt = make.receive(system, make.item(1, gold="joy", session="s-1", attributes=None))
    assert (receipt["items"][0]["basis"], receipt["items"][0]["reason"]) == ("gap", "no_consent")
    stored = Interaction.objects.get(system_id=system.pk)
    kept = {k for k, v in stored.__dict__.items() if v not in (None, False, 0)} - {"_state"}
    assert kept == {
        "system_id",
        "source_id",
        "occurred_at",
        "received_at",
        "batch_id",
        "content",
        "flow_id",
        "basis",
        "reason",
    }
    assert rollups.totals(system, *YEAR)["basis.gap"] == 1
    assert rollups.people(system, *YEAR) == 0


def test_a_retry_after_late_consent_is_a_duplicate_and_a_correction_applies_it() -> None:
    from governance.consent.services import record_consent_events

    system = make.live_system(make.PERMIT_BY_CONSENT)
    make.receive(system, make.item(1))
    said = record_consent_events(system=system, by="system", items=[make.consent(1)])
    assert said[0]["status"] == "accepted", said
    assert statuses(make.receive(system, make.item(1))) == ["duplicate"]
    receipt = make.receive(system, make.item(1, correction=True))
    assert (statuses(receipt), receipt["items"][0]["basis"]) == (["corrected"], "allow")
    assert Interaction.objects.get(system_id=system.pk).predicted == "joy"
    assert rebuild(system=system)["differing"] == 0


HOSTILE = [
    ({"surprise": 1}, "surprise", "unknown_field"),
    ({"id": None}, "id", "required"),
    ({"id": "x" * 129}, "id", "length"),
    ({"id": "a\x00b"}, "id", "nul"),
    ({"session": "s\x00"}, "session", "nul"),
    ({"predicted": "bliss"}, "predicted", "unknown_label"),
    ({"gold": "bliss"}, "gold", "unknown_label"),
    ({"labels": [{"rater": "r", "label": "bliss"}]}, "labels[0].label", "unknown_label"),
    ({"scores": {"bliss": 0.5}}, "scores", "unknown_label"),
    ({"scores": {"joy": 1.5}}, "scores[...]", "invalid"),
    ({"confidence": 2}, "confidence", "invalid"),
    ({"occurred_at": "1999-12-31T23:59:59Z"}, "occurred_at", "too_early"),
    ({"occurred_at": (datetime.now(UTC) + timedelta(hours=6)).isoformat()}, "occurred_at", "future"),
    ({"occurred_at": "9999-12-31T23:59:59Z"}, "occurred_at", "future"),
    ({"occurred_at": "2026-03-01T10:00:00"}, "occurred_at", "invalid"),
    ({"occurred_at": "yesterday"}, "occurred_at", "invalid"),
    ({"disclosed_at": "1990-01-01T00:00:00Z"}, "disclosed_at", "too_early"),
    ({"subject": None}, "subject", "required"),
    ({"attributes": {"shoe_size": "44"}}, "attributes.shoe_size", "unknown_dimension"),
    ({"flow": "elsewhere"}, "flow", "unknown_flow"),
    ({"version": "9.9"}, "version", "unknown_version"),
    ({"id": "erased-0"}, "id", "reserved"),
    ({"turn": 99999999999}, "turn", "invalid"),
    ({"source_seq": 2**70}, "source_seq", "invalid"),
    ({"test": "yes"}, "test", "invalid"),
    ({"offer": {"kind": "loan"}}, "offer.kind", "invalid"),
]


@pytest.mark.parametrize(("fields", "field", "code"), HOSTILE)
def test_hostile_items_are_refused_by_name_and_do_not_harm_the_others(
    fields: dict, field: str, code: str
) -> None:
    system = make.live_system()
    receipt = make.receive(system, make.item(1), make.item("bad", **fields), make.item(2))
    assert statuses(receipt) == ["accepted", "refused", "accepted"]
    assert (field, code) in codes(receipt, 1)
    assert receipt["counts"] == {"accepted": 2, "refused": 1}
    assert Interaction.objects.filter(system_id=system.pk).count() == 2


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", Malformed),
        (b"{", Malformed),
        (b"\xff\xfe", Malformed),
        (b"[]", Invalid),
        (b'{"items": []}', Invalid),
        (b'{"items": [], "more": 1}', Invalid),
        (b'{"items":' + b"[" * 100_000 + b"]" * 100_000 + b"}", Malformed),
        (b'{"items":[{"id":"a","attributes":' + b'{"a":' * 100_000, Malformed),
        (b'{"items": [{"id": NaN}]}', Malformed),
    ],
)
def test_bodies_that_are_no_batch_are_refused_whole(body: bytes, error: type[Exception]) -> None:
    system = make.live_system()
    with pytest.raises(error):
        services.receive(system=system, items=body, by="system")
    assert not Batch.objects.filter(system_id=system.pk).exists()


def test_a_malformed_line_of_ndjson_is_refused_alone() -> None:
    system = make.live_system()
    good = json.dumps(make.item(1)).replace("i-1", "%s").encode()
    receipt = services.receive(
        system=system,
        items=b"\n".join([good % b"a", b'{"id": "b"', good % b"c", b""]),
        by="system",
        ndjson=True,
    )
    assert statuses(receipt) == ["accepted", "refused", "accepted"]
    assert codes(receipt, 1) == [("", "malformed")]


def test_the_same_idempotency_key_returns_the_same_receipt_and_refuses_another_body() -> None:
    system = make.live_system()
    first = make.receive(system, make.item(1), make.item("bad", predicted="bliss"), idempotency_key="k1")
    again = make.receive(system, make.item(1), make.item("bad", predicted="bliss"), idempotency_key="k1")
    assert again == first
    assert Batch.objects.filter(system_id=system.pk).count() == 1
    with pytest.raises(RuleBroken, match="Idempotency-Key"):
        make.receive(system, make.item(2), idempotency_key="k1")
    assert rollups.totals(system, *YEAR)["interactions"] == 1


def test_a_sandbox_call_answers_everything_and_stores_nothing() -> None:
    system = make.live_system()
    before = PendingEvent.objects.count()
    receipt = make.receive(system, make.item(1), make.item(2, modality="voice"), sandbox=True)
    assert statuses(receipt) == ["accepted", "accepted"]
    assert receipt["receipt"] is None
    assert not Interaction.objects.filter(system_id=system.pk).exists()
    assert not Batch.objects.filter(system_id=system.pk).exists()
    assert PendingEvent.objects.count() == before
    assert Deployment.objects.get(system=system).state == "in_force"
    assert not rollups.totals(system, *YEAR)


@pytest.mark.parametrize(
    "fields", [{"modality": "voice"}, {"subject_role": "employee"}, {"flow": "chat", "modality": "face"}]
)
def test_undeclared_role_or_modality_opens_a_critical_finding_and_suspends(fields: dict) -> None:
    system = make.live_system()
    receipt = make.receive(system, make.item(1, **fields), make.item(2))
    assert receipt["items"][0]["basis"] == "gap"
    assert receipt["items"][0]["reason"] == "undeclared"
    stored = Interaction.objects.get(system_id=system.pk, source_id="i-1")
    assert stored.predicted is None
    finding = Finding.objects.get(system=system, check_key="declared_observed")
    assert finding.severity == "critical"
    assert Deployment.objects.get(system=system).state == "suspended"
    later = make.receive(system, make.item(3, occurred_at=timezone.now().isoformat()))
    assert later["items"][0]["reason"] == "suspended"


def test_without_a_deployment_in_force_nothing_is_kept() -> None:
    system = make.live_system()
    receipt = make.receive(system, make.item(1, occurred_at="2024-06-01T00:00:00Z"))
    assert (receipt["items"][0]["basis"], receipt["items"][0]["reason"]) == ("gap", "no_deployment")


def test_the_flow_is_derived_when_unique_and_asked_for_when_not() -> None:
    system = make.live_system()
    make.flow(system, slug="chat-two", signed=False)
    receipt = make.receive(system, make.item(1), make.item(2, flow="chat"))
    assert statuses(receipt) == ["refused", "accepted"]
    assert codes(receipt) == [("flow", "ambiguous_flow")]


def test_late_labels_move_the_confusion_and_ties_take_it_back() -> None:
    system = make.live_system()
    make.receive(system, make.item(1, predicted="joy"), make.item(2, predicted="joy", gold="anger"))

    def label(rater: str, word: str) -> list[str]:
        items = [{"id": "i-1", "rater": rater, "label": word}]
        return statuses(services.receive_labels(system=system, items=items, by="system"))

    assert label("r1", "joy") == ["accepted"]
    labels, matrix = rollups.confusion(system, *YEAR)
    assert matrix[labels.index("joy")][labels.index("joy")] == 1
    assert label("r1", "joy") == ["duplicate"]
    assert label("r2", "anger") == ["accepted"]
    assert sum(map(sum, rollups.confusion(system, *YEAR)[1])) == 1  # a tie: no truth
    assert label("r1", "anger") == ["corrected"]
    labels, matrix = rollups.confusion(system, *YEAR)
    assert matrix[labels.index("anger")][labels.index("joy")] == 2
    assert Label.objects.filter(system_id=system.pk).count() == 2
    assert not Label.objects.filter(rater__isnull=True).exists()
    assert rebuild(system=system)["differing"] == 0


def test_labels_of_unknown_or_bare_interactions_are_refused() -> None:
    system = make.live_system(make.PERMIT_BY_CONSENT)
    make.receive(system, make.item(1))
    items = [{"id": "i-1", "rater": "r", "label": "joy"}, {"id": "nobody", "rater": "r", "label": "bliss"}]
    receipt = services.receive_labels(system=system, items=items, by="system")
    assert codes(receipt, 0) == [("id", "no_basis")]
    assert codes(receipt, 1) == [("label", "unknown_label"), ("id", "unknown_id")]


def test_test_items_are_stored_but_never_counted() -> None:
    system = make.live_system()
    assert statuses(make.receive(system, make.item(1, test=True, gold="joy"))) == ["accepted"]
    assert rollups.totals(system, *YEAR) == {}


def test_confusion_by_a_dimension_and_people_behind_it() -> None:
    system = make.live_system(dimensions={"segment": ["young", "old"]})
    make.receive(
        system,
        make.item(1, gold="joy", language="nl", attributes={"segment": "young"}),
        make.item(2, gold="joy", language="en", attributes={"segment": "old"}, subject="same"),
        make.item(3, gold="anger", language="en", attributes={"segment": "old"}, subject="same"),
    )
    found = rollups.confusion(system, *YEAR, by="segment")
    assert {k: sum(map(sum, m)) for k, (_labels, m) in found.items()} == {"old": 2, "young": 1}
    assert rollups.people_by(system, *YEAR, by="language") == {"en": 1, "nl": 1}
    assert rollups.people(system, *YEAR, topic="gold") == 2
