"""Sign-in, profile, home and the administrator's pages, as a browser's requests see them."""

import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.access.models import RoleAssignment
from portal.access.roles import Role
from portal.accounts.models import ApiKey, Unit, User
from tests import make

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="portal.accounts.backends.SignInBackend")
    return client


def sign_in(client: Client, email: str, password: str = make.PASSWORD) -> Any:
    return client.post(reverse("account_login"), {"login": email, "password": password})


@pytest.fixture
def top() -> Unit:
    return make.unit("Verzekeraar")


@pytest.fixture
def admin(top: Unit) -> User:
    return make.person("administrator", unit=top, name="Ada Admin")


# --- sign-in -----------------------------------------------------------------------------------------------


def test_one_signs_in_by_e_mail_in_any_case() -> None:
    person = make.user(email="ada@example.org")
    client = Client()
    response = sign_in(client, "ADA@example.org")
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.session["_auth_user_id"] == str(person.pk)


@pytest.mark.parametrize("password", ["wrong password", ""])
def test_a_wrong_password_says_the_same_as_an_unknown_address(password: str) -> None:
    make.user(email="ada@example.org")
    known = sign_in(Client(), "ada@example.org", password).content.decode()
    unknown = sign_in(Client(), "bob@example.org", password).content.decode()
    text = re.compile(r"<li>(.*?)</li>", re.S)
    assert text.findall(known) == text.findall(unknown)


def test_guessing_is_slowed_down_before_the_password_is_looked_at() -> None:
    make.user(email="ada@example.org")
    for _attempt in range(6):
        response = sign_in(Client(), "ada@example.org", "wrong password")
    client = Client()
    response = sign_in(client, "ada@example.org")  # even the right one, now
    assert "Too many failed login attempts" in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_there_is_no_open_sign_up() -> None:
    client = Client()
    assert "Accounts are made by an administrator" in client.get(reverse("account_signup")).content.decode()
    client.post(
        reverse("account_signup"),
        {"email": "new@example.org", "password1": make.PASSWORD, "password2": make.PASSWORD},
    )
    assert not User.objects.filter(email="new@example.org").exists()


def test_a_switched_off_or_ended_account_neither_signs_in_nor_stays_in(admin: User) -> None:
    person = make.user(email="bob@example.org")
    client = Client()
    sign_in(client, "bob@example.org")
    assert client.get("/").status_code == 200
    User.objects.filter(pk=person.pk).update(valid_until=timezone.now())
    response = client.get("/")
    assert response.status_code == 302
    assert "_auth_user_id" not in client.session
    other = Client()
    assert sign_in(other, "bob@example.org")["Location"] == reverse("account_inactive")
    assert other.get(reverse("account_inactive")).status_code == 200
    assert "_auth_user_id" not in other.session


def test_after_sign_in_one_goes_to_an_own_address_only() -> None:
    make.user(email="ada@example.org")
    client = Client()
    fields = {"login": "ada@example.org", "password": make.PASSWORD, "next": "https://evil.example/"}
    assert client.post(reverse("account_login"), fields)["Location"] == "/"


def test_signing_out_takes_a_post() -> None:
    client = signed_in(make.user())
    assert client.get(reverse("account_logout")).status_code == 200
    assert "_auth_user_id" in client.session
    client.post(reverse("account_logout"))
    assert "_auth_user_id" not in client.session


def test_a_second_factor_can_be_set_up_and_is_then_asked_for() -> None:
    from allauth.mfa.totp.internal.auth import (
        TOTP,
        format_hotp_value,
        generate_totp_secret,
        hotp_value,
        yield_hotp_counters_from_time,
    )

    person = make.user(email="ada@example.org")
    client = Client()
    sign_in(client, "ada@example.org")
    asked = client.get(reverse("mfa_activate_totp"))
    assert asked["Location"].startswith(reverse("account_reauthenticate"))  # the password once more
    assert client.get(asked["Location"]).status_code == 200
    client.post(asked["Location"], {"password": make.PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    assert page.status_code == 200
    assert "data:image/svg+xml" in page.content.decode()
    secret = generate_totp_secret()
    stored = TOTP.activate(person, secret).instance
    assert secret not in str(stored.data)  # encrypted where it rests
    again = Client()
    response = sign_in(again, "ada@example.org")
    assert response["Location"] == reverse("mfa_authenticate")
    assert "_auth_user_id" not in again.session
    assert again.get(reverse("mfa_authenticate")).status_code == 200
    wrong = again.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert wrong.status_code == 200
    assert "_auth_user_id" not in again.session
    code = format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))
    again.post(reverse("mfa_authenticate"), {"code": code})
    assert again.session["_auth_user_id"] == str(person.pk)


def test_the_address_cannot_be_changed_by_its_owner() -> None:
    assert signed_in(make.user()).get("/accounts/email/").status_code == 404


# --- profile -----------------------------------------------------------------------------------------------


def test_the_profile_saves_and_speaks_the_language_chosen() -> None:
    person = make.user()
    client = signed_in(person)
    fields = {"name": "Ada Lovelace", "language": "nl", "time_zone": "Europe/Lisbon", "theme": "dark"}
    fields |= {"mail": "digest"}
    assert client.post(reverse("profile"), fields).status_code == 302
    person.refresh_from_db()
    assert (person.name, person.language, person.time_zone, person.theme, person.mail) == tuple(
        fields.values()
    )
    page = client.get(reverse("profile"))
    assert page["Content-Language"] == "nl"
    assert 'lang="nl"' in page.content.decode()


def test_an_invalid_profile_is_422_and_changes_nothing() -> None:
    person = make.user()
    fields = {"name": "", "language": "xx", "time_zone": "Mars/Olympus", "theme": "pink"}
    response = signed_in(person).post(reverse("profile"), fields | {"email": "evil@example.org"})
    assert response.status_code == 422
    email = person.email
    person.refresh_from_db()
    assert (person.language, person.email) == ("en-gb", email)


# --- headers -----------------------------------------------------------------------------------------------


def test_pages_of_signed_in_people_stay_out_of_caches() -> None:
    page = signed_in(make.user()).get("/")
    assert page["Cache-Control"] == "no-store, private"
    assert page["Cross-Origin-Resource-Policy"] == "same-origin"
    assert page["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in page["Permissions-Policy"]
    assert "script-src 'self'" in page["Content-Security-Policy"]
    assert "unsafe" not in page["Content-Security-Policy"]


# --- home and menu -----------------------------------------------------------------------------------------


def test_home_of_somebody_without_a_role_says_what_to_do() -> None:
    page = signed_in(make.user()).get("/").content.decode()
    assert "No role yet" in page
    assert reverse("person_list") not in page


@pytest.mark.parametrize("role", list(Role))
def test_home_opens_for_every_role_and_leads_nowhere_closed(role: Role, top: Unit) -> None:
    client = signed_in(make.person(role.value, unit=top))
    page = client.get("/")
    assert page.status_code == 200
    menu = page.context["menu"]
    assert menu
    for entry in menu:
        assert client.get(entry["url"]).status_code == 200, entry


# --- people ------------------------------------------------------------------------------------------------


def test_an_administrator_adds_a_person_gives_a_role_and_hands_over_a_link(admin: User, top: Unit) -> None:
    client = signed_in(admin)
    fields = {"email": "New@example.org", "name": "New", "language": "nl", "valid_until": ""}
    response = client.post(reverse("person_add"), fields)
    person = User.objects.get(email="new@example.org")
    assert response["Location"] == person.get_absolute_url()
    grant = {"grant-role": "manager", "grant-unit": str(top.pk), "grant-system": "", "grant-valid_until": ""}
    assert client.post(reverse("role_grant", args=[person.pk]), grant).status_code == 302
    page = client.get(person.get_absolute_url()).content.decode()
    assert "Verzekeraar" in page
    shown = client.post(reverse("person_password_link", args=[person.pk]))
    found = re.search(r"http://testserver(/accounts/password/reset/key/[^<\s]+)", shown.content.decode())
    assert found
    browser = Client()
    form = browser.get(found[1], follow=True)
    password = "a new and long passphrase"
    browser.post(form.redirect_chain[-1][0], {"password1": password, "password2": password})
    assert sign_in(Client(), "new@example.org", password)["Location"] == "/"
    assert mail.outbox == []


def test_a_person_added_twice_is_422_with_the_reason(admin: User) -> None:
    make.user(email="bob@example.org")
    fields = {"email": "bob@example.org", "name": "B", "language": "nl"}
    response = signed_in(admin).post(reverse("person_add"), fields)
    assert response.status_code == 422
    assert "exists already" in response.content.decode()


def test_a_role_needs_one_place_and_an_end_where_the_rules_say_so(admin: User, top: Unit) -> None:
    person = make.user()
    client = signed_in(admin)
    url = reverse("role_grant", args=[person.pk])
    assert client.post(url, {"grant-role": "manager"}).status_code == 422
    auditor = {"grant-role": "external_auditor", "grant-unit": str(top.pk)}
    response = client.post(url, auditor)
    assert response.status_code == 422
    assert "end date" in response.content.decode()
    assert client.post(url, auditor | {"grant-valid_until": "2099-01-01T12:00"}).status_code == 302
    assignment = RoleAssignment.objects.get(user=person)
    assert assignment.valid_until is not None
    assert client.post(reverse("role_end", args=[assignment.pk])).status_code == 302
    assignment.refresh_from_db()
    assert assignment.revoked_by == f"user:{admin.pk}"


def test_an_administrator_of_one_unit_does_not_reach_another(top: Unit) -> None:
    claims, sales = make.unit(parent=top), make.unit(parent=top)
    local = make.person("administrator", unit=claims)
    seller = make.person("manager", unit=sales)
    client = signed_in(local)
    page = client.get(seller.get_absolute_url()).content.decode()
    assert sales.name not in page
    assert client.post(reverse("person_password_link", args=[seller.pk])).status_code == 403
    change = {"name": "Hacked", "is_active": ""}
    assert client.post(seller.get_absolute_url(), change).status_code == 403
    seller.refresh_from_db()
    assert seller.is_active
    assert client.get(reverse("unit_change", args=[sales.pk])).status_code == 404
    foreign = {"grant-role": "administrator", "grant-unit": str(top.pk)}
    assert client.post(reverse("role_grant", args=[local.pk]), foreign).status_code == 422
    role = RoleAssignment.objects.get(user=seller)
    assert client.post(reverse("role_end", args=[role.pk])).status_code == 404


def test_the_last_administrator_is_told_why(admin: User) -> None:
    role = RoleAssignment.objects.get(user=admin)
    response = signed_in(admin).post(reverse("role_end", args=[role.pk]))
    assert response.status_code == 409
    assert "last administrator" in response.content.decode()


def test_only_administrators_come_in(top: Unit) -> None:
    for role in set(Role) - {Role.ADMINISTRATOR}:
        client = signed_in(make.person(role.value, unit=top))
        for name in ("person_list", "person_add", "unit_list", "unit_add", "api_key_list", "api_key_add"):
            assert client.get(reverse(name)).status_code == 403, (role, name)


def test_people_are_listed_filtered_and_exported(admin: User, top: Unit) -> None:
    make.person("manager", unit=top, name="=cmd()", email="formula@example.org")
    make.user("Somebody Else", email="else@example.org")
    client = signed_in(admin)
    page = client.get(reverse("person_list"), {"role": "manager"}).content.decode()
    assert "formula@example.org" in page
    assert "else@example.org" not in page
    csv = client.get(reverse("person_list"), {"role": "manager", "export": "csv"}).content.decode()
    assert "formula@example.org" in csv
    assert "else@example.org" not in csv
    assert ",=cmd" not in csv
    assert "\n=cmd" not in csv


def test_units_are_added_renamed_and_moved(admin: User, top: Unit) -> None:
    client = signed_in(admin)
    client.post(reverse("unit_add"), {"name": "Claims", "parent": str(top.pk)})
    claims = Unit.objects.get(name="Claims")
    client.post(reverse("unit_add"), {"name": "Desk", "parent": str(claims.pk)})
    desk = Unit.objects.get(name="Desk")
    assert desk.path == f"{top.path}claims/desk/"
    response = client.post(
        reverse("unit_change", args=[desk.pk]), {"name": "Front desk", "parent": str(top.pk)}
    )
    assert response.status_code == 302
    desk.refresh_from_db()
    assert (desk.name, desk.path) == ("Front desk", f"{top.path}desk/")
    assert client.post(reverse("unit_add"), {"name": "Claims", "parent": str(top.pk)}).status_code == 422
    assert "Front desk" in client.get(reverse("unit_list")).content.decode()


def test_an_unknown_person_is_404(admin: User) -> None:
    client = signed_in(admin)
    assert client.get(reverse("person_detail", args=[admin.pk])).status_code == 200
    assert client.get("/people/00000000-0000-0000-0000-000000000000/").status_code == 404


def test_the_key_page_is_empty_with_a_way_on(admin: User) -> None:
    page = signed_in(admin).get(reverse("api_key_list")).content.decode()
    assert "No API keys yet" in page
    assert not ApiKey.objects.exists()
