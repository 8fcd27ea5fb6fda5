"""The inbox, and the address of the own calendar."""

import uuid
from typing import Any, ClassVar

import django_filters
import django_tables2 as tables
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from portal.notify import selectors, services
from portal.notify.models import Message
from portal.web.tables import AttuneTable, LinkColumn, StateColumn, WhenColumn
from portal.web.views import SignedInMixin, TableView


class MessageTable(AttuneTable):
    """One line a message, newest first."""

    kind = tables.Column(verbose_name=_("What"))
    title = LinkColumn(verbose_name=_("About"))
    place = tables.Column(verbose_name=_("Where"))
    due_on = WhenColumn(verbose_name=_("Due"), style="date")
    created_at = WhenColumn(verbose_name=_("Since"))
    state = StateColumn(verbose_name=_("State"), order_by=("read_at",))

    class Meta(AttuneTable.Meta):
        model = Message
        fields = ("state", "kind", "title", "place", "due_on", "created_at")
        order_by = ("-created_at",)

    def render_kind(self, value: str) -> str:
        """In the language of the reader."""
        return gettext(value)

    def value_kind(self, value: str) -> str:
        """In an export likewise."""
        return gettext(value)


class MessageFilter(django_filters.FilterSet):
    """Search, and only what is new."""

    q = django_filters.CharFilter(label=_("Search"), field_name="title", lookup_expr="icontains")
    new = django_filters.BooleanFilter(label=_("New"), field_name="read_at", lookup_expr="isnull")

    class Meta:
        model = Message
        fields = ("q", "new")


class Inbox(TableView):
    """What a person was told."""

    template_name = "notify/inbox.html"
    table_class = MessageTable
    filterset_class = MessageFilter
    title = _("Inbox")
    intro = _("What waits for you and what you should know. How you are mailed is in your profile.")
    empty: ClassVar[dict[str, Any]] = {
        "icon": "inbox",
        "title": _("Nothing in your inbox"),
        "text": _("Votes, signatures, conditions and dates that concern you arrive here by themselves."),
    }

    def get_queryset(self) -> QuerySet[Message]:
        """One's own."""
        return selectors.inbox(self.request.user).order_by("-created_at", "pk")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the number of those that are new."""
        return super().get_context_data(**kwargs) | {"unread": selectors.unread(self.request.user)}


class InboxRead(SignedInMixin, View):
    """Mark messages as read: those named, or all."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Mark and come back."""
        named = request.POST.getlist("id")
        try:
            ids = [uuid.UUID(one) for one in named] or None
        except ValueError:
            ids = []
        services.mark_read(user=request.user, ids=ids)  # type: ignore[arg-type]
        return HttpResponseRedirect(reverse("inbox"))


class CalendarAddress(SignedInMixin, View):
    """The secret address of the own calendar: make it (it is shown once) or end it."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Whether there is one."""
        return render(request, "notify/calendar.html", {"feed": selectors.feed_of(request.user)})

    def post(self, request: HttpRequest) -> HttpResponse:
        """Make a new one, or end it."""
        if request.POST.get("act") == "end":
            services.end_feed(user=request.user)  # type: ignore[arg-type]
            messages.success(request, gettext("The calendar address has ended."))
            return HttpResponseRedirect(reverse("calendar_address"))
        token = services.new_feed(user=request.user)  # type: ignore[arg-type]
        url = request.build_absolute_uri(reverse("calendar_feed", args=[token]))
        context = {"feed": selectors.feed_of(request.user), "address": url}
        return render(request, "notify/calendar.html", context)
