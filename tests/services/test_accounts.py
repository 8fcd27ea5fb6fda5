"""People, units and keys."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from portal.accounts import services
from portal.accounts.models import ApiKey, Unit, User
from portal.errors import Invalid, RuleBroken
from portal.ledger.models import LedgerBody, PendingEvent
from tests import make

pytestmark = pytest.mark.django_db


def last_event() -> tuple[str, dict[str, object]]:
    pending = PendingEvent.objects.order_by("-id").first()
    assert pending is not None
    return pending.type, LedgerBody.objects.get(event=pending.event).body


def test_an_address_is_kept_in_lower_case_and_given_once() -> None:
    made = services.create_user(email=" Ada@Example.ORG ", name="Ada", by="system")
    assert made.email == "ada@example.org"
    assert not made.has_usable_password()
    with pytest.raises(RuleBroken) as refused:
        services.create_user(email="ADA@example.org", name="Other", by="system")
    assert (refused.value.code, refused.value.field) == ("email_taken", "email")


def test_a_new_person_is_in_the_ledger_without_name_or_address() -> None:
    made = make.user("Grace Hopper", email="grace@example.org")
    kind, body = last_event()
    assert kind == "people.user_created"
    assert "grace" not in str(body).lower()
    assert PendingEvent.objects.filter(subject=f"user:{made.pk}").exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": "a@b.nl\x00"}, "email"),
        ({"name": "   "}, "name"),
        ({"name": "n" * 121}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"language": "fr"}, "language"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"password": "short"}, "password"),
        ({"password": "123456789012345"}, "password"),
        ({"password": "passwordpassword"[:8]}, "password"),
    ],
)
def test_bad_people_are_refused_with_the_field(fields: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        services.create_user(**{"email": "a@example.org", "name": "A", "by": "system", **fields})  # type: ignore[arg-type]
    assert {row["field"] for row in refused.value.errors} == {field}
    assert not User.objects.exists()


def test_nobody_is_a_superuser_whatever_writes_the_row() -> None:
    made = make.user()
    with pytest.raises(IntegrityError, match="user_never_superuser"), transaction.atomic():
        User.objects.filter(pk=made.pk).update(is_superuser=True)
    with pytest.raises(NotImplementedError, match="createadmin"):
        User.objects.create_superuser("x@example.org")


def test_upper_case_addresses_are_refused_by_the_database() -> None:
    made = make.user()
    with pytest.raises(IntegrityError, match="user_email_lower_case"), transaction.atomic():
        User.objects.filter(pk=made.pk).update(email="UPPER@example.org")


def test_switching_off_is_recorded_and_never_for_oneself() -> None:
    admin, other = make.user(), make.user()
    services.update_user(user=other, name=other.name, is_active=False, valid_until=None, by=admin)
    assert last_event() == (
        "people.user_changed",
        {"is_active": {"from": True, "to": False}, "renamed": False},
    )
    with pytest.raises(RuleBroken) as refused:
        services.update_user(user=admin, name=admin.name, is_active=False, valid_until=None, by=admin)
    assert refused.value.code == "own_account"
    past = timezone.now() - timedelta(seconds=1)
    with pytest.raises(RuleBroken) as refused:
        services.update_user(user=admin, name=admin.name, is_active=True, valid_until=past, by=admin)
    assert (refused.value.code, refused.value.field) == ("own_account", "valid_until")


def test_saving_a_person_unchanged_leaves_no_event() -> None:
    made = make.user()
    before = PendingEvent.objects.count()
    services.update_user(user=made, name=made.name, is_active=True, valid_until=None, by="system")
    assert PendingEvent.objects.count() == before


def test_units_form_a_tree_of_paths() -> None:
    top = services.create_unit(name="Verzekeraar Één", by="system")
    claims = services.create_unit(name="Claims", parent=top, by="system")
    assert (top.path, top.depth) == ("/verzekeraar-een/", 0)
    assert (claims.path, claims.depth) == ("/verzekeraar-een/claims/", 1)
    with pytest.raises(RuleBroken, match="short name"):
        services.create_unit(name="Other", slug="claims", parent=top, by="system")
    with pytest.raises(RuleBroken) as refused:
        services.create_unit(name="Other", slug="A/b", parent=top, by="system")
    assert refused.value.code == "bad_slug"


def test_a_unit_with_a_name_of_symbols_only_still_gets_a_short_name() -> None:
    assert services.create_unit(name="客服", by="system").slug


def test_moving_a_unit_takes_everything_below_along() -> None:
    top = make.unit()
    a, b = make.unit(parent=top), make.unit(parent=top)
    below = make.unit(parent=a)
    services.move_unit(unit=a, parent=b, by="system")
    below.refresh_from_db()
    assert below.path == f"{b.path}{a.slug}/{below.slug}/"
    assert Unit.objects.get(pk=a.pk).parent == b
    assert last_event() == ("people.unit_moved", {"from": a.path, "to": f"{b.path}{a.slug}/"})
    with pytest.raises(RuleBroken) as refused:
        services.move_unit(unit=b, parent=below, by="system")
    assert refused.value.code == "unit_cycle"


def test_renaming_a_unit_keeps_its_path() -> None:
    unit = make.unit("Old name")
    services.rename_unit(unit=unit, name="New name", by="system")
    assert Unit.objects.get(pk=unit.pk).path == unit.path
    assert last_event() == ("people.unit_renamed", {"from": "Old name", "to": "New name"})


def test_a_path_that_does_not_end_in_the_short_name_is_refused_by_the_database() -> None:
    unit = make.unit()
    with pytest.raises(IntegrityError, match="unit_path_ends_in_slug"), transaction.atomic():
        Unit.objects.filter(pk=unit.pk).update(path="/elsewhere/")


def test_a_key_shows_its_secret_once_and_keeps_a_digest() -> None:
    key, plaintext = make.api_key(scopes=("labels:write", "interactions:write", "labels:write"))
    start, prefix, secret = plaintext.split("_")
    assert (start, prefix, len(secret)) == ("att", key.prefix, 48)
    assert secret not in str(vars(ApiKey.objects.get(pk=key.pk)))
    assert key.scopes == ["interactions:write", "labels:write"]
    kind, body = last_event()
    assert kind == "people.api_key_created"
    assert secret not in str(body)


def test_a_sandbox_key_says_so_in_its_text() -> None:
    assert make.api_key(sandbox=True)[1].startswith("att_test_")


@pytest.mark.parametrize("scopes", [(), ("everything",), ("kpis:read", "everything")])
def test_only_scopes_that_exist(scopes: tuple[str, ...]) -> None:
    with pytest.raises(RuleBroken) as refused:
        make.api_key(scopes=scopes)
    assert refused.value.field == "scopes"


def test_a_key_cannot_be_born_expired() -> None:
    with pytest.raises(RuleBroken) as refused:
        make.api_key(expires_at=timezone.now() - timedelta(seconds=1))
    assert refused.value.code == "in_the_past"


def test_revoking_twice_is_one_event() -> None:
    key, _text = make.api_key()
    admin = make.user()
    services.revoke_api_key(key=key, by=admin)
    count = PendingEvent.objects.count()
    again = services.revoke_api_key(key=key, by=admin)
    assert again.revoked_by == f"user:{admin.pk}"
    assert again.state(timezone.now()) == "revoked"
    assert PendingEvent.objects.count() == count


def test_a_key_knows_when_it_is_over() -> None:
    noon = datetime(2030, 1, 1, 12, tzinfo=UTC)
    key, _text = make.api_key(expires_at=noon)
    assert key.usable(noon - timedelta(seconds=1))
    assert not key.usable(noon)
    assert key.state(noon) == "expired"
