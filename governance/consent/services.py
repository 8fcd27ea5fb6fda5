"""Publishing notices, recording what people say, setting the data-use policy."""

from datetime import datetime
from typing import Any

from governance.consent.models import Notice, Policy
from governance.registry.models import System


def publish_notice(
    *,
    system: System,
    text: str,
    language: str,
    by: object,
    version: int | None = None,
    material_change: bool = False,
    grace_days: int = 0,
    effective_at: datetime | None = None,
) -> Notice:
    """Publish a notice; `version` None makes the next version, an existing version adds a language to it."""
    raise NotImplementedError


def record_consent_events(
    *, system: System, items: list[Any], by: object, source: str = ""
) -> list[dict[str, Any]]:
    """Append consent events; one answer per item: {"source_event", "status", "event", "errors"}.

    Items: {"source_event", "subject" or "session", "subject_role", "purpose", "modality", "action", "effective_at",
    "notice_version"?, "explicit"?, "expires_at"?, "method"?, "actor"?, "minor"?, "evidence_hash"?, "corrects"?}.
    status: accepted | duplicate | conflict | refused.
    """
    raise NotImplementedError


def draft_policy(
    *, system: System, rules: list[dict[str, Any]], by: object, note: str = ""
) -> Policy:
    """Write (or rewrite) the one draft of the next policy version; rows as in governance.consent.rules."""
    raise NotImplementedError


def approve_policy(
    *, policy: Policy, by: object, effective_at: datetime | None = None
) -> Policy:
    """Approve a draft: from `effective_at` (default now) on it is the policy in force, and frozen."""
    raise NotImplementedError
