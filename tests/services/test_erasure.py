"""T13: after an erasure nothing in any column of any table leads back, and everything that was counted still counts."""

import json
import zlib
from datetime import date
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from governance.consent.models import Alias, ConsentEvent
from governance.consent.pseudonyms import pseudonym
from governance.consent.selectors import people_by_action
from governance.consent.services import record_consent_events, record_notices_served
from governance.gate.services import decide
from governance.holding import holders, rules, services
from governance.holding.holders import Person
from governance.holding.keys import keyed
from governance.holding.models import Erasure, Retained
from governance.holding.selectors import hold_on
from governance.retention.services import retain
from governance.stops.models import Stop
from metrics.ingest.models import Batch, EvaluationItem, EvaluationSet, Interaction
from metrics.ingest.services import receive, receive_labels
from metrics.rollups.models import ConfusionRollup, DayRollup, PersonDay
from metrics.rollups.services import rebuild
from metrics.surveys.services import record_answers
from portal.errors import RuleBroken
from portal.ledger import sequencer, signer, verify
from portal.ledger.models import Leaf, LedgerBody
from tests import make
from tests.services.test_retention import kept, read

WHO = "klant-zq4711"
SESSION, OTHER_SESSION = "sessie-zq88", "sessie-zq89"
ITEMS = ["zq-item-1", "zq-item-2", "zq-item-3"]


def item(n: int, **fields: Any) -> dict[str, Any]:
    return make.item(
        f"zq{n}",
        **{
            "id": ITEMS[n], "subject": WHO, "session": SESSION, "gold": "joy", "confidence": 0.873251,
            "scores": {"joy": 0.873251}, "first_response_ms": 1734 + n, "handling_s": 61.234, "language": "nl",
            "occurred_at": f"2026-03-0{n + 1}T10:17:3{n}+00:00", "disclosed_at": "2026-03-01T10:17:00+00:00",
            "source_seq": 880_000 + n, "channel": "web",
        }
        | fields,
    )  # fmt: skip


def filled() -> Any:
    """A system that knows somebody in every table that can hold something about a person."""
    made = make.live_system(make.PERMIT_BY_CONSENT)
    given = [
        make.consent(n, id=f"zq-event-{n}", subject=who, effective_at=f"2026-01-10T1{n}:11:12+00:00")
        for n, who in enumerate([WHO, "somebody-else"])
    ]
    given.append(make.consent(9, id="zq-event-9", subject=SESSION))
    given.append(
        make.consent(
            8, id="zq-event-8", subject=WHO, action="withdrawn", effective_at="2026-05-10T10:11:12+00:00"
        )
    )
    record_consent_events(system=made, items=given, by="system", source="shop")
    shown = {"id": "zq-shown-0", "subject": WHO, "notice_version": 1, "language": "en", "channel": "web"}
    shown |= {"served_at": "2026-01-10T10:19:43+00:00"}
    (told,) = record_notices_served(system=made, items=[shown], by="system", source="shop")
    assert told["status"] == "accepted"
    assert Stop.objects.get(system=made).subject_ref == pseudonym(made.pk, WHO)
    other = make.item("other", id="other-1", subject="somebody-else", session=SESSION, gold="joy")
    receive(
        system=made,
        # the last one without what not every source sends
        items=[item(0), item(1), item(2, first_response_ms=None, handling_s=None), other],
        by="system",
        client="bot",
        idempotency_key="k1",
    )
    receive_labels(
        system=made,
        items=[{"id": ITEMS[0], "rater": "rater-7", "label": "sadness"}],
        by="system",
        client="bot",
    )
    answer = {
        "id": "zq-survey-1", "instrument": "csat", "asked_at": "2026-03-05T10:00:00+00:00", "subject": WHO,
        "answered_at": "2026-03-05T10:05:00+00:00", "answers": {"csat": 4}, "interaction": ITEMS[1],
    }  # fmt: skip
    receipt = record_answers(system=made, items=[answer], by="system", client="bot", idempotency_key="k2")
    assert receipt["counts"] == {"accepted": 1}
    checked = EvaluationSet.objects.create(
        system=made, name="checked by hand", n=2, counts={}, sha256="0" * 64, imported_by="system"
    )
    EvaluationItem.objects.bulk_create(
        EvaluationItem(evaluation=checked, source_id=name, gold="joy", predicted="joy")
        for name in (ITEMS[2], "other-1")
    )
    return made


@pytest.fixture
def system(db: None) -> Any:
    return filled()


def everything() -> dict[str, str]:
    """{table.column: all of its values as text}, of every table; packed columns unpacked as well."""
    found = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = 'public' ORDER BY 1, 2"
        )
        for table, column, kind in cursor.fetchall():
            text = f"encode({column}, 'escape')" if kind == "bytea" else f'"{column}"::text'
            cursor.execute(f'SELECT string_agg({text}, chr(10)) FROM "{table}"')
            found[f"{table}.{column}"] = cursor.fetchone()[0] or ""
    for answer in Batch.objects.filter(answer__gt=b"").values_list("answer", flat=True):
        found["metrics_batch.answer"] += zlib.decompress(bytes(answer)).decode()
    assert len(found) > 500
    return found


def residues(words: list[str]) -> list[str]:
    return [f"{place}: {word}" for place, text in everything().items() for word in words if word in text]


def sums() -> list[Any]:
    days = [(row.day, row.key, row.value) for row in DayRollup.objects.order_by("day", "key")]
    cells = [
        (row.day, row.version, row.slice, row.gold, row.predicted, row.n)
        for row in ConfusionRollup.objects.order_by("day", "version", "slice", "gold", "predicted")
    ]
    people = sorted((row.topic, row.day, row.n) for row in PersonDay.objects.all())
    return [days, cells, people, PersonDay.objects.values("subject").distinct().count()]


def secrets_of(system: Any) -> list[str]:
    keys = keyed(system.pk)
    digests = [str(keys.pseudonym(name)) for name in (WHO, SESSION)]
    return [
        WHO,
        SESSION,
        *ITEMS,
        *digests,
        "zq-event-0",
        "zq-event-9",
        "zq-shown-0",
        "10:11:1",
        "zq-survey-1",
        "880000",
        "10:17:3",
    ]


def person_of(system: Any) -> Person:
    return Person(system, pseudonym(system.pk, WHO))


def test_nothing_leads_back_and_everything_still_counts(system: Any, settings: Any) -> None:
    settings.PRIVACY_FLOOR = 1  # so that counts of three people are shown and can be compared
    from django.utils import timezone

    words, before = secrets_of(system), sums()
    said = people_by_action([system], timezone.now())
    seen = {word for word in words if any(line.endswith(f": {word}") for line in residues(words))}
    assert seen == set(words) - {WHO}, "the name itself is stored nowhere, even before"

    row = services.erase(person=person_of(system), by="system", reference="r-1")

    assert residues(words) == []
    assert sums() == before
    assert people_by_action([system], timezone.now()) == said
    assert rebuild(system=system)["differing"] == 0, "the rows still say what the sums say"
    assert row.done_at is not None
    assert row.counts == {
        "interactions": 3,
        "surveys": 1,
        "rollups": 19,
        "consent": 6,
        "stops": 1,
        "requests": 0,
    }
    assert [one.find(person_of(system)) for one in holders.all_holders()] == [0] * len(holders.all_holders())
    assert Interaction.objects.get(source_id="other-1").predicted == "joy", "another person's reading stays"


@pytest.mark.parametrize("n", [0, 2])
def test_what_is_sent_again_makes_nobody_anew(system: Any, n: int) -> None:
    services.erase(person=person_of(system), by="system")
    before = (Interaction.objects.count(), Alias.objects.count(), ConsentEvent.objects.count(), sums())
    again = receive(system=system, items=[item(n, predicted="sadness")], by="system", client="bot")
    assert [row["status"] for row in again["items"]] == ["duplicate"]
    corrected = receive(system=system, items=[item(n, correction=True)], by="system", client="bot")
    assert [row["status"] for row in corrected["items"]] == ["duplicate"]
    events = [make.consent(0, id="zq-event-0", subject=WHO, effective_at="2026-01-10T10:11:12+00:00")]
    assert [
        row["status"]
        for row in record_consent_events(system=system, items=events, by="system", source="shop")
    ] == ["duplicate"]
    labels = receive_labels(
        system=system, items=[{"id": ITEMS[n], "rater": "rater-7", "label": "joy"}], by="system", client="bot"
    )
    assert [row["status"] for row in labels["items"]] == ["refused"]
    assert (
        Interaction.objects.count(),
        Alias.objects.count(),
        ConsentEvent.objects.count(),
        sums(),
    ) == before
    assert residues([word for word in secrets_of(system) if word != ITEMS[n]]) == []


@pytest.mark.django_db
def test_the_durations_left_behind_fall_into_the_bin_they_were_counted_in() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM generate_series(0, 200000) v, LATERAL (SELECT floor(20 * log(greatest(v, 1)::float8))"
            " AS bin) b, LATERAL (SELECT round(10 ^ ((b.bin + 0.5) / 20)) AS middle) m"
            " WHERE floor(20 * log(greatest(m.middle, 1)::float8)) <> b.bin"
        )
        assert cursor.fetchone()[0] == 0


# --- the guard of the consent table -----------------------------------------------------------


def attempt(statement: str, **parameters: Any) -> str:
    """What the database says to a statement: '' where it lets it through."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            for name in ("erasure", "rekeying"):
                cursor.execute(
                    "SELECT set_config(%s, %s, true)", [f"attune.{name}", parameters.get(name, "")]
                )
            cursor.execute(statement, parameters)
    except DatabaseError as error:
        return str(error).splitlines()[0]
    return ""


LEFT = {
    "source_event": "'erased-' || id",
    "content": "'00000000-0000-0000-0000-000000000000'",
    "evidence_hash": "''",
    "method": "''",
    "minor": "'unknown'",
}
"""What an erasure leaves in the columns that it may change."""
FORBIDDEN = {
    "action": "'refused'",
    "purpose": "'offers'",
    "subject_id": "subject_id + 1",
    "explicit": "true",
    "effective_at": "effective_at - interval '3 days'",
    "recorded_at": "recorded_at + interval '1 day'",
    "expires_at": "recorded_at + interval '9 days'",
    "notice_id": "NULL",
    "source": "'mine'",
    "source_event": "'mine'",
    "content": "gen_random_uuid()",
    "method": "'x'",
    "minor": "'yes'",
    "evidence_hash": "'x'",
}


def changing(columns: dict[str, str], where: str = "") -> str:
    """The statement that sets these columns for the events of a system."""
    sets = ", ".join(f"{name} = {value}" for name, value in columns.items())
    return f"UPDATE governance_consentevent SET {sets} WHERE system_id = %(system)s {where}"


def test_only_an_erasure_gets_through_the_guard(system: Any) -> None:
    subject = ConsentEvent.objects.filter(system_id=system.pk).first().subject_id  # type: ignore[union-attr]
    base = {"system": system.pk, "subject": subject}
    assert "append-only" in attempt(changing(LEFT), **base)
    assert "append-only" in attempt(changing(LEFT), **base, erasure="7e57c0de-0000-4000-8000-00000000dead")
    done = services.erase(person=Person(system, pseudonym(system.pk, "nobody")), by="system")
    closed = attempt(changing(LEFT), **base, erasure=str(done.pk))
    assert "append-only" in closed, "an erasure that is done opens nothing"
    row = Erasure.objects.create(system=system, person_sha256="x", erased_by="system", subjects=[subject])
    values, mine = base | {"erasure": str(row.pk)}, "AND subject_id = %(subject)s"
    assert "append-only" in attempt(changing(LEFT), **values), "the others of the system"
    for name, value in FORBIDDEN.items():
        refused = attempt(changing(LEFT | {name: value}, mine), **values)
        assert refused, f"{name} = {value}"
        assert "append-only" in refused or name in ("notice_id", "expires_at"), refused
    gone = "DELETE FROM governance_consentevent WHERE subject_id = %(subject)s"
    assert "append-only" in attempt(gone, **values)
    turned = changing({"content": "gen_random_uuid()"})
    assert "append-only" in attempt(turned, **base, rekeying=str(system.pk)), "no key is being turned"
    assert attempt(changing(LEFT, mine), **values) == "", "and what an erasure does goes through"


# --- legal hold -------------------------------------------------------------------------------


def test_a_hold_stops_it_with_its_reason_until_it_is_released(system: Any) -> None:
    hold = services.place_hold(
        system=system, subject=WHO, reason="Claim 2026-17 is before the court.", by="system"
    )
    assert hold_on(Person(system, pseudonym(system.pk, "somebody-else"))) is None
    with pytest.raises(RuleBroken, match="Claim 2026-17"):
        services.erase(person=person_of(system), by="system")
    assert Interaction.objects.filter(source_id=ITEMS[0]).exists()
    services.release_hold(hold=hold, reason="The case ended.", by="system")
    services.erase(person=person_of(system), by="system")
    assert not Interaction.objects.filter(source_id=ITEMS[0]).exists()


def test_a_hold_on_the_system_holds_everybody(system: Any) -> None:
    services.place_hold(system=system, reason="The authority asks.", by="system")
    with pytest.raises(RuleBroken, match="The authority asks"):
        services.erase(person=person_of(system), by="system")


# --- after a restore --------------------------------------------------------------------------


def test_the_list_erases_again_whom_an_older_copy_brings_back(system: Any) -> None:
    point = transaction.savepoint()
    services.erase(person=person_of(system), by="system")
    kept = json.loads(json.dumps(services.erasure_list()))
    transaction.savepoint_rollback(point)  # the copy of the day before
    words = secrets_of(system)
    assert residues(words)
    assert not any(word in json.dumps(kept) for word in words)
    assert services.replay(entries=kept, by="system") == {"known": 1, "erased": 1}
    assert residues(words) == []
    assert services.replay(entries=kept, by="system") == {"known": 1, "erased": 0}


def test_the_list_finds_people_also_where_the_key_was_turned_since(system: Any, settings: Any) -> None:
    settings.PSEUDONYM_KEYS = ["second" * 8]
    point = transaction.savepoint()
    services.rotate_key(system=system, by="system")
    services.erase(person=person_of(system), by="system")
    kept = services.erasure_list()
    transaction.savepoint_rollback(point)  # from before the key was turned
    assert services.replay(entries=kept, by="system") == {"known": 1, "erased": 1}
    assert residues(secrets_of(system)) == []


def test_the_ledger_still_verifies(committed_db: Any) -> None:
    made = filled()
    sequencer.run_once()
    signer.checkpoint()
    row = services.erase(person=person_of(made), by="system", reference="r-9")
    sequencer.run_once()
    signer.checkpoint()
    report = verify.verify()
    assert report.ok, report.faults
    told = Leaf.objects.get(type="people.erased")
    assert LedgerBody.objects.get(event=told.event).body["erasure"] == str(row.pk)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(body::text, ' ') FROM portal_ledgerbody")
        said = cursor.fetchone()[0]
    assert [word for word in secrets_of(made) if word in said] == []


def test_the_ledger_verifies_after_a_round_of_retention_too(committed_db: Any) -> None:
    system, old = kept(90), "2026-02-10T10:00:00+00:00"
    read(system, *(make.item(n, occurred_at=old) for n in range(3)))
    sequencer.run_once()
    signer.checkpoint()
    retain(system=system, day=date(2026, 6, 1))
    sequencer.run_once()
    signer.checkpoint()
    report = verify.verify()
    assert report.ok, report.faults
    told = [
        LedgerBody.objects.get(event=leaf.event).body
        for leaf in Leaf.objects.filter(type="retention.deleted")
    ]
    assert {body["certificate"] for body in told} == {str(row.pk) for row in Retained.objects.all()}
    assert sum(body["deleted"] for body in told if body["part"] == "readings") == 3


# --- the key ----------------------------------------------------------------------------------


def test_turning_the_key_keeps_everybody_who_they_are(system: Any, settings: Any) -> None:
    before, old = sums(), pseudonym(system.pk, WHO)
    question = {"subject": WHO, "subject_role": "customer", "purpose": "service", "modality": "text"}
    question["at"] = "2026-04-01T00:00:00+00:00"  # before the withdrawal
    assert decide(system=system, items=[question])[0].outcome == "allow"
    settings.PSEUDONYM_KEYS = ["second" * 8]
    assert pseudonym(system.pk, WHO) == old, "a key that only lies ready changes nothing"
    assert (services.rotate_key(system=system, by="system") or 0) > 10
    new = pseudonym(system.pk, WHO)
    assert new == rules.wrapped(old, keyed(system.pk).names[1:]) != old
    assert residues([str(old)]) == []
    assert sums() == before
    assert rebuild(system=system)["differing"] == 0
    assert Interaction.objects.filter(subject=new).count() == 3
    assert decide(system=system, items=[question])[0].outcome == "allow"
    again = receive(system=system, items=[item(0)], by="system", client="bot")
    assert [row["status"] for row in again["items"]] == ["duplicate"], "fingerprints were turned along"
    changed = receive(system=system, items=[item(0, predicted="sadness")], by="system", client="bot")
    assert [row["status"] for row in changed["items"]] == ["conflict"]
    events = [make.consent(0, id="zq-event-0", subject=WHO, effective_at="2026-01-10T10:11:12+00:00")]
    assert (
        record_consent_events(system=system, items=events, by="system", source="shop")[0]["status"]
        == "duplicate"
    )
    assert services.rotate_key(system=system, by="system") is None, "no further key lies ready"


def test_a_key_that_is_gone_stops_everything(system: Any, settings: Any) -> None:
    from governance.holding.keys import KeyRingBroken

    settings.PSEUDONYM_KEYS = ["second" * 8]
    services.rotate_key(system=system, by="system")
    for wrong in ([], ["another" * 8]):
        settings.PSEUDONYM_KEYS = wrong
        with pytest.raises(KeyRingBroken, match="ATTUNE_PSEUDONYM_KEYS"):
            receive(system=system, items=[item(1)], by="system")


def test_sql_and_python_wrap_alike(db: None) -> None:
    from uuid import UUID

    value, key = UUID(int=42), rules.subkey("k" * 48, "pseudonym")
    inner, outer = rules.pads(key)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT " + rules.WRAP_SQL.format(use="name", column="%(value)s::uuid"),
            {"value": value, "inner_name": inner, "outer_name": outer},
        )
        assert cursor.fetchone()[0] == rules.wrapped(value, [key])
