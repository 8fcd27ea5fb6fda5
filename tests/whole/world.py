"""One organisation with one of everything, for the tests that walk all addresses."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from portal.access.models import RoleAssignment
from portal.access.roles import PERMISSIONS, Role
from portal.access.services import grant_role, password_key
from portal.accounts.codes import SCOPES
from portal.accounts.models import Unit, User
from portal.notify.services import new_feed
from tests import make

CANARY = "Kwikstaart"  # in the name of everything that a stranger may not learn of


@dataclass
class World:
    """Ids for addresses (by the names that url_matrix.py uses), and the people who call them."""

    ids: dict[str, Any] = field(default_factory=dict)
    people: dict[str, User] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def slug(self) -> str:
        """The system's."""
        return str(self.ids["slug"])


def build() -> World:
    """Make it, through the services; commits, and gives the ledger its places."""
    world = World()
    top = make.unit(f"{CANARY} group")
    ours, foreign = make.unit(f"{CANARY} claims", parent=top), make.unit("Sales", parent=top)
    make.person("administrator", unit=top)
    system = _register(world, ours)
    _assessments(world, system)
    _review(world, system)
    _stops(world, system)
    _audits(world, system)
    _evidence(world, system)
    _affected(world, system)
    _people(world, top, ours, foreign, system)
    return world


def _one_of_each_kind(system: Any, mission: Any) -> dict[str, Any]:
    """A row of every kind of the record, for the addresses of the API."""
    from governance.registry import parts
    from governance.registry.fields import PARTS

    rows: dict[str, dict[str, Any]] = {
        "unit_use": {"unit": system.unit, "note": f"{CANARY} desk"},
        "contact": {"role": "technical", "person": system.owner},
        "use_case": {
            "name": f"{CANARY} help", "audience": "customers", "setting": "self_service", "purpose": "service",
            "prohibited": f"{CANARY} premiums.",
        },
        "goal": {
            "kpi": "csat", "target": Decimal("0.8"), "direction": "at_least", "due_on": make.today(),
            "statement": f"{CANARY} is heard", "mission": mission,
        },
        "cost": {
            "year": 2027, "category": "licence", "name": f"{CANARY} licence", "amount": Decimal("1200.50"),
            "source": f"{CANARY} contract",
        },
    }  # fmt: skip
    by = make.person("system_owner", unit=system.unit)
    made = {kind: parts.add_part(system=system, kind=kind, by=by, **row) for kind, row in rows.items()}
    made["version"] = system.versions.first()
    return {f"part_{PARTS[kind].plural.replace('-', '_')}": row.pk for kind, row in made.items()}


def _register(world: World, ours: Unit) -> Any:
    from governance.registry import parts, reports, unfinished, vendors
    from governance.screening.models import RuleSet
    from governance.screening.selectors import current

    system = make.system(unit=ours, name=f"{CANARY} chat")
    flow = make.flow(system, name=f"{CANARY} flow")
    editor = make.person("system_owner", unit=ours)
    vendor = vendors.add_vendor(by=editor, unit=ours, slug="kwik", name=f"{CANARY} supplies")
    mission = vendors.add_mission(by=editor, unit=ours, text=f"{CANARY} is heard")
    report = reports.report_ai(by=editor, unit=ours, name=f"{CANARY} lamp", what="It blinks.")
    row = parts.add_part(
        system=system, kind="hand_over", by=editor, name=f"{CANARY} anger", trigger="Anger.", to_whom="A colleague",
        within_minutes=2,
    )  # fmt: skip
    unfinished.keep(by=editor, system=system, place="/kept/", typed={"name": [f"{CANARY} half"]})
    world.ids |= {
        "vendor": vendor.slug, "mission": mission.pk, "report": report.pk, "part": row.pk, "part_kind": "hand-overs",
        "step": "basics", "part_hand_overs": row.pk, **_one_of_each_kind(system, mission),
    }  # fmt: skip
    screening = current(flow)
    assert screening is not None
    world.ids |= {"rule_set": RuleSet.objects.get().pk}
    world.ids |= {"slug": system.slug, "flow": flow.slug, "screening": screening.pk, "unit": ours.pk}
    world.ids["unit_slug"] = ours.slug
    return system


def _assessments(world: World, system: Any) -> None:
    from django.core.files.base import ContentFile

    from governance.assessments import attachments, threads

    row = make.assessment(system, "fria", until="draft", answers={"groups": f"{CANARY} customers"})
    thread = threads.comment(assessment=row, question="groups", text=f"{CANARY}?", by=system.owner)
    file = ContentFile(f"{CANARY} notes".encode(), name=f"{CANARY}.txt")
    attached = attachments.attach(assessment=row, file=file, by=system.owner)
    world.ids |= {
        "assessment": row.pk,
        "assessment_kind": "bias",
        "section": "people",
        "question": "groups",
        "thread": thread.pk,
        "attachment": attached.pk,
    }


def _review(world: World, system: Any) -> None:
    from django.core.files.base import ContentFile

    from governance.review import documents
    from governance.review import services as review
    from governance.review.models import Membership, Seat

    flow = system.flows.first()
    policy, notice = make.policy(system), make.notice(system)
    world.ids["import_job"] = _import(system)
    world.ids |= {
        "consent_job": _consent_import(system),
        "register_job": _register_import(system),
        "consent_kind": "events",
        "consent_event": _consented(system, flow, notice),
    }
    world.ids |= {
        "policy": policy.version,
        "notice": notice.pk,
        "import_kind": "evaluation",
        "import_token": "gone",
    }
    make.approved_deployment(system, [flow])
    board, members = make.board_with_members(system.unit)
    values = {"system": system, "flows": [flow], "version": system.versions.first(), "by": system.owner}
    waiting = review.create_request(**values, summary=f"{CANARY} again?", board=board)
    make.complete(system)
    review.submit(request=waiting, by=system.owner)
    conditional = review.create_request(**values, summary="With conditions?", board=board)
    make.complete(system)
    review.submit(request=conditional, by=system.owner)
    condition = {
        "text": f"{CANARY} training",
        "owner": system.owner,
        "due_on": make.today() + dt.timedelta(days=30),
    }
    for member in members:
        review.cast_vote(
            request=conditional, choice="conditions", reason="If trained.", conditions=[condition], by=member
        )
    conditional.refresh_from_db()
    seat = Seat.objects.filter(board=board).first()
    comment = review.comment(request=waiting, text=f"{CANARY}: is it clear?", by=members[0])
    workers = make.flow(
        system, signed=False, name=f"{CANARY} check-ins", subject_role="employee", setting="workplace"
    )
    council = make.works_council(system, [workers], act="")
    file = ContentFile(f"{CANARY} request".encode(), name=f"{CANARY} request.txt")
    document = documents.attach(to=council, file=file, by=system.owner)
    world.ids |= {
        "deployment": conditional.deployment.pk,
        "request": waiting.pk,
        "comment": comment.pk,
        "council": council.pk,
        "document": document.pk,
        "risk": "minimal",
        "condition": conditional.conditions.first().pk,  # type: ignore[union-attr]
        "board": board.pk,
        "seat": seat.pk if seat else None,
        "membership": Membership.objects.filter(seat=seat).first().pk,  # type: ignore[union-attr]
    }


def _consented(system: Any, flow: Any, notice: Any) -> Any:
    from governance.consent import services

    said = make.consent(
        f"{CANARY}",
        purpose=flow.purpose,
        modality=flow.modality,
        explicit=True,
        notice_version=notice.version,
    )
    (answer,) = services.record_consent_events(system=system, items=[said], by="system")
    return answer["event"]


def _consent_import(system: Any) -> Any:
    from governance.consent import imports
    from portal.jobs.runner import run_job
    from portal.web import uploads

    officer = make.person("data_protection_officer", unit=system.unit)
    rows = [f'{{"id": "{CANARY}-{n}", "mood": "{CANARY}"}}' for n in range(2)]
    token = uploads.keep("\n".join(rows).encode(), str(officer.pk), in_use=())
    job = imports.request_import(system=system, kind="events", token=token, by=officer, source=f"{CANARY}")
    run_job(job.pk)
    return job.pk


def _register_import(system: Any) -> Any:
    """One that was looked at: an entry of it is refused."""
    from governance.review import files
    from portal.web import uploads

    owner = make.person("system_owner", unit=system.unit)
    token = uploads.keep(b"slug\n", str(owner.pk), in_use=())
    job = files.request_import(token=token, unit=system.unit, by=owner, dry_run=True)
    fault = {"field": f"line 2: {CANARY}", "code": "unknown_field", "message": "This field is not known."}
    counts = {"made": 1, "changed": 0, "same": 0, "refused": 1}
    result = {"dry_run": True, "applied": False, "counts": counts, "errors": [fault], "lines": []}
    type(job).objects.filter(pk=job.pk).update(state="done", result=result, finished_at=job.due_at)
    return job.pk


def _stops(world: World, system: Any) -> None:
    from django.db import transaction

    from governance.stops import services as stops

    since = dt.datetime.now(dt.UTC) - dt.timedelta(minutes=5)
    with transaction.atomic():
        orders = [stops.Order(type="flow.suspended", effective_at=since, flows=[f"{CANARY}-flow"])]
        stop = stops.order(system=system, orders=orders, by="system")[0]
    endpoint, _secret = stops.add_endpoint(
        system=system, name=f"{CANARY} hook", url="https://hooks.example.org/stops", by=system.owner
    )
    world.ids |= {"stop": stop.pk, "endpoint": endpoint.pk}


def _import(system: Any) -> Any:
    from metrics.ingest import imports
    from portal.jobs.runner import run_job
    from portal.web import uploads

    data = f"id,gold,predicted\n1,{CANARY},joy\n".encode()
    token = uploads.keep(data, str(system.owner.pk), in_use=())
    job = imports.request_import(
        system=system,
        kind="evaluation",
        token=token,
        by=system.owner,
        mapping={},
        fixed={},
        name=f"{CANARY} set",
    )
    run_job(job.pk)
    return job.pk


def _audits(world: World, system: Any) -> None:
    from governance.audits import services as audits
    from governance.findings import services as findings
    from metrics.ingest.models import EvaluationSet
    from portal.jobs.runner import run_job

    counts = {
        "labels": list(make.LABELS),
        "matrix": [[50, 2, 1, 1], [2, 60, 3, 1], [1, 1, 40, 2], [3, 1, 1, 50]],
    }
    labelled = EvaluationSet.objects.create(
        system=system, name="labelled", n=219, counts=counts, sha256="0" * 64, imported_by="system"
    )
    run = audits.start_run(system=system, kind="sentiment_accuracy", evaluation="labelled", by=system.owner)
    run_job(run.job_id)
    counted = audits.start_run(
        system=system,
        kind="consent_coverage",
        date_from=make.today(),
        date_to=make.today(),
        by=system.owner,
    )
    run_job(counted.job_id)
    finding = findings.open_finding(
        system=system,
        check="a.check",
        severity="high",
        title=f"{CANARY} too low",
        detail="",
        source="test",
        by="system",
    )
    action = findings.add_action(
        finding=finding, text="Do it", owner=system.owner, due_on=make.today(), by=system.owner
    )
    world.ids |= {
        "evaluation": labelled.pk,
        "run": run.pk,
        "miss_run": counted.pk,
        "job": run.job_id,
        "kind": "sentiment_accuracy",
        "finding": finding.pk,
        "action": action.pk,
        "chart_key": "csat",
        "portfolio_key": "trust_accuracy",
        "json": "json",
    }


def _evidence(world: World, system: Any) -> None:
    from governance.evidence import services as evidence
    from portal.jobs.runner import run_job
    from portal.ledger import sequencer, signer
    from portal.ledger.models import Leaf

    auditor = make.person("auditor", unit=system.unit)
    window = {"date_from": make.today() - dt.timedelta(days=30), "date_to": make.today()}
    pack = evidence.request_pack(systems=[system], bell=False, by=auditor, sample_size=3, **window)
    assert pack.job is not None
    run_job(pack.job.pk)
    while sequencer.run_once():
        pass
    signer.checkpoint()
    leaf = Leaf.objects.filter(subject=f"system:{system.slug}").first()
    assert leaf is not None
    world.ids |= {"pack": pack.pk, "leaf": leaf.index}


def _affected(world: World, system: Any) -> None:
    """A public page, and somebody with a link who asked for a copy and for whom something is kept."""
    from governance.holding import holders
    from governance.transparency import acts, copies, links, publishing, requests, selectors
    from governance.transparency.models import TEXTS

    words = {f"{name}_{language}": f"{name} of it" for name in TEXTS for language in ("en", "nl")}
    words |= {"contact_name": "Privacy desk", "contact_email": "privacy@example.org"}
    # the public page is of another system: the name of the World's own is what strangers must not meet
    elsewhere = make.system(unit=make.unit("Open desk", parent=system.unit.parent), name="Open chat")
    make.flow(elsewhere)
    publishing.publish(system=elsewhere, values=words, by="system")
    make.notice(elsewhere)
    make.policy(elsewhere)
    mine = make.system(unit=system.unit, name="Chat with a page of mine")
    make.policy(mine)
    make.approved_deployment(
        mine, [make.flow(mine, slug="chat")], effective_at=dt.datetime(2025, 12, 1, tzinfo=dt.UTC)
    )
    notice = make.notice(mine)
    make.receive(mine, make.item(1, subject="customer-1"))
    link, token = links.make_link(people=[(mine, "customer-1")], by="system", language="en")
    person = selectors.people_of(link)[0]
    done = acts.ask(link=link, person=person, kind="access")
    copies.make_copy(done)
    ask = acts.ask(link=link, person=person, kind="access", text="Please.")
    hold = requests.place_hold(system=mine, reason="A case.", by="system")
    _count, readings = holders.readings(person, (0, 1))
    world.ids |= {
        "public_slug": elsewhere.slug, "my_token": token, "my_number": 0,
        "my_copy": done.pk, "my_notice": notice.pk, "my_kind": "access",
        "my_ref": readings[0].ref, "person_request": ask.pk, "personal_link": link.pk, "legal_hold": hold.pk,
    }  # fmt: skip


def _people(world: World, top: Unit, ours: Unit, foreign: Unit, system: Any) -> None:
    world.people = {
        role.value: make.person(role.value, unit=ours, name=f"{role.value}") for role in PERMISSIONS
    }
    world.people |= {
        f"foreign {role.value}": make.person(role.value, unit=foreign, name=f"elsewhere {role.value}")
        for role in Role
    }
    world.people["outsider"] = make.user("Outsider")
    world.people["everyone"] = make.user("Every role")
    for part in Role:
        until = dt.datetime.now(dt.UTC) + dt.timedelta(days=90) if part is Role.EXTERNAL_AUDITOR else None
        grant_role(user=world.people["everyone"], role=part.value, unit=top, valid_until=until, by="system")
    elsewhere = make.system(unit=foreign)
    some = world.people["manager"]
    key, text = make.api_key(system, tuple(SCOPES))
    world.keys = {
        "own key": text,
        "sandbox key": make.api_key(system, tuple(SCOPES), sandbox=True)[1],
        "foreign key": make.api_key(elsewhere, tuple(SCOPES))[1],
        **{f"key without {scope}": make.api_key(system, tuple(set(SCOPES) - {scope}))[1] for scope in SCOPES},
    }
    parts = password_key(some)
    world.ids["calendar_token"] = new_feed(user=some)
    role = RoleAssignment.objects.get(user=some)
    world.ids |= {
        "person": some.pk,
        "role": role.pk,
        "key": key.pk,
        "reset_uid": parts["uidb36"],
        "reset_key": parts["key"],
    }
