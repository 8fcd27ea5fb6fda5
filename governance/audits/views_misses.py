"""The page of what a run found missing, and the whole of it as CSV."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views import View

from governance.audits import misses, registry
from governance.audits.models import AuditRun
from governance.audits.registry import Miss
from governance.audits.views import find_run, kind_title
from portal.access.selectors import require
from portal.errors import N_
from portal.web import exports
from portal.web.views import SignedInMixin

COLUMNS = (
    N_("When"),
    N_("The source's own id"),
    N_("Data flow"),
    N_("Code"),
    N_("Reason"),
    N_("Seconds after the stop"),
)


def _opened(request: HttpRequest, run_id: uuid.UUID) -> AuditRun:
    run = find_run(request, run_id)
    require(request.user, misses.reading(request.user), run.system)
    if not misses.are_listed(run):
        raise Http404
    return run


def _words(run: AuditRun) -> dict[str, str]:
    kind = registry.find(run.kind)
    return {code: gettext(sentence) for code, sentence in kind.words.items()} if kind else {}


class MissList(SignedInMixin, View):
    """Every miss of a run, a hundred at a time."""

    def get(self, request: HttpRequest, run_id: uuid.UUID) -> HttpResponseBase:
        """The page."""
        run = _opened(request, run_id)
        try:
            mark = misses.mark_of(request.GET.get("after", ""))
        except ValueError as error:
            raise Http404 from error
        found = misses.after(run, mark, misses.AT_ONCE + 1)
        page, words = found[: misses.AT_ONCE], _words(run)
        here = reverse("audit_misses", args=[run.pk])
        more = f"{here}?{urlencode({'after': misses.token(page[-1])})}" if len(found) > len(page) else ""
        context = {
            "run": run,
            "system": run.system,
            "title": gettext("Misses of the audit: {audit}").format(audit=kind_title(run.kind)),
            "rows": [_row(run, miss, words) for miss in page],
            "first_url": here if mark else "",
            "next_url": more,
        }
        return render(request, "audits/miss_list.html", context)


def _row(run: AuditRun, miss: Miss, words: dict[str, str]) -> dict[str, Any]:
    template = run.system.link_template
    address = template.replace("{id}", miss.item) if template.startswith("https://") else ""
    return {"miss": miss, "reason": words.get(miss.reason, miss.reason), "address": address}


class MissFile(SignedInMixin, View):
    """All misses of a run as CSV."""

    def get(self, request: HttpRequest, run_id: uuid.UUID) -> HttpResponseBase:
        """The file, sent while it is read."""
        run = _opened(request, run_id)
        preamble = [
            (gettext("Audit"), kind_title(run.kind)),
            (gettext("Audit run"), str(run.pk)),
            (gettext("Looked at"), f"{run.window_from} – {run.window_to}"),
        ]
        body = exports.stream_csv(preamble, _lines(run, _words(run)))
        response = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="misses-{run.pk}.csv"'
        return response


def _lines(run: AuditRun, words: dict[str, str]) -> Iterator[list[Any]]:
    yield [gettext(name) for name in COLUMNS]
    for miss in misses.every(run):
        yield [miss.at, miss.item, miss.flow, miss.reason, words.get(miss.reason, ""), miss.lag_s]
