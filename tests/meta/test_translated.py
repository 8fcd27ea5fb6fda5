"""Labels, help texts, choices, table headers and names of models as a person reads them in Dutch."""

import importlib
import re
from collections.abc import Iterator
from typing import Any

import django_filters
import django_tables2
import pytest
from django import forms
from django.apps import apps
from django.utils.functional import Promise
from django.utils.translation import override

from tests.meta.sources import APPS, ROOT, modules

SAME = {  # English words that are Dutch words too, names and abbreviations
    "KPI", "Status", "Type", "Details", "Model", "Test", "Data", "Context", "Format", "Item", "Items", "Label",
    "Labels", "Manager", "Versie", "Plan", "Week", "Actor", "Auditor", "Supervisor", "Filter", "Budget", "Rating",
}  # fmt: skip


def _subclasses(base: type) -> Iterator[type]:
    for module in modules():
        dotted = ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if module.name in ("forms.py", "tables.py", "filters.py", "views.py") or "views" in module.parts:
            for value in vars(importlib.import_module(dotted)).values():
                if isinstance(value, type) and issubclass(value, base) and value.__module__ == dotted:
                    yield value


def lazy(text: Any) -> bool:
    """Whether a text is translated when it is shown (or is no text at all)."""
    return isinstance(text, Promise) or not re.search(r"[^\W\d_]{2,}", str(text or "")) or str(text) in SAME


def _texts_of_form(form: Any) -> Iterator[tuple[str, Any]]:
    for name, field in form.base_fields.items():
        yield f"{name}.label", field.label
        yield f"{name}.help_text", field.help_text


FORMS = sorted(set(_subclasses(forms.BaseForm)), key=lambda one: f"{one.__module__}.{one.__name__}")
TABLES = sorted(set(_subclasses(django_tables2.Table)), key=lambda one: f"{one.__module__}.{one.__name__}")
FILTERS = sorted(
    set(_subclasses(django_filters.FilterSet)), key=lambda one: f"{one.__module__}.{one.__name__}"
)


def _id(one: type) -> str:
    return f"{one.__module__}.{one.__name__}"


def test_there_are_forms_and_tables_to_look_at() -> None:
    assert len(FORMS) >= 15
    assert len(TABLES) >= 5


@pytest.mark.parametrize("form", FORMS, ids=_id)
def test_labels_and_help_of_forms_are_translated(form: Any) -> None:
    assert [where for where, text in _texts_of_form(form) if not lazy(text)] == []


@pytest.mark.parametrize("table", TABLES, ids=_id)
def test_headers_of_tables_are_translated(table: Any) -> None:
    headers = {name: column.verbose_name for name, column in table.base_columns.items()}
    assert [name for name, header in headers.items() if not lazy(header)] == []
    assert [name for name, header in headers.items() if header is None and not _empty(table, name)] == []


def _empty(table: Any, name: str) -> bool:
    """A header that comes from the model's field (checked below) or is drawn by the column itself."""
    return table._meta.model is not None or bool(table.base_columns[name].attrs)


@pytest.mark.parametrize("filters", FILTERS, ids=_id)
def test_labels_of_filters_are_translated(filters: Any) -> None:
    assert [
        name for name, one in filters.base_filters.items() if not lazy(one.extra.get("label", one.label))
    ] == []


CODES = {
    "portal.User.language": "languages go by their own names",
    "governance.Subject.minor": "never shown; kept for the gate",
    "governance.Policy.state": "pages show it as a badge, which is translated",
}


def test_choices_of_models_read_dutch() -> None:
    """Wherever a model offers a choice, its words are translated when they are shown."""
    bare = [
        f"{model._meta.label}.{field.name}: {text}"
        for model in apps.get_models()
        if model._meta.app_label in APPS
        for field in model._meta.fields
        if f"{model._meta.label}.{field.name}" not in CODES
        for _value, text in field.flatchoices
        if not lazy(text)
    ]
    assert bare == []


def test_a_translated_label_really_reads_dutch() -> None:
    """The check above trusts lazy texts; this one reads some of them."""
    words = {str(text) for form in FORMS for _, text in _texts_of_form(form) if isinstance(text, Promise)}
    with override("nl"):
        dutch = {str(text) for form in FORMS for _, text in _texts_of_form(form) if isinstance(text, Promise)}
    assert len(words) > 40
    assert len(words & dutch) < len(words) / 5, sorted(words & dutch)
