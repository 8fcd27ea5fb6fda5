"""The shape of a question to the gate."""

from typing import Annotated, Literal

from msgspec import Meta

from governance.consent.shapes import Ref, Time, Word60
from portal.shapes import Strict


class Question(Strict):
    """May this be processed? Facts as in an interaction; `at` is now where left out."""

    subject_role: Word60
    purpose: Word60
    modality: Word60
    system: Annotated[str, Meta(min_length=1, max_length=60)] | None = None
    flow: Word60 | None = None
    subject: Ref | None = None
    session: Ref | None = None
    layer: Literal["raw", "features", "inference", "aggregate"] = "inference"
    operation: Literal["collect", "infer", "store", "share", "train", "decide"] = "infer"
    recipient: Word60 | None = None
    at: Time | None = None
