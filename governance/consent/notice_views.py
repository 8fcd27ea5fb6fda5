"""Pages of notices: publishing with a preview, what was shown to whom, differences, whose consent ends when."""

from typing import Any

from django.contrib import messages
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views import View

from governance.consent import notices, selectors, services
from governance.consent.forms import CompareForm, NoticeForm
from governance.consent.models import Notice
from governance.consent.wording import differences
from governance.registry import related
from governance.registry import selectors as register
from governance.registry.models import System
from portal.access.selectors import can, require
from portal.errors import RuleBroken
from portal.web import exports
from portal.web.badges import word
from portal.web.middleware import sentence
from portal.web.views import CSV, SignedInMixin


class NoticeList(SignedInMixin, View):
    """Every version with its languages, and how many people were shown it on which channel."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The page."""
        system = register.get(request.user, slug, "view_consent")
        found = notices.versions(system)
        context = {
            "system": system,
            "versions": found,
            "to_translate": notices.named(found[0].missing) if found else [],
            "may_manage": can(request.user, "manage_consent", system),
        }
        return render(request, "consent/notice_list.html", context)


class NoticeAdd(SignedInMixin, View):
    """Publish a notice."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The form; `language` in the address asks for the newest version in that language."""
        system = managed(request, slug)
        initial: dict[str, Any] = {"language": request.GET.get("language", "")[:10]}
        newest = selectors.notices_of(system).first()
        if newest is not None and initial["language"]:
            initial["version"] = str(newest.version)
        return self._page(request, system, NoticeForm(system=system, initial=initial), 200)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Publish."""
        system = managed(request, slug)
        form = NoticeForm(request.POST, system=system)
        if form.is_valid():
            try:
                notice = services.publish_notice(system=system, by=request.user, **form.cleaned_data)
            except RuleBroken as refusal:
                form.add_error(refusal.field if refusal.field in form.fields else None, sentence(refusal))
            else:
                messages.success(request, gettext("Version %(n)s is published.") % {"n": notice.version})
                return HttpResponseRedirect(reverse("system_consent", args=[slug]))
        return self._page(request, system, form, 422)

    def _page(self, request: HttpRequest, system: System, form: NoticeForm, status: int) -> HttpResponse:
        back = reverse("system_consent", args=[system.slug])
        context = {"system": system, "form": form, "cancel_url": back}
        return render(request, "consent/notice_add.html", context, status=status)


class NoticePreview(SignedInMixin, View):
    """What people will see of the text as typed so far; nothing is stored."""

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """A part of the page."""
        managed(request, slug)
        text = request.POST.get("text", "")[: NoticeForm.LONGEST]
        return render(request, "consent/notice_preview.html", {"text": text})


class NoticeDetail(SignedInMixin, View):
    """What people were told by one version in one language."""

    def get(self, request: HttpRequest, slug: str, pk: Any) -> HttpResponse:
        """The page."""
        system = register.get(request.user, slug, "view_consent")
        notice = get_object_or_404(selectors.notices_of(system), pk=pk)
        before = (
            selectors.notices_of(system).filter(version__lt=notice.version, language=notice.language).first()
        )
        context = {
            "system": system,
            "notice": notice,
            "before": before,
            "shown": notices.shown_of(notice),
            "related": related.around(request.user, system, notice),
        }
        return render(request, "consent/notice_detail.html", context)


class NoticeCompare(SignedInMixin, View):
    """What two versions say differently, paragraph by paragraph; without a choice the two newest."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The page; a pair that is not published shows the form with what is wrong."""
        system = register.get(request.user, slug, "view_consent")
        rows = list(selectors.notices_of(system))
        form = CompareForm(request.GET or _newest_pair(rows), notices=rows)
        chosen = form.is_valid() and form.pair()
        context = {"system": system, "form": form, "rows": rows, "pair": chosen or None}
        if chosen:
            context["changes"] = _changes(*chosen)
        return render(request, "consent/notice_compare.html", context)


def _newest_pair(rows: list[Notice]) -> dict[str, str]:
    """The newest text, and what it replaced in the same language (else the one before it in the list)."""
    if not rows:
        return {}
    new = rows[0]
    older = [row for row in rows[1:] if row.version < new.version]
    old = next((row for row in older if row.language == new.language), older[0] if older else new)
    return {"before": str(old.pk), "after": str(new.pk)}


def _changes(old: Notice, new: Notice) -> list[dict[str, Any]]:
    """Rows for the diff component: what holds for the version, then its text."""
    facts = [
        (gettext("Language"), old.language, new.language),
        (gettext("Material change"), word(old.material_change), word(new.material_change)),
        (gettext("Grace period in days"), str(old.grace_days), str(new.grace_days)),
    ]
    rows: list[dict[str, Any]] = [
        {"field": name, "before": before, "after": after} for name, before, after in facts if before != after
    ]
    for one in differences(old.text, new.text):
        name = gettext("Paragraph %(n)s") % {"n": one.paragraph}
        rows.append({"field": name, "before": one.before, "after": one.after})
    return rows


class ReconsentList(SignedInMixin, View):
    """Whose consent ends when, because a notice changed materially."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponseBase:
        """The page; `?export=csv` the ids to ask again, for whoever manages consent."""
        system = register.get(request.user, slug, "view_consent")
        now = timezone.now()
        if request.GET.get("export") == "csv":
            require(request.user, "manage_consent", system)
            return _ids_to_reask(system, now)
        context = {
            "system": system,
            "now": now,
            "rows": notices.reconsent(system, now),
            "may_manage": can(request.user, "manage_consent", system),
        }
        return render(request, "consent/reconsent_list.html", context)


def _ids_to_reask(system: System, now: Any) -> StreamingHttpResponse:
    header = (
        "source", "event_id", "purpose", "modality", "consent_of", "ends_at",
    )  # fmt: skip
    preamble = [
        (gettext("System"), system.name),
        (gettext("Exported at"), timezone.localtime(now).isoformat(timespec="seconds")),
    ]
    rows = [header, *notices.events_to_reask(system, now)]
    response = StreamingHttpResponse(exports.stream_csv(preamble, rows), content_type=CSV)
    name = f"{system.slug}-to-ask-again-{timezone.localdate(now)}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def managed(request: HttpRequest, slug: str) -> System:
    """The system, for whoever manages its consent. Raises Http404 or NotAllowed."""
    system = register.get(request.user, slug, "view_consent")
    require(request.user, "manage_consent", system)
    return system
