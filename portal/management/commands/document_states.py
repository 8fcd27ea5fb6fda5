"""`manage.py document_states`: writes docs/review-states.md from the tables of states."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from governance.review.rules import states as review
from governance.transparency import rules as people
from portal.jobs import rules as jobs


def diagram(first: str, moves: Iterable[tuple[str, str, str]]) -> str:
    """One Mermaid diagram of (from, to, label) rows; a state that leads nowhere is an end."""
    rows = list(moves)
    ends = {target for _, target, _ in rows} - {source for source, _, _ in rows}
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {first}"]
    lines += [f"    {source} --> {target}{label and f': {label}'}" for source, target, label in rows]
    lines += [f"    {state} --> [*]" for state in sorted(ends)]
    return "\n".join([*lines, "```"])


def of_jobs() -> str:
    """The diagram of jobs; what leads from state to state stands in docs/jobs.md."""
    order = list(jobs.JobState)
    moves = (
        (source.value, target.value, "")
        for source in order
        for target in sorted(jobs.TRANSITIONS[source], key=order.index)
    )
    return diagram(order[0].value, moves)


def of_people() -> str:
    """The diagram of what affected people ask."""
    moves = ((row.source, row.target, f"{row.act} ({row.by})") for row in people.TRANSITIONS)
    return diagram(people.RequestState.RECEIVED.value, moves)


def render() -> str:
    """The whole page."""
    where = "`portal/jobs/rules.py`; what the states mean: [jobs](jobs.md#a-jobs-life)"
    asked = "`governance/transparency/rules.py`; what they mean: [people](people.md)"
    person = f"## A request of an affected person\n\nTable: {asked}.\n\n{of_people()}\n"
    return f"{review.diagram()}\n{person}\n## A job\n\nTable: {where}.\n\n{of_jobs()}\n"


class Command(BaseCommand):
    """Writes the page; needs no database."""

    help = "Write docs/review-states.md from the tables of states."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """One file."""
        path = settings.BASE_DIR / "docs" / "review-states.md"
        path.write_text(render(), encoding="utf-8")
        self.stdout.write(str(path.relative_to(settings.BASE_DIR)))
