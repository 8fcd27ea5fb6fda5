"""Badges: every status is a word, an icon and a colour; never colour alone."""

import enum
from collections.abc import Mapping
from typing import Any

import lucide
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

# code -> (word, icon, tone); tones are defined for light and dark in attune.css, all above 4.5:1
GOOD, BAD, WARN, INFO, CALM = "good", "bad", "warn", "info", "calm"
BADGES: dict[str, tuple[Promise | str, str, str]] = {
    # verdicts
    "met": (_("Met"), "circle-check", GOOD),
    "not_met": (_("Not met"), "circle-x", BAD),
    "not_enough_evidence": (_("Not enough evidence"), "circle-question-mark", WARN),
    "error": (_("Error"), "triangle-alert", BAD),
    "not_applicable": (_("Not applicable"), "circle-slash", CALM),
    # figures
    "ok": (_("Available"), "circle-check", GOOD),
    "not_enough_data": (_("Not enough data"), "circle-question-mark", CALM),
    "suppressed": (_("Hidden for privacy"), "eye-off", CALM),
    "withheld": (_("Withheld"), "eye-off", CALM),
    "not_estimable": (_("Cannot be estimated"), "circle-slash", CALM),
    # jobs and runs
    "queued": (_("Waiting"), "clock", CALM),
    "running": (_("Running"), "loader", INFO),
    "done": (_("Done"), "circle-check", GOOD),
    "failed": (_("Failed"), "circle-x", BAD),
    "cancelled": (_("Cancelled"), "ban", CALM),
    "dead": (_("Given up"), "octagon-x", BAD),
    # register and review
    "draft": (_("Draft"), "pencil", CALM),
    "registered": (_("Registered"), "circle-check", GOOD),
    "retired": (_("Retired"), "archive", CALM),
    "draft_made": (_("Draft made"), "file-plus", GOOD),
    "not_ai": (_("Not AI that reads emotion"), "circle-slash", CALM),
    "already_registered": (_("In the register already"), "circle-check", GOOD),
    "unknown": (_("Not known"), "circle-question-mark", CALM),
    "submitted": (_("Submitted"), "send", INFO),
    "in_review": (_("In review"), "scale", INFO),
    "open": (_("Open"), "circle-dot", WARN),
    "closed": (_("Closed"), "circle-check", CALM),
    "approved": (_("Approved"), "circle-check", GOOD),
    "approved_with_conditions": (_("Approved with conditions"), "list-checks", GOOD),
    "rejected": (_("Rejected"), "circle-x", BAD),
    "returned": (_("Returned"), "undo-2", WARN),
    "withdrawn": (_("Withdrawn"), "undo-2", CALM),
    "waiting": (_("Waits for the works council"), "hourglass", WARN),
    "stopped": (_("Stopped"), "circle-pause", BAD),
    "ended": (_("Ended"), "ban", CALM),
    "handed_in": (_("Evidence handed in"), "inbox", INFO),
    "asked": (_("Asked, not answered yet"), "clock", WARN),
    "consented": (_("Consented"), "circle-check", GOOD),
    "consented_if": (_("Consented with conditions"), "list-checks", GOOD),
    "court_substitute": (_("A court gave consent"), "scale", INFO),
    "not_owed": (_("Consent is not owed"), "circle-minus", CALM),
    "nullity": (_("Nullity invoked"), "octagon-x", BAD),
    "dissent": (_("Dissent"), "message-square-warning", WARN),
    "in_force": (_("In force"), "shield-check", GOOD),
    "available": (_("Not in force"), "circle-dashed", CALM),
    "suspended": (_("Suspended"), "circle-pause", BAD),
    "lapsed": (_("Lapsed"), "hourglass", WARN),
    "voided": (_("Void"), "ban", CALM),
    "expired": (_("Expired"), "hourglass", WARN),
    "screening_expired": (_("Screening expired"), "hourglass", BAD),
    "signature_ends_soon": (_("Signature ends soon"), "hourglass", WARN),
    "fulfilled": (_("Fulfilled"), "circle-check", GOOD),
    "overdue": (_("Overdue"), "alarm-clock", BAD),
    # votes
    "approve": (_("Approve"), "thumbs-up", GOOD),
    "conditions": (_("Approve with conditions"), "list-checks", GOOD),
    "reject": (_("Reject"), "thumbs-down", BAD),
    "abstain": (_("Abstain"), "minus", CALM),
    "recused": (_("Recused"), "user-x", CALM),
    # screening
    "prohibited": (_("Prohibited"), "octagon-x", BAD),
    "high_risk": (_("High risk"), "triangle-alert", WARN),
    "transparency": (_("Transparency duties"), "eye", INFO),
    "minimal": (_("Minimal risk"), "circle-check", GOOD),
    "not_emotion_recognition": (_("Not emotion recognition"), "circle-minus", CALM),
    "hold": (_("On hold"), "circle-pause", WARN),
    "signed": (_("Signed"), "signature", GOOD),
    "superseded": (_("Replaced"), "layers", CALM),
    "unsigned": (_("Not signed"), "pencil", WARN),
    # findings
    "critical": (_("Critical"), "octagon-alert", BAD),
    "high": (_("High"), "triangle-alert", BAD),
    "medium": (_("Medium"), "triangle-alert", WARN),
    "low": (_("Low"), "info", INFO),
    "cleared": (_("Cleared"), "circle-check", GOOD),
    "accepted": (_("Accepted"), "circle-check", GOOD),
    # gate and consent
    "allow": (_("Allowed"), "circle-check", GOOD),
    "violation": (_("Violation"), "octagon-x", BAD),
    "gap": (_("Gap"), "circle-dashed", WARN),
    "basis_doubtful": (_("Basis doubtful"), "circle-question-mark", WARN),
    "given": (_("Given"), "circle-check", GOOD),
    "refused": (_("Refused"), "circle-x", BAD),
    "objected": (_("Objected"), "hand", BAD),
    "still_valid": (_("Still valid"), "clock", INFO),
    # stops and endpoints
    "stop_asked": (_("Asked, not confirmed yet"), "clock", INFO),
    "stop_confirmed": (_("Confirmed"), "circle-check", GOOD),
    "stop_late": (_("Confirmed too late"), "clock-alert", WARN),
    "stop_overdue": (_("Not confirmed in time"), "alarm-clock", BAD),
    "endpoint_new": (_("Not called yet"), "circle-dashed", CALM),
    "endpoint_ok": (_("It answers"), "circle-check", GOOD),
    "endpoint_silent": (_("Does not answer"), "triangle-alert", BAD),
    "endpoint_gone": (_("Said that it is gone"), "circle-slash", WARN),
    "endpoint_disabled": (_("Disabled"), "circle-minus", CALM),
    "delivered": (_("Delivered"), "circle-check", GOOD),
    "dropped": (_("Dropped"), "ban", CALM),
    # requests of people
    "received": (_("Received"), "inbox", INFO),
    "in_progress": (_("In progress"), "loader", INFO),
    "answered": (_("Answered"), "circle-check", GOOD),
    "granted": (_("The person is right"), "circle-check", GOOD),
    "kept": (_("It stays as it is"), "circle-minus", CALM),
    "published": (_("Published"), "globe", GOOD),
    "not_published": (_("Not published"), "circle-dashed", CALM),
    # ingest
    "duplicate": (_("Duplicate"), "copy", CALM),
    "conflict": (_("Conflict"), "git-compare", WARN),
    "corrected": (_("Corrected"), "pencil", INFO),
    "made": (_("Made"), "file-plus", GOOD),
    "changed": (_("Changed"), "pencil", INFO),
    "same": (_("The same"), "equal", CALM),
    # inbox
    "new": (_("New"), "circle-dot", INFO),
    "read": (_("Read"), "check", CALM),
    # people and keys
    "active": (_("Active"), "circle-check", GOOD),
    "inactive": (_("Inactive"), "circle-minus", CALM),
    "revoked": (_("Revoked"), "ban", BAD),
    "sandbox": (_("Sandbox"), "flask-conical", INFO),
    # ledger
    "sealed": (_("Sealed"), "lock", GOOD),
    "pending": (_("Pending"), "hourglass", CALM),
    "imported": (_("Imported"), "download", CALM),
    "verified": (_("Verified"), "shield-check", GOOD),
    "yes": (_("Yes"), "check", GOOD),
    "no": (_("No"), "minus", CALM),
}

# codes that have a word and no badge; other apps add theirs with `learn` when they start
WORDS: dict[str, Promise | str] = {
    "language": _("Language"),
    "channel": _("Channel"),
    "subject_role": _("Whose emotion"),
    "modality": _("Read from"),
    # layers and operations of a data-use policy
    "raw": _("Raw data"),
    "features": _("Features"),
    "inference": _("What was inferred"),
    "aggregate": _("Figures about groups"),
    "collect": _("Collect"),
    "infer": _("Infer"),
    "store": _("Store"),
    "share": _("Share"),
    "train": _("Train"),
    "decide": _("Decide"),
    "age": _("Age"),
    "system": _("System"),
    "vendor": _("Vendor"),
    "mission": _("Mission"),
    "negative": _("Negative"),
    "neutral": _("Neutral"),
    "positive": _("Positive"),
    # rules of a policy
    "permit": _("Permit"),
    "prohibit": _("Prohibit"),
}
ACRONYMS = {"ai", "api", "ces", "csat", "id", "kpi", "mcc", "nps", "npv", "pets", "roi"}


def code_of(value: Any) -> str:
    """The plain code of an enum member, a boolean or a string."""
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value or "")


def learn(words: Mapping[str, str]) -> None:
    """Take in the words of codes, English and marked for translation; who comes first, and a badge, wins."""
    for code, text in words.items():
        WORDS.setdefault(code.lower(), text)


def word(value: Any) -> str:
    """The translated word of a code; an unknown code reads as it is written ('a_b' -> 'A b')."""
    code = code_of(value)
    known = BADGES.get(code.lower())
    if known:
        return str(known[0])
    if learned := WORDS.get(code.lower()):
        return gettext(str(learned)) if isinstance(learned, str) else str(learned)
    words = code.replace("_", " ").capitalize()
    return " ".join(part.upper() if part.lower() in ACRONYMS else part for part in words.split())


def render(value: Any, label: str = "") -> str:
    """The badge of a code as HTML; `label` replaces the word."""
    code = code_of(value)
    if not code:
        return mark_safe('<span class="text-secondary">–</span>')
    known = BADGES.get(code.lower())
    glyph, tone = (known[1], known[2]) if known else ("circle", CALM)
    svg = mark_safe(  # noqa: S308 - drawn from our own literals
        lucide._render_icon(glyph, 14, **{"class": "icon", "aria_hidden": "true", "focusable": "false"})
    )
    return format_html('<span class="tone tone-{}">{}<span>{}</span></span>', tone, svg, label or word(value))
