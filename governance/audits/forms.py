"""Forms of audits: targets of a plan, and what a run looks at."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.audits.registry import AuditKind
from governance.registry.models import System
from portal.jobs.rules import Every


class PlanForm(forms.Form):
    """One field per check of the kind, the rhythm, and why."""

    every = forms.ChoiceField(
        label=_("Runs by itself"),
        required=False,
        choices=[("", _("Only when somebody asks"))],
        help_text=_("Windows lie on UTC days and join without gap; a window is audited once it is over."),
    )
    note = forms.CharField(
        label=_("Why these targets"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, kind: AuditKind, plan: Any = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rhythms = [every for every in Every if every is not Every.HOURLY]
        every_field = self.fields["every"]
        assert isinstance(every_field, forms.ChoiceField)  # noqa: S101 - for the type checker
        every_field.choices = [
            ("", gettext("Only when somebody asks")),
            *((every.value, gettext(every.sentence)) for every in rhythms),
        ]
        every_field.initial = plan.every if plan else ""
        targets = {
            f"target_{target.key}": forms.DecimalField(
                label=_("Target: %(check)s") % {"check": gettext(target.title)},
                min_value=target.lowest,
                max_value=target.highest,
                decimal_places=6,
                initial=Decimal(plan.targets[target.key]) if plan else target.default,
                help_text=gettext("At least; from %(low)s to %(high)s.")
                % {"low": target.lowest, "high": target.highest}
                if target.direction == "at_least"
                else gettext("At most; from %(low)s to %(high)s.")
                % {"low": target.lowest, "high": target.highest},
            )
            for target in kind.targets
        }
        self.fields = targets | self.fields

    def targets(self) -> dict[str, Decimal]:
        """The targets by check."""
        return {
            name.removeprefix("target_"): value
            for name, value in self.cleaned_data.items()
            if name.startswith("target_")
        }


class RunForm(forms.Form):
    """Two days, or an evaluation set; nothing chosen means all the days with data."""

    date_from = forms.DateField(
        label=_("First day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    date_to = forms.DateField(
        label=_("Last day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    evaluation = forms.ChoiceField(label=_("Or an evaluation set"), required=False)

    def __init__(self, *args: Any, kind: AuditKind, system: System, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sets = list(kind.evaluations(system)) if kind.takes_evaluation else []
        field = self.fields["evaluation"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
        field.choices = [("", gettext("No set: live use")), *((name, name) for name in sets)]
        if not sets:
            del self.fields["evaluation"]
