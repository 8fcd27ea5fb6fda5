"""Sufficient statistics: small additive rows from which every page reads, whatever the number of interactions."""

from django.db import models


class DayRollup(models.Model):
    """One counter of one system on one UTC day; `key` is listed in metrics.rollups.rules."""

    pk = models.CompositePrimaryKey("system_id", "day", "key")
    system_id = models.UUIDField()
    day = models.DateField()
    key = models.CharField(max_length=160)
    value = models.DecimalField(max_digits=40, decimal_places=12)

    def __str__(self) -> str:
        return f"{self.day} {self.key} = {self.value}"


class ConfusionRollup(models.Model):
    """n interactions of one version, day and slice with this gold and this predicted label.

    `slice` is '' for all, or 'dimension=value' (language, channel, subject_role, modality, declared attributes).
    """

    pk = models.CompositePrimaryKey("system_id", "day", "version", "slice", "gold", "predicted")
    system_id = models.UUIDField()
    day = models.DateField()
    version = models.CharField(max_length=60)
    slice = models.CharField(max_length=160)
    gold = models.CharField(max_length=60)
    predicted = models.CharField(max_length=60)
    n = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.day} {self.gold}→{self.predicted}: {self.n}"


class PersonDay(models.Model):
    """That a pseudonym took part: the privacy floor counts people exactly, not messages.

    `topic`: 'interactions', 'gold', 'gold|dimension=value', or 'survey.<instrument>'; `n` rows behind it.
    """

    pk = models.CompositePrimaryKey("system_id", "topic", "day", "subject")
    system_id = models.UUIDField()
    topic = models.CharField(max_length=160)
    day = models.DateField()
    subject = models.UUIDField()
    n = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.day} {self.topic}"
