"""The customary ways to take in interactions with Django REST framework: what ours is compared with."""

import uuid
from typing import Any


def _fields() -> tuple[type, tuple[str, ...]]:
    from rest_framework import serializers

    from metrics.ingest.models import Interaction

    names = (
        "occurred_at", "modality", "purpose", "subject_role", "session", "channel", "language", "predicted",
        "confidence", "gold", "disclosed_at", "first_response_ms", "resolved",
    )  # fmt: skip

    class InteractionSerializer(serializers.ModelSerializer):  # type: ignore[type-arg]
        """What a client sends, checked by the fields of the model."""

        id = serializers.CharField(max_length=128)
        person = serializers.CharField(max_length=128)

        class Meta:
            model = Interaction
            fields = ("id", "person", *names)

    return InteractionSerializer, names


def _row(system: Any, item: dict[str, Any], names: tuple[str, ...], batch: uuid.UUID) -> Any:
    from governance.consent.pseudonyms import pseudonym
    from metrics.ingest.models import Interaction

    return Interaction(
        system_id=system.pk, source_id=item["id"], subject=pseudonym(system.pk, item["person"]), batch_id=batch,
        content=batch, basis="allow", reason="consented", **{name: item.get(name) for name in names},
    )  # fmt: skip


def _checked(items: list[dict[str, Any]], prefix: str) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    serializer_class, names = _fields()
    renamed = [{**item, "id": prefix + item["id"], "person": item["subject"]} for item in items]
    serializer = serializer_class(data=renamed, many=True)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data, names


def in_bulk(system: Any, items: list[dict[str, Any]]) -> None:
    """Validate with a serializer and store with bulk_create: no consent, no rollup, no receipt, no ledger."""
    from django.db import transaction

    from metrics.ingest.models import Interaction

    batch = uuid.uuid4()
    checked, names = _checked(items, "bulk-")
    with transaction.atomic():
        rows = [_row(system, item, names, batch) for item in checked]
        Interaction.objects.bulk_create(rows, ignore_conflicts=True, batch_size=1000)


def item_by_item(system: Any, items: list[dict[str, Any]]) -> None:
    """Validate, ask the gate, save and count each item by itself, in one transaction."""
    from django.db import transaction
    from django.db.models import F

    from governance.gate.services import decide
    from metrics.rollups.models import DayRollup, PersonDay

    batch = uuid.uuid4()
    checked, names = _checked(items, "single-")
    with transaction.atomic():
        for item in checked:
            row = _row(system, item, names, batch)
            asked = {
                "subject": item["person"], "at": row.occurred_at, "subject_role": row.subject_role,
                "purpose": row.purpose, "modality": row.modality,
            }  # fmt: skip
            row.basis = decide(system=system, items=[asked])[0].outcome
            row.save(force_insert=True)
            day = row.occurred_at.date()
            for key in ("interactions", f"basis.{row.basis}", f"predicted.{row.predicted}"):
                counted, made = DayRollup.objects.get_or_create(
                    system_id=system.pk, day=day, key=key, defaults={"value": 1}
                )
                if not made:
                    DayRollup.objects.filter(pk=counted.pk).update(value=F("value") + 1)
            seen, made = PersonDay.objects.get_or_create(
                system_id=system.pk, topic="interactions", day=day, subject=row.subject, defaults={"n": 1}
            )
            if not made:
                PersonDay.objects.filter(pk=seen.pk).update(n=F("n") + 1)
