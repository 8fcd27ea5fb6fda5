"""The shapes of what machine clients send: interactions and labels."""

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta

from governance.consent.shapes import Ref, Time, Word60
from portal.shapes import Strict

Share = Annotated[float, Meta(ge=0, le=1)]
Word40 = Annotated[str, Meta(min_length=1, max_length=40)]
Count = Annotated[int, Meta(ge=0, le=2_000_000_000)]
Milliseconds = Annotated[int, Meta(ge=0, le=10_000_000_000)]
Number = Annotated[int, Meta(ge=-(2**62), le=2**62)]


class LabelOfRater(Strict):
    """What one human rater says."""

    rater: Ref
    label: Word60


class Offer(Strict):
    """What was offered in the conversation."""

    kind: Literal["product", "retention", "settlement", "deflection"]
    accepted: bool | None = None


class InteractionItem(Strict):
    """One reading of one emotion, as the source reports it; never a text."""

    id: Ref
    occurred_at: Time
    modality: Word60
    purpose: Word60
    subject_role: Word60
    flow: Word60 | None = None
    subject: Ref | None = None
    session: Ref | None = None
    turn: Count | None = None
    source_seq: Number | None = None
    version: Word60 | None = None
    channel: Word40 | None = None
    recipients: Annotated[list[Word60], Meta(max_length=20)] | None = None
    language: Annotated[str, Meta(min_length=1, max_length=20)] | None = None
    attributes: Annotated[dict[str, str], Meta(max_length=20)] | None = None
    predicted: Word60 | None = None
    confidence: Share | None = None
    scores: Annotated[dict[str, Share], Meta(max_length=100)] | None = None
    gold: Word60 | None = None
    labels: Annotated[list[LabelOfRater], Meta(max_length=50)] | None = None
    strategy: Word60 | None = None
    decision_id: UUID | None = None
    notice_version: Annotated[int, Meta(ge=1, le=2_000_000_000)] | None = None
    disclosed_at: Time | None = None
    emotion_notice_at: Time | None = None
    sensitive: bool | None = None
    escalated_at: Time | None = None
    human_at: Time | None = None
    overridden: bool | None = None
    offer: Offer | None = None
    intent: Word60 | None = None
    resolved: bool | None = None
    first_response_ms: Milliseconds | None = None
    handling_s: Annotated[float, Meta(ge=0, le=10_000_000)] | None = None
    test: bool = False
    correction: bool = False


class LabelItem(Strict):
    """What a rater says about a stored interaction; the same rater again with another label is a correction."""

    id: Ref
    rater: Ref
    label: Word60


class EvaluationRow(Strict):
    """One item of an evaluation set: gold against predicted, and its values of declared dimensions."""

    id: Ref
    gold: Word60
    predicted: Word60
    attributes: dict[str, str] | None = None


FIELDS: tuple[str, ...] = tuple(name for name in InteractionItem.__struct_fields__ if name != "labels")
"""Every field that a column of a file may be mapped to; attributes and offers by dotted name."""


def as_dict(item: Any) -> dict[str, Any]:
    """A struct's fields that are set, for tests and pages."""
    return {name: getattr(item, name) for name in item.__struct_fields__ if getattr(item, name) is not None}
