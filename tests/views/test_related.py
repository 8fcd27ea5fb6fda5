"""What stands beside a thing: on every page of something that belongs to a system, as far as the reader may see it."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from governance.audits.services import start_run
from governance.evidence.services import request_pack
from governance.findings.services import open_finding
from governance.registry import related
from governance.review import services as review
from governance.screening import rulesets
from portal.jobs import bell
from tests import make

pytestmark = pytest.mark.django_db
EVERYTHING = {
    "Data flows",
    "Requests",
    "Assessments",
    "Deployments",
    "Findings",
    "Audits",
    "Data-use policies",
    "Notices",
}


@pytest.fixture(autouse=True)
def _no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell.current_app, "send_task", lambda *args, **more: None)


def add_one_of_each(system: Any) -> dict[str, Any]:
    """Another of everything that belongs to a system: name of its page -> address."""
    n = make.number()
    policy, notice = make.policy(system), make.notice(system)
    deployment = make.approved_deployment(system)
    finding = open_finding(
        system=system, check=f"a.{n}", severity="low", title="Low", detail="", source="t", by="system"
    )
    day = make.today()
    run = start_run(
        system=system, kind="sentiment_accuracy", date_from=day, date_to=day, by=system.owner, bell=False
    )
    return {
        "flow": deployment.flows.get().get_absolute_url(),
        "request": deployment.request.get_absolute_url(),
        "deployment": deployment.get_absolute_url(),
        "assessment": system.assessments.first().get_absolute_url(),
        "policy": reverse("policy_detail", args=[system.slug, policy.version]),
        "notice": reverse("notice_detail", args=[system.slug, notice.pk]),
        "finding": finding.get_absolute_url(),
        "run": run.get_absolute_url(),
    }


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


def card(client: Client, address: str) -> str:
    """The card 'Related' of a page; empty where there is none."""
    page = client.get(address)
    assert page.status_code == 200, (address, page.status_code)
    found = re.search(r'<div class="card-body related">.*?</section>', page.content.decode(), re.S)
    return found.group() if found else ""


def test_each_page_has_the_system_and_its_other_things_but_not_itself() -> None:
    system = make.system()
    pages = add_one_of_each(system)
    officer = signed_in(make.person("data_protection_officer", system=system))
    for name, address in pages.items():
        shown = card(officer, address)
        assert f'href="{system.get_absolute_url()}"' in shown, name
        assert f'href="{address}"' not in shown, name
        others = [other for other in pages if other not in (name, "run") and pages[other] != address]
        missing = [other for other in others if f'href="{pages[other]}"' not in shown]
        assert not missing, (name, missing)


def test_a_reader_sees_only_what_their_roles_open() -> None:
    system = make.system()
    pages = add_one_of_each(system)
    council = signed_in(make.person("works_council", system=system))
    shown = card(council, pages["request"])
    assert pages["deployment"] in shown and pages["finding"] in shown
    assert pages["policy"] not in shown and pages["notice"] not in shown, "view_consent is not theirs"
    manager = make.person("manager", system=system)
    titles = {group["title"] for group in related.of_system(manager, system)}
    assert titles == EVERYTHING - {"Data-use policies", "Notices"}
    assert {group["title"] for group in related.of_system(make.user(), system)} == set()


def test_a_draft_of_a_request_is_named_only_to_who_may_open_it() -> None:
    system = make.system()
    deployment = make.approved_deployment(system)
    board, _members = make.board_with_members(system.unit)
    draft = review.create_request(
        system=system, flows=[deployment.flows.get()], version=system.versions.get(), summary="Again?",
        board=board, by=system.owner,
    )  # fmt: skip
    address = draft.get_absolute_url()
    member = signed_in(make.person("board_member", system=system))
    assert address not in card(member, deployment.get_absolute_url())
    assert member.get(address).status_code == 404
    assert address in card(signed_in(system.owner), deployment.get_absolute_url())


def test_it_takes_as_many_queries_beside_many_things_as_beside_few() -> None:
    system = make.system()
    flow = make.flow(system)
    add_one_of_each(system)
    officer = make.person("data_protection_officer", system=system)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            related.around(officer, system, flow)
        return len(queries)

    asked()  # the permissions of a person are read once
    once = asked()
    for _n in range(7):
        add_one_of_each(system)
    assert asked() == once
    groups = {group["title"]: group for group in related.around(officer, system, flow)}
    assert len(groups["Findings"]["rows"]) == related.SHOWN and groups["Findings"]["more"]


def test_a_pack_and_a_set_of_rules_name_the_systems_they_are_about() -> None:
    unit = make.unit()
    system, other = make.system(unit=unit), make.system(unit=unit)
    make.flow(system)
    auditor = make.person("auditor", unit=unit)
    day = make.today()
    pack = request_pack(systems=[system], date_from=day, date_to=day, by=auditor)
    shown = card(signed_in(auditor), pack.get_absolute_url())
    assert system.get_absolute_url() in shown and other.get_absolute_url() not in shown
    version = rulesets.in_force().version
    (group,) = related.of_rules(auditor, version)
    assert [row["label"] for row in group["rows"]] == [system.name]
    assert related.of_rules(make.person("auditor", unit=make.unit()), version) == []
    assert related.of_rules(auditor, "no such version") == []
