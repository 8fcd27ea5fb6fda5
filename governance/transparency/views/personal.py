"""One person's own page, opened by a link of the organisation: no account, no session, no cookie.

The token in the address is the key to the page. It is looked up by its digest, never logged (portal/logs.py), and sent
nowhere: no referrer, no store, no request to anybody else. Whoever does not know it cannot send a form here; a form
carries a signed proof besides, so that an old page, or one that somebody else made, does nothing.
"""

import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.core import signing
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext
from django.views import View
from django.views.decorators.csrf import csrf_exempt

from governance.consent.models import Notice
from governance.holding import holders
from governance.holding.holders import Person
from governance.transparency import acts, copies, rules, selectors
from governance.transparency.models import PersonalCopy, PersonalLink, PersonRequest
from governance.transparency.views.public import language_of, other_language
from portal.access.roles import TITLES, Role
from portal.errors import Invalid, RuleBroken
from portal.web.middleware import sentence
from portal.web.throttle import address_of, allowed

OF_ADDRESS, OF_LINK, WRONG = (600, 300), (240, 60), (20, 600)
"""(calls, seconds): of one address at all, of one link, and of wrong tokens from one address."""
SALT, PROOF_SECONDS = "personal-page", 24 * 3600
PER_PAGE = 25


@method_decorator(
    csrf_exempt, name="dispatch"
)  # the proof below takes its place: there is no cookie to ride on
class Personal(View):
    """Opens the link of the address, or shows the one answer to everything that is no such link."""

    link: PersonalLink
    people: list[Person]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = self._answer(request, kwargs.pop("token"), *args, **kwargs)
        response["Referrer-Policy"] = "no-referrer"
        response["Cache-Control"] = "no-store, private"
        response["X-Robots-Tag"] = "noindex, nofollow"
        return response

    def _answer(self, request: HttpRequest, token: str, *args: Any, **kwargs: Any) -> HttpResponseBase:
        address = address_of(request)
        if not allowed("personal", address, limit=OF_ADDRESS[0], seconds=OF_ADDRESS[1]):
            return self._later(OF_ADDRESS[1])
        found = selectors.find_link(token, timezone.now())
        self.language = language_of(request, found.language if found else "")
        with translation.override(self.language):
            if found is None:
                if not allowed("personal-wrong", address, limit=WRONG[0], seconds=WRONG[1]):
                    return self._later(WRONG[1])
                return self.draw("transparency/personal_closed.html", {}, 404)
            if not allowed("personal-link", str(found.pk), limit=OF_LINK[0], seconds=OF_LINK[1]):
                return self._later(OF_LINK[1])
            self.link, self.token = found, token
            self.people = selectors.people_of(found)
            return self._opened(request, *args, **kwargs)

    def _opened(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        self.once: uuid.UUID | None = None
        if request.method == "POST":
            self.once = self._proof(request.POST.get("proof", ""))
            if self.once is None:
                return self.refused(
                    gettext("This page was open for too long. Go back, load it again and try once more."), 403
                )
        try:
            return super().dispatch(request, *args, **kwargs)
        except RuleBroken as error:
            return self.refused(sentence(error), 409)
        except Invalid as error:
            return self.refused(" ".join(gettext(row["message"]) for row in error.errors), 422)
        except (Http404, LookupError):
            return self.refused(gettext("There is nothing here that is about you."), 404)

    def _later(self, seconds: int) -> HttpResponse:
        response = HttpResponse(status=429, content_type="text/plain; charset=utf-8")
        response["Retry-After"] = str(seconds)
        return response

    def _proof(self, text: str) -> uuid.UUID | None:
        try:
            link, once = signing.loads(text, salt=SALT, max_age=PROOF_SECONDS)
            return uuid.UUID(once) if link == str(self.link.pk) else None
        except (signing.BadSignature, ValueError, TypeError):
            return None

    def address(self, name: str, *args: Any, **query: Any) -> str:
        """The address of a page of this link, in the language that is shown now."""
        query["lang"] = self.language[:2]
        return f"{reverse(name, args=[self.token, *args])}?{urlencode(query)}"

    def person(self, number: int) -> Person:
        """Who the link is about, in the system of that number. Raises Http404."""
        if not 0 <= number < len(self.people):
            raise Http404
        return self.people[number]

    def refused(self, reason: str, status: int) -> HttpResponse:
        """Why it was not done, with the way back."""
        return self.draw("transparency/personal_refused.html", {"reason": reason}, status)

    def draw(self, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
        """A page of the public layout, with everything its forms need."""
        context |= {"languages": other_language(self.request, self.language), "lang": self.language[:2]}
        if hasattr(self, "link"):
            proof = signing.dumps([str(self.link.pk), str(uuid.uuid4())], salt=SALT)
            context |= {"link": self.link, "home_url": self.address("my_page"), "proof": proof}
        return render(self.request, template, context, status=status)


class Home(Personal):
    """What I agreed to, what was read of me, what I asked, and what I can do."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The page."""
        parts = [self._part(number, person) for number, person in enumerate(self.people)]
        roles = selectors.sees_objections()
        context = {
            "parts": parts,
            "requests": [self._asked(row) for row in selectors.requests_of(self.link, self.people)],
            "sees": [gettext(TITLES[role]) for role in roles],
            "never_manager": Role.MANAGER not in roles,
        }
        return self.draw("transparency/personal_page.html", context)

    def _part(self, number: int, person: Person) -> dict[str, Any]:
        count, latest = holders.readings(person, (0, 5))
        lines = [
            {
                "line": line,
                "notice_url": self.address("my_notice", line.notice.pk) if line.notice else "",
                "newest_url": self.address("my_notice", line.newest.pk) if line.newest else "",
            }
            for line in selectors.lines_of(person, self.language)
        ]
        return {
            "number": number,
            "person": person,
            "lines": lines,
            "say_url": self.address("my_say", number),
            "count": count,
            "readings": self.shown(number, latest),
            "readings_url": self.address("my_readings", number),
            "stops": holders.stops(person),
            "asks": [
                (kind, self.address("my_ask", number, kind)) for kind in ("access", "erasure", "objection")
            ],
        }

    def shown(self, number: int, readings: list[holders.Reading]) -> list[dict[str, Any]]:
        """Readings, each with the address where it is contested, or what came of that."""
        contested = selectors.contested(self.people[number], [one.ref for one in readings])
        return [
            {
                "reading": one,
                "emotion": selectors.emotion_name(self.people[number].system, one.emotion or ""),
                "contest_url": self.address("my_contest", number, one.ref),
                "contest": contested.get(one.ref),
            }
            for one in readings
        ]

    def _asked(self, row: PersonRequest) -> dict[str, Any]:
        copy = getattr(row, "copy", None)
        ready = copy is not None and copy.removed_at is None and copy.expires_at > timezone.now()
        return {
            "row": row,
            "open": row.state in rules.OPEN,
            "withdraw_url": self.address("my_request_withdraw", row.pk),
            "copy_url": self.address("my_copy", row.pk) if ready else "",
            "copy": copy,
        }


class Readings(Home):
    """Every reading of my emotion by one system, page by page."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:  # type: ignore[override]
        """The page."""
        person, text = self.person(number), request.GET.get("page", "1")
        page = min(max(int(text), 1), 100_000) if text.isascii() and text.isdigit() and len(text) < 7 else 1
        count, rows = holders.readings(person, ((page - 1) * PER_PAGE, PER_PAGE))
        last = max((count + PER_PAGE - 1) // PER_PAGE, 1)
        context = {
            "person": person,
            "count": count,
            "page": page,
            "last": last,
            "readings": self.shown(number, rows),
            "newer_url": self.address("my_readings", number, page=page - 1) if 1 < page <= last else "",
            "older_url": self.address("my_readings", number, page=page + 1) if page < last else "",
        }
        return self.draw("transparency/personal_readings.html", context)


class Say(Personal):
    """One click: a yes or a no."""

    def post(self, request: HttpRequest, number: int) -> HttpResponse:
        """Record it and confirm it."""
        person, sent = self.person(number), request.POST
        what = {name: sent.get(name, "")[:60] for name in ("action", "purpose", "modality")}
        assert self.once is not None  # noqa: S101 - `_opened` lets no POST through without
        acts.say(link=self.link, person=person, once=self.once, **what)
        return HttpResponseRedirect(self.address("my_done", number, **what), status=303)


class Done(Personal):
    """What was recorded, and how to take it back: as easily as it was given."""

    def get(self, request: HttpRequest, number: int) -> HttpResponse:
        """The confirmation: what the last word is now, whatever the address says."""
        person = self.person(number)
        if "purpose" not in request.GET:
            return HttpResponseRedirect(self.address("my_page"))
        line = acts.line(
            person, request.GET.get("purpose", ""), request.GET.get("modality", ""), self.language
        )
        context = {"person": person, "line": line, "say_url": self.address("my_say", number)}
        return self.draw("transparency/personal_done.html", context)


class Ask(Personal):
    """Ask for a copy, for erasure, or object; with a few words if I like."""

    def get(self, request: HttpRequest, number: int, kind: str) -> HttpResponse:
        """What it means, and the form."""
        return self._form(self.person(number), kind)

    def post(self, request: HttpRequest, number: int, kind: str) -> HttpResponse:
        """Hand it in."""
        person = self.person(number)
        self._known(kind)
        acts.ask(link=self.link, person=person, kind=kind, text=request.POST.get("text", ""), once=self.once)
        return HttpResponseRedirect(self.address("my_page") + "#requests", status=303)

    def _known(self, kind: str) -> None:
        if kind not in ("access", "erasure", "objection"):
            raise Http404

    def _form(self, person: Person, kind: str) -> HttpResponse:
        self._known(kind)
        due = rules.due_on(kind, timezone.now().date())
        context = {"person": person, "kind": kind, "due_on": due, "action": self.request.get_full_path()}
        if kind == rules.RequestKind.OBJECTION.value:
            lines = selectors.lines_of(person, self.language)
            context["stops"] = [line for line in lines if line.heeds_a_no]
            context["stays"] = [line for line in lines if not line.heeds_a_no]
        return self.draw("transparency/personal_ask.html", context)


class Contest(Personal):
    """Say that one reading is wrong; a supervisor looks at it."""

    def get(self, request: HttpRequest, number: int, ref: str) -> HttpResponse:
        """The reading and the form."""
        person = self.person(number)
        found = holders.reading(person, ref)
        if found is None:
            raise LookupError(ref)
        context = {
            "person": person,
            "kind": "contest",
            "reading": found,
            "emotion": selectors.emotion_name(person.system, found.emotion or ""),
            "due_on": rules.due_on("contest", timezone.now().date()),
            "action": request.get_full_path(),
        }
        return self.draw("transparency/personal_ask.html", context)

    def post(self, request: HttpRequest, number: int, ref: str) -> HttpResponse:
        """Hand it in."""
        text = request.POST.get("text", "")
        acts.ask(link=self.link, person=self.person(number), kind="contest", ref=ref, text=text)
        return HttpResponseRedirect(self.address("my_page") + "#requests", status=303)


class TakeBack(Personal):
    """Withdraw a request of mine."""

    def post(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """Take it back."""
        row = get_object_or_404(selectors.requests_of(self.link, self.people), pk=pk)
        acts.take_back(link=self.link, request=row)
        return HttpResponseRedirect(self.address("my_page") + "#requests", status=303)


class NoticeText(Personal):
    """What I was told, word for word."""

    def get(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
        """The text."""
        systems = [person.system for person in self.people]
        notice = get_object_or_404(Notice.objects.select_related("system"), pk=pk, system__in=systems)
        return self.draw("transparency/personal_notice.html", {"notice": notice})


class Copy(Personal):
    """The file with everything that is held about me."""

    def get(self, request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
        """The ZIP, while it lies ready."""
        row = get_object_or_404(selectors.requests_of(self.link, self.people), pk=pk)
        copy = PersonalCopy.objects.filter(
            request=row, removed_at__isnull=True, expires_at__gt=timezone.now()
        ).first()
        path: Path | None = copies.path_of(copy) if copy else None
        if path is None or not path.is_file():
            raise Http404
        return FileResponse(path.open("rb"), as_attachment=True, filename="my-data.zip")
