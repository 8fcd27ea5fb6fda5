"""Refusals with a reason, shown to people and API clients alike; imports nothing of the project."""


def N_(text: str) -> str:  # noqa: N802 - the usual mark for 'translate me later'
    """Mark an English sentence of a pure module for translation; it is translated where it is shown."""
    return text


class RuleBroken(Exception):  # noqa: N818 - the word of the domain
    """'You may not, because ...': a rule of the product refused an act.

    `code` is stable and machine-readable, `message` an English sentence marked with N_ whose `{names}` are filled
    from `params` after translation, `field` names the input at fault where there is one.
    """

    def __init__(self, message: str, *, code: str = "refused", field: str = "", **params: object) -> None:
        self.message = message
        self.code = code
        self.field = field
        self.params = params
        super().__init__(str(self))

    def __str__(self) -> str:
        return self.message.format(**self.params) if self.params else self.message


class Stale(RuleBroken):
    """Somebody saved a newer state meanwhile. `rows`: `{field, before, theirs, yours}` of what changed, plain JSON.

    `precondition`: the client named the state it knew in If-Match (412 instead of 409).
    """

    def __init__(self, rows: list[dict[str, object]], *, current: int) -> None:
        self.rows = rows
        self.current = current
        self.precondition = False
        super().__init__(
            N_("Somebody saved a change while you were editing. Look at the new state and save again."),
            code="stale",
        )


class NotAllowed(RuleBroken):
    """The person or key lacks the permission for this act on an object that they may see."""


class Invalid(Exception):  # noqa: N818 - likewise
    """Input that breaks several rules of shape at once: a list of (field, code, message) rows."""

    def __init__(self, errors: list[dict[str, str]]) -> None:
        self.errors = errors
        super().__init__("; ".join(f"{e['field']}: {e['message']}" for e in errors))
