"""Forms of the administrator's pages; what they offer is what the administrator may give."""

from typing import Any, cast

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.registry.models import System
from governance.registry.selectors import visible
from portal.access.roles import TITLES, Role
from portal.access.selectors import units_with
from portal.accounts.codes import SCOPES
from portal.accounts.models import Unit, User


class MomentField(forms.DateTimeField):
    """Date and time in the person's zone, by the browser's own input."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], **kwargs)


class UnitField(forms.ModelChoiceField):  # type: ignore[type-arg]  # no subscript at run time
    """Choose a unit; the depth in the tree shows as dashes."""

    def label_from_instance(self, obj: Any) -> str:
        """Name, indented."""
        return f"{'– ' * obj.depth}{obj.name}"


class PersonForm(forms.Form):
    """A new account."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    name = forms.CharField(label=_("Name"), max_length=120)
    language = forms.ChoiceField(
        label=_("Language"),
        choices=[("en-gb", "English"), ("nl", "Nederlands")],
        widget=forms.Select({"translate": "no"}),
    )
    valid_until = MomentField(
        label=_("Access ends"), required=False, help_text=_("For external auditors and other guests.")
    )


class PersonChangeForm(forms.Form):
    """An account that exists."""

    name = forms.CharField(label=_("Name"), max_length=120)
    is_active = forms.BooleanField(label=_("May sign in"), required=False)
    valid_until = MomentField(label=_("Access ends"), required=False)


class RoleForm(forms.Form):
    """A role on a unit or on one system."""

    role = forms.ChoiceField(label=_("Role"))
    unit = UnitField(
        label=_("On this unit and all below"), queryset=Unit.objects.none(), required=False, empty_label="–"
    )
    system = forms.ModelChoiceField(
        label=_("Or on this system only"), queryset=System.objects.none(), required=False, empty_label="–"
    )
    valid_until = MomentField(label=_("Until"), required=False)

    prefix = "grant"  # two forms on one page: ids must differ

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["role"]).choices = [
            (role.value, gettext(TITLES[role])) for role in Role
        ]
        cast(UnitField, self.fields["unit"]).queryset = units_with(by, "manage_people")
        cast(forms.ModelChoiceField, self.fields["system"]).queryset = visible(by, "manage_people")  # type: ignore[type-arg]

    def clean(self) -> dict[str, Any] | None:
        """Exactly one place."""
        cleaned = super().clean()
        if cleaned is not None and not self.errors and bool(cleaned["unit"]) == bool(cleaned["system"]):
            self.add_error("unit", _("Choose a unit or a system, one of the two."))
        return cleaned


class UnitForm(forms.Form):
    """A unit and its place in the tree."""

    name = forms.CharField(label=_("Name"), max_length=120)
    parent = UnitField(label=_("Part of"), queryset=Unit.objects.none())

    def __init__(self, *args: Any, by: User, unit: Unit | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = cast(UnitField, self.fields["parent"])
        field.queryset = units_with(by, "manage_people")
        if unit is not None:
            field.queryset = field.queryset.exclude(path__startswith=unit.path)
            if unit.parent_id is None or not field.queryset.filter(pk=unit.parent_id).exists():
                del self.fields["parent"]  # the organisation itself, or hung where this person may not reach


class ApiKeyForm(forms.Form):
    """A key for one system."""

    name = forms.CharField(label=_("Name"), max_length=120, help_text=_("Which program uses it, and where."))
    system = forms.ModelChoiceField(label=_("System"), queryset=System.objects.none())
    scopes = forms.MultipleChoiceField(label=_("What it may do"), widget=forms.CheckboxSelectMultiple)
    sandbox = forms.BooleanField(
        label=_("Sandbox: checks and answers everything, stores nothing"), required=False
    )
    expires_at = MomentField(label=_("Expires"), required=False)

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelChoiceField, self.fields["system"]).queryset = visible(by, "manage_keys")  # type: ignore[type-arg]
        cast(forms.MultipleChoiceField, self.fields["scopes"]).choices = [
            (scope, f"{gettext(sentence)} ({scope})") for scope, (_perm, sentence) in SCOPES.items()
        ]
