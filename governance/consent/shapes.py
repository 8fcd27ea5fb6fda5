"""The shape of a consent event as a client sends it."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from portal.shapes import Strict

Ref = Annotated[str, Meta(min_length=1, max_length=128)]
Word60 = Annotated[str, Meta(min_length=1, max_length=60)]
Time = Annotated[datetime, Meta(tz=True)]


class ConsentItem(Strict):
    """One word of one person about one purpose × modality; `id` is the source's own id of the event."""

    id: Ref
    purpose: Word60
    modality: Word60
    action: Literal[
        "requested",
        "given",
        "refused",
        "renewed",
        "withdrawn",
        "revoked",
        "invalidated",
        "expired",
        "objected",
    ]
    effective_at: Time
    subject: Ref | None = None
    session: Ref | None = None
    subject_role: Literal["customer", "employee", "candidate", "student", "visitor", "unknown"] = "unknown"
    notice_version: Annotated[int, Meta(ge=1, le=2_000_000_000)] | None = None
    language: Annotated[str, Meta(max_length=10)] | None = None
    explicit: bool = False
    expires_at: Time | None = None
    method: Annotated[str, Meta(max_length=60)] = ""
    actor: Literal["subject", "guardian", "controller", "authority"] = "subject"
    minor: Literal["yes", "no", "unknown"] = "unknown"
    evidence_hash: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")] | None = None
    corrects: Ref | None = None


class ServedItem(Strict):
    """That a notice was shown to somebody; `id` is the source's own id of the showing."""

    id: Ref
    notice_version: Annotated[int, Meta(ge=1, le=2_000_000_000)]
    language: Annotated[str, Meta(min_length=1, max_length=10)]
    served_at: Time
    channel: Word60
    subject: Ref | None = None
    session: Ref | None = None
    subject_role: Literal["customer", "employee", "candidate", "student", "visitor", "unknown"] = "unknown"
    minor: Literal["yes", "no", "unknown"] = "unknown"
