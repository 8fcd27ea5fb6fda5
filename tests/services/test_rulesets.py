"""Sets of legal rules: signed files, what they would change, who may apply them, and what then happens."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from django.test import Client

from governance.findings.models import Finding
from governance.review.tasks import rescreen_flows
from governance.screening import law, rulesets
from governance.screening import selectors as screenings
from governance.screening.models import RuleSet, RuleSetApplication
from portal.errors import NotAllowed, RuleBroken
from portal.jobs.models import Job
from portal.ledger.models import PendingEvent
from portal.ledger.selectors import history
from tests import make, rule_sets
from tests.rule_sets import NAME, NEWER, STRICTER, TEXT, signed

TODAY = dt.date(2026, 11, 23)
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def trusted(settings: Any) -> None:
    settings.LAW_KEYS = [rule_sets.trusted()]


@pytest.fixture
def flow() -> Any:
    return make.flow(make.system(unit=make.unit("De Linde")))


@pytest.fixture
def admin(flow: Any) -> Any:
    return make.person("administrator", unit=flow.system.unit)


class Context:
    """What the job of screening asks of its context."""

    def progress(self, percent: int, note: str = "") -> None:
        """Nothing to show."""


def test_what_ships_with_the_product_is_in_force_from_the_first_screening_on(flow: Any) -> None:
    applied = RuleSetApplication.objects.get()
    assert (applied.rule_set.version, applied.rule_set.signer) == ("2026.1", "")
    assert applied.rule_set.sha256 == rulesets.digest(TEXT)
    assert rulesets.in_force() == law.shipped()
    assert [line.type for line in history(rulesets.SUBJECT)] == ["law.rule_set_applied"]
    make.flow(flow.system, slug="second")
    assert RuleSetApplication.objects.count() == 1


def test_a_stricter_set_is_shown_then_applied_and_opens_findings(flow: Any, admin: Any) -> None:
    assert "high_risk" in STRICTER.split("id: aia-50-1-talks-to-people")[1][:60]
    before = screenings.current(flow)
    assert before is not None and before.outcome == "transparency"
    row = rulesets.receive(text=signed(STRICTER), by=admin)
    assert row.signer == NAME
    (one,) = rulesets.differences(row, TODAY)
    assert (one.flow, one.before, one.after, one.worse) == (flow, "transparency", "high_risk", True)
    after = screenings.current(flow)
    assert after is not None and after.pk == before.pk, "nothing is screened by a set that only arrived"

    rulesets.apply(rule_set=row, seen="2026.1", reason="Advice of counsel.", by=admin)
    job = Job.objects.get(kind="rescreen_flows", about="2026.2")
    assert job.state == "queued"
    rescreen_flows(Context())  # type: ignore[arg-type]
    now = screenings.current(flow)
    assert now is not None and (now.outcome, now.rules_version) == ("high_risk", "2026.2")
    assert Finding.objects.get(system=flow.system).state == "open"
    body = PendingEvent.objects.filter(type="law.rule_set_applied").order_by("-id").first()
    assert body is not None
    assert history(rulesets.SUBJECT)[0].body["changes"] == {"transparency -> high_risk": 1}  # type: ignore[index]


def test_an_earlier_set_can_be_applied_again(flow: Any, admin: Any) -> None:
    newer = rulesets.receive(text=signed(NEWER), by=admin)
    rulesets.apply(rule_set=newer, seen="2026.1", reason="New.", by=admin)
    first = RuleSet.objects.get(version="2026.1")
    rulesets.apply(rule_set=first, seen="2026.2", reason="Back.", by=admin)
    assert rulesets.in_force().version == "2026.1"
    assert RuleSetApplication.objects.count() == 3


def test_the_same_file_again_is_the_same_set_and_another_of_that_version_is_refused(
    flow: Any, admin: Any
) -> None:
    row = rulesets.receive(text=signed(NEWER), by=admin)
    assert rulesets.receive(text=signed(NEWER), by=admin).pk == row.pk
    for other in (signed(STRICTER), signed(TEXT)):
        with pytest.raises(RuleBroken) as refused:
            rulesets.receive(text=other, by=admin)
        assert refused.value.code == "taken"


@pytest.mark.parametrize(
    ("text", "code", "why"),
    [
        (NEWER, "not_signed", ""),
        (signed(NEWER).replace("transparency", "minimal", 1), "not_signed", ""),
        (signed(NEWER, Ed25519PrivateKey.generate()), "not_signed", ""),
        (signed(NEWER, name="somebody.else"), "not_signed", ""),
        (signed(NEWER.replace("outcome: prohibited", "outcome: forbidden", 1)), "bad_rules", "line "),
        (signed("version: [\n"), "bad_rules", "line 2"),
        (signed("[" * 5000 + "\n"), "bad_rules", "line 1"),
        (signed("a: " + "x" * 1_000_000 + "\n"), "too_large", ""),
        (signed(NEWER.replace('"2026.2"', '"' + "9" * 21 + '"')), "too_long", ""),
    ],
)
def test_a_file_that_cannot_count_is_refused_with_the_reason(
    flow: Any, admin: Any, text: str, code: str, why: str
) -> None:
    with pytest.raises(RuleBroken) as refused:
        rulesets.receive(text=text, by=admin)
    assert refused.value.code == code
    assert why in str(refused.value)
    assert RuleSet.objects.count() == 1


def test_without_a_trusted_key_nothing_arrives(flow: Any, admin: Any, settings: Any) -> None:
    settings.LAW_KEYS = []
    with pytest.raises(RuleBroken, match="ATTUNE_LAW_KEYS"):
        rulesets.receive(text=signed(NEWER), by=admin)


def test_applying_takes_every_unit_at_the_top_a_reason_and_a_fresh_look(flow: Any, admin: Any) -> None:
    row = rulesets.receive(text=signed(NEWER), by=admin)
    dpo = make.person("data_protection_officer", unit=flow.system.unit)
    for other in (dpo, make.person("administrator", unit=make.unit(parent=flow.system.unit))):
        with pytest.raises(NotAllowed):
            rulesets.apply(rule_set=row, seen="2026.1", reason="x", by=other)
    for seen, reason, code in (("2026.1", " ", "reason_missing"), ("2025.9", "New.", "stale")):
        with pytest.raises(RuleBroken) as refused:
            rulesets.apply(rule_set=row, seen=seen, reason=reason, by=admin)
        assert refused.value.code == code
    rulesets.apply(rule_set=row, seen="2026.1", reason="New.", by=admin)
    with pytest.raises(RuleBroken) as again:
        rulesets.apply(rule_set=row, seen="2026.2", reason="New.", by=admin)
    assert again.value.code == "in_force"
    make.unit("A second organisation")
    with pytest.raises(NotAllowed):
        rulesets.receive(text=signed(NEWER), by=admin)


def test_stored_rules_that_were_changed_outside_are_not_used(flow: Any, admin: Any) -> None:
    text = NEWER.replace("2026.2", "2026.3")
    row = rulesets.receive(text=signed(text), by=admin)
    rulesets.apply(rule_set=row, seen="2026.1", reason="New.", by=admin)
    RuleSet.objects.filter(pk=row.pk).update(text=row.text.replace("prohibited", "minimal"))
    rulesets._parsed.cache_clear()
    with pytest.raises(RuleBroken) as refused:
        rulesets.in_force()
    assert refused.value.code == "rule_set_tampered"
    rulesets._parsed.cache_clear()


def test_differences_take_one_pass_however_many_flows(
    flow: Any, admin: Any, django_assert_num_queries: Any
) -> None:
    row = rulesets.receive(text=signed(STRICTER), by=admin)
    for n in range(5):
        make.flow(flow.system, slug=f"more-{n}")
    with django_assert_num_queries(2):
        assert len(rulesets.differences(row, TODAY)) == 6


def test_pages_show_upload_preview_and_apply(flow: Any, admin: Any, client: Client) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    client.force_login(admin, backend="portal.accounts.backends.SignInBackend")
    wrong = client.post("/law/sets/new/", {"file": SimpleUploadedFile("law.txt", NEWER.encode())})
    assert wrong.status_code == 409
    assert "No trusted key signed this file" in wrong.content.decode()
    sent = client.post(
        "/law/sets/new/", {"file": SimpleUploadedFile("law.txt", signed(STRICTER).encode())}, follow=True
    )
    page = sent.content.decode()
    assert sent.status_code == 200
    assert "High risk" in page and flow.name in page
    url = sent.redirect_chain[-1][0]
    refused = client.post(url, {"seen": "2026.1", "reason": ""})
    assert refused.status_code == 422
    done = client.post(url, {"seen": "2026.1", "reason": "Advice of counsel."}, follow=True)
    assert "2026.2" in done.content.decode()
    assert rulesets.in_force().version == "2026.2"


def test_the_api_does_the_same(flow: Any, admin: Any, client: Client) -> None:
    client.force_login(admin, backend="portal.accounts.backends.SignInBackend")
    made = client.post("/api/v1/law/sets", {"file": signed(STRICTER)}, content_type="application/json")
    assert made.status_code == 201, made.content
    pk = made.json()["id"]
    preview = client.get(f"/api/v1/law/sets/{pk}?on=2026-11-23").json()
    assert preview["seen"] == "2026.1"
    assert [row["after"] for row in preview["differences"]] == ["high_risk"]
    stale = {"seen": "2020.1", "reason": "New."}
    refused = client.post(f"/api/v1/law/sets/{pk}/apply", stale, content_type="application/json")
    assert refused.status_code == 409
    assert "Look again" in refused.json()["detail"]
    fine = {"seen": preview["seen"], "reason": "New."}
    done = client.post(f"/api/v1/law/sets/{pk}/apply", fine, content_type="application/json")
    assert done.json()["in_force"] is True
    assert client.get("/api/v1/law").json()["version"] == "2026.2"


def test_the_command_signs_what_the_portal_accepts(
    flow: Any, admin: Any, tmp_path: Path, settings: Any, capsys: Any
) -> None:
    source = tmp_path / "law.yaml"
    source.write_text(NEWER, encoding="utf-8")
    options = {"key": tmp_path / "law.pem", "name": "counsel.example.org", "out": tmp_path / "law.signed"}
    call_command("sign_law", source, **options)
    printed = capsys.readouterr().out
    assert (tmp_path / "law.pem").stat().st_mode & 0o077 == 0
    settings.LAW_KEYS = [printed.rpartition("ATTUNE_LAW_KEYS=")[2].strip()]
    row = rulesets.receive(text=(tmp_path / "law.signed").read_text(encoding="utf-8"), by=admin)
    assert row.signer == "counsel.example.org"
