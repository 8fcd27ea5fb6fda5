"""The main lists with ten and with a thousand systems behind them: statements sent, and time."""

from typing import Any

from benchmarks.ground import Table, queries, taken_back, typical

SYSTEMS = {"small": (10, 100), "medium": (10, 300), "large": (10, 1_000)}
PAGES = (
    "home",
    "system_list",
    "portfolio",
    "audit_overview",
    "job_list",
    "pack_list",
    "ledger_list",
    "board_list",
)


def run(size: str) -> Table:
    """One row per page: statements and milliseconds at both sizes."""
    few, many = SYSTEMS[size]
    table = Table(
        ("page", f"statements at {few}", f"at {many:,}", f"ms at {few}", f"at {many:,}"),
        f"The main lists for somebody who is administrator, manager and auditor, with {few} and {many:,} systems:",
    )
    small, large = _measure(few), _measure(many)
    for name, (statements, cost) in small.items():
        table.rows.append((
            f"`{name}`", str(statements), str(large[name][0]),
            f"{cost * 1e3:,.0f}", f"{large[name][1] * 1e3:,.0f}",
        ))  # fmt: skip
    return table


def _measure(systems: int) -> dict[str, tuple[int, float]]:
    from django.test import Client
    from django.urls import reverse

    from portal.access.services import grant_role
    from tests import make

    found = {}
    with taken_back():
        unit = make.unit()
        client = Client()
        person = make.person("administrator", unit=unit)
        for role in ("manager", "auditor"):  # sees every room
            grant_role(user=person, role=role, unit=unit, by="system")
        client.force_login(person)
        for _ in range(systems):
            make.flow(make.system(unit=unit))
        for name in PAGES:
            url = reverse(name)

            def page(url: str = url) -> Any:
                answer = client.get(url)
                if answer.status_code != 200:
                    raise SystemExit(f"{url} answered {answer.status_code}")
                return answer

            found[name] = queries(page), typical(page, times=3).wall
    return found
