"""What must hold of every model, found by walking all of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, models
from django.urls import get_resolver

from tests.meta.sources import APPS

OURS = [model for model in apps.get_models() if model._meta.app_label in APPS]
CASCADES = {
    "portal.UnitUserPermission": "a grant falls with its person, permission or unit (guardian)",
    "governance.SystemUserPermission": "a grant falls with its person, permission or system (guardian)",
    "governance.Alias": "erasing a person erases what sources call them",
    "portal.JobLine": "the log of a job is part of the job",
    "governance.UnfinishedForm": "what somebody typed and nobody saved goes with them",
    "portal.SavedView": "a kept filter is its person's own",
    "metrics.EvaluationItem": "an evaluation set is imported whole and goes whole",
}
WITHOUT_CONSTRAINTS = {
    "portal.JobLine": "lines of text",
    "portal.Heartbeat": "one time per name, the key",
    "portal.PendingEvent": "the queue before the tree; the ledger's triggers guard it",
    "portal.LedgerBody": "the ledger's triggers guard it; the leaf holds its digest",
    "governance.Alias": "its composite key is all there is to hold",
    "metrics.Label": "its composite key is all there is to hold",
    "metrics.EvaluationItem": "its composite key is all there is to hold",
    "metrics.DayRollup": "derived; rebuild compares it with the rows",
    "metrics.ConfusionRollup": "derived; rebuild compares it with the rows",
    "metrics.PersonDay": "derived; rebuild compares it with the rows",
}
PAGES_OF = {  # pages of a noun, by the name of their address -> the model that they show
    "finding_detail": "governance.Finding", "deployment_detail": "governance.Deployment",
    "request_detail": "governance.DeploymentRequest", "board_detail": "governance.Board",
    "system_detail": "governance.System", "flow_detail": "governance.DataFlow", "person_detail": "portal.User",
    "job_detail": "portal.Job", "rule_set_detail": "governance.RuleSet", "pack_detail": "governance.EvidencePack",
    "evaluation_detail": "metrics.EvaluationSet",
    "notice_detail": "governance.Notice", "policy_detail": "governance.Policy",
    "endpoint_detail": "governance.Endpoint",
    "person_request_detail": "governance.PersonRequest",
    "assessment_detail": "governance.Assessment", "vendor_detail": "governance.Vendor",
}  # fmt: skip


def label(model: type[models.Model]) -> str:
    return model._meta.label


def columns(model: type[models.Model]) -> dict[str, Any]:
    return {field.name: field for field in model._meta.concrete_fields}


def pairs(*, optional: bool) -> Iterator[Any]:
    """(model, name) of every `<name>_at` beside a `<name>_by`; `optional`: where the time may be missing."""
    for model in OURS:
        found = columns(model)
        for name in sorted(one[:-3] for one in found if one.endswith("_by") and f"{one[:-3]}_at" in found):
            if found[f"{name}_at"].null == optional:
                yield pytest.param(model, name, id=f"{label(model)}.{name}")


def checks(model: type[models.Model]) -> list[models.CheckConstraint]:
    return [one for one in model._meta.constraints if isinstance(one, models.CheckConstraint)]


def test_there_are_pairs_to_look_at() -> None:
    assert len(list(pairs(optional=True))) >= 10
    assert len(list(pairs(optional=False))) >= 10


@pytest.mark.parametrize(("model", "name"), list(pairs(optional=True)))
def test_a_time_and_its_person_are_held_together(model: type[models.Model], name: str) -> None:
    held = [one.name for one in checks(model) if {f"{name}_at", f"{name}_by"} <= _named(one.condition)]
    assert held, f"{label(model)} needs a CheckConstraint for {name}_at and {name}_by"


@pytest.mark.parametrize(("model", "name"), list(pairs(optional=True)))
@pytest.mark.django_db
def test_the_database_refuses_one_without_the_other(model: type[models.Model], name: str) -> None:
    """The CHECK of the database itself is asked, all other columns unknown: it must say no, not 'unknown'."""
    found = columns(model)
    person = found[f"{name}_by"]
    nobody = "NULL" if person.null else "''"
    somebody = "gen_random_uuid()" if "uuid" in (person.db_type(connection) or "") else "'1'"
    for at, by in (("now()", nobody), ("NULL", somebody)):
        assert False in set(_answers(model, {f"{name}_at": at, person.column: by}).values()), (at, by)
    refused = [
        key
        for key, ok in _answers(model, {f"{name}_at": "NULL", person.column: nobody}).items()
        if ok is False
    ]
    assert refused == []


def _answers(model: type[models.Model], values: dict[str, str]) -> dict[str, bool | None]:
    """What each CHECK about these columns says to a row of these values, all other columns NULL."""
    table = model._meta.db_table
    row = ", ".join(
        f"({values.get(field.column, 'NULL')})::{field.db_type(connection)} AS {field.column}"
        for field in model._meta.concrete_fields
    )
    answers = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conname, pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE contype = 'c'"
            " AND conrelid = %s::regclass",
            [table],
        )
        for constraint, expression in cursor.fetchall():
            if not any(column in expression for column in values):
                continue
            cursor.execute(f"SELECT ({expression}) FROM (SELECT {row}) AS {table}".replace("%", "%%"))
            answers[constraint] = cursor.fetchone()[0]
    return answers


def _named(condition: Any) -> set[str]:
    """The fields that a condition speaks about."""
    if isinstance(condition, models.Q):
        return {name for child in condition.children for name in _named(child)}
    if isinstance(condition, tuple):
        return {str(condition[0]).split("__")[0]}
    return {one.name for one in condition.flatten() if isinstance(one, models.F)}


@pytest.mark.parametrize(("model", "name"), list(pairs(optional=False)))
def test_what_always_has_a_time_always_has_its_person(model: type[models.Model], name: str) -> None:
    """A person may be missing only where the system itself can be the author, and the column says that."""
    field = columns(model)[f"{name}_by"]
    if field.null:
        assert field.remote_field is not None, "a text must name 'system', not be missing"


@pytest.mark.parametrize("model", OURS, ids=label)
def test_every_model_says_what_it_is(model: type[models.Model]) -> None:
    assert model.__str__ is not models.Model.__str__
    assert (model.__doc__ or "").strip()
    assert not (model.__doc__ or "").startswith(f"{model.__name__}("), "the docstring is Django's own"


@pytest.mark.parametrize("model", OURS, ids=label)
def test_what_must_hold_is_a_named_constraint(model: type[models.Model]) -> None:
    assert bool(model._meta.constraints) != (label(model) in WITHOUT_CONSTRAINTS)
    assert all(one.name and not one.name.startswith(model._meta.app_label) for one in model._meta.constraints)
    assert not model._meta.unique_together


@pytest.mark.parametrize("model", OURS, ids=label)
def test_nothing_governed_vanishes_with_what_it_points_to(model: type[models.Model]) -> None:
    ways = {
        field.remote_field.on_delete.__name__
        for field in model._meta.local_fields
        if isinstance(field, models.ForeignKey)
    }
    assert ways <= {"PROTECT", "RESTRICT"} or label(model) in CASCADES
    if label(model) in CASCADES:
        assert "CASCADE" in ways, "an exception that is no longer needed"


def test_every_page_of_a_thing_is_the_address_of_that_thing() -> None:
    details = {str(name) for name in get_resolver().reverse_dict if str(name).endswith("_detail")}
    assert details - set(PAGES_OF) == set(), "say which model this page shows"
    assert set(PAGES_OF) - details == set()
    without = {name for name, of in PAGES_OF.items() if not hasattr(apps.get_model(of), "get_absolute_url")}
    assert without == set()
