"""Consent events in, decisions out: the calls a machine makes before and while it reads emotion."""

import uuid
from typing import Any

from django.http import Http404
from django.utils.translation import gettext
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from governance.consent.pseudonyms import pseudonym
from governance.consent.services import record_consent_events
from governance.consent.shapes import ConsentItem
from governance.gate import rules
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

    def items_of(self, request: Request, limit: int) -> tuple[list[Any], bool, dict[str, Any]]:
        """(items, was it a single one, other fields of the envelope)."""
        body = loads(self.raw_body(request)[0])
        if not isinstance(body, dict):
            raise exceptions.ParseError(gettext("Send one object, or {'items': [...]}."))
        if "items" not in body:
            return [body], True, {}
        items = body["items"]
        if not isinstance(items, list) or not 1 <= len(items) <= limit:
            raise Invalid(
                [{"field": "items", "code": "invalid", "message": N_("Send a list of items of fair length.")}]
            )
        return items, False, {k: v for k, v in body.items() if k != "items"}

    def by_system(self, request: Request, items: list[Any]) -> list[tuple[System, list[int]]]:
        """Positions of the items per system. Raises Http404 for a system that is not the caller's."""
        groups: dict[str, list[int]] = {}
        own = ""
        for n, item in enumerate(items):
            named = item.get("system") if isinstance(item, dict) else None
            own = own or ("" if named else self._own(request))
            groups.setdefault(str(named or own), []).append(n)
        found = []
        for slug, positions in sorted(groups.items()):  # one order, so that two batches cannot deadlock
            system = register.get(request.user, slug)
            require(request.user, self.perm, system)
            found.append((system, positions))
        return found

    def _own(self, request: Request) -> str:
        if not isinstance(request.auth, ApiKey):
            raise Invalid([{"field": "system", "code": "required", "message": N_("Name the system.")}])
        slug = System.objects.filter(pk=request.auth.system_id).values_list("slug", flat=True).first()
        if slug is None:
            raise Http404
        return slug


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
        for system, positions in self.by_system(request, items):
            decisions = decide(system=system, items=[questions[n] for n in positions])
            for n, decision in zip(positions, decisions, strict=True):
                external = questions[n].subject or questions[n].session
                ref = str(pseudonym(system.pk, external)) if external else None
                answers[n] = decision_shape(decision) | {"subject_ref": ref}
        return Response(answers[0] if single else {"items": answers})


def decision_shape(decision: Decision) -> dict[str, Any]:
    """A decision as the API shows it, its reason as code and as sentence."""
    return {
        "decision_id": str(uuid.uuid4()),
        "outcome": decision.outcome,
        "reason": decision.reason,
        "message": gettext(rules.SENTENCES[decision.reason]),
        "rule": decision.rule,
        "basis": decision.basis,
        "consent_event": str(decision.consent_event) if decision.consent_event else None,
        "policy_version": decision.policy_version,
        "cache_seconds": decision.cache_seconds,
    }


_EVENT = schema(ConsentItem)
_EVENT["properties"] |= _SYSTEM
_EVENTS = batch_schema(ConsentItem)
_EVENTS["properties"] = {
    "items": _EVENTS["properties"]["items"] | {"items": _EVENT},
    "source": {
        "type": "string",
        "description": "where the events come from; part of what makes an id the same",
    },
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
        items, single, other = self.items_of(request, 5_000)
        source = other.pop("source", "")
        if other or not isinstance(source, str):
            field = next(iter(other), "source")
            raise Invalid(
                [{"field": field, "code": "unknown_field", "message": N_("This field is not known.")}]
            )
        answers: list[dict[str, Any]] = [{}] * len(items)
        for system, positions in self.by_system(request, items):
            batch = [_without_system(items[n]) for n in positions]
            results = record_consent_events(system=system, items=batch, by=actor(request), source=source)
            for n, result in zip(positions, results, strict=True):
                answers[n] = result
        if single:
            _refuse(answers[0])
        counts: dict[str, int] = {}
        for answer in answers:
            counts[answer["status"]] = counts.get(answer["status"], 0) + 1
        return self.receipt(request, {"receipt": None, "counts": counts, "items": answers})


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
        return Response({"refs": [str(pseudonym(system.pk, one)) for one in subjects]})


def _without_system(item: Any) -> Any:
    return {k: v for k, v in item.items() if k != "system"} if isinstance(item, dict) else item


def _refuse(answer: dict[str, Any]) -> None:
    """A single event that was not taken is an error of the call."""
    if answer["status"] == "refused":
        raise Invalid(answer["errors"])
    if answer["status"] == "conflict":
        raise EventConflict(answer)


class EventConflict(exceptions.APIException):
    """The id of an event is known with other content (409, naming both)."""

    status_code = 409
    default_code = "conflict"

    def __init__(self, answer: dict[str, Any]) -> None:
        text = gettext("Event {id} is stored as {event} with other content.")
        super().__init__(text.format(id=answer["id"], event=answer["event"]))
