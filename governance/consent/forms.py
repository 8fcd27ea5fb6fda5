"""The shape of what people type about notices and policies."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from governance.consent.files import EVENTS, KINDS, LAYOUTS
from governance.consent.imports import SOURCE
from governance.consent.models import Notice, Policy
from governance.consent.rules import BASES, DIMENSIONS, LAYERS, OPERATIONS
from governance.registry.models import System
from portal.web.badges import word
from portal.web.columns import ColumnsForm, held

ANY = ("*", _("Any"))
BLANK_ROWS = 2


class NoticeForm(forms.Form):
    """A notice: the next version, or the newest version in another language."""

    LONGEST = 20_000  # characters

    version = forms.TypedChoiceField(label=_("Version"), coerce=int)
    language = forms.ChoiceField(label=_("Language"), choices=[("en", _("English")), ("nl", _("Dutch"))])
    text = forms.CharField(
        label=_("What people are told"),
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=_(
            "Markdown: **bold**, lists, links, ## headings. A published text is never changed: what people were shown"
            " stays provable."
        ),
    )
    material_change = forms.BooleanField(
        label=_("This is a material change"),
        required=False,
        help_text=_("Consent to an older version ends after the grace period."),
    )
    grace_days = forms.IntegerField(label=_("Grace period in days"), min_value=0, max_value=365, initial=30)

    def __init__(self, *args: Any, system: System, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        newest = (
            Notice.objects.filter(system=system)
            .order_by("-version")
            .values_list("version", flat=True)
            .first()
        )
        choices = [(str((newest or 0) + 1), _("%(n)s (new)") % {"n": (newest or 0) + 1})]
        if newest:
            choices.append((str(newest), _("%(n)s (another language)") % {"n": newest}))
        self.fields["version"].choices = choices  # type: ignore[attr-defined]
        languages = {code.split("-")[0]: name for code, name in settings.LANGUAGES}
        self.fields["language"].choices = list(languages.items())  # type: ignore[attr-defined]


class CompareForm(forms.Form):
    """Two published texts."""

    before = forms.ChoiceField(label=_("Before"))
    after = forms.ChoiceField(label=_("After"))

    def __init__(self, *args: Any, notices: Sequence[Notice], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = {str(notice.pk): notice for notice in notices}
        choices = [
            (pk, _("Version %(n)s (%(language)s)") % {"n": one.version, "language": one.language})
            for pk, one in self.known.items()
        ]
        for field in self.fields.values():
            field.choices = choices  # type: ignore[attr-defined]
            field.error_messages["invalid_choice"] = _("This is not one of the choices.")

    def pair(self) -> tuple[Notice, Notice]:
        """The two texts that were chosen."""
        return self.known[self.cleaned_data["before"]], self.known[self.cleaned_data["after"]]


class ComparePolicies(forms.Form):
    """Two versions of a policy."""

    before = forms.ChoiceField(label=_("Before"))
    after = forms.ChoiceField(label=_("After"))

    def __init__(self, *args: Any, policies: Sequence[Policy], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.known = {str(policy.version): policy for policy in policies}
        words = {"draft": _("draft"), "approved": _("approved")}
        choices = [
            (n, _("Version %(n)s (%(state)s)") % {"n": n, "state": words[one.state]})
            for n, one in self.known.items()
        ]
        for field in self.fields.values():
            field.choices = choices  # type: ignore[attr-defined]
            field.error_messages["invalid_choice"] = _("This is not one of the choices.")

    def pair(self) -> tuple[Policy, Policy]:
        """The two versions that were chosen."""
        return self.known[self.cleaned_data["before"]], self.known[self.cleaned_data["after"]]


class ConsentFileForm(forms.Form):
    """What kind of file, and the file."""

    kind = forms.ChoiceField(
        label=_("What it is"),
        choices=[(key, _(text)) for key, text in KINDS.items()],
        widget=forms.RadioSelect,
        initial=EVENTS,
    )
    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "CSV with the names of the columns in its first line, JSON or NDJSON; UTF-8, 20 MB at most."
        ),
    )

    def clean_file(self) -> bytes:
        """The bytes of the file."""
        return held(self.cleaned_data["file"])


class ConsentColumnsForm(ColumnsForm):
    """Where a file comes from and, for CSV, what its columns mean."""

    def __init__(self, *args: Any, kind: str, columns: list[str], **kwargs: Any) -> None:
        layout = LAYOUTS[kind]
        guessed = layout.guess(columns)
        super().__init__(*args, columns=columns, guessed=guessed, known=layout.fields, **kwargs)
        source = forms.CharField(
            label=_("Where it comes from"),
            max_length=60,
            initial=SOURCE,
            help_text=_(
                "The same id from the same source is the same event, also when a file is sent twice."
            ),
        )
        self.fields = {"source": source, **self.fields}


def _several(label: Any) -> forms.MultipleChoiceField:
    """One, several or any of the values of a dimension."""
    return forms.MultipleChoiceField(
        label=label, required=False, widget=forms.SelectMultiple(attrs={"size": 4})
    )


class RuleForm(forms.Form):
    """One row of a policy; a row without a name is left out."""

    id = forms.SlugField(label=_("Name"), max_length=60, required=False)
    effect = forms.ChoiceField(
        label=_("Effect"),
        choices=[("permit", _("Permit")), ("prohibit", _("Prohibit")), ("oblige", _("Oblige"))],
    )
    subject_role = _several(_("Whose emotion"))
    purpose = _several(_("Purpose"))
    modality = _several(_("Read from"))
    layer = _several(_("Layer"))
    operation = _several(_("Operation"))
    recipient = _several(_("Recipient"))
    basis = forms.ChoiceField(label=_("Basis"), required=False)
    explicit = forms.ChoiceField(
        label=_("Explicit consent"),
        required=False,
        choices=[("", _("For biometric data")), ("yes", _("Always")), ("no", _("Not needed"))],
    )
    retention_days = forms.IntegerField(
        label=_("Kept for (days)"), required=False, min_value=1, max_value=36_500
    )
    min_group = forms.IntegerField(label=_("Smallest group"), required=False, min_value=1, max_value=10_000)
    employee_exception = forms.CharField(label=_("Exception for employees"), required=False, max_length=200)
    reference = forms.CharField(label=_("Legal reference"), required=False, max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        from governance.registry import rules as register

        for name, enum in (
            ("subject_role", register.SubjectRole),
            ("purpose", register.Purpose),
            ("modality", register.Modality),
            ("recipient", register.Recipient),
        ):
            known = [(value, _(text)) for value, text in enum.choices() if value != "unknown"]
            self.fields[name].choices = [ANY, *known]  # type: ignore[attr-defined]
        for name, words in (("layer", LAYERS), ("operation", OPERATIONS)):
            self.fields[name].choices = [ANY, *((x, word(x)) for x in words)]  # type: ignore[attr-defined]
        for field in self.fields.values():  # without repeating what was sent, which may be long
            if isinstance(field, forms.ChoiceField):
                field.error_messages["invalid_choice"] = _("This is not one of the choices.")
        bases = [("", "–"), *((key, _(text)) for key, text in BASES.items())]
        self.fields["basis"].choices = bases  # type: ignore[attr-defined]

    def row(self) -> dict[str, Any] | None:
        """The row as it is stored; None where the form was left empty."""
        data = self.cleaned_data
        if not data.get("id"):
            return None
        row = {name: value for name, value in data.items() if value not in ("", None, [])}
        for name in DIMENSIONS:
            values = row.pop(name, ["*"])
            if "*" not in values:
                row[name] = values[0] if len(values) == 1 else values
        if data["explicit"]:
            row["explicit"] = data["explicit"] == "yes"
        return row


RuleFormSet = forms.formset_factory(RuleForm, extra=BLANK_ROWS, max_num=50)


def initial_of(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Stored rows as the form shows them."""
    words = {True: "yes", False: "no", None: ""}
    return [
        row
        | {name: _listed(row.get(name, "*")) for name in DIMENSIONS}
        | {"explicit": words[row.get("explicit")]}
        for row in rows
    ]


def _listed(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else [value or "*"]


class PolicyForm(forms.Form):
    """What a policy version says besides its rules."""

    retention_days = forms.IntegerField(
        label=_("Kept for (days), where no rule says otherwise"),
        required=False,
        min_value=1,
        max_value=36_500,
    )
    note = forms.CharField(
        label=_("Why this version"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
