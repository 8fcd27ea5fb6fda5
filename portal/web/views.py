"""Views that every slice builds on: who may see a page, and lists with filter, sort, columns and export."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_filters.views import FilterView
from django_tables2 import SingleTableMixin
from django_tables2.rows import BoundRow

from portal.access.roles import TITLES, Role
from portal.access.selectors import has_anywhere, roles_of
from portal.errors import N_, RuleBroken
from portal.web import exports, saved

PAGE_SIZES = (25, 50, 100)
CSV = "text/csv; charset=utf-8"
ON_A_PAGE = 25
"""Objects on one page of an overview: what it costs does not grow with their number."""
ROWS_READ = 2000
HTMX_STOP = 286
Text = str | Promise


def paged(request: HttpRequest, rows: QuerySet[Any]) -> dict[str, Any]:
    """What components/pages.html wants: the page that `?page=` names (the nearest there is) and the numbers to show."""
    page = Paginator(rows, ON_A_PAGE).get_page(request.GET.get("page"))
    numbers = page.paginator.get_elided_page_range(page.number, on_each_side=2, on_ends=1)
    return {"page": page, "pages": list(numbers)}


class SignedInMixin(LoginRequiredMixin):
    """A page for people who signed in and, with `perm`, hold that permission somewhere.

    Which objects they see is the business of the view's selector; this only closes the door of the room.
    """

    perm: ClassVar[str] = ""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return self.handle_no_permission()
        if self.perm and not has_anywhere(request.user, self.perm):
            raise PermissionDenied(gettext("Your roles do not include this page."))
        return super().dispatch(request, *args, **kwargs)


class TableView(SignedInMixin, SingleTableMixin, FilterView):
    """A list: filter, order, page, columns and export, all in the address.

    Subclasses set `table_class`, `filterset_class`, `perm`, `title`, `empty` and `get_queryset()` (what this
    person may see). `empty`: dict with icon, title, text and optionally action_url, action_label.
    """

    template_name = "components/table_page.html"
    title: ClassVar[Text] = ""
    intro: ClassVar[Text] = ""
    empty: ClassVar[dict[str, Any]] = {}
    hidden_columns: ClassVar[tuple[str, ...]] = ()  # not shown until chosen
    shipped_views: ClassVar[
        tuple[tuple[Text, str], ...]
    ] = ()  # (name, query string) that everybody finds there

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.page_name = getattr(request.resolver_match, "url_name", "") or ""
        merged, self.saved_view = saved.merged(request, self.page_name)
        request.GET = merged  # type: ignore[assignment]
        response: HttpResponse = super().get(request, *args, **kwargs)
        kind = request.GET.get("export", "")
        if kind in ("csv", "xlsx"):
            return self.export(kind, response.context_data)  # type: ignore[attr-defined]
        return response

    def get_filterset(self, filterset_class: Any) -> Any:
        """The filter with 'All' where a choice is left open, and the browser's own calendar for days."""
        filterset = super().get_filterset(filterset_class)
        for field in filterset.form.fields.values():
            if isinstance(field, forms.DateField):
                field.widget.input_type = "date"
            elif isinstance(field, forms.NullBooleanField):
                field.widget.choices = [("unknown", _("All")), ("true", _("Yes")), ("false", _("No"))]
            elif isinstance(field, forms.ChoiceField) and not isinstance(field, forms.MultipleChoiceField):
                field.widget.choices = [
                    (k, _("All") if k in ("", None) else v) for k, v in field.widget.choices
                ]
        return filterset

    def get_paginate_by(self, table_data: Any) -> int:
        wanted = self.request.GET.get("per", "")
        return int(wanted) if wanted in {str(size) for size in PAGE_SIZES} else PAGE_SIZES[0]

    def get_table(self, **kwargs: Any) -> Any:
        table = super().get_table(**kwargs)
        chosen = [name for name in self.request.GET.getlist("col") if name in table.columns.names()]
        for column in table.columns.iterall():
            hidden = column.name not in chosen if chosen else column.name in self.hidden_columns
            if hidden:
                table.columns.hide(column.name)
        return table

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        held = roles_of(self.request.user)
        context.update(
            page_name=self.page_name,
            saved_view=self.saved_view,
            saved_views=list(saved.views_of(self.request.user, self.page_name)),
            shipped_views=self.shipped_views,
            roles_to_share=[(r.value, gettext(TITLES[r])) for r in Role if r.value in held],
            title=self.title,
            intro=self.intro,
            empty=self.empty,
            page_sizes=PAGE_SIZES,
            per=self.get_paginate_by(None),
            filtered=bool(self.active_filter()),
            passed_on=[
                (k, v)
                for k, values in self.request.GET.lists()
                for v in values
                if k not in ("page", "export", "view")
            ],
        )
        return context

    def active_filter(self) -> list[tuple[str, str]]:
        """The filter as (label, text) rows: what narrows this list now."""
        form = self.filterset.form
        if not self.filterset.is_bound or not form.is_valid():
            return []
        rows = []
        for name, field in form.fields.items():
            value = form.cleaned_data.get(name)
            if value not in (None, "", [], ()) and not (hasattr(value, "exists") and not value):
                rows.append((str(field.label or name), _filter_text(field, value)))
        return rows

    def export(self, kind: str, context: dict[str, Any]) -> HttpResponseBase:
        """The table as a file: exactly the filtered rows and the columns on the screen."""
        table = context["table"]
        count = len(table.rows)
        if kind == "xlsx" and count > exports.MAX_XLSX:
            raise RuleBroken(
                N_(
                    "A spreadsheet takes {limit} rows, and this table has more. Take it as CSV, which has no limit, or"
                    " narrow it with the filter."
                ),
                code="too_many_rows",
                limit=exports.MAX_XLSX,
            )
        names = [column.name for column in table.columns if not column.column.exclude_from_export]
        title = str(context["title"] or gettext("Table"))
        now = timezone.localtime()
        narrowed = "; ".join(f"{label}: {text}" for label, text in self.active_filter())
        preamble = [
            (gettext("Table"), title),
            (gettext("Filter"), narrowed or gettext("none")),
            (gettext("Exported at"), now.isoformat(timespec="seconds")),
            (gettext("Exported by"), str(getattr(self.request.user, "display", self.request.user))),
        ]
        rows = _cells(table, names)
        stem = f"{slugify(title) or 'table'}-{now:%Y-%m-%d}"
        response: HttpResponseBase
        if kind == "csv" and count > exports.AT_ONCE:
            response = StreamingHttpResponse(exports.stream_csv(preamble, rows), content_type=CSV)
        elif kind == "csv":
            response = HttpResponse(exports.to_csv(preamble, rows), content_type=CSV)
        else:
            response = HttpResponse(
                exports.to_xlsx(preamble, rows, title),
                content_type="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            )
        response["Content-Disposition"] = f'attachment; filename="{stem}.{kind}"'
        return response


def _cells(table: Any, names: list[str]) -> Iterator[list[Any]]:
    """The headers, then the cells of each row, read through a cursor: no more than some rows are in memory."""
    yield [str(table.columns[name].header) for name in names]
    data = table.data.data
    for record in data.iterator(chunk_size=ROWS_READ) if isinstance(data, QuerySet) else data:
        row = BoundRow(record, table=table)
        yield [row.get_cell_value(name) for name in names]


def _filter_text(field: Any, value: Any) -> str:
    choices = dict(_flat(getattr(field, "choices", [])))
    if isinstance(value, (list, tuple)):
        return ", ".join(str(choices.get(str(item), item)) for item in value)
    if isinstance(value, slice):
        return f"{value.start or '…'} – {value.stop or '…'}"
    return str(choices.get(str(value), value))


def _flat(choices: Any) -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for key, label in choices:
        rows += _flat(label) if isinstance(label, (list, tuple)) else [(str(key), label)]
    return rows


def progress(request: HttpRequest, job: Any, url: str) -> HttpResponse:
    """The progress component alone, for htmx to poll; status 286 once the job is over ends the polling.

    `job`: pk, state, progress (0-100), note, error. `url`: the address of the calling view.
    """
    over = str(job.state) not in ("queued", "running")
    response = render(
        request, "components/progress.html", {"job": job, "url": url}, status=HTMX_STOP if over else 200
    )
    response["Cache-Control"] = "no-store"
    if over:  # the page around it shows results by now
        response["HX-Trigger"] = "attune:finished"
    return response
