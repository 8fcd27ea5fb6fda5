"""The one search box and what it finds."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View

from portal.desk.search import LONGEST, SHORTEST, search
from portal.web.views import SignedInMixin


class Search(SignedInMixin, View):
    """Results by kind; the words stand in the address."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Whoever signed in may ask; they find what their roles show them."""
        words = request.GET.get("q", "").strip()[:LONGEST]
        context = {"words": words, "groups": search(request.user, words), "short": len(words) < SHORTEST}
        return render(request, "desk/search.html", context)
