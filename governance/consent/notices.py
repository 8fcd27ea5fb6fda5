"""Questions about notices: what is published in which languages, who was shown what, whose consent ends when."""

import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import Count

from governance.consent.floors import floor_of
from governance.consent.models import Notice, NoticeServed
from governance.consent.rules import MaterialNotice
from governance.consent.selectors import material_notices
from governance.registry.models import System


def languages() -> dict[str, str]:
    """The languages in which people are told, code -> name in the reader's language."""
    return {code.split("-")[0]: str(name) for code, name in settings.LANGUAGES}


@dataclass
class Shown:
    """How many people were shown a text on one channel; None where the group is too small to say."""

    channel: str
    language: str
    people: int | None


@dataclass
class NoticeVersion:
    """One version with its texts, the languages it lacks and to whom it was shown."""

    number: int
    texts: list[Notice]
    missing: list[str]
    shown: list[Shown] = field(default_factory=list)

    @property
    def first(self) -> Notice:
        """The text that was published first, which says what holds for the version."""
        return min(self.texts, key=lambda text: text.published_at)

    @property
    def material_change(self) -> bool:
        """Whether it ends older consent."""
        return any(text.material_change for text in self.texts)


def versions(system: System) -> list[NoticeVersion]:
    """Every version, newest first, with the number of people per channel and language. Two queries."""
    texts: dict[int, list[Notice]] = {}
    for notice in Notice.objects.filter(system=system).order_by("-version", "language"):
        texts.setdefault(notice.version, []).append(notice)
    shown = _shown(system)
    return [
        NoticeVersion(
            number,
            found,
            [code for code in languages() if code not in {text.language for text in found}],
            [one for text in found for one in shown.get(text.pk, [])],
        )
        for number, found in texts.items()
    ]


def named(codes: Iterable[str]) -> list[tuple[str, str]]:
    """(code, name in the reader's language) of languages."""
    names = languages()
    return [(code, names.get(code, code)) for code in codes]


def missing_languages(notices: Iterable[Notice]) -> tuple[int, list[str]]:
    """(newest version, the languages that it lacks); (0, []) where nothing is published."""
    rows = list(notices)
    newest = max((row.version for row in rows), default=0)
    known = {row.language for row in rows if row.version == newest}
    return newest, [code for code in languages() if code not in known] if newest else []


def _shown(system: System) -> dict[uuid.UUID, list[Shown]]:
    rows = (
        NoticeServed.objects.filter(system_id=system.pk)
        .values("notice_id", "notice__language", "channel")
        .annotate(people=Count("subject", distinct=True))
        .order_by("notice__language", "channel")
    )
    floor = floor_of(system)
    found: dict[uuid.UUID, list[Shown]] = {}
    for row in rows.values_list("notice_id", "notice__language", "channel", "people"):
        found.setdefault(row[0], []).append(Shown(row[2], row[1], _safe(row[3], floor)))
    return found


def shown_of(notice: Notice) -> list[Shown]:
    """On which channels one text was shown to how many people."""
    rows = (
        NoticeServed.objects.filter(notice=notice)
        .values("channel")
        .annotate(people=Count("subject", distinct=True))
    )
    counts = rows.order_by("channel").values_list("channel", "people")
    floor = floor_of(notice.system)
    return [Shown(channel, notice.language, _safe(people, floor)) for channel, people in counts]


def _safe(people: int, floor: int) -> int | None:
    return people if people >= floor else None


# --- whose consent ends when ----------------------------------------------------------------------------------

_AGREED = """
SELECT l.purpose, l.modality, v.version, {columns} FROM (
  SELECT DISTINCT ON (subject_id, purpose, modality)
         purpose, modality, action, notice_id, expires_at, source, source_event, effective_at
  FROM governance_consentevent e
  WHERE system_id = %(system)s AND effective_at <= %(at)s AND recorded_at <= %(at)s AND action <> 'requested'
    AND NOT EXISTS (SELECT 1 FROM governance_consentevent c WHERE c.corrects_id = e.id AND c.recorded_at <= %(at)s)
  ORDER BY subject_id, purpose, modality, effective_at DESC, recorded_at DESC,
           (action IN ('given', 'renewed')), id DESC) l
JOIN governance_notice v ON v.id = l.notice_id
WHERE l.action IN ('given', 'renewed') AND (l.expires_at IS NULL OR l.expires_at > %(at)s)
  AND v.version < %(newest)s {tail}
"""


@dataclass(frozen=True)
class Reconsent:
    """How many people's consent to one purpose × modality ends (or ended) at `due_at`, because notice `version`
    changed materially; `people` None where the group is too small to say."""

    purpose: str
    modality: str
    version: int
    due_at: datetime
    people: int | None


def reconsent(system: System, at: datetime) -> list[Reconsent]:
    """Whose consent rests on a notice older than a material change, by purpose, modality, due date. Three queries."""
    material = material_notices(system.pk)
    counts: dict[tuple[str, str, int, datetime], int] = {}
    for purpose, modality, version, people in _agreed(
        system, at, material, "count(*)", "GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
    ):
        due = due_after(version, material)
        key = (purpose, modality, due.version, due.due_at)
        counts[key] = counts.get(key, 0) + people
    floor = floor_of(system)
    found = [Reconsent(*key, _safe(people, floor)) for key, people in counts.items()]
    return sorted(found, key=lambda one: (one.due_at, one.purpose, one.modality))


def events_to_reask(system: System, at: datetime) -> Iterator[tuple[Any, ...]]:
    """(source, source's own event id, purpose, modality, date of the consent, due date) of each consent that ends."""
    material = material_notices(system.pk)
    columns = "l.source, l.source_event, l.effective_at"
    for row in _agreed(system, at, material, columns, "ORDER BY 1, 2, l.source, l.source_event"):
        purpose, modality, version, source, event, since = row
        yield source, event, purpose, modality, since, due_after(version, material).due_at


def due_after(version: int, material: Sequence[MaterialNotice]) -> MaterialNotice:
    """The material notice that ends consent to `version` first (rules.why_not_valid: any that is due ends it)."""
    return min((one for one in material if one.version > version), key=lambda one: (one.due_at, one.version))


def _agreed(
    system: System, at: datetime, material: Sequence[MaterialNotice], columns: str, tail: str
) -> list[tuple[Any, ...]]:
    if not material:
        return []
    newest = max(one.version for one in material)
    with connection.cursor() as cursor:
        cursor.execute(
            _AGREED.format(columns=columns, tail=tail), {"system": system.pk, "at": at, "newest": newest}
        )
        rows: list[tuple[Any, ...]] = cursor.fetchall()
    return rows
