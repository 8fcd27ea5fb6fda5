"""Policies to start from, read from the catalogue; a template that is no policy stops the start, naming itself."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from governance.consent.rules import faults_in

FILE = Path(__file__).resolve().parent.parent / "catalogue" / "policies.yaml"


@dataclass(frozen=True)
class PolicyTemplate:
    """A policy to start from."""

    key: str
    title: dict[str, str]
    retention_days: int
    rules: list[dict[str, Any]]


@cache
def all_templates() -> dict[str, PolicyTemplate]:
    """Every template by its key. Raises ValueError for one whose rules have a fault."""
    rows = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    found = {row["key"]: PolicyTemplate(**row) for row in rows}
    for template in found.values():
        if faults := faults_in(template.rules):
            raise ValueError(f"{FILE}: {template.key}: {faults[0]['field']}: {faults[0]['message']}")
    return found
