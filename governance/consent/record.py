"""Appending consent events: from items of a client to rows, set by set."""

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.db import connection
from django.utils import timezone

from governance.consent import rules
from governance.consent.models import Alias, ConsentEvent, Notice, Subject
from governance.consent.pseudonyms import Keyed, keyed
from governance.consent.selectors import last_words, policy_history
from governance.consent.shapes import ConsentItem
from governance.holding.selectors import buried
from governance.registry.models import DataFlow, System
from governance.stops.rules import AFTER_CONSENT_ONLY, ENDINGS
from governance.stops.services import Order
from portal.errors import N_
from portal.shapes import Fault, Read, read

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_GUARDIAN = Fault("actor", "guardian_needed", N_("For a minor a guardian consents."))
_ENCODER = msgspec.json.Encoder(order="deterministic")


def in_turn(system: System) -> None:
    """Wait for the other batches of a system; held until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 11))", [str(system.pk)])


class Recorder:
    """Takes one batch of consent events of one source into one system; call inside a transaction."""

    shape: Any = ConsentItem
    model: Any = ConsentEvent

    def __init__(self, system: System, source: str, known: Mapping[str, uuid.UUID] | None = None) -> None:
        self.system = system
        self.known = known or {}  # references that the caller resolved before: a personal page has no other
        self.keyed: Keyed
        self.source = source[:60]
        self.now = timezone.now()
        flows = list(DataFlow.objects.filter(system=system).values_list("purpose", "modality"))
        self.purposes = {purpose for purpose, _modality in flows}
        self.modalities = {modality for _purpose, modality in flows}
        self.notices: dict[int, list[Notice]] = {}
        for notice in Notice.objects.filter(system=system).defer("text").order_by("language"):
            self.notices.setdefault(notice.version, []).append(notice)
        past = (one for one in policy_history(system.pk) if one.effective_at and one.effective_at <= self.now)
        in_force = next(past, None)
        self.policy = [rules.policy_rule(row) for row in in_force.rules] if in_force else []
        self.accepted: list[str] = []
        self.stops: list[Order] = []

    def take(
        self, items: bytes | Sequence[Any], *, limit: int, ndjson: bool, strict: bool = True
    ) -> list[dict[str, Any]]:
        """Answer every item in order and store the good ones; `strict` as in portal.shapes.read."""
        batch = items if isinstance(items, bytes) else list(items)
        found: list[Read[Any]] = read(batch, self.shape, limit=limit, ndjson=ndjson, strict=strict)
        self._one_at_a_time()
        for one in found:
            if one.value is not None:
                one.faults = self._faults(one.value)
        answers = [self._answer(one, "refused") if one.faults else None for one in found]
        good = self._without_known(found, answers)
        self._correct_and_store(good, answers)
        return [answer for answer in answers if answer is not None]

    def _one_at_a_time(self) -> None:
        """The same event sent twice at the same moment must meet itself: batches of a system queue up here."""
        in_turn(self.system)
        self.now = timezone.now()  # in turn: whoever reads events by recorded_at misses none
        self.keyed = keyed(
            self.system.pk
        )  # in turn: a rotation of keys waits for us, and we for the rotation

    def content_sha256(self) -> str:
        """Over the keyed fingerprints of what was accepted: proof of the batch without its content."""
        return hashlib.sha256("\n".join(self.accepted).encode()).hexdigest()

    # --- one item ---------------------------------------------------------------------------

    def _faults(self, item: ConsentItem) -> list[Fault]:
        faults = []
        if b"\\u0000" in _ENCODER.encode(item):
            faults.append(Fault("", "nul", N_("A NUL character cannot be stored.")))
        if not (item.subject or item.session):
            faults.append(Fault("subject", "required", N_("Name the subject or the session.")))
        faults += self._faults_of_topic(item)
        faults += self._faults_of_times(item)
        if item.action in rules.AGREEING:
            faults += self._faults_of_agreement(item)
        return faults

    def _faults_of_topic(self, item: ConsentItem) -> list[Fault]:
        faults = []
        if item.purpose not in self.purposes:
            message = N_("No declared flow of this system has this purpose.")
            faults.append(Fault("purpose", "unknown_purpose", message))
        if item.modality not in self.modalities:
            message = N_("No declared flow of this system has this modality.")
            faults.append(Fault("modality", "unknown_modality", message))
        # a flow may have changed since: what somebody spoke about, they may say no to
        return [] if faults and item.action in ENDINGS and self._spoke_of(item) else faults

    def _spoke_of(self, item: ConsentItem) -> bool:
        subjects = Alias.objects.filter(system_id=self.system.pk, digest=self._digest(item)).values(
            "subject_id"
        )
        return ConsentEvent.objects.filter(
            system_id=self.system.pk, subject_id__in=subjects, purpose=item.purpose, modality=item.modality
        ).exists()

    def _faults_of_times(self, item: ConsentItem) -> list[Fault]:
        if item.effective_at > self.now + rules.SKEW:
            return [Fault("effective_at", "future", N_("This time lies in the future."))]
        if item.effective_at < EARLIEST:
            return [Fault("effective_at", "too_early", N_("This time lies before the year 2000."))]
        if item.expires_at is not None and item.expires_at <= item.effective_at:
            return [Fault("expires_at", "expires_before", N_("It would expire before it counts."))]
        return []

    def _faults_of_agreement(self, item: ConsentItem) -> list[Fault]:
        faults = []
        if item.minor == "yes" and item.actor != "guardian":
            faults.append(_GUARDIAN)
        notice = self._notice(item)
        if notice is None and self.notices.get(item.notice_version or 0):
            message = N_("This version is not published in this language.")
            faults.append(Fault("language", "unknown_notice", message))
        elif notice is None:
            faults.append(
                Fault("notice_version", "notice_needed", N_("Consent names a published notice version."))
            )
        elif item.effective_at < notice.effective_at:
            faults.append(
                Fault("effective_at", "before_notice", N_("Consent cannot precede the notice that it names."))
            )
        if not item.explicit and self._explicit_wanted(item):
            faults.append(
                Fault("explicit", "explicit_needed", N_("The policy asks for explicit consent here."))
            )
        return faults

    def _explicit_wanted(self, item: ConsentItem) -> bool:
        return rules.explicit_wanted(self.policy, item.subject_role, item.purpose, item.modality)

    def _notice(self, item: ConsentItem) -> Notice | None:
        """The text that was agreed to; where no language is named, the first. A language that is not there is None."""
        versions, named = self.notices.get(item.notice_version or 0, []), (item.language or "").lower()
        spoken = [n for n in versions if n.language == named] or [
            n for n in versions if n.language == named[:2]
        ]
        return next(iter(spoken if named else versions), None)

    # --- the batch --------------------------------------------------------------------------

    def _without_known(
        self, found: list[Read[ConsentItem]], answers: list[dict[str, Any] | None]
    ) -> list[tuple[Read[ConsentItem], uuid.UUID]]:
        """The good items that are new; known ones are answered as duplicate or conflict."""
        good = [one for one in found if not one.faults and one.value is not None]
        known: dict[str, tuple[uuid.UUID, uuid.UUID]] = {
            row[0]: (row[1], row[2])
            for row in self.model.objects.filter(
                system_id=self.system.pk, source=self.source, source_event__in=[one.id or "" for one in good]
            ).values_list("source_event", "content", "id")
        }
        gone = self._buried([one.id or "" for one in good])
        new = []
        for one in good:
            content = self.keyed.fingerprint(_ENCODER.encode(one.value))
            if one.id in gone:  # said by somebody who was erased: known, and nothing more is known
                answers[one.position] = self._answer(one, "duplicate")
            elif one.id in known:
                same, event = known[one.id][0] == content, known[one.id][1]
                answers[one.position] = self._answer(one, "duplicate" if same else "conflict", event)
            else:
                event = uuid.uuid4()
                known[one.id or ""] = (content, event)
                answers[one.position] = self._answer(one, "accepted", event)
                new.append((one, content))
        return new

    def _buried(self, names: list[str]) -> set[str]:
        """Those ids that stand in the table as tombstones."""
        stones = buried(self.system.pk, "event", [f"{self.source}\x00{name}" for name in names])
        if not stones:
            return set()
        found = set(
            self.model._default_manager.filter(
                system_id=self.system.pk, source=self.source, source_event__in=list(stones.values())
            ).values_list("source_event", flat=True)
        )
        return {name.partition("\x00")[2] for name, stone in stones.items() if stone in found}

    def _correct_and_store(
        self, good: list[tuple[Read[ConsentItem], uuid.UUID]], answers: list[dict[str, Any] | None]
    ) -> None:
        corrected = self._corrected(
            [one.value.corrects for one, _c in good if one.value and one.value.corrects]
        )
        subjects = self._subjects([one.value for one, _content in good if one.value])
        minors = dict(Subject.objects.filter(pk__in=subjects.values()).values_list("pk", "minor"))
        grown: dict[int, str] = {}  # what these events say of whom more than was known
        rows = []
        for one, content in good:
            item, answer = one.value, answers[one.position]
            if item is None or answer is None:  # never: `good` holds read items only
                continue
            if item.corrects and item.corrects not in corrected:
                one.faults.append(
                    Fault("corrects", "unknown_event", N_("The event to correct is not known."))
                )
                answers[one.position] = self._answer(one, "refused")
                continue
            subject = subjects[self._digest(item)]
            if item.minor != "unknown" and item.minor != minors[subject]:
                minors[subject] = grown[subject] = item.minor
            if minors[subject] == "yes" and item.action in rules.AGREEING and item.actor != "guardian":
                one.faults.append(_GUARDIAN)  # known from an earlier event, whatever this one leaves out
                answers[one.position] = self._answer(one, "refused")
                continue
            self.accepted.append(str(content))
            rows.append(self._row(item, content, uuid.UUID(answer["event"]), subjects, corrected))
        ConsentEvent.objects.bulk_create(rows, batch_size=2000)
        for said in ("yes", "no"):
            Subject.objects.filter(pk__in=[pk for pk, minor in grown.items() if minor == said]).update(
                minor=said
            )
        self.stops = self._stops(rows, {number: digest for digest, number in subjects.items()})

    def _stops(self, rows: list[ConsentEvent], digests: dict[int, uuid.UUID]) -> list[Order]:
        """What these words end; a late or corrected one as well: stopping once too often harms nobody.

        An objection ends nothing where the policy rests on what one cannot object to: the gate goes on saying yes.
        """
        roles = {row.pk: role for row, role in self._objectors(rows)}
        ending = [
            row
            for row in rows
            if row.action in ENDINGS
            and (
                row.action != "objected"
                or rules.asks_the_person(self.policy, roles[row.pk], row.purpose, row.modality)
            )
        ]
        doubtful = [row.subject_id for row in ending if row.action in AFTER_CONSENT_ONLY]
        agreed: set[tuple[int, str, str]] = set()
        if doubtful:
            given = ConsentEvent.objects.filter(system_id=self.system.pk, subject_id__in=doubtful)
            agreed = set(
                given.filter(action__in=rules.AGREEING).values_list("subject_id", "purpose", "modality")
            )
        return [
            Order(
                type=ENDINGS[row.action],
                effective_at=row.effective_at,
                subject_ref=digests[row.subject_id],
                purpose=row.purpose,
                modality=row.modality,
                event=row.pk,
            )
            for row in ending
            if row.action not in AFTER_CONSENT_ONLY or (row.subject_id, row.purpose, row.modality) in agreed
        ] + self._taken_back(rows, {row.pk for row in ending})

    def _objectors(self, rows: list[ConsentEvent]) -> Iterator[tuple[ConsentEvent, str]]:
        objections = [row for row in rows if row.action == "objected"]
        found = Subject.objects.filter(pk__in={row.subject_id for row in objections})
        roles = dict(found.values_list("pk", "role"))
        return ((row, roles[row.subject_id]) for row in objections)

    def _taken_back(self, rows: list[ConsentEvent], ended: set[uuid.UUID]) -> list[Order]:
        """Consent that a correction took away, where nothing else that stands agrees and no stop was ordered for it."""
        by = {row.corrects_id: row for row in rows if row.corrects_id and row.pk not in ended}
        gone = list(ConsentEvent.objects.filter(pk__in=list(by), action__in=rules.AGREEING))
        if not gone:
            return []
        aliases = Alias.objects.filter(
            system_id=self.system.pk, subject_id__in={row.subject_id for row in gone}
        )
        names = dict(aliases.values_list("subject_id", "digest"))
        gone = [row for row in gone if row.subject_id in names]  # of nobody who was erased
        topics = [(names[row.subject_id], row.purpose, row.modality, self.now) for row in gone]
        return [
            Order(
                type=ENDINGS["invalidated"],
                effective_at=self.now,
                subject_ref=names[row.subject_id],
                purpose=row.purpose,
                modality=row.modality,
                event=by[row.pk].pk,
            )
            for row, word in zip(gone, last_words(self.system.pk, topics, self.now), strict=True)
            if word is None or word.action not in rules.AGREEING
        ]

    def _row(
        self,
        item: ConsentItem,
        content: uuid.UUID,
        event: uuid.UUID,
        subjects: dict[uuid.UUID, int],
        corrected: dict[str, uuid.UUID],
    ) -> ConsentEvent:
        notice = self._notice(item)
        return ConsentEvent(
            id=event,
            system_id=self.system.pk,
            subject_id=subjects[self._digest(item)],
            purpose=item.purpose,
            modality=item.modality,
            action=item.action,
            explicit=item.explicit,
            minor=item.minor,
            effective_at=min(item.effective_at, self.now),  # a clock slightly ahead is not the future
            recorded_at=self.now,
            expires_at=item.expires_at,
            notice=notice,
            method=item.method,
            actor=item.actor,
            evidence_hash=item.evidence_hash or "",
            corrects_id=corrected.get(item.corrects or ""),
            source=self.source,
            source_event=item.id,
            content=content,
        )

    def _digest(self, item: ConsentItem) -> uuid.UUID:
        name = item.subject or item.session or ""
        return self.known.get(name) or self.keyed.pseudonym(name)

    def _corrected(self, names: list[str]) -> dict[str, uuid.UUID]:
        rows = ConsentEvent.objects.filter(
            system_id=self.system.pk, source=self.source, source_event__in=names
        ).values_list("source_event", "id")
        return dict(rows)

    def _subjects(self, items: list[ConsentItem]) -> dict[uuid.UUID, int]:
        """Subject number per pseudonym; unknown people get a number. Sorted, so that two batches cannot deadlock."""
        wanted = {self._digest(item): item for item in items}
        known = self._aliases(list(wanted))
        missing = sorted(set(wanted) - set(known))
        if not missing:
            return known
        new = Subject.objects.bulk_create(
            [
                Subject(role=wanted[d].subject_role, minor=wanted[d].minor, created_at=self.now)
                for d in missing
            ]
        )
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO governance_alias (system_id, digest, subject_id)"
                " SELECT %s, d, s FROM unnest(%s::uuid[], %s::bigint[]) AS u(d, s) ORDER BY d"
                " ON CONFLICT DO NOTHING RETURNING subject_id",
                [self.system.pk, missing, [s.pk for s in new]],
            )
            used = {row[0] for row in cursor.fetchall()}
        lost = [s.pk for s in new if s.pk not in used]  # another batch named the same person first
        if lost:
            Subject.objects.filter(pk__in=lost).delete()
        return self._aliases(list(wanted))

    def _aliases(self, digests: list[uuid.UUID]) -> dict[uuid.UUID, int]:
        rows = Alias.objects.filter(system_id=self.system.pk, digest__in=digests)
        return dict(rows.values_list("digest", "subject_id"))

    def _answer(self, one: Read[ConsentItem], status: str, event: uuid.UUID | None = None) -> dict[str, Any]:
        return {
            "id": one.id,
            "status": status,
            "event": str(event) if event else None,
            "subject_ref": str(self._digest(one.value)) if event and one.value else None,
            "errors": [fault.to_dict() for fault in one.faults],
        }
