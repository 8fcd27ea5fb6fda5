"""The register's pure rules: choices, errors of shape, differences, sorting."""

from decimal import Decimal

import pytest

from governance.registry import checks, emotions, models, rules
from governance.registry.checks import Known
from governance.registry.fields import PARTS
from governance.registry.forms import parse_dimensions, parse_labels
from portal.accounts.codes import PERMISSIONS

KNOWN = Known(frozenset({"csat"}), frozenset(emotions.current().labels))


def test_each_choice_has_a_sentence_and_its_value_finds_it() -> None:
    more: list[type[rules.Described]] = [rules.ProviderRole, rules.SystemState, rules.Direction]
    for enum in [*rules.FLOW_ENUMS.values(), *more]:
        for value, sentence in enum.choices():
            assert sentence
            assert enum(value).value == value
            assert enum(value).sentence == sentence
        assert len(set(enum.values())) == len(enum.values())


def test_each_fact_of_a_flow_can_be_unknown() -> None:
    assert set(rules.FLOW_ENUMS) == set(rules.FLOW_FACTS)
    assert all("unknown" in enum.values() for enum in rules.FLOW_ENUMS.values())


def test_the_permissions_of_a_system_are_those_of_the_roles() -> None:
    assert {code for code, _name in models.System._meta.permissions} == set(PERMISSIONS)


def test_the_constraints_of_the_database_name_the_same_values() -> None:
    def values(name: str, field: str) -> set[str]:
        owners = (models.DataFlow, models.System, models.Vendor, models.UnlistedReport, models.Contact)
        constraints = [c for owner in owners for c in owner._meta.constraints]
        constraint = next(c for c in constraints if c.name == name)
        first = constraint.condition.children[0]
        condition = first if isinstance(first, tuple) else first.children[0]
        assert condition[0] == f"{field}__in"
        return set(condition[1])

    assert values("flow_modality_known", "modality") == set(rules.Modality.values())
    assert values("flow_subject_role_known", "subject_role") == set(rules.SubjectRole.values())
    assert values("system_role_known", "provider_role") == set(rules.ProviderRole.values())
    assert values("system_state_known", "state") == set(rules.SystemState.values())
    assert values("system_learning_known", "learning") == {"", *rules.Learning.values()}
    assert values("vendor_transfer_tool_known", "transfer_tool") == {"", *rules.TransferTool.values()}
    assert values("contact_role_known", "role") == set(rules.ContactRole.values())
    assert values("report_state_known", "state") == set(rules.ReportState.values())


def test_diff_marks_what_is_material_and_reads_missing_fields_as_none() -> None:
    changes = rules.diff({"name": "a", "labels": ["x"]}, {"name": "b", "labels": ["x"], "new": 1}, {"new"})
    assert [(c.field, c.before, c.after, c.material) for c in changes] == [
        ("name", "a", "b", False),
        ("new", None, 1, True),
    ]
    assert rules.is_material(changes)
    assert not rules.is_material(changes[:1])
    assert rules.diff({"a": 1}, {"a": 1}) == []


@pytest.mark.parametrize(
    ("values", "field", "code"),
    [
        ({"slug": "Chat Bot"}, "slug", "invalid"),
        ({"slug": "a" * 61}, "slug", "invalid"),
        ({"slug": "bot\n"}, "slug", "invalid"),
        ({"slug": "new"}, "slug", "reserved"),
        ({"name": " "}, "name", "required"),
        ({"provider_role": "vendor"}, "provider_role", "unknown_value"),
        ({"labels": ["joy", "joy"]}, "labels", "duplicate"),
        ({"labels": ["joy"], "label_map": {"rage": "anger"}}, "label_map", "unknown_label"),
        ({"labels": ["joy"], "label_map": {"joy": "fun"}}, "label_map", "unknown_shared_label"),
        ({"learning": "sometimes"}, "learning", "unknown_value"),
        ({"strategies": ["hypnosis"]}, "strategies", "unknown_value"),
        ({"learning_figure": "happiness"}, "learning_figure", "unknown_figure"),
        ({"learning_window_days": 0}, "learning_window_days", "out_of_range"),
    ],
)
def test_system_errors(values: dict[str, object], field: str, code: str) -> None:
    assert [(e["field"], e["code"]) for e in checks.system_errors(values, KNOWN)] == [(field, code)]


@pytest.mark.parametrize("slug", ["chat", "chat-bot-2", "a" * 60])
def test_good_slugs(slug: str) -> None:
    assert checks.system_errors({"slug": slug}, KNOWN) == []


def test_flow_errors() -> None:
    assert [e["field"] for e in rules.flow_errors({"modality": "smell", "setting": "workplace"})] == [
        "modality"
    ]
    assert [e["field"] for e in rules.flow_errors({"facts": {"q": "maybe"}})] == ["facts"]
    assert [e["field"] for e in rules.flow_errors({"facts": ["q"]})] == ["facts"]
    assert rules.flow_errors({"facts": {"q": "yes", "r": None}}) == []


def test_sort_key_orders_as_people_do() -> None:
    names = ["zebra", "Éclair", "eagle", "Ångström", "Apple"]
    assert sorted(names, key=rules.sort_key) == ["Ångström", "Apple", "eagle", "Éclair", "zebra"]


def test_lines_of_labels_and_groups() -> None:
    assert parse_labels("anger = anger\n joy\n\nworry = fear ") == (
        ["anger", "joy", "worry"],
        {"anger": "anger", "worry": "fear"},
    )
    assert parse_dimensions("language: nl, en\n\nage: ") == {"language": ["nl", "en"], "age": []}


def test_no_number_is_rounded_in_silence_or_beyond_its_column() -> None:
    known = Known(frozenset(), frozenset())
    cost = PARTS["cost"].by_name
    assert checks.field_errors(cost["amount"], Decimal("1200.50"), known) == []
    assert [e["code"] for e in checks.field_errors(cost["amount"], Decimal("1200.505"), known)] == [
        "too_precise"
    ]
    assert [e["code"] for e in checks.field_errors(cost["year"], 65_536, known)] == ["out_of_range"]
