"""Trying the gate: a person types a situation and sees the answer, the rule and the word that decided it."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext
from django.views import View

from governance.gate import rules, services
from governance.gate.forms import TryForm
from governance.registry import selectors as register
from governance.registry.models import System
from portal.access.selectors import can
from portal.web.views import SignedInMixin


class TryGate(SignedInMixin, View):
    """The form and, once it is sent, the answer. Asking changes nothing; it is a POST all the same, since an address
    ends in logs and a person's reference does not belong there."""

    perm = "view_consent"

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The form, beginning with the first declared data flow."""
        system = register.get(request.user, slug, "view_consent")
        return self._page(request, system, self._form(request, system), None, 200)

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """The answer beside the form."""
        system = register.get(request.user, slug, "view_consent")
        form = self._form(request, system, request.POST)
        if not form.is_valid():
            return self._page(request, system, form, None, 422)
        return self._page(request, system, form, _answer(system, form.cleaned_data), 200)

    def _form(self, request: HttpRequest, system: System, sent: Any = None) -> TryForm:
        """With a field for a person only for who may learn what that person said."""
        return TryForm(sent, system=system, names_people=can(request.user, "manage_consent", system))

    def _page(
        self, request: HttpRequest, system: System, form: TryForm, answer: Any, status: int
    ) -> HttpResponse:
        context = {"system": system, "form": form, "answer": answer}
        return render(request, "gate/try.html", context, status=status)


def _answer(system: System, data: dict[str, Any]) -> dict[str, Any]:
    """The decision in words."""
    question = {name: data[name] for name in ("subject_role", "purpose", "modality", "layer", "operation")}
    question["subject"] = data.get("subject") or uuid.uuid4().hex  # somebody who never said anything
    question |= {name: data[name] for name in ("recipient", "at") if data[name]}
    decision, word = services.try_out(system=system, question=question, version=data["version"])
    sentence = gettext(rules.SENTENCES[decision.reason])
    return {"decision": decision, "sentence": sentence, "word": word, "draft": data["version"]}
