"""Pages and API of ledger and evidence packs: who sees what, asking, progress, download."""

import json
from pathlib import Path
from typing import Any, cast

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from governance.evidence import services, verify
from governance.evidence.models import EvidencePack
from portal.jobs.runner import run_job
from portal.ledger import sequencer, signer
from portal.ledger.models import Leaf
from portal.ledger.services import erase_body
from tests import make


@pytest.fixture(autouse=True)
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "LEDGER_KEY_FILE", tmp_path / "keys" / "ledger.pem")
    monkeypatch.setattr(settings, "LEDGER_CHECKPOINT_FILE", tmp_path / "keys" / "last-checkpoint")
    monkeypatch.setattr(settings, "PACKS_DIR", tmp_path / "packs")


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend=settings.AUTHENTICATION_BACKENDS[0])
    return client


def seal() -> None:
    sequencer.run_once()
    signer.checkpoint()


def test_from_request_to_download(committed_db: Any, tmp_path: Path) -> None:
    system = make.system(name="Chatbot")
    auditor = make.person("auditor", unit=system.unit)
    client = signed_in(auditor)
    assert "No evidence pack yet" in client.get(reverse("pack_list")).content.decode()
    seal()
    form = client.get(reverse("pack_new")).content.decode()
    assert settings.LEDGER_ORIGIN in form
    values: dict[str, Any] = {
        "systems": str(system.pk),
        "date_from": str(make.today()),
        "date_to": str(make.today()),
        "sample_size": 3,
    }
    asked = client.post(reverse("pack_new"), values)
    pack = EvidencePack.objects.get()
    assert (asked.status_code, asked["Location"]) == (302, pack.get_absolute_url())
    assert client.get(reverse("pack_progress", args=[pack.pk])).status_code == 200
    assert client.get(reverse("pack_download", args=[pack.pk])).status_code == 409
    assert pack.job is not None
    run_job(pack.job.pk)
    assert client.get(reverse("pack_progress", args=[pack.pk])).status_code == 286
    page = client.get(pack.get_absolute_url()).content.decode()
    pack.refresh_from_db()
    assert pack.sha256 in page
    answer = client.get(reverse("pack_download", args=[pack.pk]))
    out = tmp_path / "pack.zip"
    out.write_bytes(b"".join(answer.streaming_content))  # type: ignore[attr-defined]
    assert verify.verify(str(out))["verified"]
    assert "Chatbot" in client.get(reverse("pack_list")).content.decode()
    assert client.get(reverse("pack_list"), {"covers": "2020-01-01"}).content.decode().count(pack.sha256) == 0


@pytest.mark.django_db
def test_a_request_that_cannot_be_is_refused_with_the_reason() -> None:
    system, foreign = make.system(), make.system()
    client = signed_in(make.person("auditor", unit=system.unit))
    values: dict[str, Any] = {
        "systems": str(system.pk),
        "date_from": str(make.today()),
        "date_to": str(make.today()),
        "sample_size": 3,
    }
    refused: list[tuple[dict[str, Any], str]] = [
        ({"systems": []}, "Choose at least one system."),
        ({"systems": str(foreign.pk)}, "not one of the available choices"),
        ({"date_to": "2020-01-01"}, "ends before it begins"),
        ({"sample_size": 0}, "greater than or equal to 1"),
        ({"auditor_number": "7", "end_size": "99999"}, "checkpoint that you held"),
    ]
    for change, reason in refused:
        answer = client.post(reverse("pack_new"), values | change)
        assert answer.status_code == 422
        assert reason in answer.content.decode()
    assert not EvidencePack.objects.exists()


@pytest.mark.django_db
def test_packs_of_others_do_not_exist_and_roles_without_export_are_kept_out() -> None:
    system, foreign = make.system(), make.system()
    pack = services.request_pack(systems=[system], date_from=make.today(), date_to=make.today(), by="system")
    stranger = signed_in(make.person("auditor", unit=foreign.unit))
    for name in ("pack_detail", "pack_progress", "pack_download"):
        assert stranger.get(reverse(name, args=[pack.pk])).status_code == 404
    owner = signed_in(system.owner)
    for url in (reverse("pack_list"), reverse("pack_new"), reverse("ledger_list")):
        assert owner.get(url).status_code == 403
        assert Client().get(url).status_code == 302


def test_the_ledger_shows_each_reader_what_concerns_them(committed_db: Any) -> None:
    mine, other = make.system(), make.system()
    auditor = make.person("auditor", unit=mine.unit)
    seal()
    client = signed_in(auditor)
    page = client.get(reverse("ledger_list"), {"per": 100}).content.decode()
    assert mine.subject in page
    assert other.subject not in page
    foreign = Leaf.objects.filter(subject=other.subject).first()
    own = Leaf.objects.filter(subject=mine.subject).first()
    assert foreign is not None
    assert own is not None
    assert client.get(reverse("ledger_leaf", args=[foreign.index])).status_code == 404
    assert client.get(reverse("ledger_proof", args=[foreign.index])).status_code == 404
    assert client.get(reverse("ledger_leaf", args=[own.index + 10_000])).status_code == 404
    detail = client.get(own.get_absolute_url()).content.decode()
    assert "Checked just now" in detail
    assert "c2sp.org/tlog-proof@v1" in detail
    proof = client.get(reverse("ledger_proof", args=[own.index])).content.decode()
    assert proof.startswith(f"c2sp.org/tlog-proof@v1\nindex {own.index}\n")
    note = client.get(reverse("ledger_checkpoint"))
    assert note.content.decode().startswith(settings.LEDGER_ORIGIN)
    assert "attachment" in note["Content-Disposition"]
    erase_body(event=own.event, reason="test", by="system")
    assert "The body was erased" in client.get(own.get_absolute_url()).content.decode()
    for narrowed in (
        {"type": "review.recused"},
        {"until": "2020-01-01"},
        {"actor": "key:"},
        {"subject": "zzz"},
    ):
        assert "No results for this filter" in client.get(reverse("ledger_list"), narrowed).content.decode()
    everything = signed_in(make.person("administrator", unit=mine.unit))
    assert other.subject not in everything.get(reverse("ledger_list"), {"per": 100}).content.decode()


def test_before_the_first_checkpoint_there_is_nothing_to_download(committed_db: Any) -> None:
    system = make.system()
    client = signed_in(make.person("auditor", unit=system.unit))
    assert client.get(reverse("ledger_checkpoint")).status_code == 404
    sequencer.run_once()
    leaf = Leaf.objects.filter(subject=system.subject).first()
    assert leaf is not None
    assert "within a minute" in client.get(leaf.get_absolute_url()).content.decode()
    assert client.get(reverse("ledger_proof", args=[leaf.index])).status_code == 404
    assert "There is no key yet" in client.get(reverse("how_to_verify")).content.decode()
    seal()
    assert len(client.get(reverse("how_to_verify")).context["fingerprint"]) == 64


def test_the_whole_organisation_is_read_by_who_holds_its_top(committed_db: Any) -> None:
    top = make.unit()
    system = make.system(unit=make.unit(parent=top))
    administrator = signed_in(make.person("administrator", unit=top))
    local = signed_in(make.person("auditor", unit=system.unit))
    sequencer.run_once()
    assert administrator.get(reverse("ledger_list"), {"type": "people.user_created"}).context["table"].rows
    assert not local.get(reverse("ledger_list"), {"type": "people.user_created"}).context["table"].rows


@pytest.mark.django_db
def test_the_verifier_is_public_and_the_published_file() -> None:
    answer = Client().get(reverse("verifier"))
    assert b"".join(answer.streaming_content) == Path(verify.__file__).read_bytes()  # type: ignore[attr-defined]


def test_the_api_asks_follows_and_downloads(committed_db: Any, tmp_path: Path) -> None:
    system, foreign = make.system(), make.system()
    _key, plain = make.api_key(system, ("evidence:export",))
    _other, silent = make.api_key(system, ("interactions:write",))
    client = Client()
    head: Any = make.bearer(plain)
    body = {"systems": [system.slug], "from": str(make.today()), "to": str(make.today())}

    def post(data: dict[str, Any], **headers: str) -> Any:
        return client.post(reverse("api_packs"), json.dumps(data), content_type="application/json", **headers)  # type: ignore[arg-type]

    assert post(body).status_code == 401
    assert post(body, **make.bearer(silent)).status_code == 403
    assert post(body | {"systems": [foreign.slug]}, **head).status_code == 404
    assert post(body | {"what": 1}, **head).status_code == 422
    assert post(body | {"to": "2020-01-01"}, **head).status_code == 409
    assert post(body | {"auditor_number": "7"}, **head).json()["errors"][0]["field"] == "end_size"
    asked = post(body, **head, HTTP_IDEMPOTENCY_KEY="once")
    assert asked.status_code == 202
    again = post(body, **head, HTTP_IDEMPOTENCY_KEY="once")
    assert again.json()["id"] == asked.json()["id"]
    address = asked["Location"]
    assert client.get(address, **head).json()["state"] == "queued"
    assert client.get(f"{address}/download", **head).status_code == 409
    pack = EvidencePack.objects.get(pk=asked.json()["id"])
    assert pack.job is not None
    run_job(pack.job.pk)
    done = client.get(address, **head).json()
    assert (done["state"], done["progress"]) == ("done", 100)
    out = tmp_path / "pack.zip"
    out.write_bytes(b"".join(client.get(done["download"], **head).streaming_content))  # type: ignore[attr-defined]
    assert verify.verify(str(out))["verified"]
    _foreign, outsider = make.api_key(foreign, ("evidence:export",))
    assert client.get(address, **cast("Any", make.bearer(outsider))).status_code == 404


@pytest.mark.django_db
def test_a_sandbox_key_stores_nothing() -> None:
    system = make.system()
    _key, plain = make.api_key(system, ("evidence:export",), sandbox=True)
    body = {"systems": [system.slug], "from": str(make.today()), "to": str(make.today())}
    answer = Client().post(
        reverse("api_packs"),
        json.dumps(body),
        content_type="application/json",
        **cast("Any", make.bearer(plain)),
    )
    assert (answer.status_code, EvidencePack.objects.count()) == (202, 0)
