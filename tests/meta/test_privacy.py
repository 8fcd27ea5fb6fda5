"""The DPIA and the record of processing of Attune itself name every table that holds something personal."""

import re

import pytest
from django.apps import apps
from django.db import models

from tests.meta.sources import APPS, ROOT

PERSONAL = {
    "pseudonym", "digest", "subject", "subjects", "session", "source_id", "rater", "email", "actor", "client", "text",
    "person_sha256", "minor", "answers", "scores", "predicted", "token_sha256", "answer", "reading", "body", "response",
    "payload",
}  # fmt: skip
"""Names of columns that hold something about a person, affected or at work here; `..._by` and keys to accounts too."""
PAGES = ["privacy.md", "privacy.nl.md"]


def is_personal(field: models.Field) -> bool:  # type: ignore[type-arg]
    to = getattr(field.remote_field, "model", None) if field.remote_field else None
    account = to is not None and getattr(to, "_meta", None) is not None and to._meta.label == "portal.User"
    return account or field.name in PERSONAL or field.name.endswith("_by")


def holders() -> dict[str, list[str]]:
    """{model: its personal columns} of everything of ours."""
    found = {}
    for model in apps.get_models():
        if model._meta.app_label in APPS:
            columns = [field.name for field in model._meta.concrete_fields if is_personal(field)]
            if columns or model._meta.label == "portal.User":
                found[model._meta.label] = columns
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_table_with_something_personal_is_named(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:portal|governance|metrics)\.\w+)`", text))
    known = {model._meta.label for model in apps.get_models()}
    assert set(holders()) - named == set(), "say in docs/privacy*.md why it is there, and for how long"
    assert named - known == set(), "these are gone"
    assert len(holders()) > 40


@pytest.mark.parametrize("page", PAGES)
def test_both_documents_have_every_part_that_the_law_asks_for(page: str) -> None:
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    for article in ("30(1)(a)", "30(1)(b)", "30(1)(c)", "30(1)(d)", "30(1)(e)", "30(1)(f)", "30(1)(g)",
                    "35(7)(a)", "35(7)(b)", "35(7)(c)", "35(7)(d)"):  # fmt: skip
        assert article in text, article
