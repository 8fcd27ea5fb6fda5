"""Pages of the ledger: the list of events, one event with its proof, the checkpoint to take away.

They live here because what a person may read depends on systems, and those are above the ledger itself.
"""

from typing import Any

import django_filters
import django_tables2 as tables
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.functional import cached_property
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.evidence import selectors
from governance.evidence.sections import pretty
from portal.ledger import keys
from portal.ledger.labels import choices, label
from portal.ledger.models import Leaf, LedgerBody, PendingEvent
from portal.ledger.selectors import actor_names, header_of, inclusion, latest_checkpoint
from portal.web.tables import AttuneTable, NumberColumn, WhenColumn
from portal.web.views import SignedInMixin, TableView


class LeafTable(AttuneTable):
    """Events in the order of the tree, newest first."""

    index = NumberColumn(verbose_name=_("Place"), linkify=True)
    ts = WhenColumn(verbose_name=_("When"))
    type = tables.Column(verbose_name=_("What"))
    actor = tables.Column(verbose_name=_("Who"))
    subject = tables.Column(verbose_name=_("About"))

    class Meta(AttuneTable.Meta):
        model = Leaf
        fields = ("index", "ts", "type", "actor", "subject")
        order_by = ("-index",)

    def render_type(self, value: str) -> str:
        """The words for the type."""
        return label(value)

    def value_type(self, value: str) -> str:
        """An export keeps the exact type."""
        return value

    @cached_property
    def names(self) -> dict[str, str]:
        """The names of everybody on this page; never of the whole log, which only grows."""
        return actor_names({row.record.actor for row in self.paginated_rows})

    def render_actor(self, value: str) -> str:
        """The name of the person or key."""
        return self.names.get(value, value)

    def value_actor(self, value: str) -> str:
        """An export keeps the id: names can be erased."""
        return value


class LeafFilter(django_filters.FilterSet):
    """By type, actor, subject and days."""

    type = django_filters.ChoiceFilter(label=_("What"), choices=choices)
    actor = django_filters.CharFilter(label=_("Who (user:…, key:…, system)"), lookup_expr="startswith")
    subject = django_filters.CharFilter(label=_("About contains"), lookup_expr="icontains")
    since = django_filters.DateFilter(label=_("From"), field_name="ts", lookup_expr="date__gte")
    until = django_filters.DateFilter(
        label=_("Up to and including"), field_name="ts", lookup_expr="date__lte"
    )

    class Meta:
        model = Leaf
        fields = ()


class LedgerList(TableView):
    """Every recorded act that this person may read."""

    table_class, filterset_class, perm = LeafTable, LeafFilter, "view_ledger"
    title = _("Ledger")
    intro = _("Every governed act, in an order that cannot be changed without a trace.")
    template_name = "ledger/ledger_list.html"
    empty = {
        "icon": "link",
        "title": _("Nothing is recorded yet"),
        "text": _("Acts appear here a few seconds after they are done."),
    }

    def get_queryset(self) -> QuerySet[Leaf]:
        return selectors.leaves(self.request.user).order_by("-index")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        everything = selectors.sees_everything(self.request.user)
        context.update(
            checkpoint=latest_checkpoint(),
            waiting=PendingEvent.objects.count() if everything else 0,
            refusal=keys.refusal(),
            partly=not everything,
        )
        return context


class LeafDetail(SignedInMixin, View):
    """One event: header, body, hash, proof."""

    perm = "view_ledger"

    def get(self, request: HttpRequest, index: int) -> HttpResponse:
        """The page."""
        leaf = get_object_or_404(selectors.leaves(request.user), index=index)
        body = LedgerBody.objects.filter(event=leaf.event).first()
        names = actor_names([leaf.actor])
        context = {
            "leaf": leaf,
            "what": label(leaf.type),
            "who": names.get(leaf.actor, leaf.actor),
            "header": pretty(header_of(leaf)).decode(),
            "body": pretty(body.body).decode() if body else None,
            "facts": [
                (gettext("Type"), leaf.type),
                (gettext("Actor"), leaf.actor),
                (gettext("Subject"), leaf.subject),
                (gettext("Hash of the leaf"), bytes(leaf.leaf_hash).hex()),
            ],
            "proof": inclusion(leaf),
        }
        return render(request, "ledger/leaf_detail.html", context)


class LeafProof(SignedInMixin, View):
    """The inclusion proof of one event as a file (tlog-proof)."""

    perm = "view_ledger"

    def get(self, request: HttpRequest, index: int) -> HttpResponse:
        """The file; 404 until a checkpoint covers the leaf."""
        found = inclusion(get_object_or_404(selectors.leaves(request.user), index=index))
        if found is None or not found.text:
            raise Http404
        return _file(found.text, f"{index}.tlog-proof")


class CheckpointDownload(SignedInMixin, View):
    """The newest checkpoint, to be kept outside the building."""

    perm = "view_ledger"

    def get(self, request: HttpRequest) -> HttpResponse:
        """The signed note."""
        newest = latest_checkpoint()
        if newest is None:
            raise Http404
        return _file(newest.note, f"checkpoint-{newest.size}.txt")


def _file(text: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
