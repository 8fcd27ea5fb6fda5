"""A person's dates as an iCalendar feed (RFC 5545), read by a calendar program without signing in."""

import datetime as dt
import uuid
from collections import Counter

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from icalendar import Calendar, Event

from portal.accounts.models import User
from portal.desk.dates import Dated, dates
from portal.notify.selectors import reader_of

REFRESH = dt.timedelta(hours=6)


@require_safe
@never_cache
def feed(request: HttpRequest, token: str) -> HttpResponse:
    """The calendar of whoever has this secret address; 404 for an unknown or ended one, or an account that is over."""
    user = reader_of(token)
    if user is None or not user.is_active or user.ended(timezone.now()):
        raise Http404
    response = HttpResponse(draw(user), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="attune.ics"'
    return response


def draw(user: User) -> bytes:
    """The calendar in the person's language: an all-day event for each date, with a link."""
    with translation.override(user.language):
        calendar = Calendar()
        calendar.add("prodid", "-//Attune//Attune//EN")
        calendar.add("version", "2.0")
        calendar.add("x-wr-calname", "Attune")
        calendar.add("refresh-interval", REFRESH)
        alike: Counter[str] = Counter()
        for row in dates(user):
            calendar.add_component(_event(row, alike))
        return bytes(calendar.to_ical())


def _event(row: Dated, alike: Counter[str]) -> Event:
    """One date. Its UID follows from what it is about, so that a moved date moves in the calendar.

    `alike`: how many of the same words came before (two conditions in one sentence, two terms on one seat).
    """
    with translation.override("en-gb"):
        name = f"{row.kind}\0{row.url}\0{row.title}"
    alike[name] += 1
    if alike[name] > 1:
        name += f"\0{alike[name]}"
    event = Event()
    event.add("uid", f"{uuid.uuid5(uuid.NAMESPACE_URL, name)}@attune")
    event.add("dtstamp", timezone.now())
    event.add("dtstart", row.on)
    event.add("dtend", row.on + dt.timedelta(days=1))
    event.add("summary", f"{row.kind}: {row.title}")
    event.add("location", row.place)
    event.add("url", f"{settings.BASE_URL}{row.url}")
    event.add("description", f"{gettext('Open in Attune')}: {settings.BASE_URL}{row.url}")
    event.add("transp", "TRANSPARENT")
    return event
