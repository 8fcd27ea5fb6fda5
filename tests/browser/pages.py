"""Which addresses are pages that a person looks at: every named GET of the URL matrix, but for what is listed here."""

from tests.whole.url_matrix import ROWS, Row

# answers that no person reads as a page; test_walk.py holds that each of them really is none
NOT_PAGES = {
    "health_live": "JSON for the orchestrator",
    "health_ready": "JSON for the orchestrator",
    "health_jobs": "JSON for the orchestrator",
    "audit_confusion_chart": "JSON that the chart of a run draws",
    "audit_confusion_csv": "a download",
    "audit_misses_csv": "a download",
    "portfolio_chart": "JSON that a chart draws",
    "chart": "JSON that a chart draws",
    "calendar_feed": "a calendar for other programs",
    "job_progress": "a part of a page, seen inside job_detail",
    "pack_progress": "a part of a page, seen inside pack_detail",
    "pack_download": "a download",
    "assessment_export": "a download",
    "attachment_download": "a download",
    "document_download": "a download",
    "verifier": "a download",
    "mfa_download_recovery_codes": "a download",
    "ledger_checkpoint": "a download",
    "ledger_proof": "a download",
    "api_schema": "YAML for machines",
    "register_export": "a download",
    "public_register_json": "JSON for machines",
    "public_system_json": "JSON for machines",
    "my_copy": "a download",
}
# pages that show themselves only in a certain moment: test_walk_moments.py brings it about
MOMENTS = {
    "account_login": "only without signing in",
    "account_signup": "only without signing in",
    "account_reset_password_from_key": "leads on to a form that has no name in its address",
    "account_set_password": "only for accounts without a password",
    "mfa_authenticate": "in the middle of a sign-in",
    "mfa_reauthenticate": "with a second factor",
    "mfa_activate_totp": "without a second factor, soon after the password",
    "mfa_deactivate_totp": "with a second factor",
    "mfa_view_recovery_codes": "with a second factor",
    "mfa_generate_recovery_codes": "with a second factor",
    "import_columns": "after an upload",
    "consent_import_columns": "after an upload",
    "register_import_check": "after an upload",
    **dict.fromkeys(
        ("my_page", "my_done", "my_readings", "my_contest", "my_ask", "my_notice"),
        "for one person without an account, in the language of their link: test_people.py",
    ),
    "rule_set_add": "for a role at the top of every unit",
    "rule_set_detail": "for a role at the top of every unit",
}


def is_address(row: Row) -> bool:
    """Whether a browser may simply go there."""
    return row.method == "get" and not row.api


ADDRESSES = {name: row for name, row in ROWS.items() if is_address(row)}
PAGES = sorted(set(ADDRESSES) - set(NOT_PAGES) - set(MOMENTS))
