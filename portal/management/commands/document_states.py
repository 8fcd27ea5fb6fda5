"""`manage.py document_states`: writes docs/review-states.md from the tables of states."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from governance.review import rules as review
from portal.jobs import rules as jobs

HEAD = """# States

Written from the tables of states by `python manage.py document_states`; change the table, not this page.
"""


def diagram(first: str, moves: Iterable[tuple[str, str, str]]) -> str:
    """One Mermaid diagram of (from, to, label) rows; a state that leads nowhere is an end."""
    rows = list(moves)
    ends = {target for _, target, _ in rows} - {source for source, _, _ in rows}
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {first}"]
    lines += [f"    {source} --> {target}{label and f': {label}'}" for source, target, label in rows]
    lines += [f"    {state} --> [*]" for state in sorted(ends)]
    return "\n".join([*lines, "```"])


def of_review(machine: str) -> str:
    """The diagram of requests or deployments."""
    rows = [row for row in review.TRANSITIONS if row.machine == machine]
    return diagram(rows[0].source, ((row.source, row.target, f"{row.act} ({row.sentence})") for row in rows))


def of_jobs() -> str:
    """The diagram of jobs; what leads from state to state stands in docs/jobs.md."""
    order = list(jobs.JobState)
    moves = (
        (source.value, target.value, "")
        for source in order
        for target in sorted(jobs.TRANSITIONS[source], key=order.index)
    )
    return diagram(order[0].value, moves)


def render() -> str:
    """The whole page."""
    parts = [
        ("A deployment request", of_review("request"), "`governance/review/rules.py`"),
        ("A deployment", of_review("deployment"), "`governance/review/rules.py`"),
        ("A job", of_jobs(), "`portal/jobs/rules.py`; what the states mean: [jobs](jobs.md#a-jobs-life)"),
    ]
    texts = [f"\n## {title}\n\nTable: {where}.\n\n{drawn}\n" for title, drawn, where in parts]
    return HEAD + "".join(texts)


class Command(BaseCommand):
    """Writes the page; needs no database."""

    help = "Write docs/review-states.md from the tables of states."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """One file."""
        path = settings.BASE_DIR / "docs" / "review-states.md"
        path.write_text(render(), encoding="utf-8")
        self.stdout.write(str(path.relative_to(settings.BASE_DIR)))
