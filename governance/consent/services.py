"""Publishing notices, recording what people say, setting the data-use policy."""

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from governance.consent import rules
from governance.consent.models import Notice, Policy
from governance.consent.record import Recorder
from governance.consent.served import ServedRecorder
from governance.registry.models import System
from governance.stops.services import order
from portal.errors import N_, Invalid, RuleBroken
from portal.ledger.services import actor_text, record

EVENTS_AT_ONCE = 5_000


def publish_notice(
    *,
    system: System,
    text: str,
    language: str,
    by: object,
    version: int | None = None,
    material_change: bool = False,
    grace_days: int = 0,
    effective_at: datetime | None = None,
) -> Notice:
    """Publish a notice; `version` None makes the next version, an existing version adds a language to it.

    A translation changes what its version changes: `material_change` and `grace_days` are then those of the version.
    """
    text = text.strip()
    if not text or "\x00" in text:
        raise RuleBroken(N_("Write what people are told."), code="required", field="text")
    now = timezone.now()
    if effective_at is not None and effective_at > now:
        raise RuleBroken(
            N_("A notice cannot have been published in the future."), code="future", field="effective_at"
        )
    with transaction.atomic():
        System.objects.select_for_update().get(pk=system.pk)  # two publishers get two versions
        version = _next_version(system, version, language)
        of_version = Notice.objects.filter(system=system, version=version).first()
        if of_version is not None:
            material_change, grace_days = of_version.material_change, of_version.grace_days
        notice = Notice.objects.create(
            system=system,
            version=version,
            language=language,
            text=text,
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            material_change=material_change,
            grace_days=grace_days,
            effective_at=effective_at or now,
            published_at=now,
            published_by=actor_text(by),
        )
        record(
            type="consent.notice_published",
            by=by,
            subject=system.subject,
            body={
                "notice": str(notice.pk),
                "version": version,
                "language": language,
                "sha256": notice.sha256,
                "material_change": material_change,
                "grace_days": grace_days,
            },
            ts=effective_at,
        )
    return notice


def _next_version(system: System, version: int | None, language: str) -> int:
    """The version to publish as, with the system's row locked. Raises RuleBroken for one that is taken or skips."""
    newest = Notice.objects.filter(system=system).aggregate(top=Max("version"))["top"] or 0
    if version is None:
        return int(newest) + 1
    if version > newest + 1 or version < 1:
        raise RuleBroken(
            N_("The next notice version is {next}."), code="version", field="version", next=newest + 1
        )
    if Notice.objects.filter(system=system, version=version, language=language).exists():
        raise RuleBroken(
            N_("This version exists in this language; what people were shown is never changed."),
            code="published",
            field="version",
        )
    return version


def record_consent_events(
    *,
    system: System,
    items: bytes | Sequence[Any],
    by: object,
    source: str = "",
    ndjson: bool = False,
    strict: bool = True,
    known: Mapping[str, uuid.UUID] | None = None,
) -> list[dict[str, Any]]:
    """Append consent events, in one transaction; one answer per item in order.

    `items`: a body or a list of dicts shaped like governance.consent.shapes.ConsentItem. Answers: {"id", "status":
    accepted | duplicate | conflict | refused, "event": id of the stored event, "subject_ref": the pseudonym under
    which stops name this person, "errors": [{field, code, message}]}. What ends processing orders a stop with it.
    Idempotent per (system, source, id); `source` defaults to the client that calls. `strict` False reads numbers,
    yes/no and times from text, as a CSV file has them. `known`: pseudonyms of references that were resolved before
    (a personal page knows no external id).
    """
    with transaction.atomic():
        recorder = Recorder(system, source or actor_text(by), known)
        answers = recorder.take(items, limit=EVENTS_AT_ONCE, ndjson=ndjson, strict=strict)
        _recorded("consent.events_recorded", recorder, answers, by)
        order(system=system, orders=recorder.stops, by=by)
    return answers


def record_notices_served(
    *,
    system: System,
    items: bytes | Sequence[Any],
    by: object,
    source: str = "",
    ndjson: bool = False,
    strict: bool = True,
    known: Mapping[str, uuid.UUID] | None = None,
) -> list[dict[str, Any]]:
    """Append who was shown which notice; items like governance.consent.shapes.ServedItem, `known` and answers as for
    consent."""
    with transaction.atomic():
        recorder = ServedRecorder(system, source or actor_text(by), known)
        answers = recorder.take(items, limit=EVENTS_AT_ONCE, ndjson=ndjson, strict=strict)
        _recorded("consent.notices_served", recorder, answers, by)
    return answers


def _recorded(type_: str, recorder: Recorder, answers: list[dict[str, Any]], by: object) -> None:
    """What was taken goes to the ledger; a batch that brought nothing new does not."""
    statuses = ("accepted", "duplicate", "conflict", "refused")
    counts = {status: sum(answer["status"] == status for answer in answers) for status in statuses}
    if counts["accepted"]:
        record(
            type=type_,
            by=by,
            subject=recorder.system.subject,
            body={"counts": counts, "content_sha256": recorder.content_sha256()},
        )


def draft_policy(
    *,
    system: System,
    rules: list[dict[str, Any]],
    by: object,
    note: str = "",
    retention_days: int | None = None,
) -> Policy:
    """Write (or rewrite) the one draft of the next policy version; rows as in governance.consent.rules.

    Raises Invalid with one row per fault of the rules.
    """
    _check_rules(rules)
    with transaction.atomic():
        System.objects.select_for_update().get(pk=system.pk)
        draft = Policy.objects.filter(system=system, state="draft").first()
        if draft is None:
            newest = Policy.objects.filter(system=system).aggregate(top=Max("version"))["top"] or 0
            draft = Policy(system=system, version=newest + 1)
        draft.rules, draft.note, draft.retention_days = rules, note, retention_days
        draft.drafted_at, draft.drafted_by = timezone.now(), actor_text(by)
        draft.save()
        record(
            type="consent.policy_drafted",
            by=by,
            subject=system.subject,
            body={"version": draft.version, "rules": len(rules)},
        )
    return draft


def _check_rules(rows: list[dict[str, Any]]) -> None:
    if faults := rules.faults_in(rows):
        raise Invalid(faults)


def approve_policy(
    *, policy: Policy, by: object, seen: str | None = None, effective_at: datetime | None = None
) -> Policy:
    """Approve a draft: from `effective_at` (default now) on it is the policy in force, and frozen.

    Refused for whoever drafted it: two pairs of eyes. `seen` is the `stamp` of the draft that was read; a draft
    that was rewritten since is refused.
    """
    with transaction.atomic():
        System.objects.select_for_update().get(pk=policy.system_id)  # no draft is rewritten meanwhile
        locked = Policy.objects.select_for_update(of=("self",)).select_related("system").get(pk=policy.pk)
        if locked.state != "draft":
            raise RuleBroken(
                N_("This policy version is approved already; draft the next one."), code="not_draft"
            )
        if seen is not None and seen != locked.stamp:
            raise RuleBroken(
                N_("The draft changed since you opened it. Read it again before you approve it."),
                code="stale",
            )
        if actor_text(by) == locked.drafted_by and actor_text(by) != "system":
            raise RuleBroken(
                N_("Who drafted a policy does not approve it: ask a colleague."), code="same_person"
            )
        now = timezone.now()
        locked.state = "approved"
        locked.approved_at, locked.approved_by = now, actor_text(by)
        locked.effective_at = effective_at or now
        locked.save()
        record(
            type="consent.policy_approved",
            by=by,
            subject=locked.system.subject,
            body={"version": locked.version, "rules": locked.rules_text()},
            ts=effective_at,
        )
    policy.refresh_from_db()
    return policy
