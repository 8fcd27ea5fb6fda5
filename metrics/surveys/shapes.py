"""The shape of a survey answer as a client sends it."""

from typing import Annotated

from msgspec import Meta

from governance.consent.shapes import Ref, Time, Word60
from portal.shapes import Strict


class SurveyItem(Strict):
    """One person asked with one instrument; without answers it counts as asked. Free text is not taken."""

    id: Ref
    instrument: Annotated[str, Meta(min_length=1, max_length=20)]
    asked_at: Time
    answered_at: Time | None = None
    subject: Ref | None = None
    session: Ref | None = None
    interaction: Ref | None = None
    version: Word60 | None = None
    answers: Annotated[dict[str, Annotated[float, Meta(ge=-1000, le=1000)]], Meta(max_length=60)] | None = (
        None
    )
