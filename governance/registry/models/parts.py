"""What belongs to a system and is described row by row; a row that is taken away stays, marked as removed."""

import uuid

from django.conf import settings
from django.db import models

from governance.registry.models.system import System

_ACTIVE = models.Q(removed_at__isnull=True)


class Part(models.Model):
    """Base of the rows of a system: its own lock (`row_version`), who made it, who removed it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="%(class)ss")
    row_version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    removed_at = models.DateTimeField(null=True, blank=True)
    removed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    class Meta:
        abstract = True
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(removed_at__isnull=True, removed_by__isnull=True)
                | models.Q(removed_at__isnull=False, removed_by__isnull=False),
                name="%(class)s_removed_at_and_by",
            )
        ]


class UseCase(Part):
    """What a system is used for: audience, setting, purpose, and what it may not be used for."""

    name = models.CharField(max_length=120)
    description = models.TextField(max_length=2000, blank=True)
    audience = models.CharField(max_length=20)
    setting = models.CharField(max_length=20)
    purpose = models.CharField(max_length=20)
    prohibited = models.TextField(max_length=2000)

    class Meta(Part.Meta):
        ordering = ["name"]
        constraints = [
            *Part.Meta.constraints,
            models.UniqueConstraint(
                fields=["system", "name"], condition=_ACTIVE, name="use_case_once_per_system"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class HandOver(Part):
    """A point at which a person takes over: when, who, and within how many minutes."""

    name = models.CharField(max_length=120)
    trigger = models.TextField(max_length=1000)
    to_whom = models.CharField(max_length=200)
    within_minutes = models.PositiveIntegerField()

    class Meta(Part.Meta):
        ordering = ["within_minutes", "name"]
        constraints = [
            *Part.Meta.constraints,
            models.UniqueConstraint(
                fields=["system", "name"], condition=_ACTIVE, name="hand_over_once_per_system"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class UnitUse(Part):
    """A unit that uses the system."""

    unit = models.ForeignKey("portal.Unit", on_delete=models.PROTECT, related_name="+")
    note = models.CharField(max_length=400, blank=True)

    class Meta(Part.Meta):
        ordering = ["unit__path"]
        constraints = [
            *Part.Meta.constraints,
            models.UniqueConstraint(
                fields=["system", "unit"], condition=_ACTIVE, name="unit_use_once_per_system"
            ),
        ]

    def __str__(self) -> str:
        return self.unit.name


class Contact(Part):
    """Whom to ask about a system: business, technical, privacy."""

    role = models.CharField(max_length=12)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta(Part.Meta):
        ordering = ["role", "created_at"]
        constraints = [
            *Part.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(role__in=["business", "technical", "privacy"]), name="contact_role_known"
            ),
            models.UniqueConstraint(
                fields=["system", "role", "person"], condition=_ACTIVE, name="contact_once_per_role"
            ),
        ]

    def __str__(self) -> str:
        return str(self.person)


class PlannedCost(Part):
    """What a year of the system is planned to cost, in euro, with the source of the amount."""

    year = models.PositiveSmallIntegerField()
    category = models.CharField(max_length=12)
    name = models.CharField(max_length=120)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    source = models.CharField(max_length=200)

    class Meta(Part.Meta):
        ordering = ["year", "category", "name"]
        constraints = [
            *Part.Meta.constraints,
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="planned_cost_not_negative"),
            models.UniqueConstraint(
                fields=["system", "year", "category", "name"], condition=_ACTIVE, name="planned_cost_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.year} {self.name}"


class Goal(Part):
    """A human-centred goal, tied to a KPI with target, direction and date, and to the organisation's mission."""

    kpi = models.SlugField(max_length=60)
    target = models.DecimalField(max_digits=14, decimal_places=4)
    direction = models.CharField(max_length=10)
    due_on = models.DateField()
    statement = models.TextField(max_length=1000)
    mission = models.ForeignKey(
        "governance.MissionStatement", on_delete=models.PROTECT, related_name="goals", null=True, blank=True
    )

    class Meta(Part.Meta):
        ordering = ["due_on", "kpi"]
        constraints = [
            *Part.Meta.constraints,
            models.CheckConstraint(
                condition=models.Q(direction__in=["at_least", "at_most"]), name="goal_direction_known"
            ),
            models.UniqueConstraint(
                fields=["system", "kpi", "due_on"], condition=_ACTIVE, name="goal_once_per_kpi_and_date"
            ),
        ]

    def __str__(self) -> str:
        return self.statement
