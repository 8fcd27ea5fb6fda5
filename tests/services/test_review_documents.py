"""Files of works-council records and evidence; who owns a condition and who accepts it."""

import datetime as dt
import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import DatabaseError, transaction
from django.utils import timezone

from governance.assessments import store
from governance.evidence.decision_sections import decisions
from governance.evidence.sections import Scope
from governance.review import conditions, documents, selectors, services, terms
from governance.review.models import Condition, ConditionEvidence, Document
from portal.errors import NotAllowed, RuleBroken
from portal.ledger.models import LedgerBody, PendingEvent
from tests import make

pytestmark = pytest.mark.django_db

PDF = b"%PDF-1.7 letter"


def file(name: str = "letter.pdf", data: bytes = PDF) -> Any:
    return ContentFile(data, name=name)


def stored(root: Any) -> list[Path]:
    return [path for path in (Path(root) / "review").rglob("*") if path.is_file()]


@pytest.fixture(autouse=True)
def root(settings: Any, tmp_path: Any) -> Any:
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def asked(**fields: Any) -> Any:
    system = make.system()
    flow = make.flow(system, signed=False, subject_role="employee", setting="workplace")
    values = {"question": "May we?", "documents": "", "informed_on": make.today(), "by": system.owner}
    return services.ask_council(system=system, flows=[flow], **values | fields)


def conditional(**fields: Any) -> tuple[Condition, list[Any]]:
    """A condition that ethics accepts, and the members legal, ethics, technology and hr of the board."""
    system = make.system()
    board, members = make.board_with_members(system.unit, ("legal", "ethics", "technology", "hr"))
    request = services.create_request(
        system=system,
        flows=[make.flow(system)],
        version=system.versions.get(),
        summary="May we?",
        board=board,
        by=system.owner,
    )
    make.complete(system)
    services.submit(request=request, by=system.owner)
    if fields.get("recused"):
        services.recuse(request=request, reason="Kin.", by=members[1])
    row = {"text": "Train.", "owner": fields.get("owner", system.owner), "accepted_by": "ethics"}
    row["due_on"] = make.today() + dt.timedelta(days=30)
    for member in members:
        if fields.get("recused") and member == members[1]:
            continue
        with_it: dict[str, Any] = (
            {"choice": "conditions", "conditions": [row]} if member == members[0] else {}
        )
        values = {"choice": "approve", "reason": "So.", "by": member} | with_it
        services.cast_vote(request=request, **values)
    return request.conditions.get(), members


def test_the_question_to_the_works_council_takes_files_in_the_place_of_references(root: Any) -> None:
    with pytest.raises(RuleBroken) as refused:
        asked()
    assert refused.value.field == "documents"
    record = asked(files=[file(), file("notes.txt", b"Notes"), file()])  # the same file twice is one
    assert record.documents == "letter.pdf\nnotes.txt"
    first = record.files.get(name="letter.pdf")
    assert (first.size, first.sha256) == (len(PDF), hashlib.sha256(PDF).hexdigest())
    assert len(stored(root)) == 2
    assert store.path("review", first.stored_as).stat().st_mode & 0o777 == 0o600
    hashes = set(record.files.values_list("sha256", flat=True))
    told = PendingEvent.objects.get(type="review.council_asked", subject=record.subject)
    assert set(LedgerBody.objects.get(event=told.event).body["files"]) == hashes


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("run.exe", b"MZ", "file_type"),
        ("letter.pdf", b"<html>", "file_content"),
        ("letter.pdf", b"", "file_empty"),
    ],
)
def test_what_is_no_document_is_refused_and_nothing_of_it_stays(
    root: Any, name: str, data: bytes, code: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        asked(files=[file(), file(name, data)])
    assert (refused.value.code, refused.value.field) == (code, "file")
    assert stored(root) == []
    with pytest.raises(RuleBroken):
        asked(
            files=[file()], informed_on=make.today() + dt.timedelta(days=1)
        )  # refused after the file was read
    assert stored(root) == []


def test_the_chair_records_an_answer_with_the_letter_itself() -> None:
    record = asked(documents="WC-1")
    chair = make.person("board_chair", unit=record.system.unit)
    answer: dict[str, Any] = {"act": "consent", "answered_on": make.today(), "by": chair}
    with pytest.raises(RuleBroken) as refused:
        services.answer_council(council=record, **answer)
    assert refused.value.field == "documents"
    services.answer_council(council=record, files=[file()], **answer)
    said = record.answers.get()
    assert (said.documents, said.files.get().name) == ("letter.pdf", "letter.pdf")


def test_files_are_added_by_who_wrote_it_until_it_is_answered_and_only_added(root: Any) -> None:
    record = asked(documents="WC-1")
    chair = make.person("board_chair", unit=record.system.unit)
    with pytest.raises(NotAllowed):
        documents.attach(to=record, file=file(), by=chair)
    made = documents.attach(to=record, file=file(), by=record.system.owner)
    assert documents.attach(to=record, file=file(), by=record.system.owner) == made
    assert len(stored(root)) == 1
    for act in (
        lambda: Document.objects.update(name="x"),
        lambda: Document.objects.all()._raw_delete("default"),
    ):
        with pytest.raises(DatabaseError, match="kept as it was"), transaction.atomic():
            act()
    services.answer_council(
        council=record, act="refuse", answered_on=make.today(), reason="No.", documents="L", by=chair
    )
    with pytest.raises(RuleBroken, match="answered"):
        documents.attach(to=record, file=file("more.pdf"), by=record.system.owner)
    documents.attach(to=record.answers.get(), file=file(), by=chair)


def test_a_file_that_was_changed_behind_our_back_is_not_given_out() -> None:
    record = asked(files=[file()])
    made, owner = record.files.get(), record.system.owner
    assert documents.download(document=made, by=owner).read_bytes() == PDF
    assert PendingEvent.objects.filter(type="review.file_downloaded", subject=record.subject).exists()
    store.path("review", made.stored_as).write_bytes(b"%PDF-1.7 other")
    with pytest.raises(RuleBroken, match="hash differs"):
        documents.download(document=made, by=owner)
    store.path("review", made.stored_as).unlink()
    with pytest.raises(RuleBroken, match="no longer there"):
        documents.download(document=made, by=owner)


def test_evidence_has_files_sent_twice_is_one_and_the_pack_names_their_hashes() -> None:
    condition, members = conditional()
    owner = condition.owner
    token = ConditionEvidence().pk
    for _ in range(2):
        services.hand_in(condition=condition, evidence="Trained.", files=[file()], pk=token, by=owner)
    proof = condition.evidence.get()
    services.accept_condition(condition=condition, by=members[1])
    with pytest.raises(RuleBroken, match="answered"):
        documents.attach(to=proof, file=file("more.pdf"), by=owner)
    scope = Scope((condition.request.system,), make.today(), make.today())
    (listed,) = [part for part in decisions(scope) if part.path.endswith("review_files.csv")]
    text = listed.content.decode()
    assert proof.files.get().sha256 in text
    assert f"evidence,{condition.pk}" in text


# --- who owns, who accepts -------------------------------------------------------------------------


def test_a_condition_is_given_to_nobody_whose_account_is_closed() -> None:
    gone = make.user()
    type(gone).objects.filter(pk=gone.pk).update(is_active=False)
    with pytest.raises(RuleBroken) as refused:
        conditional(owner=gone)
    assert refused.value.code == "owner_inactive"
    over = make.user()
    type(over).objects.filter(pk=over.pk).update(valid_until=timezone.now() - dt.timedelta(days=1))
    with pytest.raises(RuleBroken) as refused:
        conditional(owner=over)
    assert refused.value.code == "owner_inactive"


def test_who_stepped_back_accepts_no_evidence_the_deputy_does_else_the_chair() -> None:
    condition, members = conditional(recused=True)
    system = condition.request.system
    services.hand_in(condition=condition, evidence="Trained.", by=condition.owner)
    chair = make.person("board_chair", unit=system.unit)
    assert not conditions.may_answer(condition, members[1], make.today())
    assert conditions.may_answer(condition, chair, make.today())  # nobody else speaks for the seat
    assert _waits(chair) == {condition.text}
    assert _waits(members[1]) == _waits(system.owner) == set()
    with pytest.raises(NotAllowed):
        services.accept_condition(condition=condition, by=members[1])
    admin, deputy = (
        make.person("administrator", unit=system.unit),
        make.person("board_member", unit=system.unit),
    )
    terms.appoint(seat=condition.accepted_by_seat, user=deputy, deputy=True, by=admin)
    condition = Condition.objects.get(pk=condition.pk)
    assert conditions.may_answer(condition, deputy, make.today())
    assert not conditions.may_answer(condition, chair, make.today())
    assert (_waits(deputy), _waits(chair)) == ({condition.text}, set())
    services.accept_condition(condition=condition, by=deputy)
    assert condition.state == "met"


def _waits(user: Any) -> set[str]:
    rows = selectors.waiting(user, make.today())
    return {row.title for row in rows if row.kind == "Evidence to accept"}
