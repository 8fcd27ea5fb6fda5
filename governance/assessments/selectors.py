"""Questions about assessments: who sees which, what a request lacks, what it binds, what waits for whom."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext

from governance.assessments import catalogue, rules
from governance.assessments.models import Assessment, AssessmentComment, Attachment
from governance.assessments.questionnaire import Difference, Questionnaire, differences, people_in
from governance.assessments.rules import Kind, Requirement
from governance.registry.models import DataFlow, System
from governance.registry.selectors import flow_facts, visible
from governance.screening.selectors import current_of
from portal.access.selectors import can, has_anywhere
from portal.datafile import Text
from portal.errors import N_

SEE = "view_review"
WAITING_SHOWN = 8


def say(text: Text) -> str:
    """A text of the catalogue in the reader's language; a sentence of the code through its translation."""
    language = (get_language() or "en")[:2]
    english = text.get("en", "")
    return text.get(language) or (gettext(english) if english else "")


def visible_assessments(user: Any) -> QuerySet[Assessment]:
    """The assessments of systems whose files `user` may read."""
    return Assessment.objects.filter(system__in=visible(user, SEE))


def visible_attachments(user: Any) -> QuerySet[Attachment]:
    """Their attachments that are still there."""
    rows = Attachment.objects.filter(assessment__in=visible_assessments(user), removed_at__isnull=True)
    return rows.select_related("assessment__system__unit")


def questionnaire_of(assessment: Assessment) -> Questionnaire:
    """The questionnaire that this version answers."""
    return catalogue.find(assessment.kind, assessment.questionnaire)


def authors(assessment: Assessment) -> set[uuid.UUID]:
    """Everybody who wrote in this version: began it, changed an answer, submitted it."""
    people = set(assessment.changes.values_list("changed_by_id", flat=True))
    return people | {assessment.created_by_id, *filter(None, [assessment.submitted_by_id])}


def why_not_sign(assessment: Assessment, user: Any) -> str:
    """Why this person cannot sign now, permission apart; empty where they can."""
    return rules.why_not_sign(state=assessment.state, is_author=user.pk in authors(assessment))


def may_comment(user: Any, system: System) -> bool:
    """Whether this person may join the threads."""
    return any(can(user, perm, system) for perm in rules.COMMENT)


def previous(assessment: Assessment) -> Assessment | None:
    """The version with which this one is compared: the last one before it that was signed, else the last."""
    earlier = Assessment.objects.filter(
        system_id=assessment.system_id, kind=assessment.kind, version__lt=assessment.version
    ).order_by("-version")
    return earlier.filter(signed_at__isnull=False).first() or earlier.first()


def compare(before: Assessment, after: Assessment) -> list[Difference]:
    """What the later version says differently; questions that did not exist before are marked."""
    return differences(questionnaire_of(before), before.answers, questionnaire_of(after), after.answers)


def people_named(assessment: Assessment) -> dict[str, str]:
    """The names of the people in the answers, by id; one query."""
    ids = {
        person
        for id, question in questionnaire_of(assessment).questions.items()
        for person in people_in(question, assessment.answers.get(id))
    }
    if not ids:
        return {}
    return {str(user.pk): user.display for user in get_user_model().objects.filter(pk__in=ids)}


def threads(assessment: Assessment) -> list[AssessmentComment]:
    """The first comment of each thread, with its replies; the oldest first."""
    rows = assessment.comments.filter(parent__isnull=True).select_related("created_by", "resolved_by")
    return list(rows.prefetch_related("replies__created_by"))


# --- what a request needs -----------------------------------------------------------------------


@dataclass(frozen=True)
class Missing:
    """A kind that flows need and that is not validly signed; `why` is a sentence in the reader's language."""

    kind: str
    why: str
    article: str = ""


def needed(system: System, flows: Iterable[DataFlow], on: dt.date) -> dict[str, Requirement]:
    """The kinds that these flows of a system need on a day, by their facts and legal outcomes; one query."""
    rows = list(flows)
    outcomes = current_of(rows)
    facts = []
    for flow in rows:
        flow.system = system  # the same row: saves a query each
        screening = outcomes.get(flow.pk)
        facts.append({**flow_facts(flow), "outcome": screening.outcome if screening else None})
    return rules.required(catalogue.requirements(), facts, on)


def signed(system: System, on: dt.date) -> dict[str, Assessment]:
    """The version of each kind that is validly signed on a day."""
    rows = Assessment.objects.filter(system=system, state="signed", valid_until__gte=on)
    return {row.kind: row for row in rows}


def missing(system: System, flows: Iterable[DataFlow], on: dt.date) -> list[Missing]:
    """The kinds that these flows need and that are not validly signed on that day, each with the reason."""
    wanted = needed(system, flows, on)
    have = signed(system, on)
    lacking = [kind for kind in wanted if kind not in have]
    latest: dict[str, Assessment] = {}
    for row in Assessment.objects.filter(system=system, kind__in=lacking).order_by("version"):
        latest[row.kind] = row
    return [
        Missing(kind, f"{say(wanted[kind].why)} {_stands(kind, latest.get(kind))}", wanted[kind].article)
        for kind in lacking
    ]


_STANDS = {
    None: N_("There is no {kind} yet."),
    "draft": N_("The {kind} is a draft."),
    "in_review": N_("The {kind} waits for its signature."),
    "signed": N_("The {kind} was valid until {day}."),
    "superseded": N_("There is no {kind} in use."),
    "withdrawn": N_("The {kind} was withdrawn."),
}


def _stands(kind: str, row: Assessment | None) -> str:
    day = date_format(row.valid_until, "DATE_FORMAT") if row and row.valid_until else ""
    return gettext(_STANDS[row.state if row else None]).format(kind=gettext(Kind(kind).sentence), day=day)


def bound(system: System, flows: Iterable[DataFlow], on: dt.date) -> dict[str, str]:
    """Kind -> digest of the signed version in use, of the kinds that these flows need: part of what is approved."""
    have = signed(system, on)
    return {kind: have[kind].digest for kind in needed(system, flows, on) if kind in have}


def changed(system: System, bound_before: Mapping[str, str], on: dt.date) -> list[Missing]:
    """Of what an approval bound (kind -> digest), the kinds that are no longer in use as they were: a material change.

    A later version was signed, the signature was taken back, or its validity ended.
    """
    have = signed(system, on)
    return [
        Missing(kind, gettext(_why_changed(have.get(kind))).format(kind=gettext(Kind(kind).sentence)))
        for kind, digest in sorted(bound_before.items())
        if kind not in have or have[kind].digest != digest
    ]


def _why_changed(now: Assessment | None) -> str:
    if now is None:
        return N_("The {kind} that was approved is no longer valid.")
    return N_("A later version of the {kind} was signed than the one that was approved.")


# --- how a system stands ------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """One kind of a system: why it is needed (None: it is not), what is in use, what is being written."""

    kind: Kind
    requirement: Requirement | None
    in_use: Assessment | None
    open: Assessment | None
    valid: bool
    ends_soon: bool
    versions: int

    @property
    def why(self) -> str:
        """Why it is needed, in the reader's language."""
        return say(self.requirement.why) if self.requirement else ""


def standings(system: System, on: dt.date) -> list[Standing]:
    """Every kind of one system; for all its flows that could be asked for."""
    wanted = needed(system, system.flows.all(), on)
    rows: dict[str, list[Assessment]] = {kind: [] for kind in Kind.values()}
    for row in Assessment.objects.filter(system=system).select_related("signed_by", "created_by"):
        rows[row.kind].append(row)
    return [_standing(Kind(kind), wanted.get(kind), found, on) for kind, found in rows.items()]


def _standing(
    kind: Kind, requirement: Requirement | None, rows: Sequence[Assessment], on: dt.date
) -> Standing:
    in_use = next((row for row in rows if row.state == "signed"), None)
    ends = in_use.valid_until if in_use else None
    return Standing(
        kind=kind,
        requirement=requirement,
        in_use=in_use,
        open=next((row for row in rows if row.state in ("draft", "in_review")), None),
        valid=in_use is not None and rules.valid(state="signed", valid_until=ends, on=on),
        ends_soon=ends is not None and ends <= on + dt.timedelta(days=rules.REMIND_DAYS),
        versions=len(rows),
    )


# --- what waits for a person --------------------------------------------------------------------


@dataclass(frozen=True)
class WorkItem:
    """One line for the home page: `why` is a key of the words below."""

    assessment: Assessment
    why: str
    due_on: dt.date | None = None


def waiting(user: Any, on: dt.date) -> list[WorkItem]:
    """Signatures that this person may give, own drafts, and own systems' assessments whose validity ends."""
    return [*_to_sign(user), *_drafts(user), *_renewals(user, on)]


def _to_sign(user: Any) -> list[WorkItem]:
    kinds = {perm: [k for k, p in rules.SIGNED_BY.items() if p == perm] for perm in rules.SIGNED_BY.values()}
    found = Q(pk__in=[])
    for perm, theirs in kinds.items():
        if has_anywhere(user, perm):
            found |= Q(kind__in=theirs, system__in=visible(user, perm))
    rows = Assessment.objects.filter(found, state="in_review").exclude(
        Q(created_by=user) | Q(submitted_by=user) | Q(changes__changed_by=user)
    )
    return [
        WorkItem(row, "sign")
        for row in rows.select_related("system").order_by("submitted_at")[:WAITING_SHOWN]
    ]


def _drafts(user: Any) -> list[WorkItem]:
    rows = Assessment.objects.filter(state="draft", created_by=user, system__in=visible(user, rules.EDIT))
    return [
        WorkItem(row, "returned" if row.returned_at else "draft")
        for row in rows.select_related("system").order_by("-created_at")[:WAITING_SHOWN]
    ]


def _renewals(user: Any, on: dt.date) -> list[WorkItem]:
    rows = Assessment.objects.filter(
        state="signed", valid_until__lte=on + dt.timedelta(days=rules.REMIND_DAYS), system__owner=user
    ).exclude(system__state="retired")
    return [
        WorkItem(row, "renew", row.valid_until)
        for row in rows.select_related("system").order_by("valid_until")[:WAITING_SHOWN]
    ]
