"""Sets of legal rules: which one is in force, what a new one would change, bringing one in, applying it.

A set arrives as a signed file (a C2SP signed note around the YAML of law.yaml). It counts only from the moment an
administrator applies it, who sees before which outcomes would change.
"""

import datetime as dt
import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from governance.registry.models import DataFlow
from governance.registry.selectors import flow_facts
from governance.screening import law, rules
from governance.screening.models import RuleSet, RuleSetApplication, Screening
from portal.access.selectors import can, is_person
from portal.accounts.models import Unit
from portal.datafile import DataFileError, Text
from portal.errors import N_, NotAllowed, RuleBroken
from portal.jobs.services import enqueue
from portal.ledger import notes
from portal.ledger.services import actor_text, record

SUBJECT = "law:rules"
MOST_BYTES = 1_000_000
WHOLE_ORGANISATION = N_(
    "Legal rules count for the whole organisation: this takes an administrator of all its units."
)
WITH_THE_PRODUCT = N_("It came with the product.")
_LOCK = 7_100_301  # any number; nothing else locks by it


def in_force() -> rules.Law:
    """The law that screenings go by now: the set applied last, else the one that ships with the product."""
    rows = RuleSetApplication.objects.order_by("-id")
    sha256 = rows.values_list("rule_set__sha256", flat=True).first()
    return _parsed(sha256) if sha256 else law.shipped()


def latest() -> RuleSetApplication | None:
    """The application that counts now; None before the first screening of an installation."""
    return RuleSetApplication.objects.order_by("-id").select_related("rule_set").first()


@lru_cache(maxsize=8)
def _parsed(sha256: str) -> rules.Law:
    """A stored set as data; a text that no longer has its hash is not the law that was applied."""
    row = RuleSet.objects.get(sha256=sha256)
    if digest(row.text) != sha256:
        raise RuleBroken(
            N_(
                "The stored legal rules {version} were changed outside the product: nothing is screened by them."
            ),
            code="rule_set_tampered",
            version=row.version,
        )
    return law.parse(_body(row), row.version)


def digest(text: str) -> str:
    """SHA-256 (hex) over a set as it arrived."""
    return hashlib.sha256(text.encode()).hexdigest()


def _id(text: str) -> uuid.UUID:
    """The id of a set follows from its content: the set of the product has its address before it is stored."""
    return uuid.UUID(hex=digest(text)[:32])


def _body(row: RuleSet) -> str:
    return row.text.rpartition("\n\n")[0] + "\n" if row.signer else row.text


def may_apply(user: Any) -> bool:
    """Whether `user` holds `apply_law` on every unit at the top: the law is one for the whole installation."""
    if not is_person(user):
        return False
    tops = list(Unit.objects.filter(parent__isnull=True))
    return bool(tops) and all(can(user, "apply_law", unit) for unit in tops)


def candidates() -> list[RuleSet]:
    """Every set that is known here, newest first; what ships with the product is one of them, stored or not."""
    rows = list(RuleSet.objects.all())
    product = _of_the_product()
    return rows if any(row.sha256 == product.sha256 for row in rows) else [product, *rows]


def _of_the_product() -> RuleSet:
    """The set of this version of the product, not yet stored."""
    text, known = law.LAW_FILE.read_text(encoding="utf-8"), law.shipped()
    return RuleSet(
        id=_id(text),
        version=known.version,
        source=known.source,
        text=text,
        sha256=digest(text),
        received_at=timezone.now(),
        received_by=actor_text("system"),
    )


def ensure_first(by: Any, now: dt.datetime) -> None:
    """Before the first screening: what ships with the product is in force, so that an update never changes it alone."""
    if RuleSetApplication.objects.exists():
        return
    with transaction.atomic():
        _alone()
        if RuleSetApplication.objects.exists():
            return
        product = _of_the_product()
        product.received_at = now
        product.save()
        RuleSetApplication.objects.create(
            rule_set=product, reason=WITH_THE_PRODUCT, applied_at=now, applied_by=actor_text("system")
        )
        body = {"version": product.version, "sha256": product.sha256, "reason": WITH_THE_PRODUCT}
        record(type="law.rule_set_applied", by="system", subject=SUBJECT, body=body, ts=now)


def receive(*, text: str, by: Any) -> RuleSet:
    """Take in a signed file: read strictly, signature checked against ATTUNE_LAW_KEYS. Nothing is screened by it yet.

    The same file again gives the same set. Raises RuleBroken with the line of the first mistake, for a signature that
    no trusted key made, and for another file under a version that is known.
    """
    _permitted(by)
    if len(text.encode()) > MOST_BYTES:
        raise RuleBroken(N_("A file of rules has at most one megabyte."), code="too_large", field="file")
    body, signer = _opened(text)
    known = _read(body)
    sha256 = digest(text)
    with transaction.atomic():
        _alone()
        same = RuleSet.objects.filter(version=known.version).first()
        if same is not None and same.sha256 == sha256:
            return same
        if same is not None or (known.version == law.shipped().version):
            raise RuleBroken(
                N_("There are rules of the version {version} already, with another content."),
                code="taken",
                field="file",
                version=known.version,
            )
        row = RuleSet.objects.create(
            id=_id(text),
            version=known.version,
            source=known.source,
            text=text,
            sha256=sha256,
            signer=signer,
            received_at=timezone.now(),
            received_by=actor_text(by),
        )
        said = {"version": row.version, "sha256": sha256, "signer": signer}
        record(type="law.rule_set_received", by=by, subject=SUBJECT, body=said)
    return row


def _opened(text: str) -> tuple[str, str]:
    """(the YAML, the name of the key) of a signed file."""
    if not settings.LAW_KEYS:
        raise RuleBroken(
            N_("No key is trusted to sign legal rules: set ATTUNE_LAW_KEYS."), code="no_key", field="file"
        )
    for key in settings.LAW_KEYS:
        name, public = notes.read_verifier_key(key)
        try:
            return notes.open_text(text.replace("\r\n", "\n"), name, public), name
        except notes.BadNote:
            continue
    raise RuleBroken(
        N_("No trusted key signed this file, or it was changed since."), code="not_signed", field="file"
    )


def _read(body: str) -> rules.Law:
    try:
        known = law.parse(body, "law.yaml")
    except DataFileError as error:
        raise RuleBroken(
            N_("The file has a mistake: {why}"), code="bad_rules", field="file", why=str(error)
        ) from error
    if len(known.version) > 20 or len(known.source) > 400:
        raise RuleBroken(
            N_("The version has at most 20 characters, the source at most 400."),
            code="too_long",
            field="file",
        )
    return known


@dataclass(frozen=True)
class Difference:
    """One data flow whose outcome a set would change."""

    flow: DataFlow
    before: str
    after: str
    rule: str
    reason: Text

    @property
    def worse(self) -> bool:
        """Whether it would get worse."""
        return rules.worse(self.after, self.before)


def differences(row: RuleSet, on: dt.date) -> list[Difference]:
    """What the outcomes of all data flows would be on that day if this set were in force: the worst first."""
    known = law.parse(_body(row), row.version)
    found = list(_differences(known, on))
    return sorted(found, key=lambda d: (-rules.BADNESS[d.after], d.flow.system.sort_key, d.flow.slug))


def _differences(known: rules.Law, on: dt.date) -> Iterator[Difference]:
    current = dict(Screening.objects.filter(superseded_at__isnull=True).values_list("flow_id", "outcome"))
    for flow in DataFlow.objects.select_related("system").iterator(chunk_size=2000):
        result = rules.evaluate(flow_facts(flow), known, on)
        before = current.get(flow.pk)
        if before is not None and before != result.outcome:
            yield Difference(flow, before, result.outcome, result.rule, result.reason)


def apply(*, rule_set: RuleSet, seen: str, reason: str, by: Any) -> RuleSetApplication:
    """Put a set in force and have every data flow screened again (a job); worse outcomes open findings, what became
    prohibited stops.

    `seen`: the version that was in force when the person looked at what would change. Raises RuleBroken when that is
    another one by now, when the set is in force already, and without a reason.
    """
    _permitted(by)
    if not reason.strip():
        raise RuleBroken(N_("Give a reason."), code="reason_missing", field="reason")
    with transaction.atomic():
        _alone()
        now = timezone.now()
        ensure_first(by, now)
        before = latest()
        assert before is not None  # noqa: S101 - for the type checker: the line above made one
        if before.rule_set.sha256 == rule_set.sha256:
            raise RuleBroken(N_("These rules are in force already."), code="in_force")
        if before.rule_set.version != seen:
            raise RuleBroken(
                N_("Other rules came into force while you were looking. Look again at what would change."),
                code="stale",
            )
        if rule_set._state.adding:
            rule_set.save()
        counts = _counts(differences(rule_set, now.date()))
        made = RuleSetApplication.objects.create(
            rule_set=rule_set, reason=reason.strip(), applied_at=now, applied_by=actor_text(by)
        )
        body: dict[str, Any] = {"version": rule_set.version, "sha256": rule_set.sha256}
        body |= {"signer": rule_set.signer, "before": before.rule_set.version}
        body |= {"reason": reason.strip(), "changes": counts}
        record(type="law.rule_set_applied", by=by, subject=SUBJECT, body=body)
        enqueue(kind="rescreen_flows", payload={}, by=by, about=rule_set.version)
    return made


def _counts(found: list[Difference]) -> dict[str, int]:
    """How many flows go from which outcome to which: {"transparency -> high_risk": 2}."""
    counts: dict[str, int] = {}
    for one in found:
        name = f"{one.before} -> {one.after}"
        counts[name] = counts.get(name, 0) + 1
    return counts


def _permitted(by: Any) -> None:
    if not may_apply(by):
        raise NotAllowed(WHOLE_ORGANISATION, code="not_allowed")


def _alone() -> None:
    """One at a time, until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
