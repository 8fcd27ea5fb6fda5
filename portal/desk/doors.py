"""What the administrator's form pages share: show, save through a service, put refusals back on the form."""

from typing import Any, ClassVar, cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.views import View

from portal.accounts.models import User
from portal.errors import Invalid, NotAllowed, RuleBroken
from portal.web.middleware import sentence
from portal.web.views import SignedInMixin


def put_on_form(form: Any, error: RuleBroken | Invalid) -> None:
    """Show a refusal of a service beside its field (or above the form)."""
    if isinstance(error, Invalid):
        for row in error.errors:
            form.add_error(row["field"] if row["field"] in form.fields else None, gettext(row["message"]))
    else:
        form.add_error(error.field if error.field in form.fields else None, sentence(error))


class FormDoor(SignedInMixin, View):
    """A page with one form: `form()` makes it, `save()` calls the service and says where to go."""

    title: ClassVar[str | Promise] = ""
    submit: ClassVar[str | Promise] = ""
    template_name: ClassVar[str] = "desk/form_page.html"

    @property
    def by(self) -> User:
        """Who acts; `SignedInMixin` let nobody else in."""
        return cast(User, self.request.user)

    def form(self, data: Any = None) -> Any:
        """The form, bound to `data` when there is any."""
        raise NotImplementedError

    def save(self, fields: dict[str, Any]) -> HttpResponse | str:
        """Call the service; an address to go to, or a page to show at once."""
        raise NotImplementedError

    def extra(self) -> dict[str, Any]:
        """More for the template."""
        return {}

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The empty (or filled) form."""
        return self.page(self.form(), 200)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Save, or show what stands in the way (422)."""
        form = self.form(request.POST)
        if form.is_valid():
            try:
                result = self.save(form.cleaned_data)
            except NotAllowed:
                raise
            except (RuleBroken, Invalid) as error:
                put_on_form(form, error)
            else:
                return HttpResponseRedirect(result) if isinstance(result, str) else result
        return self.page(form, 422)

    def page(self, form: Any, status: int) -> HttpResponse:
        """The page around the form."""
        context = {"form": form, "title": self.title, "submit": self.submit, **self.extra()}
        return render(self.request, self.template_name, context, status=status)

    def say(self, text: str) -> None:
        """A message on the next page."""
        messages.success(self.request, text)
