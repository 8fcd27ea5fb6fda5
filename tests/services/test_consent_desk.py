"""The service desk: one event for each row, a double click once, and nothing that names the person is kept."""

import uuid
from typing import Any

import pytest
from django.db import connection

from governance.consent import desk
from governance.consent.desk import Said, record_at_desk, standing_of
from governance.consent.models import ConsentEvent
from portal.errors import Invalid, NotAllowed, RuleBroken
from tests import make

pytestmark = pytest.mark.django_db
REFERENCE = "customer-4711-van-den-berg"


@pytest.fixture
def system() -> Any:
    made = make.live_system(make.PERMIT_BY_CONSENT)
    make.flow(made, slug="voice", modality="voice")
    return made


@pytest.fixture
def agent(system: Any) -> Any:
    return make.person("supervisor", unit=system.unit)


def record(system: Any, agent: Any, *said: Said, **fields: Any) -> int:
    values: dict[str, Any] = {
        "form_id": uuid.uuid4(),
        "reference": REFERENCE,
        "subject_role": "customer",
        "method": "telephone",
        "notice": system.notices.first(),
    }
    return record_at_desk(system=system, said=said, by=agent, **(values | fields))


def stands(system: Any, agent: Any) -> dict[tuple[str, str], tuple[str, str]]:
    rows = standing_of(system=system, reference=REFERENCE, by=agent)
    return {(row.purpose, row.modality): (row.word.action if row.word else "", row.why_not) for row in rows}


TEXT, VOICE = ("service", "text"), ("service", "voice")


def test_each_row_is_an_event_of_its_own(system: Any, agent: Any) -> None:
    assert record(system, agent, Said(*TEXT, "given"), Said(*VOICE, "objected")) == 2
    rows = ConsentEvent.objects.order_by("modality")
    assert [(row.modality, row.action, row.source, row.method) for row in rows] == [
        ("text", "given", "service desk", "telephone"),
        ("voice", "objected", "service desk", "telephone"),
    ]
    assert [row.notice_id is not None for row in rows] == [True, False]
    assert stands(system, agent) == {TEXT: ("given", ""), VOICE: ("objected", "objected")}


def test_a_double_click_counts_once_and_other_words_under_the_form_are_refused(
    system: Any, agent: Any
) -> None:
    form_id = uuid.uuid4()
    for _click in range(2):
        assert record(system, agent, Said(*TEXT, "given"), form_id=form_id) == 1
    assert ConsentEvent.objects.count() == 1
    with pytest.raises(RuleBroken, match="sent before"):
        record(system, agent, Said(*TEXT, "withdrawn"), form_id=form_id)
    assert record(system, agent, Said(*TEXT, "withdrawn")) == 1
    assert stands(system, agent)[TEXT] == ("withdrawn", "withdrawn")


def test_all_or_nothing(system: Any, agent: Any) -> None:
    with pytest.raises(Invalid) as refused:
        record(system, agent, Said(*TEXT, "refused"), Said("selling", "text", "given"))
    assert [row["code"] for row in refused.value.errors] == ["unknown_purpose"]
    assert not ConsentEvent.objects.exists()
    with pytest.raises(Invalid):
        record(system, agent)
    with pytest.raises(Invalid, match="names a published notice"):
        record(system, agent, Said(*TEXT, "given"), Said(*VOICE, "given"), notice=None, explicit=True)


def test_voice_needs_a_yes_in_so_many_words_and_a_minor_a_guardian(agent: Any) -> None:
    system = make.live_system(make.PERMIT_BY_CONSENT | {"modality": ["text", "voice"]})
    make.flow(system, slug="voice", modality="voice")
    clerk = make.person("supervisor", unit=system.unit)
    with pytest.raises(Invalid, match="explicit"):
        record(system, clerk, Said(*VOICE, "given"))
    assert record(system, clerk, Said(*VOICE, "given"), explicit=True) == 1
    assert stands(system, clerk)[VOICE] == ("given", "")
    with pytest.raises(Invalid, match="guardian"):
        record(system, clerk, Said(*TEXT, "given"), minor="yes")
    assert record(system, clerk, Said(*TEXT, "given"), minor="yes", actor="guardian") == 1


def test_the_reference_is_stored_nowhere(system: Any, agent: Any) -> None:
    record(system, agent, Said(*TEXT, "given"))
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()"
            " AND table_type = 'BASE TABLE'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT count(*) FROM "{table}" t WHERE t::text LIKE %s', [f"%{REFERENCE}%"])
            assert cursor.fetchone() == (0,), table


def test_only_who_sits_at_the_desk(system: Any) -> None:
    for role in ("system_owner", "manager", "auditor", "board_member"):
        person = make.person(role, unit=system.unit)
        with pytest.raises(NotAllowed):
            record(system, person, Said(*TEXT, "refused"))
        with pytest.raises(NotAllowed):
            standing_of(system=system, reference=REFERENCE, by=person)
    elsewhere = make.person("supervisor", unit=make.unit())
    with pytest.raises(NotAllowed):
        standing_of(system=system, reference=REFERENCE, by=elsewhere)


def test_topics_are_the_declared_ones_once(system: Any) -> None:
    make.flow(system, slug="again")
    assert desk.topics(system) == [TEXT, VOICE]
