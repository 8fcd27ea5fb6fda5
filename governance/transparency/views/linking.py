"""Personal links and legal holds, for the service desk and the data protection officer."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.holding.models import LegalHold
from governance.registry.pages import Crumbs, FormPage, add_error, said
from governance.registry.selectors import visible
from governance.transparency import links, requests, selectors
from governance.transparency.forms import HoldForm, LinkForm, ReasonForm
from governance.transparency.models import PersonalLink
from governance.transparency.tables import HoldFilter, HoldTable, LinkFilter, LinkTable
from portal.access.selectors import require
from portal.errors import Invalid
from portal.web.views import SignedInMixin, TableView


class LinkList(TableView):
    """The links that open somebody's page."""

    template_name = "transparency/link_list.html"
    table_class = LinkTable
    filterset_class = LinkFilter
    perm = "make_links"
    title = _("Personal links")
    intro = _(
        "A link opens one person's own page: what they agreed to, what was read of them, and what they can ask."
    )
    empty = {
        "icon": "link",
        "title": _("No personal links yet"),
        "text": _("Make one for somebody who asks what is known of them; systems make them over the API."),
        "action_url": reverse_lazy("personal_link_add"),
        "action_label": _("Make a personal link"),
    }

    def get_queryset(self) -> QuerySet[PersonalLink]:
        """Those about systems of this person."""
        rows = selectors.visible_links(self.request.user).prefetch_related("people__system")
        return rows.order_by("-created_at", "pk")


class LinkAdd(SignedInMixin, View):
    """Make a link; it is shown once."""

    perm = "make_links"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form."""
        return self._page(LinkForm(systems=visible(request.user, "make_links")), 200)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make it and show it."""
        form = LinkForm(request.POST, systems=visible(request.user, "make_links"))
        if not form.is_valid():
            return self._page(form, 422)
        values = dict(form.cleaned_data)
        try:
            link, token = links.make_link(
                people=[(values.pop("system"), values.pop("subject"))], by=request.user, **values
            )
        except Invalid as error:
            for row in error.errors:
                add_error(form, row["field"].rpartition(".")[2], gettext(row["message"]))
            return self._page(form, 422)
        url = request.build_absolute_uri(reverse("my_page", args=[token]))
        response = render(request, "transparency/link_made.html", {"link": link, "url": url})
        response["Cache-Control"] = "no-store, private"
        return response

    def _page(self, form: LinkForm, status: int) -> HttpResponse:
        back = reverse("personal_link_list")
        context = {
            "form": form,
            "title": _("Make a personal link"),
            "submit": _("Make the link"),
            "page_path": [(gettext("Personal links"), back)],
            "cancel_url": back,
        }
        return render(self.request, "registry/form_page.html", context, status=status)


class LinkRevoke(SignedInMixin, View):
    """End a link."""

    perm = "make_links"

    def get(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Ask first."""
        link = get_object_or_404(selectors.visible_links(request.user), pk=pk)
        return render(request, "transparency/link_revoke.html", {"link": link})

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """End it."""
        link = get_object_or_404(selectors.visible_links(request.user), pk=pk)
        links.revoke_link(link=link, by=request.user)
        said(request, gettext("The link opens nothing any more."))
        return HttpResponseRedirect(reverse("personal_link_list"))


class HoldList(TableView):
    """What may not be deleted, and why."""

    template_name = "transparency/hold_list.html"
    table_class = HoldTable
    filterset_class = HoldFilter
    perm = "answer_people"
    title = _("Legal holds")
    intro = _(
        "A hold stops erasure and deletion by age until it is released; what waited then goes on by itself."
    )
    empty = {
        "icon": "lock",
        "title": _("No legal holds"),
        "text": _(
            "Place one where the law asks you to keep something: a lawsuit, an inquiry of an authority."
        ),
        "action_url": reverse_lazy("legal_hold_add"),
        "action_label": _("Place a hold"),
    }

    def get_queryset(self) -> QuerySet[LegalHold]:
        """Those on systems of this person."""
        rows = LegalHold.objects.filter(system__in=visible(self.request.user, "answer_people"))
        return rows.select_related("system").order_by("-placed_at", "pk")


class HoldAdd(FormPage):
    """Place a hold."""

    perm = "answer_people"
    form_class = HoldForm
    title = _("Place a hold")
    submit = _("Place the hold")

    def form(self, data: Any = None) -> HoldForm:
        """With the systems of this person."""
        return HoldForm(data, systems=visible(self.request.user, "answer_people"))

    def crumbs(self) -> Crumbs:
        """Below the list."""
        return [(gettext("Legal holds"), reverse("legal_hold_list"))]

    def act(self, form: HoldForm) -> str:
        """Place it."""
        requests.place_hold(by=self.request.user, **form.cleaned_data)
        return reverse("legal_hold_list")


class HoldRelease(FormPage):
    """Release a hold."""

    perm = "answer_people"
    form_class = ReasonForm
    title = _("Release the hold")
    submit = _("Release")
    hold: LegalHold

    def load(self) -> None:
        """The hold of the address."""
        rows = LegalHold.objects.filter(system__in=visible(self.request.user, "answer_people"))
        self.hold = get_object_or_404(rows.select_related("system"), pk=self.kwargs["pk"])
        require(self.request.user, "answer_people", self.hold.system)

    def crumbs(self) -> Crumbs:
        """Below the list."""
        return [(gettext("Legal holds"), reverse("legal_hold_list"))]

    def act(self, form: ReasonForm) -> str:
        """Release it."""
        requests.release_hold(hold=self.hold, by=self.request.user, **form.cleaned_data)
        said(self.request, gettext("The hold is released; erasures that waited go on."))
        return reverse("legal_hold_list")
