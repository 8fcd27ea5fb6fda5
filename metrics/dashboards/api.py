"""Figures over REST."""

from datetime import date

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry import selectors as registry
from metrics.dashboards import selectors
from metrics.dashboards.rules import PRESETS, Range, read_range
from metrics.stats.figure import Figure
from portal.errors import N_, Invalid
from portal.web.endpoint import ApiView
from portal.web.rest import HasScope, with_etag


class KpisView(ApiView):
    """Every figure of one system over a window."""

    permission_classes = [HasScope("kpis:read")]
    queries = (
        OpenApiParameter("from", date, description="First day, included (ISO date)."),
        OpenApiParameter("to", date, description="Last day, included (ISO date); today by default."),
        OpenApiParameter("range", str, enum=list(PRESETS), description="Instead of `from` and `to`."),
        OpenApiParameter("by", str, description="Divide accuracy by a dimension, such as `language`."),
    )

    @extend_schema(summary="Figures of a system", responses={200: dict}, tags=["figures"])
    def get(self, request: Request, slug: str) -> Response:
        """Figures with interval and n, or the reason why there is none."""
        system = registry.get(request.user, slug, "view_kpis")
        span, by = _asked(request, selectors.dimensions(system))
        board = selectors.boards([system], span)[0]
        found: dict[str, object] = {
            "system": system.slug,
            "window": {"from": span.date_from.isoformat(), "to": span.date_to.isoformat()},
            "fresh_until": board.fresh_until.isoformat() if board.fresh_until else None,
            "figures": [_shape(card.figure) | _judged(card) for card in board.cards.values()],
            "warnings": list(board.worth.warnings),
            "evaluations": [
                {
                    "name": e.name,
                    "n": e.n,
                    "sha256": e.sha256,
                    "figures": _shapes(selectors.evaluation_figures(e)),
                }
                for e in selectors.evaluations(system)
            ],
        }
        if by:
            parts = selectors.slices(system, *span.window, by)
            found["by"] = by
            found["slices"] = [{"value": part.value, "figures": _shapes(part.figures)} for part in parts]
        return with_etag(request, found)


def _shape(figure: Figure) -> dict[str, object]:
    return figure.to_dict()


def _shapes(figures: dict[str, Figure]) -> list[dict[str, object]]:
    return [figure.to_dict() for figure in figures.values()]


def _judged(card: selectors.Card) -> dict[str, object]:
    if card.goal is None or card.verdict is None:
        return {}
    target = {"target": str(card.goal.target.normalize()), "direction": card.goal.direction}
    return {"goal": target | {"due_on": card.goal.due_on.isoformat(), "verdict": card.verdict.value}}


def _asked(request: Request, dimensions: list[str]) -> tuple[Range, str]:
    """The window and the dimension; 422 with one row per parameter at fault."""
    params = request.query_params.dict()
    span, errors = read_range(params, timezone.localdate())
    by = params.get("by", "")
    if by and by not in dimensions:
        message = N_("This is not one of the choices.")
        errors = [*errors, {"field": "by", "code": "unknown_dimension", "message": message}]
    if errors:
        raise Invalid(errors)
    return span, by
