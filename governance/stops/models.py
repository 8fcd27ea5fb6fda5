"""Stops: what a system must no longer process; endpoints that are told of them, and each telling."""

import datetime as dt
import uuid

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse

from governance.stops import rules


class Endpoint(models.Model):
    """An address of a system that is told of its stops. Secrets are encrypted; the key is not in the database."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="endpoints")
    name = models.CharField(max_length=80)
    url = models.CharField(max_length=400)
    secret = models.CharField(max_length=200)
    previous_secret = models.CharField(max_length=200, blank=True)
    previous_until = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    rests_until = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    added_at = models.DateTimeField(db_default=Now())
    added_by = models.CharField(max_length=80)
    disabled_at = models.DateTimeField(null=True)
    disabled_by = models.CharField(max_length=80, null=True)  # noqa: DJ001 - pairs with disabled_at
    disabled_because = models.CharField(max_length=10, blank=True)

    class Meta:
        default_permissions = ()
        ordering = ["added_at"]
        constraints = [
            models.UniqueConstraint(fields=["system", "name"], name="endpoint_name_once_per_system"),
            models.CheckConstraint(
                name="endpoint_disabled_at_by",
                condition=Q(disabled_at__isnull=True, disabled_by__isnull=True, disabled_because="")
                | Q(
                    disabled_at__isnull=False,
                    disabled_by__isnull=False,
                    disabled_because__in=["person", "gone"],
                ),
            ),
            models.CheckConstraint(
                name="endpoint_previous_secret_ends",
                condition=Q(previous_secret="", previous_until__isnull=True)
                | (~Q(previous_secret="") & Q(previous_until__isnull=False)),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        """Where it is shown."""
        return reverse("endpoint_detail", args=[self.system.slug, self.pk])

    @property
    def subject(self) -> str:
        """How the ledger names this endpoint."""
        return f"endpoint:{self.pk}"

    @property
    def state(self) -> str:
        """How it stands, as a badge."""
        if self.disabled_at is not None:
            return "endpoint_gone" if self.disabled_because == "gone" else "endpoint_disabled"
        return "endpoint_silent" if self.failures else ("endpoint_ok" if self.answered_at else "endpoint_new")


class Stop(models.Model):
    """Something a system must no longer process, in the order of the system's feed.

    `number` counts per system without gaps, given under a lock that is held until commit: whoever has read up to n
    never misses a lower one. `subject_ref` is the pseudonym of the person (the alias's digest); erasure empties it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", on_delete=models.PROTECT, related_name="stops")
    number = models.PositiveBigIntegerField()
    type = models.CharField(max_length=30)
    subject_ref = models.UUIDField(null=True)
    purpose = models.CharField(max_length=60, blank=True)
    modality = models.CharField(max_length=20, blank=True)
    flows = models.JSONField(default=list)
    event = models.UUIDField(null=True)  # of the consent event, whose slice lies above
    effective_at = models.DateTimeField()
    ordered_at = models.DateTimeField()
    due_at = models.DateTimeField()
    stopped_at = models.DateTimeField(null=True)
    acknowledged_at = models.DateTimeField(null=True)
    acknowledged_by = models.CharField(max_length=80, null=True)  # noqa: DJ001 - pairs with acknowledged_at

    class Meta:
        default_permissions = ()
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["system", "number"], name="stop_number_once_per_system"),
            models.UniqueConstraint(
                fields=["event"], condition=Q(event__isnull=False), name="stop_once_per_event"
            ),
            models.CheckConstraint(name="stop_type_known", condition=Q(type__in=list(rules.TYPES))),
            models.CheckConstraint(
                name="stop_acknowledged_at_by",
                condition=Q(
                    acknowledged_at__isnull=True, acknowledged_by__isnull=True, stopped_at__isnull=True
                )
                | Q(acknowledged_at__isnull=False, acknowledged_by__isnull=False, stopped_at__isnull=False),
            ),
            models.CheckConstraint(
                name="stop_stopped_after_it_counts",
                condition=Q(stopped_at__isnull=True) | Q(stopped_at__gte=models.F("effective_at")),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(acknowledged_at__isnull=True), name="stop_open"),
            models.Index(fields=["system", "effective_at"], name="stop_by_time"),
            models.Index(fields=["subject_ref"], name="stop_by_person"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.number}"

    @property
    def latency(self) -> dt.timedelta | None:
        """From the moment it counts to the moment the system says it stopped."""
        return self.stopped_at - self.effective_at if self.stopped_at else None


class Delivery(models.Model):
    """One stop told to one endpoint (a test tells none). `attempts` is also the fencing token of who sends it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    endpoint = models.ForeignKey(Endpoint, on_delete=models.PROTECT, related_name="deliveries")
    stop = models.ForeignKey(Stop, on_delete=models.PROTECT, null=True, related_name="deliveries")
    state = models.CharField(max_length=10, default=rules.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    since = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now())
    claimed_until = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    failure = models.CharField(max_length=20, blank=True)
    tried_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        verbose_name_plural = "deliveries"
        ordering = ["-since"]
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint", "stop"], condition=Q(stop__isnull=False), name="delivery_once"
            ),
            models.CheckConstraint(
                name="delivery_state_known",
                condition=Q(state__in=[rules.WAITING, rules.DELIVERED, rules.DEAD, rules.DROPPED]),
            ),
            models.CheckConstraint(
                name="delivery_delivered_has_time",
                condition=Q(state="delivered", delivered_at__isnull=False)
                | (~Q(state="delivered") & Q(delivered_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["endpoint", "due_at"], condition=Q(state="waiting"), name="delivery_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.pk}"

    @property
    def webhook_id(self) -> str:
        """The same at every attempt, and for every endpoint that is told of the same stop."""
        return str(self.stop_id or self.pk)
