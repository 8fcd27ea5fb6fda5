"""The personal page, the public register, and the pages and calls of those who answer."""

import datetime as dt
import io
import json
import logging
import re
import uuid
import zipfile
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from governance.consent.models import ConsentEvent, NoticeServed
from governance.consent.pseudonyms import pseudonym
from governance.consent.services import record_consent_events
from governance.gate.services import decide
from governance.holding import holders
from governance.holding.holders import Person
from governance.stops.models import Stop
from governance.transparency import (
    acts,
    algorithm_register,
    links,
    public,
    publishing,
    requests,
    rules,
    selectors,
)
from governance.transparency.models import PersonalLink, PersonRequest, Publication
from metrics.ingest.services import receive
from portal.access.roles import PERMISSIONS, Role
from portal.access.selectors import people_with
from portal.accounts.models import User
from portal.errors import NotAllowed, RuleBroken
from portal.jobs.models import Job
from portal.jobs.runner import run_job
from portal.logs import without_secrets
from tests import make

XSS = "<img src=x onerror=window.__xss=1>"
WORDS = {
    f"{name}_{language}": f"{name.capitalize()} in {language}."
    for name in ("summary", "why", "human", "objection")
    for language in ("en", "nl")
} | {"contact_name": "Privacy desk", "contact_email": "privacy@example.org"}
QUESTION = {"subject": "customer-1", "subject_role": "customer", "purpose": "service", "modality": "text"}


@pytest.fixture(autouse=True)
def fresh_counters() -> None:
    cache.clear()


@pytest.fixture
def system(db: None) -> Any:
    made = make.live_system(make.PERMIT_BY_CONSENT)
    make.notice(made, text="Wij lezen emotie in uw woorden.", language="nl", version=1)
    record_consent_events(system=made, items=[make.consent(1), make.consent(2)], by="system", source="shop")
    items = [make.item(n, id=f"i-{n}", subject="customer-1", channel="web",
                       occurred_at=f"2026-03-{n + 1:02d}T10:00:00+00:00") for n in range(30)]  # fmt: skip
    receive(system=made, items=[*items, make.item(2, id="hers", subject="customer-2")], by="system")
    return made


def link_for(system: Any, name: str = "customer-1", **fields: Any) -> tuple[PersonalLink, str]:
    return links.make_link(people=[(system, name)], by="system", language="en", **fields)


class Page:
    """A person with their link: no account, no cookie kept from one call to the next."""

    def __init__(self, token: str) -> None:
        self.token, self.client = token, Client(enforce_csrf_checks=True)

    def url(self, name: str = "my_page", *args: Any) -> str:
        return reverse(name, args=[self.token, *args])

    def get(self, name: str = "my_page", *args: Any, **query: Any) -> Any:
        return self.client.get(self.url(name, *args), query)

    def proof(self) -> str:
        found = re.search(r'name="proof" value="([^"]+)"', self.get().content.decode())
        assert found
        return found[1]

    def post(self, name: str, *args: Any, **data: Any) -> Any:
        return self.client.post(self.url(name, *args), {"proof": self.proof()} | data)


@pytest.fixture
def page(system: Any) -> Page:
    return Page(link_for(system)[1])


def text_of(response: Any) -> str:
    return response.content.decode()  # type: ignore[no-any-return]


# --- the link ---------------------------------------------------------------------------------


def test_a_link_is_unguessable_and_stored_as_a_digest_alone(system: Any) -> None:
    link, token = link_for(system)
    assert len(token) >= 43, "256 bits"
    assert token not in json.dumps(list(PersonalLink.objects.values()), default=str)
    assert link.expires_at - link.created_at == dt.timedelta(days=7)
    assert "customer-1" not in json.dumps(list(link.people.values()), default=str)


@pytest.mark.parametrize("why", ["unknown", "expired", "revoked", "malformed"])
def test_whatever_is_no_link_gets_one_and_the_same_answer(system: Any, why: str) -> None:
    link, token = link_for(system)
    if why == "expired":
        PersonalLink.objects.update(
            created_at=timezone.now() - dt.timedelta(days=9), expires_at=timezone.now()
        )
    elif why == "revoked":
        links.revoke_link(link=link, by="system")
    else:
        token = "x" * 43 if why == "unknown" else "Ünicode'\"<"
    other = Client().get(reverse("my_page", args=["y" * 43]))
    response = Client().get(reverse("my_page", args=[token]))
    assert (response.status_code, response.content) == (other.status_code, other.content)
    assert response.status_code == 404
    assert dict(response.items()) == dict(other.items())
    assert "Set-Cookie" not in response and not response.cookies


def test_the_number_of_queries_does_not_tell_a_revoked_link_from_an_unknown_one(
    system: Any, django_assert_num_queries: Any
) -> None:
    link, token = link_for(system)
    links.revoke_link(link=link, by="system")
    for tried in (token, "z" * 43):
        with django_assert_num_queries(1):
            Client().get(reverse("my_page", args=[tried]))


def test_wrong_tokens_from_one_address_are_counted(system: Any) -> None:
    tried = [Client().get(reverse("my_page", args=[f"{n:043d}"])).status_code for n in range(22)]
    assert tried == [404] * 20 + [429] * 2
    good = Page(link_for(system)[1])
    assert good.get().status_code == 200, "who has a link is not locked out by the guesses of others"


def test_one_link_is_called_so_often_and_no_more(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    from governance.transparency.views import personal

    monkeypatch.setattr(personal, "OF_LINK", (3, 60))
    assert [page.get().status_code for _n in range(4)] == [200, 200, 200, 429]
    assert page.get()["Retry-After"] == "60"


def test_nothing_of_the_page_leaks(page: Page) -> None:
    response = page.get()
    assert response["Referrer-Policy"] == "no-referrer"
    assert response["Cache-Control"] == "no-store, private"
    assert "noindex" in response["X-Robots-Tag"]
    assert not response.cookies
    html = text_of(response)
    assert not re.search(r'(?:src|href|action)="(?:https?:)?//', html), "no request to anybody else"
    assert "i-1" not in re.findall(r"contest/([^/]+)/", html), "no id of the source in an address"


def test_no_log_line_holds_the_token(caplog: pytest.LogCaptureFixture, system: Any) -> None:
    from portal.logs import OneLine

    token = "t" * 43
    with caplog.at_level(logging.DEBUG):
        Client().get(f"/my/{token}/nothing/")
        Client().get(f"/my/{token}/")
    shown = [OneLine("{message}", style="{").format(record) for record in caplog.records]
    assert shown and token not in "\n".join(shown)
    assert (
        without_secrets(f'"GET /my/{token}/0/say/?lang=nl HTTP/1.1"')
        == '"GET /my/[secret]/0/say/?lang=nl HTTP/1.1"'
    )


def test_the_same_idempotency_key_gives_the_same_link_a_new_address(system: Any) -> None:
    first, one = link_for(system, idempotency_key="k")
    again, two = link_for(system, idempotency_key="k")
    assert (first.pk, PersonalLink.objects.count()) == (again.pk, 1)
    assert [Page(token).get().status_code for token in (one, two)] == [404, 200]
    with pytest.raises(RuleBroken):
        link_for(system, "customer-2", idempotency_key="k")


# --- what the page shows, and does ------------------------------------------------------------


def test_the_page_shows_what_i_said_and_what_was_read_of_me_alone(page: Page) -> None:
    html = text_of(page.get())
    assert "Serving the person in the conversation" in html
    assert "See all 30 readings" in html
    assert html.count("Say so") == 5
    last = text_of(page.get("my_readings", 0, page=2))
    assert last.count("Say so") == 5
    assert "Page 2 of 2" in last
    dutch = text_of(page.get(lang="nl"))
    assert 'lang="nl"' in dutch


def test_one_click_withdraws_and_one_click_gives_again(page: Page, system: Any) -> None:
    assert decide(system=system, items=[QUESTION])[0].outcome == "allow"
    done = page.post("my_say", 0, action="withdrawn", purpose="service", modality="text")
    assert done.status_code == 303
    assert "You do not agree" in text_of(page.client.get(done["Location"]))
    assert decide(system=system, items=[QUESTION])[0].reason == "withdrawn"
    assert decide(system=system, items=[QUESTION | {"subject": "customer-2"}])[0].outcome == "allow"
    done = page.post("my_say", 0, action="given", purpose="service", modality="text")
    assert "You agree" in text_of(page.client.get(done["Location"]))
    assert decide(system=system, items=[QUESTION])[0].outcome == "allow"
    event = ConsentEvent.objects.filter(source=rules.SOURCE, action="given").get()
    assert (event.notice.version, event.notice.language, event.explicit) == (1, "en", True)  # type: ignore[union-attr]


def test_a_click_sent_twice_is_one_event_and_an_old_page_still_means_what_it_says(
    page: Page, system: Any
) -> None:
    link, person, once = (
        PersonalLink.objects.get(),
        Person(system, pseudonym(system.pk, "customer-1")),
        uuid.uuid4(),
    )
    no = {"link": link, "person": person, "purpose": "service", "modality": "text", "action": "withdrawn"}
    acts.say(**no, once=once)
    acts.say(**no, once=once)
    assert ConsentEvent.objects.filter(source=rules.SOURCE).count() == 1
    acts.say(**no | {"action": "given"}, once=uuid.uuid4())
    acts.say(**no, once=once)  # the page from before, by the back button
    assert decide(system=system, items=[QUESTION])[0].reason == "withdrawn"


@pytest.mark.parametrize("proof", ["", "x", "1:2:3"])
def test_a_form_without_its_proof_does_nothing(page: Page, proof: str) -> None:
    sent = {"proof": proof, "action": "withdrawn", "purpose": "service", "modality": "text"}
    response = page.client.post(page.url("my_say", 0), sent)
    assert response.status_code == 403
    assert not ConsentEvent.objects.filter(source=rules.SOURCE).exists()


def test_the_proof_of_another_link_is_none(page: Page, system: Any) -> None:
    other = Page(link_for(system, "customer-2")[1])
    sent = {"proof": other.proof(), "action": "withdrawn", "purpose": "service", "modality": "text"}
    assert page.client.post(page.url("my_say", 0), sent).status_code == 403


@pytest.mark.parametrize(
    "sent",
    [
        {"action": "invalidated", "purpose": "service", "modality": "text"},
        {"action": "withdrawn", "purpose": "offers", "modality": "text"},
        {"action": "withdrawn", "purpose": XSS, "modality": "text"},
        {"action": "", "purpose": "", "modality": ""},
    ],
)
def test_what_cannot_be_said_is_refused_in_words(page: Page, sent: dict[str, str]) -> None:
    response = page.post("my_say", 0, **sent)
    assert response.status_code == 409
    assert XSS not in text_of(response)
    assert "Back to my page" in text_of(response)
    assert page.post("my_say", 7, **sent).status_code == 404


def test_fields_that_no_form_has_change_nothing(page: Page, system: Any) -> None:
    page.post(
        "my_ask", 0, "access", text="please", state="answered", kind="erasure", due_on="2077-07-07",
        system=str(uuid.uuid4()), pseudonym=str(uuid.uuid4()), decision="granted", answer="yes",
    )  # fmt: skip
    row = PersonRequest.objects.get()
    assert (row.kind, row.state, row.decision, row.answer) == ("access", "received", "", "")
    assert row.pseudonym == pseudonym(system.pk, "customer-1")
    assert row.due_on.year != 2077


def test_an_objection_is_told_to_the_gate_and_to_an_officer(page: Page, system: Any) -> None:
    page.post("my_ask", 0, "objection", text=f"I mind. {XSS}")
    assert decide(system=system, items=[QUESTION])[0].reason == "objected"
    row = PersonRequest.objects.get()
    assert row.due_on == rules.months_later(timezone.now().date(), 1)
    page.post("my_ask", 0, "objection", text="again")
    assert PersonRequest.objects.count() == 1, "one that is open is not doubled"
    officer = make.person("data_protection_officer", unit=system.unit)
    client = Client()
    client.force_login(officer, backend="portal.accounts.backends.SignInBackend")
    html = text_of(client.get(row.get_absolute_url()))
    assert XSS not in html and "&lt;img" in html


def test_a_contest_goes_to_a_supervisor_and_only_about_my_own_reading(page: Page, system: Any) -> None:
    html = text_of(page.get())
    ref = re.findall(r"/contest/([0-9a-f]+)/", html)[0]
    assert "joy" in text_of(page.get("my_contest", 0, ref)).lower()
    assert page.post("my_contest", 0, ref, text="I was tired.").status_code == 303
    row = PersonRequest.objects.get()
    assert (row.kind, row.reading["emotion"]) == ("contest", "joy")
    assert row.due_on == timezone.now().date() + dt.timedelta(days=14)
    other = Page(link_for(system, "customer-2")[1])
    hers = re.findall(r"/contest/([0-9a-f]+)/", text_of(other.get()))[0]
    for wrong in (hers, "i-1", "0" * 32):
        assert page.get("my_contest", 0, wrong).status_code == 404
        assert page.post("my_contest", 0, wrong).status_code == 404
    supervisor, officer = (
        make.person(role, unit=system.unit) for role in ("supervisor", "data_protection_officer")
    )
    assert list(selectors.visible_requests(supervisor)) == [row]
    assert list(selectors.visible_requests(officer)) == []
    assert ref not in text_of(page.get("my_readings", 0))  # asked once; where it stands is shown instead
    requests.answer(request=row, decision="granted", text="You are right.", by=supervisor)
    assert "You are right." in text_of(page.get())
    readings = text_of(page.get("my_readings", 0))
    assert ref not in readings and "The person is right" in readings


@pytest.mark.parametrize("where", ["unit", "above", "system", "elsewhere", "gone", "ended"])
def test_a_contest_waits_for_the_officer_where_no_supervisor_is(page: Page, system: Any, where: str) -> None:
    ref = re.findall(r"/contest/([0-9a-f]+)/", text_of(page.get()))[0]
    page.post("my_contest", 0, ref, text="I was tired.")
    row = PersonRequest.objects.get()
    officer = make.person("data_protection_officer", unit=system.unit)
    assert list(selectors.waiting(officer)) == [row]
    parent = make.unit()
    if where == "above":
        system.unit = make.unit(parent=parent)
        system.save()
        officer = make.person("data_protection_officer", unit=parent)
    place: dict[str, Any] = {"system": system} if where == "system" else {"unit": system.unit}
    place |= {"unit": parent} if where in ("above", "elsewhere") else {}
    supervisor = make.person("supervisor", **place)
    if where == "gone":
        User.objects.filter(pk=supervisor.pk).update(is_active=False)
    if where == "ended":
        User.objects.filter(pk=supervisor.pk).update(valid_until=timezone.now() - dt.timedelta(minutes=1))
    theirs = where in ("unit", "above", "system")
    assert list(selectors.visible_requests(officer)) == ([] if theirs else [row])
    assert bool(people_with("answer_contests", system)) == theirs
    if theirs:
        with pytest.raises(NotAllowed):
            requests.start(request=row, by=officer)
        assert list(selectors.waiting(supervisor)) == [row]
    else:
        requests.answer(request=row, decision="granted", text="You are right.", by=officer)
        assert "You are right." in text_of(page.get())


def test_a_request_is_taken_back_by_its_person_alone(page: Page, system: Any) -> None:
    page.post("my_ask", 0, "erasure")
    row = PersonRequest.objects.get()
    other = Page(link_for(system, "customer-2")[1])
    assert other.post("my_request_withdraw", row.pk).status_code == 404
    assert page.post("my_request_withdraw", row.pk).status_code == 303
    assert page.post("my_request_withdraw", row.pk).status_code == 409
    row.refresh_from_db()
    assert row.state == "withdrawn"


def test_who_sees_an_objection_is_computed_and_never_a_manager(page: Page, monkeypatch: Any) -> None:
    html = text_of(page.get())
    assert selectors.sees_objections() == [Role.DATA_PROTECTION_OFFICER, Role.SUPERVISOR]
    assert "Data protection officer" in html
    assert "Managers cannot see it." in html
    monkeypatch.setitem(PERMISSIONS, Role.MANAGER, PERMISSIONS[Role.MANAGER] | {"answer_people"})
    assert "Managers cannot see it." not in text_of(page.get()), "the sentence follows the table"


@pytest.mark.parametrize("role", list(Role))
def test_who_is_not_named_on_the_page_learns_of_no_objection_at_any_door(system: Any, role: Role) -> None:
    """The doors that answer about one person: trying the policy, decisions, the desk."""
    word = make.consent(
        "no", subject="customer-1", action="objected", effective_at="2026-03-20T10:00:00+00:00"
    )
    record_consent_events(system=system, items=[word], by="system")
    someone = make.person(role.value, unit=system.unit)
    client = Client()
    client.force_login(someone)
    asked = QUESTION | {"layer": "inference", "operation": "infer"}
    tried = client.post(reverse("gate_try", args=[system.slug]), asked)
    told = client.post(
        "/api/v1/decisions", json.dumps(QUESTION | {"system": system.slug}), "application/json"
    )
    desk = client.post(reverse("consent_look_up", args=[system.slug]), {"reference": "customer-1"})
    learned = {
        "try": "This person objected" in text_of(tried) or "objected" in text_of(tried).lower(),
        "decision": told.status_code == 200 and "outcome" in told.json(),
        "desk": desk.status_code == 200 and "Objected" in text_of(desk),
    }
    named = role in selectors.sees_objections()
    assert any(learned.values()) is named, learned


def test_what_was_read_is_named_in_the_readers_language(page: Page, system: Any) -> None:
    type(system).objects.filter(pk=system.pk).update(label_map={"joy": "gratitude"})
    ref = re.findall(r"/contest/([0-9a-f]+)/", text_of(page.get()))[0]
    for address in ("my_page", "my_readings", "my_contest"):
        args = {"my_page": [], "my_readings": [0], "my_contest": [0, ref]}[address]
        assert "Dankbaarheid" in text_of(page.get(address, *args, lang="nl"))
        assert "Gratitude" in text_of(page.get(address, *args, lang="en"))
    assert selectors.emotion_name(system, "own_label") == "Own label"


def test_a_yes_on_the_page_keeps_which_text_stood_there(page: Page, system: Any) -> None:
    page.post("my_say", 0, action="withdrawn", purpose="service", modality="text")
    assert not NoticeServed.objects.exists()
    page.post("my_say", 0, action="given", purpose="service", modality="text")
    shown = NoticeServed.objects.get()
    agreed = ConsentEvent.objects.get(action="given", source=rules.SOURCE)
    assert shown.notice_id == agreed.notice_id
    assert shown.subject_id == agreed.subject_id
    assert shown.channel == "personal page"


def test_whoever_answers_sees_that_the_link_has_ended(page: Page, system: Any) -> None:
    page.post("my_ask", 0, "access")
    officer = make.person("data_protection_officer", unit=system.unit)
    client = Client()
    client.force_login(officer)
    address = PersonRequest.objects.get().get_absolute_url()
    assert "link has ended" not in text_of(client.get(address))
    PersonalLink.objects.update(revoked_at=timezone.now(), revoked_by="system")
    assert "link has ended" in text_of(client.get(address))
    link_for(system)  # another one for the same person
    assert "link has ended" not in text_of(client.get(address))


def test_the_register_for_machines_asks_once_until_something_is_published(
    system: Any, django_capture_on_commit_callbacks: Any, django_assert_max_num_queries: Any
) -> None:
    officer = make.person("data_protection_officer", unit=system.unit)
    with django_capture_on_commit_callbacks(execute=True):
        publishing.publish(system=system, values=WORDS, by=officer)
    address = reverse("public_register_json")
    first = Client().get(address).json()
    with django_assert_max_num_queries(0):
        assert Client().get(address).json() == first
    with django_capture_on_commit_callbacks(execute=True):
        publishing.take_away(system=system, reason="Replaced.", by=officer)
    assert (len(first["algorithms"]), Client().get(address).json()["algorithms"]) == (1, [])


def test_the_page_says_where_a_no_counts_and_where_nobody_is_asked(db: None) -> None:
    rows = [make.PERMIT_BY_CONTRACT, {**make.PERMIT_BY_CONSENT, "id": "offers", "purpose": "offers"}]
    made = make.live_system(*rows)
    make.flow(made, slug="offers", purpose="offers")
    page = Page(link_for(made)[1])
    html = text_of(page.get())
    assert html.count('name="action" value="given"') == 1  # only what rests on consent asks for a yes
    assert "it rests on a contract or on the law" in html
    form = text_of(page.get("my_ask", 0, "objection"))
    assert "From now on the system is told no for:" in form
    assert "It goes on until somebody has looked at your reasons:" in form
    assert page.post("my_ask", 0, "objection").status_code == 303
    assert PersonRequest.objects.get().kind == "objection"
    asked = [QUESTION, QUESTION | {"purpose": "offers"}]
    assert [one.reason for one in decide(system=made, items=asked)] == ["permitted", "no_deployment"]
    assert list(Stop.objects.values_list("purpose", flat=True)) == ["offers"]


def test_a_copy_holds_what_was_read_in_sessions_without_a_name_but_never_of_another(system: Any) -> None:
    at = "2026-03-25T10:00:00+00:00"
    items = [
        make.item("a", subject="customer-1", session="mine", occurred_at=at),
        make.item("b", subject=None, session="mine", occurred_at=at, predicted="anger"),
        make.item("c", subject="customer-1", session="shared", occurred_at=at),
        make.item("d", subject="customer-2", session="shared", occurred_at=at),
        make.item("e", subject=None, session="shared", occurred_at=at, predicted="anger"),
    ]
    record_consent_events(
        system=system, items=[make.consent(n, subject=n) for n in ("mine", "shared")], by="system"
    )
    assert {row["status"] for row in receive(system=system, items=items, by="system")["items"]} == {
        "accepted"
    }
    me = Person(system, pseudonym(system.pk, "customer-1"))
    held = next(one for one in holders.all_holders() if one.name == "interactions")
    copied = {row["source_id"] for row in held.export(me)}
    assert copied >= {"i-a", "i-b", "i-c"}
    assert not copied & {"i-d", "i-e"}
    assert held.find(me) == len(copied) == holders.readings(me, (0, 100))[0]
    mine = next(one for one in holders.readings(me, (0, 100))[1] if one.emotion == "anger")
    assert holders.reading(me, mine.ref) == mine


def test_no_manager_and_no_auditor_opens_a_request(page: Page, system: Any) -> None:
    page.post("my_ask", 0, "objection")
    row = PersonRequest.objects.get()
    for role in ("manager", "auditor", "system_owner", "board_chair", "administrator", "supervisor"):
        client = Client()
        client.force_login(
            make.person(role, unit=system.unit), backend="portal.accounts.backends.SignInBackend"
        )
        assert client.get(row.get_absolute_url()).status_code in (403, 404), role
        shown = client.get(reverse("person_request_list"))
        assert shown.status_code == (200 if role == "supervisor" else 403), role
        assert row.get_absolute_url() not in text_of(shown)


# --- answering --------------------------------------------------------------------------------


def test_the_copy_holds_everything_about_me_and_nothing_about_others(page: Page, system: Any) -> None:
    page.post("my_ask", 0, "access")
    row, officer = PersonRequest.objects.get(), make.person("data_protection_officer", unit=system.unit)
    requests.carry_out(request=row, by=officer, bell=False)
    job = Job.objects.get(kind=requests.COPY)
    assert "customer" not in json.dumps(job.payload) and str(row.pseudonym) not in json.dumps(job.payload)
    run_job(job.pk)
    row.refresh_from_db()
    assert row.state == "answered"
    answer = page.get("my_copy", row.pk)
    files = zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))
    data = json.loads(files.read("data.json"))
    parts = {part["part"]: part["rows"] for part in data["parts"]}
    assert [row["source_id"] for row in parts["interactions"]] == [f"i-{n}" for n in range(30)]
    assert [row["action"] for row in parts["consent"]] == ["given"]
    assert "hers" not in files.read("data.json").decode()
    other = Page(link_for(system, "customer-2")[1])
    assert other.get("my_copy", row.pk).status_code == 404
    row.copy.expires_at = timezone.now()
    row.copy.save()
    assert page.get("my_copy", row.pk).status_code == 404
    from governance.transparency import copies

    assert copies.path_of(row.copy).is_file()
    assert copies.sweep(timezone.now())["copies"] == 1
    assert not copies.path_of(row.copy).exists()


def test_an_erasure_is_done_by_a_job_and_leaves_only_that_it_was_done(page: Page, system: Any) -> None:
    page.post("my_ask", 0, "erasure", text="Please forget me.")
    row, officer = PersonRequest.objects.get(), make.person("data_protection_officer", unit=system.unit)
    hold = requests.place_hold(system=system, subject="customer-1", reason="Case 12.", by=officer)
    with pytest.raises(RuleBroken, match="Case 12"):
        requests.carry_out(request=row, by=officer, bell=False)
    row.refresh_from_db()
    assert not Job.objects.filter(kind=requests.ERASE).exists()
    requests.release_hold(hold=hold, reason="It ended.", by=officer)
    before = decide(system=system, items=[QUESTION])[0].outcome
    if row.state == "received":
        requests.carry_out(request=row, by=officer, bell=False)
    run_job(Job.objects.get(kind=requests.ERASE).pk)
    row.refresh_from_db()
    assert (row.state, row.pseudonym, row.text) == ("answered", None, "")
    assert before == "allow"
    assert decide(system=system, items=[QUESTION])[0].outcome == "gap"
    html = text_of(page.get())
    assert "Nothing is held about you" in html
    assert "Answered" in html
    run_job(Job.objects.get(kind=requests.ERASE).pk)  # a job that comes twice


def test_the_clocks_of_a_request(page: Page, system: Any) -> None:
    page.post("my_ask", 0, "access")
    row, officer = PersonRequest.objects.get(), make.person("data_protection_officer", unit=system.unit)
    with pytest.raises(RuleBroken, match="Tell the person why"):
        requests.extend(request=row, reason=" ", by=officer)
    requests.extend(request=row, reason="Many systems.", by=officer)
    row.refresh_from_db()
    assert row.due_on == rules.months_later(row.received_at.date(), 3)
    assert "Many systems." in text_of(page.get())
    with pytest.raises(RuleBroken, match="extended once"):
        requests.extend(request=row, reason="Again.", by=officer)
    PersonRequest.objects.update(
        received_at=timezone.now() - dt.timedelta(days=40), extended_at=None, extended_by=""
    )
    with pytest.raises(RuleBroken, match="within one month"):
        requests.extend(request=row, reason="Late.", by=officer)
    with pytest.raises(NotAllowed):
        requests.refuse(request=row, reason="No.", by=make.person("supervisor", unit=system.unit))
    requests.refuse(request=row, reason="It is not yours.", by=officer)
    assert "It is not yours." in text_of(page.get())
    with pytest.raises(RuleBroken, match="closed"):
        requests.start(request=row, by=officer)


def test_a_request_is_in_my_work_and_my_calendar(page: Page, system: Any) -> None:
    from portal.desk.dates import dates
    from portal.desk.selectors import waiting

    page.post("my_ask", 0, "access")
    row, officer = PersonRequest.objects.get(), make.person("data_protection_officer", unit=system.unit)
    assert row.get_absolute_url() in [task.url for task in waiting(officer, timezone.localdate())]
    assert [one.on for one in dates(officer) if one.url == row.get_absolute_url()] == [row.due_on]
    manager = make.person("manager", unit=system.unit)
    assert row.get_absolute_url() not in [task.url for task in waiting(manager, timezone.localdate())]
    assert [one for one in dates(manager) if one.url == row.get_absolute_url()] == []


# --- over REST --------------------------------------------------------------------------------


def test_a_system_makes_links_for_its_own_people(system: Any, client: Client) -> None:
    _key, text = make.api_key(system, ("links:write",))
    body = {"people": [{"subject": "customer-1"}], "expires_in": 3}
    made = client.post("/api/v1/personal-links", body, content_type="application/json", **make.bearer(text))
    assert made.status_code == 201, made.content
    url = made.json()["url"]
    assert Client().get(url[url.index("/my/") :]).status_code == 200
    elsewhere = make.system()
    body = {"people": [{"system": elsewhere.slug, "subject": "x"}]}
    refused = client.post(
        "/api/v1/personal-links", body, content_type="application/json", **make.bearer(text)
    )
    assert refused.status_code == 404
    body = {"people": [{"subject": "customer-1"}], "expires_in": 31}
    refused = client.post(
        "/api/v1/personal-links", body, content_type="application/json", **make.bearer(text)
    )
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "expires_in")
    ended = client.post(
        f"/api/v1/personal-links/{made.json()['id']}/revoke",
        content_type="application/json",
        **make.bearer(text),
    )
    assert ended.json()["revoked_at"]
    assert Client().get(url[url.index("/my/") :]).status_code == 404


def test_no_answer_with_a_token_is_kept(system: Any, client: Client) -> None:
    from portal.web.models import IdempotencyRecord

    _key, text = make.api_key(system, ("links:write",))
    body = {"people": [{"subject": "customer-1"}]}
    headers = make.bearer(text) | {"HTTP_IDEMPOTENCY_KEY": "one"}
    urls = [
        client.post("/api/v1/personal-links", body, content_type="application/json", **headers).json()["url"]
        for _n in range(2)
    ]
    assert PersonalLink.objects.count() == 1
    assert [Client().get(url[url.index("/my/") :]).status_code for url in urls] == [404, 200]
    assert not IdempotencyRecord.objects.exists()


# --- the public register ----------------------------------------------------------------------


def test_what_is_not_published_does_not_exist(system: Any) -> None:
    client = Client()
    assert client.get(reverse("public_system", args=[system.slug])).status_code == 404
    assert system.name not in text_of(client.get(reverse("public_register")))
    officer = make.person("data_protection_officer", unit=system.unit)
    with pytest.raises(NotAllowed):
        publishing.publish(system=system, values=WORDS, by=make.person("system_owner", unit=system.unit))
    publishing.publish(system=system, values=WORDS, by=officer)
    publishing.publish(system=system, values=WORDS, by=officer)
    assert Publication.objects.count() == 1
    response = client.get(reverse("public_system", args=[system.slug]) + "?lang=nl")
    html = text_of(response)
    assert "Summary in nl." in html and "Summary in en." not in html
    assert 'lang="nl"' in html
    assert not response.cookies
    assert response["Cache-Control"] == "public, max-age=300"
    unsaid = client.get(reverse("public_system", args=[system.slug]))
    assert unsaid["Cache-Control"] == "no-cache", "in whose language it is depends on who asks"
    publishing.take_away(system=system, reason="It was wrong.", by=officer)
    assert client.get(reverse("public_system", args=[system.slug])).status_code == 404


def test_drafts_and_notes_are_never_public(system: Any) -> None:
    officer = make.person("data_protection_officer", unit=system.unit)
    make.flow(
        system, signed=False, slug="not-signed", name="SECRET NAME", subject_role="visitor", modality="face"
    )
    publishing.publish(system=system, values=WORDS, by=officer)
    html = text_of(Client().get(reverse("public_system", args=[system.slug])))
    assert "SECRET NAME" not in html
    assert system.owner.name not in html and system.owner.email not in html
    page = public.page(Publication.objects.get(), "en")
    unsigned = next(flow for flow in page.flows if flow.modality == "face")
    assert (unsigned.outcome, unsigned.running) == ("", False)
    with pytest.raises(RuleBroken):
        publishing.publish(system=make.draft(), values=WORDS, by="system")


def test_accuracy_is_shown_for_the_readers_language_with_floor_and_interval(system: Any) -> None:
    publishing.publish(system=system, values=WORDS, by="system")
    today, labels = make.today(), list(make.LABELS)
    good = [[25 if a == b else 2 for b in labels] for a in labels]
    make.confusion(system, today, labels, good)
    make.confusion(system, today, labels, good, part="language=nl-NL")
    html = text_of(Client().get(reverse("public_system", args=[system.slug]) + "?lang=nl"))
    assert re.search(r"n = 124", html)
    assert "figure-ci" in html
    english = text_of(Client().get(reverse("public_system", args=[system.slug]) + "?lang=en"))
    assert "Not measured in this language." in english


def test_a_small_group_is_hidden_from_the_public_too(system: Any) -> None:
    publishing.publish(system=system, values=WORDS, by="system")
    today, labels = make.today(), list(make.LABELS)
    good = [[25 if a == b else 2 for b in labels] for a in labels]
    make.confusion(system, today, labels, good)
    make.confusion(system, today, labels, good, part="language=nl", people=4)
    shown = public.page(Publication.objects.get(), "nl").accuracy
    assert (shown.value, shown.n, shown.state.value) == (None, None, "suppressed")


def test_the_register_as_data_has_the_shape_of_the_dutch_one(system: Any) -> None:
    publishing.publish(system=system, values=WORDS | {"why_nl": "x" * 2000}, by="system")
    body = json.loads(Client().get(reverse("public_register_json")).content)
    entry = json.loads(Client().get(reverse("public_system_json", args=[system.slug])).content)
    assert body == {"standard_version": "1.0", "algorithms": [entry]}
    required = {
        "name",
        "description_short",
        "organization",
        "status",
        "contact_email",
        "publication_category",
        "lang",
    }
    assert required <= set(entry)
    assert entry["status"] == "In gebruik" and entry["status"] in algorithm_register.STATUSES
    assert entry["publication_category"] in algorithm_register.CATEGORIES
    assert entry["lang"] == "nld" and entry["standard_version"] == "1.0"
    assert re.fullmatch(r"\d{4}-\d{2}", entry["begin_date"])
    long = [name for name, most in algorithm_register.LENGTHS.items() if len(entry.get(name, "")) > most]
    assert long == []
    known = set(algorithm_register.LENGTHS) | {
        "status",
        "publication_category",
        "lang",
        "standard_version",
        "begin_date",
    }
    assert set(entry) <= known


def test_the_preview_shows_both_languages_and_stores_nothing(system: Any, client: Client) -> None:
    officer = make.person("data_protection_officer", unit=system.unit)
    client.force_login(officer, backend="portal.accounts.backends.SignInBackend")
    url = reverse("publication_edit", args=[system.slug])
    shown = client.post(url, WORDS | {"summary_nl": XSS, "act": "preview"})
    html = text_of(shown)
    assert "Summary in en." in html and "&lt;img" in html and XSS not in html
    assert not Publication.objects.exists()
    assert client.post(url, {"act": "publish"}).status_code == 422
    assert client.post(url, WORDS | {"act": "publish"}).status_code == 302
    assert Publication.objects.count() == 1


def test_pages_ask_a_fixed_number_of_questions(
    page: Page, system: Any, django_assert_max_num_queries: Any
) -> None:
    publishing.publish(system=system, values=WORDS, by="system")
    with django_assert_max_num_queries(30):
        Client().get(reverse("public_system", args=[system.slug]))
    with django_assert_max_num_queries(20):
        page.get()
