"""Questions about personal links, what they open, and the requests of people."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from governance.consent.models import Alias, Notice, Subject
from governance.consent.rules import AGREEING, ASKED, Word, permits_on, policy_rule
from governance.consent.selectors import events_of, last_words, notices_of, policy_history
from governance.holding.holders import Person
from governance.registry.models import System
from governance.registry.selectors import visible
from governance.registry.words import shared_name
from governance.transparency import rules
from governance.transparency.models import LinkedPerson, PersonalLink, PersonRequest
from portal.access.roles import PERMISSIONS, Role
from portal.access.selectors import has_anywhere, held_by_somebody, people_with
from portal.web.badges import word


def token_digest(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def find_link(token: str, now: dt.datetime) -> PersonalLink | None:
    """The link that a token opens; None for one that is unknown, expired or revoked: nobody learns which.

    The token is looked up by its digest, so the time that it takes tells nothing about tokens that exist.
    """
    rows = PersonalLink.objects.filter(token_sha256=token_digest(token))
    return rows.filter(revoked_at__isnull=True, expires_at__gt=now).first()


def people_of(link: PersonalLink) -> list[Person]:
    """Who the link is about, system by system."""
    rows = LinkedPerson.objects.filter(link=link).select_related("system", "system__unit")
    return [Person(row.system, row.pseudonym) for row in rows.order_by("system__sort_key", "pk")]


def visible_links(user: Any) -> QuerySet[PersonalLink]:
    """The links about systems for which `user` makes links; one of several systems needs all of them."""
    mine = visible(user, "make_links")
    others = LinkedPerson.objects.exclude(system__in=mine).values("link")
    return PersonalLink.objects.filter(people__system__in=mine).exclude(pk__in=others).distinct()


# --- what somebody said ----------------------------------------------------------------------


@dataclass(frozen=True)
class Line:
    """What one person said last about one purpose and modality of one system, and what they may say now."""

    person: Person
    purpose: str
    modality: str
    word: Word | None
    notice: Notice | None  # the one that their word named
    newest: Notice | None  # the one that they would agree to now
    bases: frozenset[str] = frozenset()  # on what the policy in force permits it; empty: nothing does

    @property
    def agrees(self) -> bool:
        """Whether the last word is a yes."""
        return self.word is not None and self.word.action in AGREEING

    @property
    def by_consent(self) -> bool:
        """Whether a yes is asked for here; also where no policy says on what it rests."""
        return not self.bases or "consent" in self.bases

    @property
    def heeds_a_no(self) -> bool:
        """Whether the system is told no when they object."""
        return not self.bases or bool(self.bases & ASKED)

    @property
    def action(self) -> str:
        """The last word, or '' before any."""
        return self.word.action if self.word else ""


def lines_of(person: Person, language: str) -> list[Line]:
    """One line per purpose and modality that the system declares, or that the person said something about."""
    system, now = person.system, timezone.now()
    in_force = next(
        (one for one in policy_history(system.pk) if one.effective_at and one.effective_at <= now), None
    )
    policy = [policy_rule(row) for row in in_force.rules] if in_force else []
    roles = {(flow.purpose, flow.modality): flow.subject_role for flow in system.flows.all()}
    said = set(events_of(system.pk, person.pseudonym).values_list("purpose", "modality"))
    topics = sorted(said | set(roles))
    words = last_words(
        system.pk, [(person.pseudonym, purpose, modality, now) for purpose, modality in topics], now
    )
    notices = list(notices_of(system))
    newest = newest_notice(notices, language)
    return [
        Line(
            person,
            purpose,
            modality,
            word,
            _named(notices, word, language),
            newest,
            frozenset(
                rule.basis
                for rule in permits_on(policy, roles.get((purpose, modality), "unknown"), purpose, modality)
            ),
        )
        for (purpose, modality), word in zip(topics, words, strict=True)
    ]


def newest_notice(notices: Sequence[Notice], language: str) -> Notice | None:
    """The newest version, in the language of the reader where there is one."""
    if not notices:
        return None
    top = notices[0].version
    return _spoken([row for row in notices if row.version == top], language)


def _spoken(rows: Sequence[Notice], language: str) -> Notice | None:
    return next((row for row in rows if row.language[:2] == language[:2]), rows[0] if rows else None)


def _named(notices: Sequence[Notice], word: Word | None, language: str) -> Notice | None:
    if word is None or word.notice_version is None:
        return None
    return _spoken([row for row in notices if row.version == word.notice_version], language)


def subject_of(person: Person) -> Subject | None:
    """The number behind a pseudonym, where the person ever said something."""
    alias = Alias.objects.filter(system_id=person.system.pk, digest=person.pseudonym)
    return Subject.objects.filter(pk__in=alias.values("subject_id")).first()


# --- requests ---------------------------------------------------------------------------------


def requests_of(link: PersonalLink, people: Sequence[Person]) -> QuerySet[PersonRequest]:
    """What the person of a link asked: by this link, or about the same pseudonym; newest first."""
    mine = Q(link=link)
    for person in people:
        mine |= Q(system=person.system, pseudonym=person.pseudonym)
    rows = PersonRequest.objects.filter(mine).select_related("system", "copy")
    return rows.order_by("-received_at", "pk")


def emotion_name(system: System, label: str) -> str:
    """What a system read, in the language of the reader: by the shared scheme, else the system's own word."""
    shared = str(system.label_map.get(label, label))
    name = shared_name(shared)
    return word(label) if name == shared else name


def contested(person: Person, refs: Sequence[str]) -> dict[str, PersonRequest]:
    """{reading: the newest request in which the person contests it}."""
    rows = PersonRequest.objects.filter(
        system=person.system,
        pseudonym=person.pseudonym,
        kind=rules.RequestKind.CONTEST.value,
        ref__in=list(refs),
    )
    return {row.ref: row for row in rows.exclude(state="withdrawn").order_by("received_at")}


def visible_requests(user: Any) -> QuerySet[PersonRequest]:
    """The requests that `user` may see: those they may answer, kind by kind, system by system."""
    mine = Q(pk__in=[])
    for perm in sorted(set(rules.ANSWERED_BY.values())):
        kinds = [kind for kind, needed in rules.ANSWERED_BY.items() if needed == perm]
        mine |= Q(kind__in=kinds, system__in=visible(user, perm))
    for kind, perm in rules.STANDS_IN.items():
        mine |= Q(
            kind=kind, system__in=visible(user, perm).exclude(held_by_somebody(rules.ANSWERED_BY[kind]))
        )
    return PersonRequest.objects.filter(mine).select_related("system")


def needed(kind: str, system: System) -> str:
    """The permission that answers this kind of request about this system."""
    perm = rules.ANSWERED_BY[kind]
    return perm if kind not in rules.STANDS_IN or people_with(perm, system) else rules.STANDS_IN[kind]


def can_read(request: PersonRequest, now: dt.datetime) -> bool:
    """Whether some link still opens the page on which the answer would stand."""
    if request.pseudonym is None:  # erased meanwhile
        return False
    about = LinkedPerson.objects.filter(system=request.system, pseudonym=request.pseudonym).values("link")
    links = PersonalLink.objects.filter(Q(pk=request.link_id) | Q(pk__in=about))
    return links.filter(revoked_at__isnull=True, expires_at__gt=now).exists()


def answers_somewhere(user: Any) -> bool:
    """Whether `user` answers any kind of request anywhere."""
    return any(has_anywhere(user, perm) for perm in set(rules.ANSWERED_BY.values()))


def waiting(user: Any) -> QuerySet[PersonRequest]:
    """What waits for an answer of this person, the earliest due first."""
    return visible_requests(user).filter(state__in=rules.OPEN).order_by("due_on", "received_at")


def sees_objections() -> list[Role]:
    """The roles that can learn that one person objected: by the table of permissions, not by a promise.

    Those who answer objections; who manage consent, and so try the policy for a person; the service desk.
    """
    needed = {rules.ANSWERED_BY[rules.RequestKind.OBJECTION.value], "manage_consent", "record_consent"}
    return [role for role in Role if PERMISSIONS[role] & needed]


def held_requests(system: System) -> QuerySet[PersonRequest]:
    """Erasures of a system that were begun and wait for the end of a hold."""
    return PersonRequest.objects.filter(system=system, kind="erasure", state="in_progress")
