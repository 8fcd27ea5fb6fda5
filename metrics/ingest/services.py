"""Taking in interactions and labels; evaluation sets are in metrics.ingest.evaluation."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from django.db import connection
from django.utils import timezone

from governance.consent.pseudonyms import Keyed, keyed
from governance.consent.rules import Situation
from governance.gate import rules as gate_rules
from governance.gate.selectors import Scope, scope
from governance.gate.services import Case, Decision, answers
from governance.holding.holders import Aged, Part
from governance.holding.selectors import buried, taken_from
from governance.registry.models import System, SystemVersion
from metrics.ingest import batch, rules, store
from metrics.ingest.evaluation import import_evaluation
from metrics.ingest.observed import Undeclared, report_undeclared
from metrics.ingest.shapes import InteractionItem, LabelItem
from metrics.rollups.services import lock
from portal.shapes import Fault, Read, read

__all__ = ["import_evaluation", "receive", "receive_labels"]
KEPT = ("allow", "basis_doubtful")
_ENCODER = msgspec.json.Encoder(order="deterministic")
Answer = dict[str, Any]
One = Read[InteractionItem]
Told = tuple[str | None, str, str, str]
"""(flow, subject_role, modality, purpose) as an item has them."""
Derived = tuple[gate_rules.Flow | None, str, Situation]
"""(declared flow, why it does not fit or '', situation) of such items."""


def scheme_of(system: System) -> rules.Scheme:
    """What a system declares: labels, dimensions, versions."""
    versions = SystemVersion.objects.filter(system=system).values_list("name", flat=True)
    return rules.scheme(system.labels, system.dimensions or {}, list(versions))


def receive(
    *,
    system: System,
    items: list[Any] | bytes,
    by: object,
    client: str = "",
    idempotency_key: str | None = None,
    ndjson: bool = False,
    sandbox: bool = False,
    strict: bool = True,
) -> dict[str, Any]:
    """Take in a batch of interactions: validated, pseudonymised, asked of the gate, stored and counted at once.

    `items`: a list of dicts as in the API, or the body of the call (JSON {"items": [...]}, or NDJSON). Returns
    {"receipt", "counts": {status: n}, "items": [{"id", "status", "basis", "reason", "errors"}]} in the order sent.
    Good items are stored, bad ones named. Raises Malformed or Invalid where the whole is no batch, RuleBroken for a
    reused key. `strict` False reads numbers and yes/no from text, as files have them.
    """
    found = read(items, InteractionItem, limit=rules.ITEMS_AT_ONCE, ndjson=ndjson, strict=strict)
    return batch.run(
        system=system,
        kind="interactions",
        body=items,
        by=by,
        client=client,
        idempotency_key=idempotency_key,
        sandbox=sandbox,
        work=lambda batch_id: _Intake(system, batch_id, by).take(found),
    )


class _Intake:
    """One batch of interactions on its way into one system."""

    def __init__(self, system: System, batch_id: uuid.UUID, by: object) -> None:
        self.system, self.batch_id, self.by = system, batch_id, by
        self.now = timezone.now()
        self.declared = scheme_of(system)
        self.scope: Scope = scope(system.pk)
        self.undeclared: list[Undeclared] = []
        self.keyed: Keyed
        self.taken_from: dict[Aged, datetime] = {}
        self.pseudonyms: dict[str, uuid.UUID] = {}
        self.derived: dict[Told, Derived] = {}
        self.encoded: dict[int, bytes] = {}  # position -> what was sent, canonical

    def take(self, found: list[One]) -> list[Answer]:
        """Answer every item in order."""
        with connection.cursor() as cursor:
            lock(cursor, self.system.pk, alone=any(o.value is not None and o.value.correction for o in found))
        self.keyed = keyed(self.system.pk)  # under the lock: a rotation of keys waits for it
        gone = _buried(self.system, found)
        self.taken_from = taken_from(self.system.pk, Part.READINGS, Part.BARE)
        cases = [self._case(one) for one in found]
        asked = [case for case in cases if case is not None]
        decisions = iter(answers(self.scope, asked, self.now))
        decided = [next(decisions)[0] if case is not None else None for case in cases]
        rows: dict[str, store.Row] = {}
        sent: dict[str, tuple[One, bool]] = {}
        labels: dict[str, list[tuple[uuid.UUID, str]]] = {}
        twins: list[tuple[int, bool]] = []
        for one, case, decision in zip(found, cases, decided, strict=True):
            if case is None or decision is None or one.value is None or one.value.id in gone:
                continue
            row = self._row(one, one.value, case, decision)
            if one.value.id in rows:  # the same id twice in one batch: the first counts
                twins.append((one.position, row[4] == rows[one.value.id][4]))
                continue
            rows[one.value.id] = row
            sent[one.value.id] = (one, decision.outcome not in KEPT)
            if one.value.labels and decision.outcome in KEPT:
                labels[one.value.id] = [(self._pseudonym(x.rater), x.label) for x in one.value.labels]
        statuses = store.store(
            self.system, list(rows.values()), labels, self.batch_id, lambda name: self._content(*sent[name])
        )
        report_undeclared(self.system, self.undeclared, self.batch_id)
        # of somebody who was erased: known, whatever is sent again; nobody is made anew from it
        statuses |= dict.fromkeys(gone, rules.Status.DUPLICATE)
        return self._answers(found, decided, statuses, dict(twins))

    # --- one item ---------------------------------------------------------------------------

    def _case(self, one: One) -> Case | None:
        """The question to the gate, or None where the item is refused (its faults say why)."""
        item = one.value
        if item is None:
            return None
        one.faults = rules.faults_of(item, self.declared, self.now)
        plain = msgspec.structs.replace(item, correction=False) if item.correction else item
        encoded = self.encoded[one.position] = _ENCODER.encode(plain)
        if b"\\u0000" in encoded:
            one.faults.append(rules.nul_fault(item))
        told = (item.flow, item.subject_role, item.modality, item.purpose)
        flow, why, situation = self.derived.get(told) or self._derive(told)
        if why in rules.FLOW_FAULTS:
            one.faults.append(rules.FLOW_FAULTS[why])
        if self.taken_from and self._is_past(item):
            one.faults.append(rules.PAST_RETENTION)
        if one.faults:
            return None
        if why == "undeclared":
            self.undeclared.append(Undeclared(item.subject_role, item.modality, flow.id if flow else None))
            flow = None
        person = self._pseudonym(item.subject or item.session or "")
        return Case(flow, situation, person, item.occurred_at, tuple(item.recipients or ()))

    def _is_past(self, item: InteractionItem) -> bool:
        """Whether items like this one, of that time, were deleted because their time is over."""
        like = (Aged(item.subject_role, item.purpose, item.modality), Aged())
        return any(item.occurred_at < self.taken_from[one] for one in like if one in self.taken_from)

    def _derive(self, told: Told) -> Derived:
        """The flow of such items, why it is none of the declared ones, and the situation: once per combination."""
        slug, subject_role, modality, purpose = told
        flow, why = gate_rules.derive(
            self.scope.flows, slug=slug, subject_role=subject_role, modality=modality, purpose=purpose
        )
        recipient = flow.recipient if flow and not why else "system"
        situation = Situation(subject_role, purpose, modality, recipient=recipient)
        derived = self.derived[told] = (flow, why, situation)
        return derived

    def _pseudonym(self, external: str) -> uuid.UUID:
        known = self.pseudonyms.get(external)
        if known is None:
            known = self.pseudonyms[external] = self.keyed.pseudonym(external)
        return known

    def _content(self, one: One, whole: bool) -> uuid.UUID:
        """The fingerprint of the whole item, or of the part that is kept without a basis."""
        item = one.value
        if whole or item is None:
            return self.keyed.fingerprint(self.encoded[one.position])
        return self.keyed.fingerprint(_ENCODER.encode([item.id, item.occurred_at, item.flow]))

    def _row(self, one: One, item: InteractionItem, case: Case, decision: Decision) -> store.Row:
        kept = decision.outcome in KEPT
        head = (
            self.system.pk,
            item.id,
            item.occurred_at,
            self.batch_id,
            self._content(one, kept),
            case.flow.id if case.flow else None,
            decision.outcome,
            decision.reason,
        )
        if not kept:
            return (*head, *_NOTHING, item.test, item.correction)
        said = (decision.consent_event, decision.policy_version, case.person)
        return (*head, *said, *_details(item), item.test, item.correction)

    # --- the receipt ------------------------------------------------------------------------

    def _answers(
        self,
        found: list[One],
        decided: Sequence[Decision | None],
        statuses: dict[str, rules.Status],
        twins: dict[int, bool],
    ) -> list[Answer]:
        result = []
        for one, decision in zip(found, decided, strict=True):
            if decision is None:
                result.append(_answer(one.id, rules.Status.REFUSED, None, one.faults))
                continue
            status = statuses[one.id or ""]
            if one.position in twins:
                status = rules.Status.DUPLICATE if twins[one.position] else rules.Status.CONFLICT
            faults = [rules.CONFLICT] if status is rules.Status.CONFLICT else []
            result.append(_answer(one.id, status, decision, faults))
        return result


def _buried(system: System, found: list[One]) -> set[str]:
    """The ids of items that stand in the table as tombstones: of people who were erased."""
    stones = buried(system.pk, "item", [one.value.id for one in found if one.value is not None])
    if not stones:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT source_id FROM metrics_interaction WHERE system_id = %s AND source_id = ANY(%s)",
            [system.pk, list(stones.values())],
        )
        standing = {row[0] for row in cursor.fetchall()}
    return {name for name, stone in stones.items() if stone in standing}


_NOTHING = (None,) * (len(store.COLUMNS) - 9)
"""The columns between `reason` and `test` of an item without a basis."""


def _details(item: InteractionItem) -> tuple[Any, ...]:
    """The columns from subject_role to handling_s."""
    offer = item.offer
    return (
        item.subject_role,
        item.session,
        item.turn,
        item.source_seq,
        item.version,
        item.channel,
        item.modality,
        item.purpose,
        item.recipients,
        item.language,
        store.as_jsonb(item.attributes),
        item.predicted,
        item.confidence,
        store.as_jsonb(item.scores),
        item.gold,
        item.strategy,
        item.decision_id,
        item.notice_version,
        item.disclosed_at,
        item.emotion_notice_at,
        item.sensitive,
        item.escalated_at,
        item.human_at,
        item.overridden,
        offer.kind if offer else None,
        offer.accepted if offer else None,
        item.intent,
        item.resolved,
        item.first_response_ms,
        item.handling_s,
    )


def _answer(name: str | None, status: rules.Status, decision: Decision | None, faults: list[Fault]) -> Answer:
    return {
        "id": name,
        "status": status.value,
        "basis": decision.outcome if decision else None,
        "reason": decision.reason if decision else None,
        "errors": [fault.to_dict() for fault in faults],
    }


def receive_labels(
    *,
    system: System,
    items: list[Any] | bytes,
    by: object,
    client: str = "",
    idempotency_key: str | None = None,
    ndjson: bool = False,
    sandbox: bool = False,
) -> dict[str, Any]:
    """Take in what human raters say about stored interactions; late labels move the counts of their day.

    Items: {"id", "rater", "label"}. Status: accepted, duplicate (the same again), corrected (the same rater says
    something else now), refused (unknown id, label outside the scheme, no basis to keep anything about it).
    """
    found = read(items, LabelItem, limit=rules.ITEMS_AT_ONCE, ndjson=ndjson)
    return batch.run(
        system=system,
        kind="labels",
        body=items,
        by=by,
        client=client,
        idempotency_key=idempotency_key,
        sandbox=sandbox,
        work=lambda batch_id: _take_labels(system, found, batch_id),
    )


def _take_labels(system: System, found: list[Read[LabelItem]], batch_id: uuid.UUID) -> list[Answer]:
    with connection.cursor() as cursor:
        lock(cursor, system.pk, alone=True)
        names_of = keyed(system.pk)
        names = [one.id for one in found if one.id]
        cursor.execute(
            "SELECT source_id, basis IN ('allow', 'basis_doubtful') FROM metrics_interaction"
            " WHERE system_id = %s AND source_id = ANY(%s)",
            [system.pk, names],
        )
        bases: dict[str, bool] = dict(cursor.fetchall())
    known = store.known_labels(system.pk, names)
    changes: dict[tuple[str, uuid.UUID], str] = {}
    result = []
    for one in found:
        item = one.value
        if item is not None:
            one.faults = _faults_of_label(item, frozenset(system.labels), bases)
        if item is None or one.faults:
            result.append(_label_answer(one, rules.Status.REFUSED))
            continue
        key = (item.id, names_of.pseudonym(item.rater))
        before = changes.get(key, known.get(key))
        if before == item.label:
            result.append(_label_answer(one, rules.Status.DUPLICATE))
            continue
        changes[key] = item.label
        result.append(_label_answer(one, rules.Status.CORRECTED if before else rules.Status.ACCEPTED))
    store.relabel(system, [(name, rater, label) for (name, rater), label in changes.items()], batch_id)
    return result


def _faults_of_label(item: LabelItem, labels: frozenset[str], bases: dict[str, bool]) -> list[Fault]:
    if "\x00" in item.id + item.rater:
        return [rules.nul_fault(item)]
    faults = [] if item.label in labels else [rules.label_fault("label")]
    if item.id not in bases:
        faults.append(rules.UNKNOWN_ID)
    elif not bases[item.id]:
        faults.append(rules.NO_BASIS)
    return faults


def _label_answer(one: Read[LabelItem], status: rules.Status) -> Answer:
    return {"id": one.id, "status": status.value, "errors": [fault.to_dict() for fault in one.faults]}
