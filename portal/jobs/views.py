"""Pages of long work: the list, one job with progress and log, stop, try again; and the dead-man's switch."""

import uuid
from typing import Any, ClassVar

import django_filters
import django_tables2 as tables
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from portal.jobs import registry, selectors, services
from portal.jobs.models import Job
from portal.jobs.rules import OPEN, UNFINISHED, JobState
from portal.web import badges
from portal.web.tables import AttuneTable, LinkColumn, NumberColumn, StateColumn, WhenColumn
from portal.web.templatetags.attune import when
from portal.web.views import SignedInMixin, TableView

NEWEST = ("-requested_at", "pk")


def title_of(kind: str) -> str:
    """What people call work of this kind."""
    found = registry.find(kind)
    return gettext(found.title) if found else kind


def about_in_words(about: str) -> str:
    """'Linde Chat: sentiment_accuracy' with the code as people call it."""
    name, colon, code = about.rpartition(": ")
    return f"{name}: {badges.word(code)}" if colon and code.lower() in badges.WORDS else about


def asked_by(job: Job) -> str:
    """Who asked for a job: a person, or in words a schedule, the system itself or a key."""
    if job.requested_by:
        return job.requested_by.display
    words = {"schedule": gettext("a schedule"), "system": gettext("the system")}
    return words.get(job.requested_for, job.requested_for)


class JobTable(AttuneTable):
    """Jobs, newest first."""

    kind = LinkColumn(verbose_name=_("Work"))
    state = StateColumn(verbose_name=_("State"))
    progress = NumberColumn(verbose_name=_("Progress (%)"))
    attempts = NumberColumn(verbose_name=_("Attempts"))
    unit = tables.Column(verbose_name=_("Unit"))
    requested_at = WhenColumn(verbose_name=_("Requested"))
    about = tables.Column(verbose_name=_("About"))
    requested_by = tables.Column(verbose_name=_("Requested by"), empty_values=())
    finished_at = WhenColumn(verbose_name=_("Ended"))

    class Meta(AttuneTable.Meta):
        model = Job
        fields = (
            "kind",
            "about",
            "state",
            "progress",
            "attempts",
            "unit",
            "requested_at",
            "requested_by",
            "finished_at",
        )
        order_by = ("-requested_at",)

    def render_kind(self, value: str) -> str:
        """The title instead of the code."""
        return title_of(value)

    def render_about(self, value: str) -> str:
        """With words for codes."""
        return about_in_words(value)

    def value_about(self, value: str) -> str:
        """In an export likewise."""
        return about_in_words(value)

    def render_requested_by(self, record: Job) -> str:
        """The person, or which machine or schedule."""
        return asked_by(record)

    def value_kind(self, value: str) -> str:
        """In an export likewise."""
        return title_of(value)


class JobFilter(django_filters.FilterSet):
    """By state and by kind of work."""

    state = django_filters.ChoiceFilter(
        label=_("State"), choices=[(state.value, badges.BADGES[state.value][0]) for state in JobState]
    )
    kind = django_filters.ChoiceFilter(
        label=_("Work"),
        choices=[(item.kind, _(item.title)) for item in registry.all_handlers()],
    )


class JobList(TableView):
    """The jobs that this person may see."""

    template_name = "jobs/job_list.html"
    table_class = JobTable
    filterset_class = JobFilter
    title = _("Jobs")
    intro = _("Work that goes on after the page has answered: audits, imports, evidence packs.")
    hidden_columns = ("attempts",)
    empty: ClassVar[dict[str, Any]] = {
        "icon": "list-checks",
        "title": _("No jobs yet"),
        "text": _("Audits and evidence packs that you ask for appear here, with their progress."),
    }

    def get_queryset(self) -> QuerySet[Job]:
        """Those of one's units, and one's own."""
        return selectors.visible(self.request.user).select_related("unit", "requested_by").order_by(*NEWEST)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """With the state of the switch, for those who look after jobs."""
        return super().get_context_data(**kwargs) | {"health": selectors.health()}


def _job(request: HttpRequest, job_id: uuid.UUID) -> Job:
    return get_object_or_404(
        selectors.visible(request.user).select_related("unit", "requested_by"), pk=job_id
    )


class JobDetail(SignedInMixin, View):
    """One job: progress, facts, log, error in words, what can be done."""

    def get(self, request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        """The page."""
        job = _job(request, job_id)
        found = registry.find(job.kind)
        state = JobState(job.state)
        context = {
            "job": job,
            "title": title_of(job.kind),
            "state": state,
            "lines": [(line, "\n" in line.text) for line in job.lines.all()],
            "facts": _facts(job),
            "result_url": found.page(job) if found and found.page and job.result is not None else "",
            "may_cancel": state in OPEN
            and not job.cancel_requested_at
            and selectors.may_manage(request.user, job),
            "may_retry": state in UNFINISHED and selectors.may_manage(request.user, job),
        }
        return render(request, "jobs/job_detail.html", context)


def _facts(job: Job) -> list[tuple[str, Any]]:
    attempts = gettext("%(n)s of at most %(most)s") % {"n": job.attempts, "most": job.attempts_limit}
    facts: list[tuple[str, Any]] = [
        (gettext("About"), about_in_words(job.about)),
        (gettext("Requested by"), asked_by(job)),
        (gettext("Unit"), job.unit.name if job.unit else gettext("The whole installation")),
        (gettext("Attempts"), attempts),
        (gettext("Requested"), when(job.requested_at)),
        (gettext("Started"), when(job.started_at)),
        (gettext("Ended"), when(job.finished_at)),
    ]
    if job.window_from and job.window_to:
        facts.append((gettext("Covers"), format_html("{} – {}", when(job.window_from), when(job.window_to))))
    if job.state == JobState.QUEUED.value and job.attempts:
        facts.append((gettext("Next attempt"), when(job.due_at)))
    return facts + _values(job)


def _values(job: Job) -> list[tuple[str, Any]]:
    """Those parts of a result that its kind of work shows here."""
    found = registry.find(job.kind)
    result = job.result or {}
    return [
        (gettext(label), result[key])
        for key, label in (found.shows if found else {}).items()
        if key in result
    ]


class JobProgress(SignedInMixin, View):
    """The progress component alone; 286 tells the page to stop asking."""

    def get(self, request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        """The component."""
        job = _job(request, job_id)
        over = JobState(job.state) not in OPEN
        context = {"job": job, "url": request.path}
        response = render(request, "components/progress.html", context, status=286 if over else 200)
        if over:
            response["HX-Refresh"] = "true"  # the rest of the page has something new to say
        return response


class JobAct(SignedInMixin, View):
    """Stop a job, or try it again."""

    act: ClassVar[str] = ""

    def post(self, request: HttpRequest, job_id: uuid.UUID) -> HttpResponse:
        """Do it and come back to the job, or to the page that asked."""
        job = _job(request, job_id)
        if not selectors.may_manage(request.user, job):
            raise PermissionDenied(
                gettext("This job is not yours, and you do not look after the jobs of its unit.")
            )
        if self.act == "cancel":
            job = services.cancel(job=job, by=request.user)  # type: ignore[arg-type]
            messages.success(request, gettext("The job is being stopped."))
        else:
            job = services.retry(job=job, by=request.user)  # type: ignore[arg-type]
            messages.success(request, gettext("The job is in the queue again."))
        back = request.POST.get("next", "")
        ours = url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure())
        return HttpResponseRedirect(back if ours else job.get_absolute_url())


@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:
    """For a monitor: 503 once scheduler, broker and a worker were not seen working for two minutes, else 200."""
    found = selectors.health()
    status = "starting" if found.starting else "ok" if found.ok else "unavailable"
    body = {"status": status, "last_tick": found.last_tick}
    return JsonResponse(body, status=200 if found.ok else 503)
