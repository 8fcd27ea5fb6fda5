"""The table of roles: complete, deny by default, duties apart."""

import pytest

from portal.access import document
from portal.access.roles import CODES, PERMISSIONS, READ_ONLY, SCOPES, SENTENCES, TITLES, Role

READING = {code for code in CODES if code.startswith("view_")} | {"export_evidence"}


def test_every_role_has_a_title_a_sentence_and_permissions() -> None:
    assert set(TITLES) == set(SENTENCES) == set(PERMISSIONS) == set(Role)
    assert all(sentence.endswith(".") for sentence in SENTENCES.values())


def test_only_permissions_that_exist_are_given_and_each_is_given_to_somebody() -> None:
    given = frozenset().union(*PERMISSIONS.values())
    assert given == set(CODES)


def test_no_role_holds_everything() -> None:
    assert all(len(codes) < len(CODES) for codes in PERMISSIONS.values())


@pytest.mark.parametrize("role", sorted(READ_ONLY))
def test_read_only_roles_change_nothing(role: Role) -> None:
    assert PERMISSIONS[role] <= READING


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "request_deployment",
            "chair",
        ),  # who asks does not lead the board; that they never vote is a rule of votes
        ("edit_register", "chair"),
        ("edit_register", "sign_screening"),
        ("manage_people", "chair"),  # who gives roles does not decide
        ("manage_people", "export_evidence"),
        ("run_audits", "chair"),
        ("manage_consent", "import_data"),
    ],
)
def test_duties_that_no_single_role_joins(one: str, other: str) -> None:
    assert not [role for role, codes in PERMISSIONS.items() if {one, other} <= codes]


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.EXTERNAL_AUDITOR])
def test_an_auditor_changes_nothing_but_may_run_audits(role: Role) -> None:
    assert PERMISSIONS[role] - READING == {"run_audits"}


def test_a_manager_sees_figures_but_no_ledger_and_no_packs() -> None:
    assert "view_kpis" in PERMISSIONS[Role.MANAGER]
    assert not {"view_ledger", "export_evidence", "view_consent"} & PERMISSIONS[Role.MANAGER]


def test_every_scope_of_a_key_has_its_counterpart_for_people() -> None:
    assert {permission for permission, _sentence in SCOPES.values()} <= set(CODES)


def test_the_document_holds_the_tables_of_today() -> None:
    text = document.DOCUMENT.read_text(encoding="utf-8")
    assert text == document.refreshed(text), "run: python -m portal.access.document"


def test_the_matrix_marks_each_permission_of_each_role() -> None:
    marks = document.tables().count("✓")
    assert marks == sum(len(codes) for codes in PERMISSIONS.values())
