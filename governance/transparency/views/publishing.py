"""Publishing: which systems the public can read about, the words, the preview."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.registry import selectors as register
from governance.registry.models import System
from governance.registry.pages import Crumbs, FormPage, add_error, said
from governance.transparency import plain, public, publishing
from governance.transparency.forms import PublicationForm, ReasonForm
from governance.transparency.models import TEXTS, Publication
from portal.access.selectors import require
from portal.errors import Invalid, NotAllowed, RuleBroken
from portal.web.middleware import sentence
from portal.web.views import SignedInMixin


class PublicationList(SignedInMixin, View):
    """Every system in view: on the public register or not, in force or not."""

    perm = "view_consent"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        return render(request, "transparency/publication_list.html", {"rows": public.standings(request.user)})


class Publish(SignedInMixin, View):
    """The words of the public page, a preview, and publishing them."""

    perm = "view_consent"

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The form, with the words that are up now."""
        system = _managed(request, slug)
        now = _current(system)
        initial = {name: getattr(now, name) for name in publishing.FIELDS} if now else {}
        return self._page(system, PublicationForm(initial=initial), now, 200)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Show what the public would read, or publish it."""
        system, form = _managed(request, slug), PublicationForm(request.POST)
        if not form.is_valid():
            return self._page(system, form, _current(system), 422)
        try:
            if request.POST.get("act") != "publish":
                shown = publishing.checked(system, form.cleaned_data)
                return self._page(system, form, _current(system), 200, preview=shown)
            publishing.publish(system=system, values=form.cleaned_data, by=request.user)
        except NotAllowed:
            raise
        except Invalid as error:
            for row in error.errors:
                add_error(form, row["field"], gettext(row["message"]))
            return self._page(system, form, _current(system), 422)
        except RuleBroken as error:
            add_error(form, error.field, sentence(error))
            return self._page(system, form, _current(system), 409)
        said(request, gettext("The public page is up."))
        return HttpResponseRedirect(reverse("publication_list"))

    def _page(
        self,
        system: System,
        form: PublicationForm,
        now: Publication | None,
        status: int,
        preview: Publication | None = None,
    ) -> HttpResponse:
        pages = [_preview(preview, language) for language in ("nl", "en-gb")] if preview else []
        context = {"system": system, "form": form, "now": now, "previews": pages}
        context |= {"hardest": plain.HARDEST, "longest": plain.LONGEST}
        return render(self.request, "transparency/publication_edit.html", context, status=status)


class TakeAway(FormPage):
    """Take a public page away, with the reason."""

    perm = "view_consent"
    form_class = ReasonForm
    title = _("Take the public page away")
    submit = _("Take it away")
    danger = True
    system: System

    def load(self) -> None:
        """The system of the address."""
        self.system = _managed(self.request, self.kwargs["slug"])

    def crumbs(self) -> Crumbs:
        """Below the words."""
        here = (self.system.name, reverse("publication_edit", args=[self.system.slug]))
        return [(gettext("Public register"), reverse("publication_list")), here]

    def act(self, form: ReasonForm) -> str:
        """Take it away."""
        publishing.take_away(system=self.system, by=self.request.user, **form.cleaned_data)
        return reverse("publication_list")


def _preview(publication: Publication, language: str) -> dict[str, Any]:
    """What the public would read, in one language, and how hard that is to read."""
    with translation.override(language):
        page = public.page(publication, language)
        context = {"page": page, "outcomes": list(public.OUTCOMES.items())}
        html = render_to_string("transparency/public_part.html", context)
    words = "\n".join(publication.text(name, language) for name in TEXTS)
    return {"language": language[:2], "html": html, "plain": plain.plainness(words)}


def _managed(request: HttpRequest, slug: str) -> System:
    system = register.get(request.user, slug, "view_consent")
    require(request.user, "manage_consent", system)
    return system


def _current(system: Any) -> Publication | None:
    return Publication.objects.filter(system=system, ended_at__isnull=True).first()
