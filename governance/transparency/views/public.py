"""The public register: no sign-in, no cookie, to be cached by whoever likes."""

from typing import Any, ClassVar

import orjson
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.views import View

from governance.transparency import algorithm_register, public, publishing
from governance.transparency.models import Publication
from portal.web.throttle import address_of, allowed

CALLS, SECONDS = 300, 60
SECONDS_KEPT = 300
KEPT = f"public, max-age={SECONDS_KEPT}"


def language_of(request: HttpRequest, default: str = "") -> str:
    """`nl` or `en-gb`: as the address says (?lang=), else the default, else as the browser asks."""
    asked = request.GET.get("lang", "") or default or str(translation.get_language() or "en")
    return "nl" if asked[:2] == "nl" else "en-gb"


def other_language(request: HttpRequest, language: str) -> list[dict[str, str]]:
    """The switch: both languages, with the address of this page in each."""
    query = request.GET.copy()
    rows = []
    for code, name in (("nl", "Nederlands"), ("en", "English")):
        query["lang"] = code
        rows.append({
            "code": code, "name": name, "url": f"?{query.urlencode()}", "here": "yes" if language[:2] == code else "",
        })  # fmt: skip
    return rows


class PublicView(View):
    """A page for everybody: counted per address, in the language of `?lang=`, the same for all who ask."""

    in_languages: ClassVar[bool] = True

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not allowed("public", address_of(request), limit=CALLS, seconds=SECONDS):
            response = HttpResponse(status=429, content_type="text/plain; charset=utf-8")
            response["Retry-After"] = str(SECONDS)
            return response
        self.language = language_of(request)
        with translation.override(self.language):
            answer = super().dispatch(request, *args, **kwargs)
            answer["Content-Language"] = self.language[:2]
        # without a language in the address the answer depends on who asks: it is kept by nobody
        spoken = bool(request.GET.get("lang")) or not self.in_languages
        answer.setdefault("Cache-Control", KEPT if spoken else "no-cache")
        return answer

    def draw(self, template: str, context: dict[str, Any]) -> HttpResponse:
        """A page of the public layout."""
        context |= {"languages": other_language(self.request, self.language), "lang": self.language[:2]}
        return render(self.request, template, context)

    def publication(self, slug: str) -> Publication:
        """The page of this system that is up. Raises Http404: what is not published does not exist here."""
        row = public.published().filter(system__slug=slug).first()
        if row is None:
            raise Http404
        return row


class Register(PublicView):
    """Every system with a public page."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The list."""
        rows = list(public.published())
        names = public.organisation_of([row.system for row in rows])
        shown = [{"row": row, "summary": row.text("summary", self.language)} for row in rows]
        organisation = ", ".join(sorted(set(names.values())))
        return self.draw("transparency/public_register.html", {"rows": shown, "organisation": organisation})


class SystemPage(PublicView):
    """One system, for the people it reads."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The page."""
        page = public.page(self.publication(slug), self.language)
        return self.draw(
            "transparency/public_system.html", {"page": page, "outcomes": list(public.OUTCOMES.items())}
        )


def _entries() -> list[dict[str, Any]]:
    return [algorithm_register.entry(public.page(row, "nl")) for row in public.published()]


def _json(data: Any) -> HttpResponse:
    return HttpResponse(orjson.dumps(data, option=orjson.OPT_INDENT_2), content_type="application/json")


class RegisterJson(PublicView):
    """The register for machines, in the shape of the Dutch algorithm register."""

    in_languages = False

    def get(self, request: HttpRequest) -> HttpResponse:
        """Every entry."""
        # every entry asks as much as a page does, and anybody may ask
        rows = cache.get_or_set(publishing.REGISTER, _entries, SECONDS_KEPT)
        return _json({"standard_version": algorithm_register.VERSION, "algorithms": rows})


class SystemJson(PublicView):
    """One entry of it."""

    in_languages = False

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The entry."""
        return _json(algorithm_register.entry(public.page(self.publication(slug), "nl")))
