"""My work over REST: what waits for a person, and the days that concern them."""

import datetime as dt
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.registry.services import person
from portal.desk.dates import Dated, dates
from portal.desk.register import Task
from portal.desk.selectors import waiting
from portal.web.endpoint import ApiView
from portal.web.rest import PersonOrScope, with_etag


class TaskShape(serializers.Serializer[Any]):
    """One thing that waits; `kind` in the language of the call, `url` the page where it is done."""

    kind = serializers.CharField()
    title = serializers.CharField()
    place = serializers.CharField(help_text="The system, unit or vendor that it is about.")
    url = serializers.CharField()
    due_on = serializers.DateField(allow_null=True)
    overdue = serializers.BooleanField()


class DateShape(serializers.Serializer[Any]):
    """One day, as in the calendar; `remind`: days before it on which the person is reminded."""

    on = serializers.DateField()
    kind = serializers.CharField()
    title = serializers.CharField()
    place = serializers.CharField()
    url = serializers.CharField()
    remind = serializers.ListField(child=serializers.IntegerField())


class WorkShape(serializers.Serializer[Any]):
    """What waits, the earliest due first (at most eight of each kind), and the days to come or past and still open."""

    waiting = TaskShape(many=True)
    dates = DateShape(many=True)


class Work(ApiView):
    """GET work."""

    permission_classes = (PersonOrScope,)

    @extend_schema(operation_id="work", responses={200: WorkShape}, tags=["work"])
    def get(self, request: Request) -> Response:
        """What waits for you: the same as on your first page, in your inbox and in your calendar. For people only."""
        user, today = person(request.user), timezone.localdate()
        tasks = [_task(task, today) for task in waiting(user, today)]
        return with_etag(request, {"waiting": tasks, "dates": [_date(row) for row in dates(user)]})


def _task(task: Task, today: dt.date) -> dict[str, Any]:
    named = {name: str(getattr(task, name)) for name in ("kind", "title", "place", "url")}
    return {**named, "due_on": task.due_on, "overdue": task.overdue(today)}


def _date(row: Dated) -> dict[str, Any]:
    named = {name: str(getattr(row, name)) for name in ("kind", "title", "place", "url")}
    return {"on": row.on, **named, "remind": list(row.remind)}
