"""A form over a newer record: what was typed stays, what others saved meanwhile stands above it, in words."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext

from governance.registry.pages import FormPage, add_error
from portal.errors import Stale
from portal.web.middleware import sentence


class StalePage(FormPage):
    """For forms whose fields are named as those of the record."""

    def stale(self, request: HttpRequest, error: Stale) -> HttpResponse:
        """What was typed, with what stands there now above it; saving again is a choice made knowingly."""
        typed = request.POST.copy()
        typed["row_version"] = str(error.current)
        form = self.form(typed)
        add_error(form, "", sentence(error))
        rows = [
            {
                "field": form.fields[str(row["field"])].label,
                "before": "",
                **{side: _word(form.fields[str(row["field"])], row[side]) for side in ("theirs", "yours")},
            }
            for row in error.rows
        ]
        return self.page(form, 409, meanwhile=rows)


def _word(field: forms.Field, value: Any) -> str:
    """A stored value as the form shows it."""
    if isinstance(value, bool):
        return gettext("Yes") if value else gettext("No")
    values = value if isinstance(value, list | tuple) else [value]
    names: dict[Any, Any] = dict(getattr(field, "choices", None) or ())
    return ", ".join(str(names.get(one, one)) for one in values if one not in (None, ""))
