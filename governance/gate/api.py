"""Consent events in, decisions out: the calls a machine makes before and while it reads emotion."""

import uuid
from typing import Any

from django.http import Http404
from django.utils.translation import gettext
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from governance.consent.api import SOURCE, receipt_of, source_of
from governance.consent.pseudonyms import keyed
from governance.consent.services import EVENTS_AT_ONCE, record_consent_events
from governance.consent.shapes import ConsentItem
from governance.gate import rules
from governance.gate.selectors import Scope, own_scope
from governance.gate.services import Decision, checked, decide
from governance.gate.shapes import Question
from governance.registry import selectors as register
from governance.registry.models import System
from portal.access.selectors import require
from portal.accounts.models import ApiKey
from portal.errors import N_, Invalid
from portal.shapes import batch_schema, receipt_schema, schema
from portal.web.raw import JSON, RawBodyView
from portal.web.rest import HasScope, actor, idempotent, loads

DECISIONS_AT_ONCE = 1_000
_SYSTEM = {"system": {"type": "string", "description": "slug; a key knows its own system"}}
_NULLABLE = {"type": ["string", "null"]}
_DECISION = {
    "type": "object",
    "properties": {
        "decision_id": {"type": "string", "format": "uuid"},
        "outcome": {"type": "string", "enum": [rules.ALLOW, rules.VIOLATION, rules.GAP, rules.DOUBTFUL]},
        "reason": {"type": "string"},
        "message": {"type": "string"},
        "rule": {"type": "string"},
        "basis": {"type": "string"},
        "consent_event": _NULLABLE,
        "subject_ref": _NULLABLE,
        "policy_version": {"type": ["integer", "null"]},
        "cache_seconds": {"type": "integer", "maximum": rules.CACHE_SECONDS},
        "obligations": {
            "type": "array",
            "items": {"type": "string"},
            "description": "ids of the policy's rules that oblige whoever goes ahead",
        },
    },
    "required": ["decision_id", "outcome", "reason", "message", "cache_seconds"],
}
_DECISIONS = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": _DECISION}},
    "required": ["items"],
}


class SystemsOfItems(RawBodyView):
    """Calls whose items name their system (a key's own is the default)."""

    media_types = (JSON,)
    body_limit = 4 * 1024 * 1024  # of 1,000 questions, or 5,000 events
    perm = ""

    def by_system(self, request: Request, items: list[Any]) -> list[tuple[System, Scope | None, list[int]]]:
        """Each system, its scope where that came with it, and the positions of its items.

        Raises Http404 for a system that is not the caller's.
        """
        groups: dict[str, list[int]] = {}
        for n, item in enumerate(items):
            named = item.get("system") if isinstance(item, dict) else None
            groups.setdefault(str(named or ""), []).append(n)
        if isinstance(request.auth, ApiKey):
            return [self._of_key(request, request.auth, groups)]
        found: list[tuple[System, Scope | None, list[int]]] = []
        for slug, positions in sorted(groups.items()):  # one order, so that two batches cannot deadlock
            if not slug:
                raise Invalid([{"field": "system", "code": "required", "message": N_("Name the system.")}])
            system = register.get(request.user, slug)
            require(request.user, self.perm, system)
            found.append((system, None, positions))
        return found

    def _of_key(
        self, request: Request, key: ApiKey, groups: dict[str, list[int]]
    ) -> tuple[System, Scope, list[int]]:
        """A key's own system, named or not."""
        own = own_scope(key.system_id)
        if own is None or not set(groups) <= {"", own[0].slug}:
            raise Http404
        require(request.user, self.perm, own[0])
        return *own, sorted(n for positions in groups.values() for n in positions)


class Decisions(SystemsOfItems):
    """POST decisions."""

    permission_classes = (HasScope("decisions:read"),)
    perm = "view_consent"

    @extend_schema(
        operation_id="decisions_ask",
        summary="Ask whether an emotion may be processed",
        request={JSON: {"oneOf": [schema(Question), batch_schema(Question)]}},
        responses={
            (200, JSON): {"oneOf": [_DECISION, _DECISIONS]},
            422: OpenApiResponse(description="An item is not a question"),
        },
        tags=["consent"],
    )
    def post(self, request: Request) -> Response:
        """One question or up to 1,000; treat anything but a timely `allow` as no."""
        items, single, other = self.items_of(request, DECISIONS_AT_ONCE)
        if other:
            raise Invalid(
                [
                    {
                        "field": next(iter(other)),
                        "code": "unknown_field",
                        "message": N_("This field is not known."),
                    }
                ]
            )
        questions = [checked(item, "" if single else f"items[{n}].") for n, item in enumerate(items)]
        answers: list[dict[str, Any]] = [{}] * len(items)
        told: dict[str, str] = {}
        for system, known, positions in self.by_system(request, items):
            if not isinstance(request.auth, ApiKey) and any(
                questions[n].subject or questions[n].session for n in positions
            ):
                require(request.user, "manage_consent", system)  # the answer tells what that person said
            decisions = decide(system=system, items=[questions[n] for n in positions], known=known)
            for n, decision in zip(positions, decisions, strict=True):
                answers[n] = _shape(decision, told)
        return Response(answers[0] if single else {"items": answers})


def _shape(decision: Decision, told: dict[str, str]) -> dict[str, Any]:
    """A decision as the API shows it, its reason as code and sentence; `told`: the sentences of this answer so far."""
    if decision.reason not in told:
        told[decision.reason] = gettext(rules.SENTENCES[decision.reason])
    return {
        "decision_id": uuid.uuid4(),
        "outcome": decision.outcome,
        "reason": decision.reason,
        "message": told[decision.reason],
        "rule": decision.rule,
        "basis": decision.basis,
        "consent_event": decision.consent_event,
        "subject_ref": decision.person,
        "policy_version": decision.policy_version,
        "cache_seconds": decision.cache_seconds,
        "obligations": list(decision.obligations),
    }


_ITEM = schema(ConsentItem)
_ITEM["properties"] |= _SYSTEM
_EVENT = _ITEM | {"properties": _ITEM["properties"] | {"source": SOURCE}}
_EVENTS = batch_schema(ConsentItem)
_EVENTS["properties"] = {
    "items": _EVENTS["properties"]["items"] | {"items": _ITEM},
    "source": SOURCE,
}


class ConsentEvents(SystemsOfItems):
    """POST consent-events."""

    permission_classes = (HasScope("consent:write"),)
    perm = "manage_consent"

    @extend_schema(
        operation_id="consent_events_report",
        summary="Report consent events",
        request={JSON: {"oneOf": [_EVENT, _EVENTS]}},
        responses={
            (200, JSON): receipt_schema(event=_NULLABLE, subject_ref=_NULLABLE),
            409: OpenApiResponse(description="A single event whose id is known with other content"),
            422: OpenApiResponse(description="A single event that was refused"),
        },
        tags=["consent"],
    )
    @idempotent
    def post(self, request: Request) -> Response:
        """Given, refused, withdrawn, objected ... per purpose and modality; idempotent per source and id."""
        items, single, other = self.items_of(request, EVENTS_AT_ONCE)
        if single and isinstance(items[0], dict):
            other = {"source": items[0]["source"]} if "source" in items[0] else {}
        source = source_of(other)
        answers: list[dict[str, Any]] = [{}] * len(items)
        for system, _scope, positions in self.by_system(request, items):
            batch = [_bare(items[n], single) for n in positions]
            results = record_consent_events(system=system, items=batch, by=actor(request), source=source)
            for n, result in zip(positions, results, strict=True):
                answers[n] = result
        return self.receipt(request, receipt_of(answers, single=single))


REFS_AT_ONCE = 1_000
_REFS = {
    "type": "object",
    "properties": {
        "subjects": {
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": 128},
            "minItems": 1,
            "maxItems": REFS_AT_ONCE,
            "description": "as you call these people (or sessions) in other calls",
        }
    },
    "required": ["subjects"],
    "additionalProperties": False,
}
_REFS_ANSWER = {
    "type": "object",
    "properties": {"refs": {"type": "array", "items": {"type": "string", "format": "uuid"}}},
    "required": ["refs"],
}


class SubjectRefs(SystemsOfItems):
    """POST systems/{slug}/subject-refs."""

    permission_classes = (HasScope("consent:write"),)

    @extend_schema(
        operation_id="subject_refs",
        summary="Ask under which pseudonyms stops name your people",
        request={JSON: _REFS},
        responses={
            (200, JSON): _REFS_ANSWER,
            422: OpenApiResponse(description="Not a list of references"),
        },
        tags=["consent"],
    )
    def post(self, request: Request, slug: str) -> Response:
        """The `subject_ref` of each, in order; computed, nothing is stored, so it says nothing about who is known."""
        system = register.get(request.user, slug)
        require(request.user, "manage_consent", system)
        body = loads(self.raw_body(request)[0])
        if not isinstance(body, dict):
            raise exceptions.ParseError(gettext("Send one object with the list 'subjects'."))
        if unknown := sorted(set(body) - {"subjects"}):
            message = N_("This field is not known.")
            faults = [{"field": name[:100], "code": "unknown_field", "message": message} for name in unknown]
            raise Invalid(faults[:100])
        subjects = body.get("subjects")
        if not isinstance(subjects, list) or not 1 <= len(subjects) <= REFS_AT_ONCE:
            message = N_("Send a list of 1 to 1,000 references.")
            raise Invalid([{"field": "subjects", "code": "invalid", "message": message}])
        for n, one in enumerate(subjects):
            if not isinstance(one, str) or not 1 <= len(one) <= 128:
                message = N_("A reference is a text of 1 to 128 characters.")
                raise Invalid([{"field": f"subjects[{n}]", "code": "invalid", "message": message}])
        names = keyed(system.pk)
        return Response({"refs": [str(names.pseudonym(one)) for one in subjects]})


def _bare(item: Any, single: bool) -> Any:
    """An event without what the call says of it: its system and, of a single one, its source."""
    around = ("system", "source") if single else ("system",)
    return {k: v for k, v in item.items() if k not in around} if isinstance(item, dict) else item
