"""How works-council records read in the API."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from governance.review import rules
from governance.review.models import CouncilRecord
from governance.review.shapes import FileShape, Rows, Shape, file_shape


class CouncilAnswerShape(Shape):
    """An answer in a works-council record."""

    answer = serializers.CharField(help_text=", ".join(rules.CouncilState.values()))
    reason = serializers.CharField()
    documents = serializers.CharField(help_text="references")
    files = Rows(child=FileShape())
    answered_on = serializers.DateField()
    recorded_at = serializers.DateTimeField()


class CouncilShape(Shape):
    """A works-council record with its answers."""

    id = serializers.UUIDField()
    system = serializers.CharField()
    flows = Rows(child=serializers.CharField())
    state = serializers.CharField(help_text=", ".join(rules.CouncilState.values()))
    question = serializers.CharField()
    documents = serializers.CharField()
    informed_on = serializers.DateField()
    answer_due_on = serializers.DateField(allow_null=True)
    nullity_until = serializers.DateField(help_text="NL: one month after the works council was informed")
    files = Rows(child=FileShape(), help_text="the documents that it received")
    answers = Rows(child=CouncilAnswerShape())


def councils_with_all(rows: QuerySet[CouncilRecord]) -> QuerySet[CouncilRecord]:
    """With what their shape shows, in a number of queries that does not grow."""
    return rows.select_related("system").prefetch_related("files", "answers__files")


def council_shape(council: CouncilRecord) -> dict[str, Any]:
    """A works-council record as the API gives it."""
    return {
        "id": council.pk,
        "system": council.system.slug,
        "flows": sorted(council.facts),
        "state": council.state,
        "question": council.question,
        "documents": council.documents,
        "informed_on": council.informed_on,
        "answer_due_on": council.answer_due_on,
        "nullity_until": rules.nullity_until(council.informed_on),
        "files": [file_shape(row) for row in council.files.all()],
        "answers": [
            {
                "answer": a.state,
                "files": [file_shape(row) for row in a.files.all()],
                "reason": a.reason,
                "documents": a.documents,
                "answered_on": a.answered_on,
                "recorded_at": a.recorded_at,
            }
            for a in council.answers.all()
        ],
    }
