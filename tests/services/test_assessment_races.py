"""Two at once: signatures, drafts of one kind, saves of one section."""

from functools import partial

from governance.assessments import answers, services
from governance.assessments.models import AnswerChange, Assessment
from portal.errors import RuleBroken
from portal.ledger.models import PendingEvent
from tests import make
from tests.conftest import TestDatabase
from tests.services.test_people_races import both


def test_two_signatures_at_once_are_one(committed_db: TestDatabase) -> None:
    system = make.system()
    row = make.assessment(system, until="in_review")
    officers = [make.person("data_protection_officer", unit=system.unit) for _n in range(4)]
    results = both(
        *(
            partial(services.sign, assessment=Assessment.objects.get(pk=row.pk), reason="Fine.", by=by)
            for by in officers
        )
    )
    assert [r.code for r in results if isinstance(r, RuleBroken)] == ["wrong_state"] * 3
    row.refresh_from_db()
    assert row.state == "signed"
    assert PendingEvent.objects.filter(subject=row.subject, type="assessment.signed").count() == 1


def test_a_double_click_begins_one_draft(committed_db: TestDatabase) -> None:
    system = make.system()
    results = both(*[partial(services.start, system=system, kind="dpia", by=system.owner)] * 4)
    assert [r.code for r in results if isinstance(r, RuleBroken)] == ["open_version"] * 3
    assert Assessment.objects.count() == 1


def test_of_two_saves_of_one_answer_the_later_is_told(committed_db: TestDatabase) -> None:
    system = make.system()
    row = services.start(system=system, kind="dpia", by=system.owner)
    people = [make.person("system_owner", unit=system.unit) for _n in range(3)]
    saves = [
        partial(
            answers.save_section,
            assessment=Assessment.objects.get(pk=row.pk),
            section="necessity",
            answers={"minimal": f"As {n} says."},
            expected=0,
            by=by,
        )
        for n, by in enumerate(people)
    ]
    results = both(*saves)
    assert sum(isinstance(result, answers.Stale) for result in results) == 2
    row.refresh_from_db()
    assert AnswerChange.objects.get().after == row.answers["minimal"]
