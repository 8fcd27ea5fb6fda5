"""The navigation: one list; a person sees the entries that a permission of theirs opens and that lead somewhere."""

from dataclasses import dataclass, replace
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.access.selectors import has_anywhere
from portal.notify.selectors import unread


@dataclass(frozen=True)
class Entry:
    """One line of the menu; `perms`: any of these opens it, none means everybody who signed in."""

    label: str | Promise
    url_name: str
    icon: str
    perms: tuple[str, ...] = ()
    count: int = 0


MENU: tuple[Entry, ...] = (
    Entry(_("Home"), "home", "house"),
    Entry(_("Inbox"), "inbox", "inbox"),
    Entry(_("Systems"), "system_list", "boxes", ("view_register",)),
    Entry(_("Vendors"), "vendor_list", "building-2", ("edit_register",)),
    Entry(_("Mission"), "mission_list", "target", ("edit_register",)),
    Entry(_("Dashboards"), "portfolio", "chart-line", ("view_kpis",)),
    Entry(_("Approvals"), "request_list", "scale", ("view_review",)),
    Entry(_("Assessments"), "assessment_list", "clipboard-list", ("view_review",)),
    Entry(_("Audits"), "audit_overview", "clipboard-check", ("view_audits",)),
    Entry(_("Findings"), "finding_list", "triangle-alert", ("view_audits",)),
    Entry(_("Consent"), "consent_overview", "hand", ("view_consent",)),
    Entry(_("Service desk"), "consent_desk_list", "headset", ("record_consent",)),
    Entry(
        _("Requests of people"),
        "person_request_list",
        "message-circle-question-mark",
        ("answer_people", "answer_contests"),
    ),
    Entry(_("Personal links"), "personal_link_list", "link-2", ("make_links",)),
    Entry(_("Legal holds"), "legal_hold_list", "lock", ("answer_people",)),
    Entry(_("Public register"), "publication_list", "globe", ("view_consent",)),
    Entry(_("Reported AI"), "ai_report_list", "radar"),
    Entry(_("Import"), "import_new", "upload", ("import_data",)),
    Entry(_("Evidence"), "pack_list", "file-archive", ("export_evidence",)),
    Entry(_("Ledger"), "ledger_list", "link", ("view_ledger",)),
    Entry(_("Boards"), "board_list", "users", ("manage_board",)),
    Entry(_("Jobs"), "job_list", "list-checks", ("view_jobs",)),
    Entry(_("People"), "person_list", "user-cog", ("manage_people",)),
    Entry(_("Units"), "unit_list", "network", ("manage_people",)),
    Entry(_("API keys"), "api_key_list", "key-round", ("manage_keys",)),
)


def opened(user: Any) -> list[Entry]:
    """What this person's roles open; `portal.web.context` leaves out pages that do not exist."""
    return [
        entry for entry in MENU if not entry.perms or any(has_anywhere(user, perm) for perm in entry.perms)
    ]


def entries(user: Any) -> list[Entry]:
    """The same, with the number of new messages beside the inbox."""
    return [
        replace(entry, count=unread(user)) if entry.url_name == "inbox" else entry for entry in opened(user)
    ]
