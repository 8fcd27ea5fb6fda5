"""Interactions, labels, survey answers and values of one system, over REST."""

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry import selectors as register
from metrics.ingest import services
from metrics.ingest.shapes import InteractionItem, LabelItem
from metrics.roi.services import record_values
from metrics.surveys.services import record_answers
from metrics.surveys.shapes import SurveyItem
from portal.access.selectors import require
from portal.errors import N_, Invalid
from portal.shapes import batch_schema, receipt_schema, schema
from portal.web.openapi import IDEMPOTENCY_KEY
from portal.web.raw import JSON, NDJSON, RawBodyView
from portal.web.rest import HasScope, actor, idempotency_key, idempotent, is_sandbox, loads

Service = Callable[..., dict[str, Any]]
Method = TypeVar("Method", bound=Callable[..., Response])
_TEXT = {"type": ["string", "null"]}


def _documented(name: str, shape: Any, summary: str, **extra: Any) -> Callable[[Method], Method]:
    """The OpenAPI entry of a batch call."""
    decorate: Callable[[Method], Method] = extend_schema(
        operation_id=name,
        summary=summary,
        parameters=[IDEMPOTENCY_KEY],
        request={JSON: batch_schema(shape), NDJSON: schema(shape)},
        responses={(200, JSON): receipt_schema(**extra)},
        tags=["ingest"],
    )
    return decorate


class BatchView(RawBodyView):
    """POST a batch of one kind into one system."""

    body_limit = None

    def take(self, request: Request, slug: str, service: Service) -> Response:
        """Load the system, hand the body to the service, answer with its receipt."""
        system = register.get(request.user, slug)
        require(request.user, "import_data", system)
        body, ndjson = self.raw_body(request)
        receipt = service(
            system=system,
            items=body,
            by=actor(request),
            idempotency_key=idempotency_key(request),
            ndjson=ndjson,
            sandbox=is_sandbox(request),
        )
        return self.receipt(request, receipt)


class Interactions(BatchView):
    """POST systems/{slug}/interactions."""

    permission_classes = (HasScope("interactions:write"),)

    @_documented("interactions_report", InteractionItem, "Report interactions", basis=_TEXT, reason=_TEXT)
    def post(self, request: Request, slug: str) -> Response:
        """Good items are stored, bad ones named: accepted, duplicate, conflict, corrected or refused."""
        return self.take(request, slug, services.receive)


class Labels(BatchView):
    """POST systems/{slug}/labels."""

    permission_classes = (HasScope("labels:write"),)

    @_documented("labels_report", LabelItem, "Report labels of human raters")
    def post(self, request: Request, slug: str) -> Response:
        """What raters say about stored interactions; the same rater again with another label corrects it."""
        return self.take(request, slug, services.receive_labels)


class Surveys(BatchView):
    """POST systems/{slug}/surveys."""

    permission_classes = (HasScope("surveys:write"),)

    @_documented("surveys_report", SurveyItem, "Report survey answers")
    def post(self, request: Request, slug: str) -> Response:
        """Answers to published instruments (csat, nps, ces, pets, trust); an item without answers was asked."""
        return self.take(request, slug, record_answers)


_VALUE = {"type": "object", "description": "item, month, amount, source; see the page about value"}


class Values(RawBodyView):
    """POST systems/{slug}/values."""

    permission_classes = (HasScope("values:write"),)
    media_types = (JSON,)
    body_limit = 4 * 1024 * 1024  # of 1,000 items

    @extend_schema(
        operation_id="values_report",
        summary="Report monthly costs and benefits",
        request={
            JSON: {
                "type": "object",
                "properties": {"items": {"type": "array", "items": _VALUE}},
                "required": ["items"],
            }
        },
        responses={(200, JSON): receipt_schema()},
        tags=["ingest"],
    )
    @idempotent
    def post(self, request: Request, slug: str) -> Response:
        """Monthly costs and benefits with their source; the author is who calls."""
        system = register.get(request.user, slug)
        require(request.user, "import_data", system)
        results = record_values(system=system, items=self._items(request), by=actor(request))
        counts: dict[str, int] = {}
        for result in results:
            counts[result["status"]] = counts.get(result["status"], 0) + 1
        return self.receipt(request, {"receipt": None, "counts": counts, "items": results})

    def _items(self, request: Request) -> list[Any]:
        body = loads(self.raw_body(request)[0])
        items = body.get("items") if isinstance(body, dict) and set(body) == {"items"} else None
        if not isinstance(items, list) or not 1 <= len(items) <= 1000:
            message = N_('Send {"items": [...]} with 1 to 1,000 items.')
            raise Invalid([{"field": "items", "code": "invalid", "message": message}])
        return items
