"""The own profile."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from django.views import View

from portal.accounts import services
from portal.accounts.forms import ProfileForm


class Profile(LoginRequiredMixin, View):
    """Name, language, zone, theme; links to password and second factor."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """The form, filled."""
        return self._page(request, ProfileForm(instance=request.user), 200)

    def post(self, request: HttpRequest) -> HttpResponse:
        """Save and come back, in the language just chosen."""
        form = ProfileForm(request.POST, instance=request.user)
        if not form.is_valid():
            return self._page(request, form, 422)
        fields: dict[str, Any] = form.cleaned_data
        saved = services.change_profile(user=request.user, **fields)  # type: ignore[arg-type]
        with translation.override(saved.language):
            messages.success(request, gettext("Your profile is saved."))
        return HttpResponseRedirect(reverse("profile"))

    def _page(self, request: HttpRequest, form: ProfileForm, status: int) -> HttpResponse:
        return render(request, "accounts/profile.html", {"form": form}, status=status)
