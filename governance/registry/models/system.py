"""Systems, their versions and their data flows."""

import uuid

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.urls import reverse

from portal.access.models import TimedGrant
from portal.accounts.codes import PERMISSIONS


class System(models.Model):
    """An AI system that reads or answers emotion."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    sort_key = models.CharField(max_length=200, editable=False, db_index=True)
    description = models.TextField(max_length=4000, blank=True)
    unit = models.ForeignKey("portal.Unit", on_delete=models.PROTECT, related_name="systems")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="owned_systems"
    )
    provider_role = models.CharField(max_length=12, default="deployer", blank=True)
    vendor = models.ForeignKey(
        "governance.Vendor", on_delete=models.PROTECT, related_name="systems", null=True, blank=True
    )
    state = models.CharField(max_length=12, default="registered")
    labels = ArrayField(models.CharField(max_length=60), default=list)
    label_map = models.JSONField(default=dict, blank=True)
    dimensions = models.JSONField(default=dict, blank=True)
    languages = ArrayField(models.CharField(max_length=12), default=list)
    link_template = models.CharField(max_length=400, blank=True)
    # whether it learns in production; "" in records from before this was asked
    learning = models.CharField(max_length=12, blank=True)
    learning_figure = models.SlugField(max_length=60, blank=True)
    learning_max_deviation = models.DecimalField(max_digits=14, decimal_places=4, null=True, blank=True)
    learning_window_days = models.PositiveSmallIntegerField(null=True, blank=True)
    learning_checks = models.TextField(max_length=2000, blank=True)
    strategies = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    strategy_note = models.TextField(max_length=2000, blank=True)
    row_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    registered_at = models.DateTimeField(null=True, blank=True)
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    imported = models.BooleanField(default=False)

    class Meta:
        default_permissions = ()
        ordering = ["sort_key", "slug"]
        permissions = list(PERMISSIONS.items())
        constraints = [
            models.CheckConstraint(
                condition=models.Q(state__in=["draft", "registered", "retired", "discarded"]),
                name="system_state_known",
            ),
            models.CheckConstraint(
                condition=models.Q(provider_role__in=["provider", "deployer", "both"])
                | models.Q(provider_role="", state__in=["draft", "discarded"]),
                name="system_role_known",
            ),
            models.CheckConstraint(
                condition=models.Q(registered_at__isnull=True, registered_by__isnull=True)
                | models.Q(registered_at__isnull=False, registered_by__isnull=False),
                name="system_registered_at_and_by",
            ),
            models.CheckConstraint(
                condition=models.Q(state__in=["draft", "discarded"], registered_at__isnull=True)
                | models.Q(state__in=["registered", "retired"], registered_at__isnull=False),
                name="system_registered_unless_draft",
            ),
            models.CheckConstraint(
                condition=models.Q(learning__in=["", "no", "periodic", "continuous"]),
                name="system_learning_known",
            ),
            models.CheckConstraint(
                condition=~models.Q(learning="continuous")
                | models.Q(state__in=["draft", "discarded"])
                | models.Q(learning_max_deviation__gt=0, learning_window_days__gt=0)
                & ~models.Q(learning_figure=""),
                name="system_continuous_learning_has_limits",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("system_detail", args=[self.slug])

    @property
    def subject(self) -> str:
        """How the ledger names this system."""
        return f"system:{self.slug}"


class SystemUserPermission(TimedGrant):
    """A permission of one person on one system (guardian, direct foreign key)."""

    content_object = models.ForeignKey(System, on_delete=models.CASCADE)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                name="system_permission_once", fields=["user", "permission", "content_object"]
            )
        ]


class SystemVersion(models.Model):
    """A released version; a new one is a material change."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="versions")
    name = models.CharField(max_length=60)
    model = models.CharField(max_length=200, blank=True)
    released_on = models.DateField()
    training_data = models.TextField(max_length=4000, blank=True)
    notes = models.TextField(max_length=4000, blank=True)
    row_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["-released_on", "-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["system", "name"], name="version_name_once_per_system")
        ]

    def __str__(self) -> str:
        return self.name


class DataFlow(models.Model):
    """Modality × whose emotion × setting × purpose × output × consequence × recipient: the unit that is screened."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="flows")
    slug = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    modality = models.CharField(max_length=20)
    subject_role = models.CharField(max_length=20)
    setting = models.CharField(max_length=20)
    purpose = models.CharField(max_length=20)
    output = models.CharField(max_length=20)
    consequence = models.CharField(max_length=20)
    recipient = models.CharField(max_length=20)
    # answers to the questions of the law catalogue: {question: "yes" | "no" | "not_applicable"}; absent = unknown
    facts = models.JSONField(default=dict, blank=True)
    row_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        default_permissions = ()
        ordering = ["slug"]
        constraints = [
            models.UniqueConstraint(fields=["system", "slug"], name="flow_slug_once_per_system"),
            models.CheckConstraint(
                condition=models.Q(
                    modality__in=["text", "voice", "face", "behaviour", "physiology", "metadata", "unknown"]
                ),
                name="flow_modality_known",
            ),
            models.CheckConstraint(
                condition=models.Q(
                    subject_role__in=["customer", "employee", "candidate", "student", "visitor", "unknown"]
                ),
                name="flow_subject_role_known",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("flow_detail", args=[self.system.slug, self.slug])
