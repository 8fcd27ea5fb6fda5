"""Costs and benefits of a system: what each item is, and its amount per month."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

_KINDS = ["cost", "benefit"]
_SPREADS = ["certain", "pert", "triangular", "lognormal"]
_ATTRIBUTIONS = ["randomised", "difference_in_differences", "before_after", "not_applicable"]


class ValueItem(models.Model):
    """One cost or benefit; `low`, `likely`, `high` multiply its amounts (lognormal: P10 and P90)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    system = models.ForeignKey("governance.System", models.PROTECT, related_name="value_items")
    key = models.SlugField(max_length=60)
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=10)
    category = models.CharField(max_length=20, default="other")
    cash = models.BooleanField(default=True)
    spread = models.CharField(max_length=12, default="certain")
    low = models.DecimalField(max_digits=9, decimal_places=4, default=1)
    likely = models.DecimalField(max_digits=9, decimal_places=4, default=1)
    high = models.DecimalField(max_digits=9, decimal_places=4, default=1)
    attribution = models.CharField(max_length=30, default="not_applicable")
    fewer_hours = models.BooleanField(default=False)
    recorded_at = models.DateTimeField(db_default=Now())
    recorded_by = models.CharField(max_length=120)

    class Meta:
        default_permissions = ()
        ordering = ["kind", "name"]
        constraints = [
            models.UniqueConstraint(fields=["system", "key"], name="value_item_once_per_system"),
            models.CheckConstraint(condition=Q(kind__in=_KINDS), name="value_item_kind_known"),
            models.CheckConstraint(condition=Q(spread__in=_SPREADS), name="value_item_spread_known"),
            models.CheckConstraint(
                condition=Q(attribution__in=_ATTRIBUTIONS), name="value_item_attribution_known"
            ),
            models.CheckConstraint(
                condition=Q(kind="cost", attribution="not_applicable", fewer_hours=False)
                | (Q(kind="benefit") & ~Q(attribution="not_applicable")),
                name="value_item_benefit_says_its_attribution",
            ),
            models.CheckConstraint(
                condition=Q(spread="certain")
                | Q(low__gte=0, likely__gte=F("low"), high__gte=F("likely"), high__gt=F("low")),
                name="value_item_spread_in_order",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ValueEntry(models.Model):
    """The amount of one item in one month, with its source and who recorded it (as the ledger names them)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    item = models.ForeignKey(ValueItem, models.PROTECT, related_name="entries")
    month = models.DateField()
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    source = models.CharField(max_length=200)
    revision = models.PositiveSmallIntegerField(default=0)
    recorded_at = models.DateTimeField(db_default=Now())
    recorded_by = models.CharField(max_length=120)

    class Meta:
        default_permissions = ()
        ordering = ["-month"]
        verbose_name_plural = "value entries"
        constraints = [
            models.UniqueConstraint(fields=["item", "month"], name="value_entry_once_per_month"),
            models.CheckConstraint(condition=Q(amount__gte=0), name="value_entry_not_negative"),
            models.CheckConstraint(condition=Q(month__day=1), name="value_entry_month_by_first_day"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {self.amount}"
