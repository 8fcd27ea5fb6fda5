"""Make the example organisation through the product's own services; done again, it only adds what is missing."""

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections, transaction
from django.utils import timezone

from governance.audits.services import plan_audit, start_run
from governance.consent import services as consent
from governance.evidence.services import request_pack
from governance.registry import parts
from governance.registry import services as registry
from governance.registry.models import System
from governance.retention.services import retain
from governance.review import boards, changes
from governance.review import services as review
from governance.screening import selectors as screenings
from governance.screening import services as screening
from governance.stops import services as stops
from governance.stops.models import Endpoint
from metrics.ingest.services import import_evaluation, receive
from metrics.roi.services import record_values
from metrics.surveys.services import record_answers
from portal.access.services import grant_role
from portal.accounts.models import Unit, User
from portal.accounts.services import create_api_key, create_unit, create_user
from portal.desk.reminders import remind_everybody
from portal.embedded import processes
from portal.errors import N_, RuleBroken
from portal.example import affected, assessing, decisions, describe, history, people, register

SOURCE = "example organisation"
BATCH = 5_000
Say = Callable[[str], None]


def make(say: Say = lambda text: None, *, days: int = 365) -> None:
    """People, register, decisions, and `days` days of consent, interactions, answers and values up to yesterday.

    Raises RuleBroken in production: its passwords are in this source.
    """
    if settings.PRODUCTION:
        raise RuleBroken(N_("The example organisation is not made in production."), code="production")
    until = timezone.now().date() - timedelta(days=1)
    start = until - timedelta(days=days - 1)
    if not Unit.objects.filter(slug=register.ROOT).exists():
        with transaction.atomic():
            _structure(start)
        say("organisation, register and decisions")
    for name, count in _history(start, until).items():
        say(f"{name}: {count:,} interactions")
    for system in System.objects.order_by("slug"):
        retain(system=system, day=timezone.now().date())  # as every night of the year would have
    for slug, items in register.VALUES.items():
        record_values(system=System.objects.get(slug=slug), items=_values(items, start, until), by="system")
    _stops()
    _evaluations()
    _first_runs(start, until)
    _keep_key()
    if address := affected.show():
        say(f"a customer's own page: {address}")
    remind_everybody()  # else every inbox would be empty until the scheduler's first round
    say("surveys, values, evaluation sets and audit plans")


# --- people, register, decisions: one transaction -----------------------------------------------


def _structure(start: date) -> None:
    units: dict[str, Unit] = {}
    for slug, name, parent in people.UNITS:
        units[slug] = create_unit(name=name, slug=slug, parent=units.get(parent or ""), by="system")
    cast = {who.key: _person(who, units) for who in people.CAST}
    before = datetime.combine(start, time(9), tzinfo=UTC) - timedelta(days=20)
    recent = timezone.now() - timedelta(days=42)
    board = decisions.board(cast, units[register.ROOT], before)
    since = {row["slug"]: recent if row.get("recent") else before for row in register.SYSTEMS}
    describe.before_systems(cast, units)
    systems = {row["slug"]: _system(row, cast, units, since[row["slug"]]) for row in register.SYSTEMS}
    for row in register.FLOWS:
        _flow(row, systems[row["system"]], cast, since[row["system"]])
    _policies(systems, cast, since)
    _goals_and_plans(systems, before)
    assessing.assess(systems, cast, before + timedelta(days=2), recent + timedelta(days=1))
    decisions.works_council(systems, cast, before)
    for row in register.REQUESTS:
        decisions.decision(row, systems[row["system"]], board, cast, before + timedelta(days=4))
    _renew(systems, cast, before)
    describe.after_systems(cast, units)
    if decided := assessing.renew(systems, cast, before + timedelta(days=2)):
        for row in register.REQUESTS:
            decisions.decide_again(row, systems[row["system"]], board, cast, decided)
    assessing.open_now(systems, cast, recent + timedelta(days=1))
    decisions.waiting(register.WAITING, systems[register.WAITING["system"]], board, cast)
    # from the next file on: the one that waits was submitted to the full board
    boards.change_board(
        board=board, by=cast["admin"], delegates_minimal=True, reason=register.BOARD["delegates"]
    )


def _person(who: people.Person, units: dict[str, Unit]) -> User:
    user = create_user(
        email=who.email, name=who.name, password=people.PASSWORD, language=who.language, by="system"
    )
    until = timezone.now() + timedelta(days=who.days) if who.days else None
    grant_role(user=user, role=who.role, unit=units[who.unit], valid_until=until, by="system")
    return user


def _policies(systems: dict[str, System], cast: dict[str, User], since: dict[str, datetime]) -> None:
    for slug, language, text in register.NOTICES:
        consent.publish_notice(
            system=systems[slug], text=text, language=language, version=1, by=cast["dpo"], effective_at=since[slug]
        )  # fmt: skip
    for slug, language, text, days in register.CHANGED_NOTICES:
        consent.publish_notice(
            system=systems[slug], text=text, language=language, by=cast["dpo"], material_change=True,
            grace_days=days, effective_at=timezone.now() - timedelta(days=10),
        )  # fmt: skip
    for slug, policy in register.POLICIES.items():
        draft = consent.draft_policy(system=systems[slug], by=systems[slug].owner, **policy)
        consent.approve_policy(policy=draft, by=cast["dpo"], effective_at=since[slug])


def _goals_and_plans(systems: dict[str, System], before: datetime) -> None:
    for slug, kpi, target, direction, statement in register.GOALS:
        parts.add_part(
            kind="goal", system=systems[slug], kpi=kpi, target=Decimal(target), direction=direction,
            statement=statement, due_on=timezone.now().date() + timedelta(days=180), by=systems[slug].owner,
            mission=describe.mission(statement), effective_at=before,
        )  # fmt: skip
    for slug, kind, targets, every in register.PLANS:
        plan_audit(system=systems[slug], kind=kind, targets=targets, every=every, by=systems[slug].owner)


def _renew(systems: dict[str, System], cast: dict[str, User], before: datetime) -> None:
    """A screening holds for a year, and the law moved on in it: each flow was screened again and signed."""
    again = min(timezone.now() - timedelta(days=3), before + timedelta(days=340))
    for system in systems.values():
        for flow in system.flows.filter(created_at__lt=again):
            renewed = screening.screen(flow=flow, by=cast["dpo"], effective_at=again)
            if renewed.outcome != "hold":
                review.sign_screening(
                    screening=renewed, by=cast["dpo"], effective_at=again + timedelta(hours=1)
                )


def _system(row: dict[str, Any], cast: dict[str, User], units: dict[str, Unit], before: datetime) -> System:
    owner = cast[row["owner"]]
    fields = {
        name: row[name] for name in ("name", "slug", "description", "provider_role", "labels", "languages")
    }
    system = registry.register_system(
        by=owner, unit=units[row["unit"]], owner=owner, label_map=register.label_map(row["labels"]),
        dimensions=row["dimensions"], link_template=row["link_template"], effective_at=before,
        **describe.fields_of(row["slug"]), **fields,
    )  # fmt: skip
    describe.parts_of(system, cast, units, before)
    for name, released_on, model in row["versions"]:
        registry.add_version(
            system=system, name=name, released_on=released_on, model=model, by=owner, effective_at=before,
            training_data=describe.TRAINING[row["slug"]],
        )  # fmt: skip
    return system


def _flow(row: dict[str, Any], system: System, cast: dict[str, User], before: datetime) -> None:
    described = {name: value for name, value in row.items() if name != "system"}
    flow = changes.add_flow(system=system, by=system.owner, effective_at=before, **described)
    current = screenings.current(flow)
    if current is not None and current.outcome != "hold":
        screening.sign(screening=current, by=cast["dpo"], effective_at=before + timedelta(days=1))


# --- a year of data: each batch is a transaction of its own, sent again it counts nothing twice -------


def _consent(stream: history.Stream, start: date, until: date) -> None:
    system = System.objects.get(slug=stream.system)
    for items in _batches(iter(history.consent_events(stream, start, until))):
        _nothing_refused(
            consent.record_consent_events(system=system, items=items, by="system", source=SOURCE)
        )
    if shown := history.notices_served(stream, start):
        _nothing_refused(
            consent.record_notices_served(system=system, items=shown, by="system", source=SOURCE)
        )


Part = tuple[history.Stream, date, date, date]
"""(stream, first and last day of this part, first day of the whole)."""


def _history(start: date, until: date) -> Counter[str]:
    """Consent, then interactions and answers by quarters, in two processes: while one computes, the other waits.

    {name of the system: interactions}. What a part has sent is stored; a part sent again counts nothing twice.
    """
    if start > until:  # asked for no day at all
        return Counter()
    firsts = [day for n, day in enumerate(history.days(start, until)) if n % 91 == 0]
    lasts = [first - timedelta(days=1) for first in firsts[1:]] + [until]
    parts = [(stream, *span, start) for stream in history.STREAMS for span in zip(firsts, lasts, strict=True)]
    connections.close_all()  # a connection does not survive a fork
    end_with_us = processes.die_with_parent(signal.SIGKILL, os.getpid())

    def begin() -> None:
        for connection in connections.all(initialized_only=True):
            connection.connection = None  # one of another context of the parent's: let go of it, unclosed
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is for the one that started us
        end_with_us()  # however it ends; nothing half-done stays

    with ProcessPoolExecutor(2, mp_context=get_context("fork"), initializer=begin) as pool:
        given = [pool.submit(_consent, stream, start, until) for stream in history.STREAMS]
        for one in given:
            one.result()
        counts: Counter[str] = Counter()
        for name, count in pool.map(_part, parts):
            counts[name] += count
    return counts


def _part(part: Part) -> tuple[str, int]:
    """One quarter of one stream: (name of its system, interactions)."""
    stream, first, last, start = part
    system = System.objects.get(slug=stream.system)
    count = _interactions(system, stream, (first, last), start)
    _answers(system, stream, first, last)
    return system.name, count


def _interactions(system: System, stream: history.Stream, span: tuple[date, date], start: date) -> int:
    count = 0
    rows = (item for day in history.days(*span) for item in history.interactions(stream, day, start))
    for items in _batches(rows):
        receipt = receive(system=system, items=items, by="system", client=SOURCE)
        _nothing_refused(receipt["items"])
        count += len(items)
    return count


def _answers(system: System, stream: history.Stream, start: date, until: date) -> None:
    rows = (item for day in history.days(start, until) for item in history.answers(stream, day))
    for items in _batches(rows):
        receipt = record_answers(system=system, items=items, by="system", client=SOURCE)
        _nothing_refused(receipt["items"])


def _nothing_refused(answers: list[dict[str, Any]]) -> None:
    # what is past its time was counted when it came in: refused now, it is missing nowhere
    bad = (a for a in answers if a["status"] in ("refused", "conflict") and a["errors"])
    wrong = next((a for a in bad if a["errors"][0]["code"] != "past_retention"), None)
    if wrong:
        raise RuleBroken(N_("The example sends what the portal refuses: {item}."), code="example", item=wrong)


def _batches(items: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(items, BATCH)):
        yield batch


def _values(items: tuple[dict[str, Any], ...], start: date, until: date) -> list[dict[str, Any]]:
    rows = []
    for item in items:
        stated = {k: v for k, v in item.items() if k not in ("amount", "once", "growth", "source", "item")}
        for n, month in enumerate(_months(start, until)):
            amount = item["amount"] * (1 + item.get("growth", 0)) ** n + (
                item.get("once", 0) if n == 0 else 0
            )
            rows.append({
                "item": item["item"], "month": month, "amount": f"{amount:.2f}", "source": item["source"], **stated
            })  # fmt: skip
    return rows


def _months(start: date, until: date) -> Iterator[str]:
    year, month = start.year, start.month
    while (year, month) < (until.year, until.month):
        yield f"{year}-{month:02d}"
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def _stops() -> None:
    """The chat and the calls confirmed what people withdrew; one withdrawal of today waits."""
    if Endpoint.objects.exists():
        return
    for stream, slowest in ((history.CHAT, 90), (history.CALLS, 900)):
        system = System.objects.get(slug=stream.system)
        stopped = {}
        for stop in system.stops.all():
            at = stop.effective_at + timedelta(seconds=1 + stop.number * 37 % slowest)
            if stop.ordered_at < timezone.now() - timedelta(days=1):  # of an act of the board, in its time
                stops.acknowledge(stop=stop, stopped_at=at, by="system", effective_at=at)
            else:
                stopped[stop.pk] = at
        stops.acknowledge_many(system=system, stopped=stopped, by="system")
    chat = System.objects.get(slug=history.CHAT.system)
    event = history.withdrawal_of_today(history.CHAT, timezone.now() - timedelta(minutes=4))
    _nothing_refused(consent.record_consent_events(system=chat, items=[event], by="system", source=SOURCE))
    # after that word: the example sends nothing to the outside unless somebody asks it to
    stops.add_endpoint(
        system=chat, name="Chat, production", url="https://hooks.example.org/stops", by=chat.owner
    )


def _evaluations() -> None:
    for number, stream in enumerate((history.CHAT, history.CALLS), start=1):
        system = System.objects.get(slug=stream.system)
        name = "Labelled by two raters"
        if not system.evaluation_sets.filter(name=name).exists():
            import_evaluation(
                system=system, name=name, rows=history.evaluation(stream, 900, number), by=system.owner
            )


def _first_runs(start: date, until: date) -> None:
    """Audits of the past quarters and a pack: asked for now, done by the worker when it starts."""
    auditor = User.objects.get(email=f"auditor@{people.DOMAIN}")
    for slug, kind, _, _ in register.PLANS:
        system = System.objects.get(slug=slug)
        if system.audit_runs.filter(kind=kind).exists():
            continue
        # sums reach back as far as there are days; single items of before were deleted in their time
        quarters = [until - timedelta(days=182), until - timedelta(days=91)]
        windows = [(max(first, start), first + timedelta(days=90)) for first in quarters]
        if kind != "sentiment_accuracy":
            windows = [(max(until - timedelta(days=59), start), until)]
        for first, last in windows:
            if first <= last:
                start_run(system=system, kind=kind, date_from=first, date_to=last, by=auditor, bell=False)
    chat = System.objects.get(slug=history.CHAT.system)
    if not chat.evidence_packs.exists():
        request_pack(
            systems=[chat], date_from=until - timedelta(days=90), date_to=until, by=auditor, bell=False
        )


def key_file() -> Path:
    """Where the API key of the example's live system lies; the key itself is shown nowhere else."""
    return Path(settings.DATA_DIR) / "keys" / "example-api-key"


def _keep_key() -> None:
    if key_file().exists():
        return
    coach = System.objects.get(slug=history.COACH.system)
    _, plaintext = create_api_key(
        name="Leader Coach, live", system_id=coach.pk,
        scopes=["interactions:write", "decisions:read", "kpis:read"], by="system",
    )  # fmt: skip
    key_file().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key_file().touch(mode=0o600)
    key_file().write_text(plaintext, encoding="utf-8")
