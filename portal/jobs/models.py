"""Long work as rows: the queue only rings, what must be done and who is at it stands here."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse

from portal.jobs.rules import MAX_ATTEMPTS, Every, JobState

_STATES = [state.value for state in JobState]
_EVERY = [every.value for every in Every]


class Schedule(models.Model):
    """Work that comes back; every window of time is handed out exactly once, in UTC."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=50)
    about = models.CharField(max_length=200, blank=True, default="")
    payload = models.JSONField(default=dict)
    every = models.CharField(max_length=10)
    unit = models.ForeignKey("portal.Unit", models.PROTECT, null=True, related_name="+")
    active = models.BooleanField(default=True)
    last_covered_until = models.DateTimeField()
    next_due_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(every__in=_EVERY), name="schedule_every_known"),
            models.CheckConstraint(
                condition=models.Q(next_due_at__gt=models.F("last_covered_until")),
                name="schedule_due_after_covered",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_due_at"],
                condition=models.Q(active=True),
                name="schedule_due",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Job(models.Model):
    """One piece of long work: state, lease, attempts (the fencing token), progress and what came of it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=50)
    about = models.CharField(max_length=200, blank=True, default="")
    state = models.CharField(max_length=10, default="queued", db_default="queued")
    payload = models.JSONField(default=dict)
    unit = models.ForeignKey("portal.Unit", models.PROTECT, null=True, related_name="+")
    unique_key = models.CharField(max_length=200, null=True)  # noqa: DJ001 - null: need not be unique
    schedule = models.ForeignKey(Schedule, models.PROTECT, null=True, related_name="jobs")
    window_from = models.DateTimeField(null=True)
    window_to = models.DateTimeField(null=True)
    progress = models.PositiveSmallIntegerField(default=0)
    note = models.CharField(max_length=300, blank=True, default="")
    attempts = models.PositiveIntegerField(default=0)
    attempts_limit = models.PositiveIntegerField(default=MAX_ATTEMPTS)
    lease_until = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(db_default=Now())
    requested_at = models.DateTimeField(db_default=Now())
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    requested_for = models.CharField(max_length=100, blank=True, default="")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+"
    )
    result = models.JSONField(null=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(state__in=_STATES), name="job_state_known"),
            models.CheckConstraint(condition=models.Q(progress__lte=100), name="job_progress_percent"),
            models.CheckConstraint(
                condition=models.Q(state="running", lease_until__isnull=False)
                | (~models.Q(state="running") & models.Q(lease_until__isnull=True)),
                name="job_lease_while_running",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["queued", "running"], finished_at__isnull=True)
                | models.Q(
                    state__in=["done", "failed", "cancelled", "dead"],
                    finished_at__isnull=False,
                ),
                name="job_finished_when_ended",
            ),
            models.CheckConstraint(
                condition=models.Q(cancel_requested_at__isnull=True, cancel_requested_by__isnull=True)
                | models.Q(cancel_requested_at__isnull=False, cancel_requested_by__isnull=False),
                name="job_cancel_at_by",
            ),
            models.CheckConstraint(
                condition=models.Q(window_from__isnull=True, window_to__isnull=True)
                | models.Q(
                    window_from__isnull=False, window_to__isnull=False, window_to__gt=models.F("window_from")
                ),
                name="job_window_whole",
            ),
            models.UniqueConstraint(
                fields=["unique_key"],
                condition=models.Q(state__in=["queued", "running"]),
                name="job_unique_while_open",
            ),
            # two schedulers at once, or one that was set back: still one job for each window
            models.UniqueConstraint(fields=["schedule", "window_from"], name="job_one_per_window"),
        ]
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=models.Q(state="queued"),
                name="job_waiting",
            ),
            models.Index(
                fields=["lease_until"],
                condition=models.Q(state="running"),
                name="job_running",
            ),
            models.Index(fields=["-requested_at", "id"], name="job_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    def get_absolute_url(self) -> str:
        """The page of this job."""
        return reverse("job_detail", args=[self.pk])


class JobLine(models.Model):
    """A line of a job's log; kept apart so that writing one never waits for the job's row."""

    job = models.ForeignKey(Job, models.CASCADE, related_name="lines")
    at = models.DateTimeField(db_default=Now())
    attempt = models.PositiveIntegerField()
    text = models.TextField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.text


class Heartbeat(models.Model):
    """When something that must keep working was last seen working: the tick, each worker."""

    name = models.CharField(max_length=200, primary_key=True)
    seen_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name
