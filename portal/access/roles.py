"""Roles and what they may do: the one table. Pure; docs/permissions.md is generated from it."""

from enum import StrEnum

from portal.accounts.codes import PERMISSIONS as CODES
from portal.accounts.codes import SCOPES
from portal.errors import N_

__all__ = ["CODES", "PERMISSIONS", "READ_ONLY", "SCOPES", "SENTENCES", "TITLES", "Role"]


class Role(StrEnum):
    """What a person is on a unit (and all below it) or on one system."""

    ADMINISTRATOR = "administrator"
    SYSTEM_OWNER = "system_owner"
    BOARD_MEMBER = "board_member"
    BOARD_CHAIR = "board_chair"
    MANAGER = "manager"
    AUDITOR = "auditor"
    EXTERNAL_AUDITOR = "external_auditor"
    DATA_PROTECTION_OFFICER = "data_protection_officer"
    LEGAL_COUNSEL = "legal_counsel"
    SUPERVISOR = "supervisor"
    WORKS_COUNCIL = "works_council"


TITLES: dict[Role, str] = {
    Role.ADMINISTRATOR: N_("Administrator"),
    Role.SYSTEM_OWNER: N_("System owner"),
    Role.BOARD_MEMBER: N_("Ethics board member"),
    Role.BOARD_CHAIR: N_("Ethics board chair"),
    Role.MANAGER: N_("Manager"),
    Role.AUDITOR: N_("Auditor"),
    Role.EXTERNAL_AUDITOR: N_("External auditor"),
    Role.DATA_PROTECTION_OFFICER: N_("Data protection officer"),
    Role.LEGAL_COUNSEL: N_("Legal counsel"),
    Role.SUPERVISOR: N_("Supervisor"),
    Role.WORKS_COUNCIL: N_("Works council"),
}

SENTENCES: dict[Role, str] = {
    Role.ADMINISTRATOR: N_(
        "Manages people, units, roles, boards, keys and the legal rules; does not decide about systems."
    ),
    Role.SYSTEM_OWNER: N_(
        "Registers systems, reports their data, asks for deployments; never approves them."
    ),
    Role.BOARD_MEMBER: N_(
        "Reads the file and comments on assessments; votes with reasons where a seat is theirs, never where conflicted."
    ),
    Role.BOARD_CHAIR: N_("Leads the board and may suspend a deployment; votes like any member, from a seat."),
    Role.MANAGER: N_("Reads the figures of own units; never about one person or a group that is too small."),
    Role.AUDITOR: N_("Reads everything in scope, runs audits and exports evidence; changes nothing else."),
    Role.EXTERNAL_AUDITOR: N_("Does what an auditor does, until a set date; from then on nothing opens."),
    Role.DATA_PROTECTION_OFFICER: N_(
        "Publishes notices and public pages, approves data-use policies, signs screenings, DPIAs and other assessments,"
        " answers affected people."
    ),
    Role.LEGAL_COUNSEL: N_("Signs screenings, FRIAs, bias pre-assessments and oversight plans; not a DPIA."),
    Role.SUPERVISOR: N_(
        "Watches the AI at work, takes over from it, stops it in an emergency, works on findings, answers contested"
        " readings and records at the desk what people say about their consent."
    ),
    Role.WORKS_COUNCIL: N_("Reads register, requests, audits and decisions; answers for the works council."),
}

_READ = frozenset({"view_register", "view_review", "view_audits"})
_AUDITOR = _READ | {"view_kpis", "view_consent", "view_ledger", "export_evidence", "view_jobs"}

PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.ADMINISTRATOR: frozenset(
        {
            "manage_people",
            "manage_keys",
            "manage_board",
            "apply_law",
            "view_ledger",
            "view_jobs",
            "manage_jobs",
        }
    )
    | {"view_register"},  # keys and roles name systems, so their names must be visible
    Role.SYSTEM_OWNER: _READ
    | {
        "edit_register",
        "request_deployment",
        "view_kpis",
        "import_data",
        "run_audits",
        "manage_findings",
        "view_consent",
        "view_jobs",
    },
    Role.BOARD_MEMBER: _READ | {"comment_assessments", "view_kpis", "view_consent"},
    Role.BOARD_CHAIR: _READ | {"comment_assessments", "chair", "suspend", "view_kpis", "view_consent"},
    Role.MANAGER: _READ | {"view_kpis"},
    Role.AUDITOR: _AUDITOR | {"run_audits"},
    Role.EXTERNAL_AUDITOR: _AUDITOR | {"run_audits"},
    Role.DATA_PROTECTION_OFFICER: _READ
    | {
        "sign_screening",
        "sign_dpia",
        "sign_assessment",
        "suspend",
        "view_kpis",
        "view_consent",
        "manage_consent",
        "record_consent",
        "make_links",
        "answer_people",
        "manage_findings",
        "view_ledger",
        "export_evidence",
    },
    Role.LEGAL_COUNSEL: _READ | {"sign_screening", "sign_assessment", "view_kpis", "view_consent"},
    Role.SUPERVISOR: _READ
    | {
        "view_kpis",
        "manage_findings",
        "suspend",
        "record_consent",
        "make_links",
        "answer_contests",
    },
    Role.WORKS_COUNCIL: _READ | {"answer_council"},
}

# these roles may hold no permission that changes something (held by a test)
READ_ONLY: frozenset[Role] = frozenset({Role.MANAGER})
