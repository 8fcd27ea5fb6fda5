"""A version of a data-use policy, and approving it: what the board votes on with the one before is given back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext

from governance.consent.models import Policy
from governance.consent.notice_views import managed
from governance.consent.views import PolicyDetail
from governance.review import changes


class PolicyPage(PolicyDetail):
    """The page of a version, from which it is approved."""

    def post(self, request: HttpRequest, slug: str, version: int) -> HttpResponse:
        """Approve it."""
        system = managed(request, slug)
        policy = get_object_or_404(Policy, system=system, version=version)
        changes.approve_policy(policy=policy, by=request.user, seen=request.POST.get("seen", ""))
        messages.success(request, gettext("Version %(n)s is in force from now on.") % {"n": version})
        return HttpResponseRedirect(reverse("system_consent", args=[slug]))
