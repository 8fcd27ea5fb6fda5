"""What pages of this app share: a form that calls one service and shows its refusals, and posts without a form."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.views import View

from governance.registry import words
from governance.registry.fields import SYSTEM, Field
from portal.errors import Invalid, NotAllowed, RuleBroken, Stale
from portal.web.middleware import sentence
from portal.web.views import SignedInMixin

Crumbs = list[tuple[str, str]]


class FormPage(SignedInMixin, View):
    """A page with one form. Subclasses load what they need in `load`, and call their service in `act`."""

    form_class: ClassVar[type[forms.Form]]
    template_name: ClassVar[str] = "registry/form_page.html"
    title: ClassVar[str | Promise] = ""
    submit: ClassVar[str | Promise] = ""
    danger: ClassVar[bool] = False

    def load(self) -> None:
        """Find the objects of the address for this person; raises Http404 or NotAllowed."""

    def form(self, data: Any = None) -> forms.Form:
        """The form, empty or with what was sent."""
        return self.form_class(data)

    def act(self, form: Any) -> str:
        """Call the service; returns the address to go to."""
        raise NotImplementedError

    def crumbs(self) -> Crumbs:
        """(label, address) of the pages above."""
        return []

    def extra(self) -> dict[str, Any]:
        """More for the template."""
        return {}

    def table(self) -> Mapping[str, Field]:
        """The words of the fields, for what changed meanwhile."""
        return SYSTEM

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The form."""
        self.load()
        return self.page(self.form(), 200)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Act, or show the form again with what is wrong: 422 for its shape, 409 for a rule."""
        self.load()
        form = self.form(request.POST)
        if not form.is_valid():
            return self.page(form, 422)
        try:
            return HttpResponseRedirect(self.act(form))
        except Invalid as error:
            for row in error.errors:
                add_error(form, row["field"], gettext(row["message"]))
            return self.page(form, 422)
        except NotAllowed:
            raise
        except Stale as error:
            return self.stale(request, error)
        except RuleBroken as error:
            add_error(form, error.field, sentence(error))
            return self.page(form, 409)

    def stale(self, request: HttpRequest, error: Stale) -> HttpResponse:
        """The form as it was typed, above it what others saved meanwhile; saving again is a choice made knowingly."""
        self.load()
        typed = request.POST.copy()
        typed["row_version"] = str(error.current)
        form = self.form(typed)
        add_error(form, "", sentence(error))
        return self.page(form, 409, meanwhile=words.meanwhile(error.rows, self.table()))

    def page(self, form: forms.Form, status: int, **more: Any) -> HttpResponse:
        """The page around the form."""
        crumbs = self.crumbs()
        context = {
            "form": form,
            "title": self.title,
            "submit": self.submit,
            "danger": self.danger,
            "page_path": crumbs,
            "cancel_url": crumbs[-1][1] if crumbs else "",
            **self.extra(),
            **more,
        }
        return render(self.request, self.template_name, context, status=status)


def add_error(form: forms.Form, field: str, message: str) -> None:
    """Put an error beside its field, or above the form where it has none."""
    form.is_valid()  # an error can only be put on a form that was read
    form.add_error(field if field in form.fields else None, message)


def said(request: HttpRequest, text: str) -> None:
    """A line at the top of the next page."""
    messages.success(request, text)


class DateInput(forms.DateInput):
    """A native date field."""

    input_type = "date"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%Y-%m-%d", **kwargs)


def day_field(**kwargs: Any) -> forms.DateField:
    """A date of the browser's own field."""
    return forms.DateField(widget=DateInput(), input_formats=["%Y-%m-%d"], **kwargs)
