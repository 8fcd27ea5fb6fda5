"""The diagrams of states in the docs are the tables that the code decides by."""

import pytest

from governance.review.rules import states as review
from portal.jobs import rules as jobs
from portal.management.commands.document_states import of_jobs, render
from tests.meta.sources import ROOT


def test_the_page_of_states_is_written_from_the_tables() -> None:
    page = (ROOT / "docs" / "review-states.md").read_text(encoding="utf-8")
    assert page == render(), "python manage.py document_states"


@pytest.mark.parametrize("machine", list(review.MACHINES))
def test_each_row_of_the_table_of_review_is_in_its_diagram(machine: str) -> None:
    rows = [row for row in review.TRANSITIONS if row.machine == machine]
    drawn = review.mermaid(machine)
    assert rows
    assert [f"{row.source} --> {row.target}: {row.act} (" in drawn for row in rows] == [True] * len(rows)


def test_jobs_are_drawn_whole_and_end_where_nothing_leads_on() -> None:
    drawn = of_jobs()
    arrows = {
        (source.value, target.value) for source in jobs.TRANSITIONS for target in jobs.TRANSITIONS[source]
    }
    assert {tuple(line.strip().split(" --> ")) for line in drawn.splitlines() if " --> " in line} == {
        *arrows, ("[*]", "queued"), ("done", "[*]"),
    }  # fmt: skip
    assert set(jobs.TRANSITIONS) == set(jobs.JobState)
