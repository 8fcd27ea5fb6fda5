"""What the public may know of a system: the words written for it, and what can be looked up; never drafts or notes."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from governance.audits import registry as audits
from governance.audits.models import AuditRun
from governance.consent.rules import BASES
from governance.consent.selectors import policy_history
from governance.registry import figures
from governance.registry.models import DataFlow, System
from governance.registry.rules import FLOW_ENUMS
from governance.registry.selectors import visible
from governance.review.models import InForce
from governance.screening.models import Screening
from governance.transparency.models import Publication
from portal.accounts.models import Unit
from portal.errors import N_

VERDICTS = {
    "met": N_("The check found this in order."),
    "not_met": N_("The check found that this is not good enough. We are working on it."),
    "not_enough_evidence": N_("There was not enough data to say whether this is in order."),
    "error": N_("The check could not be completed."),
}
"""The verdicts of audits in plain words."""
OUTCOMES = {
    "prohibited": N_("The law forbids this. We do not do it."),
    "high_risk": N_("The law calls this high risk. Strict rules apply, such as human supervision."),
    "transparency": N_("The law asks that we tell you about it."),
    "minimal": N_("The law sets no extra rules for this."),
    "not_emotion_recognition": N_("In the words of the law this is not emotion recognition."),
    "hold": N_("It is not settled yet which rules apply. Until then we do not do it."),
}
"""The outcomes of the legal screening in plain words."""


@dataclass(frozen=True)
class PublicFlow:
    """One thing the system does with somebody's emotion.

    Codes of modality, subject role, purpose and outcome, which have words; the others are marked English sentences.
    """

    modality: str
    subject_role: str
    purpose: str
    output: str
    consequence: str
    recipient: str
    running: bool
    outcome: str
    articles: tuple[str, ...]


@dataclass(frozen=True)
class PublicAudit:
    """What the last check of one kind found."""

    title: str
    verdict: str
    said: str
    on: dt.date


@dataclass(frozen=True)
class PublicPage:
    """Everything on one public page."""

    publication: Publication
    system: System
    organisation: str
    language: str
    summary: str
    why: str
    human: str
    objection: str
    flows: tuple[PublicFlow, ...]
    bases: tuple[str, ...]
    audits: tuple[PublicAudit, ...]
    accuracy: Any
    accuracy_all: Any
    in_force: bool
    since: dt.date | None
    provider: str


def published() -> QuerySet[Publication]:
    """The pages that are up, by name of the system."""
    rows = Publication.objects.filter(ended_at__isnull=True, system__state__in=["registered", "retired"])
    return rows.select_related("system", "system__unit", "system__vendor").order_by("system__sort_key")


def organisation_of(systems: Sequence[System]) -> dict[str, str]:
    """{path of the unit at the top: its name}: the organisation that a system belongs to."""
    paths = {f"/{system.unit.path.split('/')[1]}/" for system in systems}
    return dict(Unit.objects.filter(path__in=paths).values_list("path", "name"))


def page(publication: Publication, language: str) -> PublicPage:
    """The page in one language; a fixed number of queries."""
    system, now = publication.system, timezone.now()
    top = f"/{system.unit.path.split('/')[1]}/"
    stretches = list(
        InForce.objects.filter(system_id=system.pk).values_list("flow_id", "starts_at", "ends_at")
    )
    running = {flow for flow, start, end in stretches if start <= now < end}
    flows = list(DataFlow.objects.filter(system=system).order_by("slug"))
    outcomes = {
        row.flow_id: row for row in Screening.objects.filter(flow__in=flows, superseded_at__isnull=True)
    }
    history = policy_history(system.pk)
    standing = next((row for row in history if row.effective_at and row.effective_at <= now), None)
    found = {row["basis"] for row in (standing.rules if standing else []) if row.get("effect") == "permit"}
    return PublicPage(
        publication=publication,
        system=system,
        organisation=organisation_of([system]).get(top, ""),
        language=language,
        **{name: publication.text(name, language) for name in ("summary", "why", "human", "objection")},
        flows=tuple(_flow(flow, flow.pk in running, outcomes.get(flow.pk)) for flow in flows),
        bases=tuple(BASES[basis] for basis in BASES if basis in found),
        audits=tuple(_audits(system)),
        accuracy=figures.measure("accuracy", system, language),
        accuracy_all=figures.measure("accuracy", system),
        in_force=bool(running) and system.state == "registered",
        since=min(
            (start.date() for _flow, start, end in stretches if start <= now and start < end), default=None
        ),
        provider=system.vendor.name if system.vendor else "",
    )


def _flow(flow: DataFlow, running: bool, screening: Screening | None) -> PublicFlow:
    names = ("modality", "subject_role", "purpose")
    told = ("output", "consequence", "recipient")
    signed = screening is not None and screening.signed_at is not None
    return PublicFlow(
        **{name: getattr(flow, name) for name in names},
        **{name: FLOW_ENUMS[name](getattr(flow, name)).sentence for name in told},
        running=running,
        # what nobody signed is a draft, which the public does not see
        outcome=screening.outcome if signed and screening else "",
        articles=tuple(str(one) for one in screening.articles) if signed and screening else (),
    )


def _audits(system: System) -> list[PublicAudit]:
    runs = AuditRun.objects.filter(system=system).exclude(verdict="").order_by("kind", "-finished_at")
    found = []
    for run in runs.distinct("kind").only("kind", "verdict", "finished_at"):
        kind = audits.find(run.kind)
        if kind is not None and run.finished_at is not None:
            found.append(PublicAudit(kind.title, run.verdict, VERDICTS[run.verdict], run.finished_at.date()))
    return found


# --- for those who publish --------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """How one system stands with the public."""

    system: System
    publication: Publication | None
    in_force: bool


def standings(user: Any) -> list[Standing]:
    """Every system in view: published or not, and whether it is in force; three queries."""
    systems = list(visible(user, "view_consent").select_related("unit").order_by("sort_key"))
    now = timezone.now()
    rows = Publication.objects.filter(system__in=systems, ended_at__isnull=True)
    up = {row.system_id: row for row in rows}
    live = set(
        InForce.objects.filter(
            system_id__in=[system.pk for system in systems], starts_at__lte=now, ends_at__gt=now
        ).values_list("system_id", flat=True)
    )
    return [Standing(system, up.get(system.pk), system.pk in live) for system in systems]


def unpublished_in_force(user: Any) -> list[System]:
    """The systems in force without a public page that this person could publish."""
    now = timezone.now()
    live = InForce.objects.filter(starts_at__lte=now, ends_at__gt=now).values("system_id")
    up = Publication.objects.filter(ended_at__isnull=True).values("system_id")
    rows = visible(user, "manage_consent").filter(pk__in=live).exclude(pk__in=up)
    return list(rows.order_by("sort_key"))
