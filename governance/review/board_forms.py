"""What people type about boards, their seats and members."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.registry.forms import translated
from governance.registry.pages import day_field
from governance.review import rules
from governance.review.forms import Based, Once, ReasonForm, long_text, people
from portal.access.selectors import units_with

KEPT = _("A vote that is open keeps what held when its file was submitted.")


class _BoardSettings(forms.Form):
    """How a board works."""

    vote_days = forms.IntegerField(
        label=_("Days a vote is open"), min_value=1, max_value=90, initial=rules.VOTE_DAYS
    )
    casting_vote = forms.BooleanField(
        label=_("On a tie under the simple majority, the chair's vote decides"),
        required=False,
        help_text=KEPT,
    )
    members_return = forms.BooleanField(
        label=_("Any voting member may return a file with questions"), required=False
    )
    delegates_minimal = forms.BooleanField(
        label=_("Chair and data protection decide minimal-risk files together"), required=False
    )
    open_threads = forms.BooleanField(
        label=_("Everybody who sees a request reads the discussion"), required=False, initial=True
    )


class BoardForm(Once, _BoardSettings):
    """A board with its quorum and majority."""

    name = forms.CharField(label=_("Name"), max_length=120)
    unit: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(
        label=_("Unit"), queryset=None, help_text=_("It decides for this unit and all below.")
    )
    quorum = forms.IntegerField(label=_("Quorum"), min_value=3, max_value=30, initial=3)
    majority = forms.ChoiceField(
        label=_("Majority"), help_text=_("High risk takes at least two thirds of the votes, on every board.")
    )
    field_order = ("name", "unit", "quorum", "majority")

    def __init__(self, *args: Any, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].queryset = units_with(user, "manage_board")  # type: ignore[attr-defined]
        self.fields["majority"].choices = translated(rules.Majority)  # type: ignore[attr-defined]


class BoardEditForm(Based, _BoardSettings):
    """Change how a board works."""

    reason = long_text(2, label=_("Reason"), max_length=2000)


class BoardRuleForm(Based):
    """What a decision takes for one class of risk."""

    quorum = forms.IntegerField(label=_("Quorum"), min_value=3, max_value=30)
    majority = forms.ChoiceField(label=_("Majority"))
    required = forms.MultipleChoiceField(
        label=_("No decision without"), widget=forms.CheckboxSelectMultiple, required=False
    )
    reason = long_text(2, label=_("Reason"), max_length=2000)

    def __init__(self, *args: Any, risk: str, seats: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        possible = [
            (name, label) for name, label in translated(rules.Majority) if name in rules.MAJORITIES[risk]
        ]
        self.fields["majority"].choices = possible  # type: ignore[attr-defined]
        names = [(name, gettext(rules.Discipline(name).sentence)) for name in seats]
        self.fields["required"].choices = names  # type: ignore[attr-defined]


class SeatForm(Once):
    """A seat for a discipline."""

    discipline = forms.ChoiceField(label=_("Discipline"))
    required = forms.BooleanField(label=_("No decision without this seat"), required=False)
    chairs = forms.BooleanField(label=_("This seat chairs the board"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["discipline"].choices = translated(rules.Discipline)  # type: ignore[attr-defined]


LAST_DAY = _("Last day of the term")
OPEN_END = _("Left empty, the term has no end yet.")


class TermForm(ReasonForm):
    """When a term ends."""

    ends_on = day_field(label=LAST_DAY, required=False, help_text=OPEN_END)
    field_order = ("ends_on", "reason")


class MemberForm(Once):
    """A person on a seat, for a term."""

    user: "forms.ModelChoiceField[Any]" = forms.ModelChoiceField(label=_("Person"), queryset=None)
    deputy = forms.BooleanField(label=_("As the deputy"), required=False)
    secretary = forms.BooleanField(label=_("Keeps the minutes, as secretary"), required=False)
    starts_on = day_field(label=_("From"))
    ends_on = day_field(label=LAST_DAY, required=False, help_text=OPEN_END)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["user"].queryset = people()  # type: ignore[attr-defined]
        today: dt.date = timezone.localdate()
        self.fields["starts_on"].initial = today
