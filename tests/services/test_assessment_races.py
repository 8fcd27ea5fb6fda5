"""Several people save one answer in the same instant; the other races are in tests/hostile/test_races.py."""

from functools import partial

from governance.assessments import answers, services
from governance.assessments.models import AnswerChange, Assessment
from tests import make
from tests.conftest import TestDatabase
from tests.services.test_people_races import both


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
