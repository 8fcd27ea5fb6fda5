"""Rollups kept up to date step by step equal rollups computed anew, on random histories."""

from datetime import date
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from metrics.ingest.services import receive, receive_labels
from metrics.rollups import selectors
from metrics.rollups.models import ConfusionRollup, DayRollup, PersonDay
from metrics.rollups.rules import bin_bounds, histogram, quantile
from metrics.rollups.services import rebuild
from metrics.surveys.services import record_answers
from tests import make

pytestmark = pytest.mark.django_db
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
def system() -> Any:
    return make.live_system(
        make.PERMIT_BY_CONTRACT | {"recipient": "analyst"}, make.PERMIT_BY_CONSENT, dimensions={"segment": []}
    )


_maybe = st.none() | st.sampled_from(make.LABELS)
_interaction = st.fixed_dictionaries(
    {
        "id": st.integers(0, 6).map(str),
        "day": st.integers(1, 3),
        "subject": st.sampled_from("ab"),
        "correction": st.booleans(),
    },
    optional={
        "recipients": st.just(["analyst"]),
        "predicted": st.sampled_from(make.LABELS),
        "gold": st.sampled_from(make.LABELS),
        "confidence": st.floats(0, 1),
        "language": st.sampled_from(["nl", "en"]),
        "segment": st.sampled_from(["x", "y"]),
        "first_response_ms": st.integers(0, 10**7),
        "handling_s": st.floats(0, 10**5),
        "resolved": st.booleans(),
        "overridden": st.booleans(),
        "sensitive": st.booleans(),
        "intent": st.sampled_from(["claim", "a.b"]),
        "offer": st.just({"kind": "product", "accepted": True}),
        "test": st.booleans(),
        "labels": st.lists(
            st.tuples(st.sampled_from("rst"), st.sampled_from(make.LABELS)),
            max_size=3,
            unique_by=lambda x: x[0],
        ),
    },
)
_label = st.tuples(st.integers(0, 6).map(str), st.sampled_from("rst"), st.sampled_from(make.LABELS))
_answer = st.fixed_dictionaries(
    {
        "id": st.integers(0, 3).map(str),
        "subject": st.sampled_from("ab"),
        "csat": st.none() | st.integers(1, 5),
        "day": st.integers(1, 3),
    }
)
_step = st.one_of(
    st.tuples(st.just("interactions"), st.lists(_interaction, min_size=1, max_size=5)),
    st.tuples(st.just("labels"), st.lists(_label, min_size=1, max_size=4)),
    st.tuples(st.just("surveys"), st.lists(_answer, min_size=1, max_size=4)),
    st.tuples(st.just("consent"), st.sampled_from("ab")),
)


def play(system: Any, kind: str, what: Any, n: int) -> None:
    from governance.consent.services import record_consent_events

    if kind == "interactions":
        receive(system=system, items=[_item(x) for x in what], by="system")
    elif kind == "labels":
        items = [{"id": i, "rater": r, "label": label} for i, r, label in what]
        receive_labels(system=system, items=items, by="system")
    elif kind == "surveys":
        record_answers(system=system, items=[_survey(x) for x in what], by="system")
    else:
        record_consent_events(system=system, items=[make.consent(n, subject=what)], by="system")


def _item(x: dict) -> dict:
    fields = {k: v for k, v in x.items() if k not in ("day", "segment", "labels")}
    fields["occurred_at"] = f"2026-03-{x['day']:02}T23:59:59+00:00"
    if "segment" in x:
        fields["attributes"] = {"segment": x["segment"]}
    if "labels" in x:
        fields["labels"] = [{"rater": r, "label": label} for r, label in x["labels"]]
    return make.item("x", **({"predicted": None} | fields))


def _survey(x: dict) -> dict:
    at = f"2026-03-{x['day']:02}T12:00:00Z"
    item = {"id": x["id"], "instrument": "csat", "asked_at": at, "subject": x["subject"]}
    return item if x["csat"] is None else item | {"answered_at": at, "answers": {"csat": x["csat"]}}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=st.lists(_step, min_size=1, max_size=6))
def test_incremental_equals_rebuilt(system: Any, history: list) -> None:
    with transaction.atomic():
        for n, (kind, what) in enumerate(history):
            play(system, kind, what, n)
        before = [list(m.objects.order_by("pk").values()) for m in (DayRollup, ConfusionRollup, PersonDay)]
        assert rebuild(system=system)["differing"] == 0
        assert [
            list(m.objects.order_by("pk").values()) for m in (DayRollup, ConfusionRollup, PersonDay)
        ] == before
        transaction.set_rollback(True)


def test_rebuild_puts_right_what_was_spoilt_and_says_so(system: Any) -> None:
    make.receive(system, make.item(1, gold="joy", recipients=["analyst"]))
    DayRollup.objects.filter(key="interactions").update(value=41)
    ConfusionRollup.objects.filter(slice="").delete()
    assert rebuild()["differing"] >= 2
    assert selectors.totals(system, *YEAR)["interactions"] == 1
    assert sum(map(sum, selectors.confusion(system, *YEAR)[1])) == 1
    assert rebuild()["differing"] == 0


def test_counters_of_one_rich_item(system: Any) -> None:
    make.receive(
        system,
        make.item(
            1, recipients=["analyst"], predicted="anger", gold="anger", confidence=0.9, sensitive=True, intent="claim",
            human_at="2026-03-01T10:01:00Z", escalated_at="2026-03-01T10:01:00Z", overridden=True, resolved=True,
            first_response_ms=1000, handling_s=60, offer={"kind": "product", "accepted": True},
        ),
    )  # fmt: skip
    found = {key: int(value) for key, value in selectors.totals(system, *YEAR).items() if value == int(value)}
    assert found == {
        "interactions": 1, "basis.allow": 1, "disclosure.due": 1, "emotion_notice.due": 1, "sensitive.n": 1,
        "sensitive.human": 1, "escalated": 1, "human": 1, "override.known": 1, "override.yes": 1, "resolved.known": 1,
        "resolved.yes": 1, "predicted.anger": 1, "frt.60": 1, "handling.95": 1, "cal.13.n": 1, "cal.13.correct": 1,
        "offer.claim.neg.offer": 1, "offer.claim.neg.accepted": 1,
    }  # fmt: skip
    assert str(selectors.totals(system, *YEAR)["cal.13.sum"]).rstrip("0") == "0.9"


def test_what_was_handed_over_was_not_closed_without_a_human(system: Any) -> None:
    handed_over = {"escalated_at": "2026-03-01T10:01:00Z"}
    make.receive(
        system,
        make.item(1, recipients=["analyst"], resolved=True),
        make.item(2, recipients=["analyst"], resolved=True, **handed_over),
    )
    found = selectors.totals(system, *YEAR)
    assert (found["resolved.yes"], found["contained"]) == (2, 1)


def test_a_log_histogram_gives_its_median_within_a_bin() -> None:
    bins = {60: 1, 80: 2, 95: 1}
    low, high = bin_bounds(80)
    median = quantile(bins, 0.5)
    assert median is not None
    assert low <= median <= high
    assert quantile({}, 0.5) is None
    assert histogram({"frt.60": 1, "frt.x": 5, "frtx.1": 2}, "frt") == {60: 1}  # type: ignore[dict-item]
