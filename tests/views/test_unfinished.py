"""A row of a step that is not complete yet: kept for who types it, until it is saved, discarded or old."""

import datetime as dt
from typing import Any, cast

import pytest
from django.test import Client
from django.utils import timezone

from governance.registry import drafts, unfinished
from governance.registry.models import Goal, UnfinishedForm, UseCase
from governance.review.tasks import sweep_register
from portal.errors import NotAllowed, RuleBroken
from portal.jobs.context import JobContext
from portal.ledger.models import PendingEvent
from tests import make

pytestmark = pytest.mark.django_db
XSS = "<img src=x onerror=window.__xss=1>"


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def system() -> Any:
    return make.system()


def text(client: Client, url: str) -> str:
    return client.get(url).content.decode()


def test_a_half_typed_row_comes_back_to_its_writer_alone(system: Any) -> None:
    owner = client_of(system.owner)
    add, step = f"/systems/{system.slug}/goals/new/", f"/systems/{system.slug}/edit/goals/"
    events, goals = PendingEvent.objects.count(), Goal.objects.count()
    assert owner.post(add, {"statement": f"Half {XSS}", "target": "not yet"}).status_code == 422
    answer = owner.post(add, {"statement": f"Half {XSS}", "target": "not yet", "later": "1", "odd": "x"})
    assert (answer.status_code, answer.headers["Location"]) == (302, step)
    assert (PendingEvent.objects.count(), Goal.objects.count()) == (events, goals)  # no part of the record
    assert UnfinishedForm.objects.get().typed == {"statement": [f"Half {XSS}"], "target": ["not yet"]}
    assert "Go on with what you kept unfinished" in text(owner, step)
    page = owner.get(add)
    form = page.context["form"]
    assert (form["statement"].value(), form["target"].value()) == (f"Half {XSS}", "not yet")
    assert XSS not in page.content.decode() and "You kept this unfinished" in page.content.decode()
    colleague = client_of(make.person("system_owner", unit=system.unit))
    assert "unfinished" not in text(colleague, step) and "Half" not in text(colleague, add)
    assert "unfinished" not in text(owner, f"/systems/{system.slug}/edit/versions/")


def test_saved_or_discarded_it_is_gone(system: Any) -> None:
    owner = client_of(system.owner)
    add = f"/systems/{system.slug}/use-cases/new/"
    owner.post(add, {"name": "Half", "later": "1"})
    owner.post(add, {"name": "Half done", "later": "1"})  # in its stead
    form = owner.get(add).context["form"]
    assert (UnfinishedForm.objects.count(), form["name"].value()) == (1, "Half done")
    whole = {name: form[name].value() for name in form.fields} | {
        "audience": "customers", "setting": "self_service", "purpose": "service", "prohibited": "Premiums.",
        "reason": "It is used so.",
    }  # fmt: skip
    whole = {name: value for name, value in whole.items() if value is not None}
    assert owner.post(add, whole | {"audience": ""}).status_code == 422
    assert UnfinishedForm.objects.count() == 1  # refused: what was kept stays
    assert owner.post(add, whole).status_code == 302
    assert UseCase.objects.filter(system=system, name="Half done").count() == 1
    assert not UnfinishedForm.objects.exists()
    owner.post(add, {"name": "Another", "later": "1"})
    assert owner.post(add, {"discard": "1"}).status_code == 302
    assert owner.get(add).context["form"]["name"].value() in (None, "")


def test_what_was_kept_meets_what_others_saved_meanwhile(system: Any) -> None:
    flow = make.flow(system)
    owner, colleague = client_of(system.owner), client_of(make.person("system_owner", unit=system.unit))
    edit = f"/systems/{system.slug}/flows/{flow.slug}/edit/"

    def form(client: Client) -> dict[str, Any]:
        found = client.get(edit).context["form"]
        values = {name: found[name].value() for name in found.fields}
        return {name: value for name, value in values.items() if value is not None}

    owner.post(edit, form(owner) | {"name": "My name", "later": "1"})
    assert colleague.post(edit, form(colleague) | {"name": "Their name", "reason": "r"}).status_code == 302
    mine = form(owner)
    assert mine["name"] == "My name"
    answer = owner.post(edit, mine | {"reason": "r"})
    assert answer.status_code == 409 and "Their name" in answer.content.decode()
    assert owner.post(
        edit, mine | {"reason": "r", "row_version": answer.context["form"]["row_version"].value()}
    )
    flow.refresh_from_db()
    assert flow.name == "My name"
    assert "Go on with" not in text(owner, f"/systems/{system.slug}/edit/flows/")


def test_it_takes_the_permission_a_bound_and_ends_after_ninety_days(system: Any) -> None:
    reader = make.person("manager", unit=system.unit)
    with pytest.raises(NotAllowed):
        unfinished.keep(by=reader, system=system, place="/x/", typed={"name": ["Half"]})
    assert client_of(reader).post(f"/systems/{system.slug}/goals/new/", {"later": "1"}).status_code == 403
    with pytest.raises(RuleBroken) as refused:
        unfinished.keep(by=system.owner, system=system, place="/x/", typed={"name": ["x" * 50_001]})
    assert refused.value.code == "too_long"
    kept = unfinished.keep(by=system.owner, system=system, place="/x/", typed={"name": ["Ha\x00lf"]})
    assert kept.typed == {"name": ["Half"]}
    assert list(unfinished.of(user=system.owner, system=system)) == [kept]
    UnfinishedForm.objects.update(saved_at=timezone.now() - dt.timedelta(days=91))
    assert not unfinished.of(user=system.owner, system=system).exists()
    unfinished.keep(by=system.owner, system=system, place="/y/", typed={})
    assert sweep_register(cast(JobContext, None)) == {"rows": 1}
    assert [row.place for row in UnfinishedForm.objects.all()] == ["/y/"]


def test_it_goes_with_a_draft_that_is_put_aside() -> None:
    draft = make.draft()
    unfinished.keep(by=draft.owner, system=draft, place="/x/", typed={"name": ["Half"]})
    drafts.discard_draft(system=draft, by=draft.owner)
    assert not UnfinishedForm.objects.exists()


def test_two_tabs_that_go_on_with_one_row_make_two(system: Any) -> None:
    owner, add = client_of(system.owner), f"/systems/{system.slug}/use-cases/new/"
    token = str(owner.get(add).context["form"]["token"].value())
    owner.post(add, {"name": "Half", "token": token, "later": "1"})
    tabs = {str(owner.get(add).context["form"]["token"].value()) for _tab in range(2)}
    assert len(tabs | {token}) == 3


def test_a_page_says_when_it_is_too_long_and_keeps_what_was_typed(system: Any) -> None:
    answer = client_of(system.owner).post(
        f"/systems/{system.slug}/goals/new/", {"statement": "x" * 50_001, "later": "1"}
    )
    assert answer.status_code == 409 and "too long to be kept" in answer.content.decode()
    assert len(answer.context["form"]["statement"].value()) == 50_001
