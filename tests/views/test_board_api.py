"""Boards, seats, members, deployments, files and the board paper over REST and by page."""

import datetime as dt
import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from governance.review import boards, services
from governance.review.models import Board, Comment, CouncilRecord, DeploymentRequest, Document, Membership
from tests import make

pytestmark = pytest.mark.django_db

JSON = {"content_type": "application/json"}
PDF = b"%PDF-1.7 letter"


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def client(user: Any) -> Client:
    found = Client()
    found.force_login(user)
    return found


def post(who: Client, path: str, body: Any = None, **headers: Any) -> Any:
    return who.post(f"/api/v1/{path}", json.dumps(body or {}), **JSON, **headers)


def upload(name: str = "letter.pdf", data: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def in_review(system: Any) -> tuple[DeploymentRequest, list[Any]]:
    board, members = make.board_with_members(system.unit)
    request = services.create_request(
        system=system,
        flows=[make.flow(system)],
        version=system.versions.get(),
        summary="May we?",
        board=board,
        doubts="D" * 3000,
        by=system.owner,
    )
    make.complete(system)
    services.submit(request=request, by=system.owner)
    return request, members


def test_a_board_from_nothing_to_its_members_over_rest() -> None:
    unit = make.unit()
    admin, auditor = (
        client(make.person("administrator", unit=unit)),
        client(make.person("auditor", unit=unit)),
    )
    body = {"name": "Ethics", "unit": unit.slug, "vote_days": 21, "casting_vote": True}
    assert post(auditor, "boards", body).status_code == 422  # no unit whose boards they manage
    assert post(admin, "boards", body | {"unit": "nowhere"}).json()["errors"][0]["field"] == "unit"
    made = post(admin, "boards", body, HTTP_IDEMPOTENCY_KEY="one")
    assert made.status_code == 201
    assert post(admin, "boards", body, HTTP_IDEMPOTENCY_KEY="one").json() == made.json()
    assert post(admin, "boards", body).json()["errors"][0] == {
        "field": "name",
        "code": "taken",
        "message": "There is a board with this name already.",
    }
    path = made.headers["Location"].removeprefix("/api/v1/")
    assert {row["risk"]: row["majority"] for row in made.json()["rules"]} == {
        "high_risk": "two_thirds",
        "minimal": "simple",
        "transparency": "simple",
    }

    seat = post(admin, f"{path}/seats", {"discipline": "legal", "chairs": True, "required": True})
    assert (seat.status_code, seat.json()["vacant"]) == (201, True)
    assert post(auditor, f"{path}/seats", {"discipline": "hr"}).status_code == 403
    person, deputy = make.person("board_member", unit=unit), make.user()
    members = f"seats/{seat.json()['id']}/members"
    last = (make.today() + dt.timedelta(days=365)).isoformat()
    sits = post(admin, members, {"user": str(person.pk), "ends_on": last})
    assert (sits.status_code, sits.json()["vacant"]) == (201, False)
    term = sits.json()["members"][0]
    assert (term["user"], term["starts_on"], term["ends_on"]) == (
        str(person.pk),
        make.today().isoformat(),
        last,
    )
    post(admin, members, {"user": str(deputy.pk), "deputy": True})
    nobody = {"user": "00000000-0000-4000-8000-000000000000"}
    assert post(admin, members, nobody).json()["errors"][0]["field"] == "user"

    which = f"memberships/{term['id']}"
    assert post(admin, f"{which}/secretary", {"secretary": True}).json()["members"][0]["secretary"] is True
    moved = post(admin, f"{which}/term", {"ends_on": None, "reason": "Stays."}).json()
    assert moved["members"][0]["ends_on"] is None
    refused = post(admin, f"{which}/term", {"ends_on": "2020-01-01", "reason": "So."})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (409, "ends_on")
    assert post(auditor, f"{which}/term", {"ends_on": None, "reason": "So."}).status_code == 403
    assert post(admin, f"{which}/end", {}).json()["errors"][0]["field"] == "reason"
    ended = post(admin, f"{which}/end", {"reason": "Left."}).json()
    assert [row["user"] for row in ended["members"]] == [str(deputy.pk)]
    outsider = client(make.person("administrator", unit=make.unit()))
    assert post(outsider, f"{path}/seats", {"discipline": "hr"}).status_code == 404


def test_a_change_of_a_board_names_the_state_that_it_is_based_on() -> None:
    board, _members = make.board_with_members(make.unit())
    admin, path = client(make.person("administrator", unit=board.unit)), f"/api/v1/boards/{board.pk}"
    tag = admin.get(path).headers["ETag"]
    change = {"vote_days": 30, "reason": "Slow."}
    assert admin.patch(path, change, **JSON).status_code == 428
    done = admin.patch(path, change, **JSON, HTTP_IF_MATCH=tag)
    assert (done.status_code, done.json()["vote_days"]) == (200, 30)
    stale = admin.patch(path, change | {"vote_days": 7}, **JSON, HTTP_IF_MATCH=tag)
    assert stale.status_code == 412
    assert (stale.json()["errors"][0]["field"], stale.json()["errors"][0]["theirs"]) == ("vote_days", 30)
    old = json.loads(json.dumps(change)) | {"vote_days": 7, "row_version": 1}
    assert admin.patch(path, old, **JSON).status_code == 409
    again = admin.patch(path, change | {"vote_days": 7}, **JSON, HTTP_IF_MATCH=done.headers["ETag"])
    assert again.json()["vote_days"] == 7

    tag = again.headers["ETag"]
    rule = {"risk": "high_risk", "majority": "simple", "reason": "Quick."}
    refused = admin.put(f"{path}/rules", rule, **JSON, HTTP_IF_MATCH=tag)
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:attune:problem:majority_too_low")
    rule = {"risk": "minimal", "quorum": 4, "reason": "More."}
    assert admin.put(f"{path}/rules", rule, **JSON, HTTP_IF_MATCH=tag).status_code == 200
    assert admin.put(f"{path}/rules", rule | {"quorum": 5}, **JSON, HTTP_IF_MATCH=tag).status_code == 412


def test_comments_and_minutes_over_rest_name_the_state_that_they_change() -> None:
    request, members = in_review(make.system())
    Membership.objects.filter(user=members[0]).update(secretary=True)
    voter, path = client(members[0]), f"requests/{request.pk}"
    said = post(voter, f"{path}/comments", {"text": "One."}).json()
    which = f"comments/{said['id']}"
    assert post(voter, which, {"text": "Two."}).status_code == 428
    assert post(voter, which, {"text": "Two."}, HTTP_IF_MATCH='"1"').json()["row_version"] == 2
    assert post(voter, which, {"text": "Three."}, HTTP_IF_MATCH='"1"').status_code == 412
    assert post(voter, which, {"text": "Three.", "row_version": 1}).json()["errors"][0]["theirs"] == "Two."
    assert post(voter, f"{path}/minutes", {"text": "We met."}).status_code == 428
    assert post(voter, f"{path}/minutes", {"text": "We met.", "row_version": 0}).status_code == 201
    assert post(voter, f"{path}/minutes", {"text": "We sat.", "row_version": 0}).status_code == 409


def test_deployments_are_listed_and_one_flow_is_stopped() -> None:
    system, other = make.system(), make.system()
    flows = [make.flow(system, slug="chat"), make.flow(system, slug="mail")]
    deployment, elsewhere = make.approved_deployment(system, flows), make.approved_deployment(other)
    owner, overseer = client(system.owner), client(make.person("supervisor", unit=system.unit))
    (listed,) = owner.get("/api/v1/deployments").json()["results"]
    assert listed["id"] == str(deployment.pk) != str(elsewhere.pk)
    assert (listed["system"], listed["version"], listed["digest"]) == (
        system.slug,
        deployment.version.name,
        deployment.digest,
    )
    assert listed["flows"] == [{"flow": "chat", "state": "running"}, {"flow": "mail", "state": "running"}]
    assert owner.get(f"/api/v1/deployments?system={other.slug}").json()["results"] == []
    path = f"deployments/{deployment.pk}/flows/chat/suspend"
    assert post(owner, path, {"reason": "Harm."}).status_code == 403
    assert post(overseer, path, {}).json()["errors"][0]["field"] == "reason"
    assert (
        post(overseer, f"deployments/{deployment.pk}/flows/none/suspend", {"reason": "H."}).status_code == 404
    )
    stopped = post(overseer, path, {"reason": "Harm."}).json()
    assert (stopped["state"], stopped["flows"]) == (
        "in_force",
        [{"flow": "chat", "state": "stopped"}, {"flow": "mail", "state": "running"}],
    )
    auditor = make.person("auditor", unit=system.unit)
    reader = client(auditor)
    with CaptureQueriesContext(connection) as few:
        reader.get("/api/v1/deployments")
    for _ in range(3):
        make.approved_deployment(make.system(unit=system.unit))
    with CaptureQueriesContext(connection) as many:
        assert len(reader.get("/api/v1/deployments").json()["results"]) == 4
    assert len(many) <= len(few)


def test_the_board_paper_reads_as_json_whole() -> None:
    system = make.system()
    request, members = in_review(system)
    paper = client(members[0]).get(f"/api/v1/requests/{request.pk}/paper").json()
    flow = system.flows.get()
    assert (paper["question"], paper["system"], paper["round"]) == ("May we?", system.slug, 1)
    assert paper["doubts"] == "D" * 3000
    assert paper["flows"][0]["flow"] == flow.slug
    assert paper["flows"][0]["facts"]["modality"] == "text"
    assert (paper["flows"][0]["outcome"], paper["flows"][0]["signed"]) == ("transparency", True)
    assert paper["flows"][0]["articles"]
    assert (paper["majority"], paper["quorum"], paper["digest"]) == ("simple", 3, request.digest)
    assert paper["differences"] is None
    assert client(make.user()).get(f"/api/v1/requests/{request.pk}/paper").status_code in (403, 404)


def test_a_condition_names_the_seat_that_accepts_it_and_its_evidence_takes_files() -> None:
    system = make.system()
    request, members = in_review(system)
    due = (make.today() + dt.timedelta(days=9)).isoformat()
    row = {"text": "Train.", "owner": str(system.owner.pk), "due_on": due, "accepted_by": "ethics"}
    vote = {"choice": "conditions", "reason": "If.", "conditions": [row]}
    voters, owner = [client(one) for one in members], client(system.owner)
    post(voters[0], f"requests/{request.pk}/votes", vote)
    for voter in voters[1:]:
        post(voter, f"requests/{request.pk}/votes", {"choice": "approve", "reason": "Yes."})
    shown = owner.get(f"/api/v1/requests/{request.pk}").json()
    assert shown["votes"][0]["left_out"] is False
    (condition,) = shown["conditions"]
    assert (condition["accepted_by"], condition["set_by"]) == ("ethics", "legal")
    path = f"/api/v1/conditions/{condition['id']}/files"
    early = owner.post(path, {"file": upload()})
    assert (early.status_code, early.json()["type"]) == (409, "urn:attune:problem:nothing_handed_in")
    post(owner, f"conditions/{condition['id']}/evidence", {"evidence": "Trained."})
    assert owner.post(path, {"file": upload("run.exe")}).json()["errors"][0]["field"] == "file"
    made = owner.post(path, {"file": upload()})
    assert made.status_code == 201
    assert voters[2].get(path).json() == [made.json()]
    (kept,) = owner.get(f"/api/v1/requests/{request.pk}").json()["conditions"][0]["evidence"][0]["files"]
    assert kept == made.json()
    for who, code in ((voters[1], 200), (client(make.person("auditor", unit=make.unit())), 404)):
        answer = who.get(kept["address"])
        assert answer.status_code == code
        page = who.get(Document.objects.get().get_absolute_url())
        assert page.status_code == code
        if code == 200:
            for given in (answer, page):
                assert b"".join(given.streaming_content) == PDF  # type: ignore[attr-defined]
                assert "attachment" in given.headers["Content-Disposition"]
    assert voters[0].post(path, {"file": upload()}).status_code == 403


def test_the_works_council_record_takes_files_by_page_and_over_rest() -> None:
    system = make.system()
    flow = make.flow(system, slug="mood", signed=False, subject_role="employee", setting="workplace")
    owner = client(system.owner)
    url = f"/systems/{system.slug}/works-council/new/"
    form = {"flows": [flow.pk], "question": "May we?", "informed_on": make.today().isoformat()}
    assert owner.post(url, form).status_code == 422  # neither a reference nor a file
    token = str(owner.get(url).context["form"]["token"].value())
    for _ in range(2):  # a double click
        made = owner.post(url, form | {"files": [upload(), upload("notes.txt", b"Notes")], "token": token})
        assert made.status_code == 302
    record = CouncilRecord.objects.get()
    assert record.files.count() == 2
    assert "notes.txt" in owner.get(record.get_absolute_url()).content.decode()
    path = f"/api/v1/works-council/{record.pk}/files"
    assert owner.post(path, {"file": upload("more.pdf")}).status_code == 201
    assert len(owner.get(path).json()) == 3
    listed = owner.get(f"/api/v1/systems/{system.slug}/works-council").json()[0]
    assert sorted(row["name"] for row in listed["files"]) == ["letter.pdf", "more.pdf", "notes.txt"]


def test_a_double_click_makes_one_request_and_one_comment_by_page() -> None:
    system = make.system()
    flow, owner = make.flow(system), client(system.owner)
    board, _members = make.board_with_members(system.unit)
    url = f"/systems/{system.slug}/request/"
    page = owner.get(url).context["form"]
    form = {
        "version": system.versions.get().pk,
        "flows": [flow.pk],
        "board": board.pk,
        "summary": "May we?",
        "valid_months": "12",
        "token": page["token"].value(),
    }
    assert owner.post(url, form).headers["Location"] == owner.post(url, form).headers["Location"]
    request, voters = in_review(make.system())
    member = client(voters[0])
    shown = member.get(request.get_absolute_url()).context["comment_form"]
    said = {"text": "Hm.", "token": shown["token"].value()}
    for _ in range(2):
        assert member.post(f"/requests/{request.pk}/comments/", said).status_code == 302
    assert Comment.objects.count() == 1
    assert DeploymentRequest.objects.filter(system=system).count() == 1
    refused = member.post(f"/requests/{request.pk}/comments/", {"text": ""})
    assert refused.status_code == 422
    assert refused.context["comment_form"].errors["text"]
    assert member.post(f"/requests/{request.pk}/comments/", {"text": "x", "parent": "no"}).status_code == 422


def test_stale_pages_of_boards_comments_and_minutes_show_both_states() -> None:
    request, members = in_review(make.system())
    board = request.board
    admin = client(make.person("administrator", unit=board.unit))
    url = board.get_absolute_url()
    seen = admin.get(f"{url}edit/").context["form"].initial["row_version"]
    boards.change_board(board=board, casting_vote=True, vote_days=30, reason="Ties.", by=_admin(board))
    form = {"vote_days": "7", "reason": "Fast.", "row_version": seen}
    stale = admin.post(f"{url}edit/", form)
    assert stale.status_code == 409
    rows = {row["field"]: (row["theirs"], row["yours"]) for row in stale.context["meanwhile"]}
    assert ("30", "7") in rows.values()
    assert ("Yes", "No") in rows.values()
    again = stale.context["form"]["row_version"].value()
    assert admin.post(f"{url}edit/", form | {"row_version": again}).status_code == 302
    boards.set_rule(board=board, risk="minimal", majority="two_thirds", reason="More.", by=_admin(board))
    rule = {"quorum": "4", "majority": "simple", "reason": "So.", "row_version": again}
    stale = admin.post(f"{url}rules/minimal/", rule)
    assert stale.status_code == 409
    assert "two thirds" in stale.context["meanwhile"][1]["theirs"]
    choices = admin.get(f"{url}rules/high_risk/").context["form"].fields["majority"].choices
    assert [name for name, _label in choices] == ["two_thirds"]

    Membership.objects.filter(user=members[0]).update(secretary=True)
    member = client(members[0])
    said = services.comment(request=request, text="One.", by=members[0])
    services.edit_comment(comment=said, text="Two.", by=members[0])
    stale = member.post(f"/comments/{said.pk}/edit/", {"text": "Three.", "row_version": 1})
    assert (stale.status_code, stale.context["meanwhile"][0]["theirs"]) == (409, "Two.")
    minutes = f"/requests/{request.pk}/minutes/"
    services.keep_minutes(request=request, text="We met.", by=members[0])
    stale = member.post(minutes, {"text": "We sat.", "row_version": 0})
    assert (stale.status_code, stale.context["meanwhile"][0]["theirs"]) == (409, "We met.")
    assert member.post(minutes, {"text": "We sat.", "row_version": 1}).status_code == 302


def _admin(board: Board) -> Any:
    return make.person("administrator", unit=board.unit)


def test_terms_by_page_and_a_seat_without_a_member_is_said_plainly() -> None:
    board, members = make.board_with_members(make.unit())
    admin, url = client(_admin(board)), board.get_absolute_url()
    seat = board.seats.get(discipline="legal")
    last = make.today() + dt.timedelta(days=30)
    term = Membership.objects.get(user=members[0])
    path = f"/memberships/{term.pk}/term/"
    assert admin.post(path, {"ends_on": last.isoformat()}).status_code == 422  # with a reason
    assert admin.post(path, {"ends_on": last.isoformat(), "reason": "One year."}).status_code == 302
    assert f'datetime="{last.isoformat()}"' in admin.get(url).content.decode()
    refused = admin.post(path, {"ends_on": "2020-01-01", "reason": "So."})
    assert (refused.status_code, "ends_on" in refused.context["form"].errors) == (409, True)
    assert admin.get(url).context["empty"] == []
    Membership.objects.filter(pk=term.pk).update(
        starts_on=make.today() - dt.timedelta(days=9), ends_on=make.today() - dt.timedelta(days=1)
    )
    page = admin.get(url)
    assert [row["seat"] for row in page.context["empty"]] == [seat]
    assert "Nobody sits on these seats" in page.content.decode()
    form = {"user": make.user().pk, "starts_on": make.today().isoformat(), "ends_on": last.isoformat()}
    assert admin.post(f"/seats/{seat.pk}/members/new/", form).status_code == 302
    assert seat.memberships.get(ends_on=last).starts_on == make.today()
