"""createadmin and create_api_key."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from portal.access.models import UnitUserPermission
from portal.access.selectors import can
from portal.accounts.models import ApiKey, Unit, User
from tests import make

pytestmark = pytest.mark.django_db


def run(*arguments: str, **options: Any) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue()


@pytest.fixture
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr("sys.stdin", StringIO(""))
    monkeypatch.delenv("ATTUNE_ADMIN_EMAIL", raising=False)
    monkeypatch.delenv("ATTUNE_ADMIN_PASSWORD", raising=False)
    return monkeypatch


def test_without_a_terminal_it_says_what_to_set(no_terminal: pytest.MonkeyPatch) -> None:
    with pytest.raises(CommandError, match="ATTUNE_ADMIN_EMAIL"):
        run("createadmin")


def test_the_environment_makes_administrator_and_organisation_once(no_terminal: pytest.MonkeyPatch) -> None:
    no_terminal.setenv("ATTUNE_ADMIN_EMAIL", "Boss@Example.org")
    no_terminal.setenv("ATTUNE_ADMIN_PASSWORD", make.PASSWORD)
    assert "boss@example.org is the administrator" in run("createadmin")
    boss = User.objects.get(email="boss@example.org")
    assert can(boss, "manage_people", Unit.objects.get())
    assert boss.check_password(make.PASSWORD)
    assert "already" in run("createadmin")
    assert User.objects.count() == Unit.objects.count() == 1


def test_without_a_password_it_prints_a_link_that_works(no_terminal: pytest.MonkeyPatch) -> None:
    no_terminal.setenv("ATTUNE_ADMIN_EMAIL", "boss@example.org")
    out = run("createadmin", organisation="Verzekeraar")
    link = out.split("three days: ")[1].strip()
    page = Client().get("/" + link.split("/", 3)[3], follow=True)
    assert page.status_code == 200
    assert "password1" in page.content.decode()
    assert Unit.objects.get().name == "Verzekeraar"


def test_a_weak_password_is_refused_and_leaves_nothing(no_terminal: pytest.MonkeyPatch) -> None:
    no_terminal.setenv("ATTUNE_ADMIN_EMAIL", "boss@example.org")
    no_terminal.setenv("ATTUNE_ADMIN_PASSWORD", "short")
    with pytest.raises(CommandError, match="12"):
        run("createadmin")
    assert not User.objects.exists()
    assert not Unit.objects.exists()


def test_a_key_is_printed_alone_and_works() -> None:
    system = make.system()
    text = run("create_api_key", "--system", system.slug, "--scopes", "kpis:read,labels:write", "audits:run")
    key = ApiKey.objects.get()
    assert text.strip().startswith(f"att_{key.prefix}_")
    assert key.scopes == ["audits:run", "kpis:read", "labels:write"]
    assert key.system_id == system.pk


def test_a_key_as_json() -> None:
    system = make.system()
    answer = json.loads(
        run("create_api_key", "--system", system.slug, "--scopes", "kpis:read", "--sandbox", "--json")
    )
    assert answer["key"].startswith("att_test_")
    assert answer["system"] == system.slug


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--system", "nothing", "--scopes", "kpis:read"], "no system"),
        (["--scopes", "everything"], "unknown scope everything"),
        (["--scopes", ","], "at least one"),
        (["--scopes", "kpis:read", "--days", "0"], "expired already"),
    ],
)
def test_wrong_use_is_explained(arguments: list[str], reason: str) -> None:
    system = make.system()
    place = [] if "--system" in arguments else ["--system", system.slug]
    with pytest.raises(CommandError, match=reason):
        run("create_api_key", *place, *arguments)
    assert not ApiKey.objects.exists()


def test_roles_are_made_anew_for_everybody() -> None:
    unit = make.unit()
    holder = make.person("manager", unit=unit)
    UnitUserPermission.objects.all().delete()
    assert run("resync_roles").strip() == "1 people."
    assert can(User.objects.get(pk=holder.pk), "view_kpis", unit)
