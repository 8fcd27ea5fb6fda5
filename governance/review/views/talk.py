"""Discussion, minutes and conditions: the forms below the page of a request."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views import View

from governance.review import selectors, services
from governance.review.forms import (
    CommentAddForm,
    CommentEditForm,
    EvidenceAnswerForm,
    EvidenceForm,
    MinutesForm,
    VoteForm,
)
from governance.review.models import Comment, Condition
from governance.review.views.requests import RequestAct, RequestDetail, condition_forms, find
from governance.review.views.stale import StalePage
from portal.web.views import SignedInMixin


class CommentAdd(SignedInMixin, View):
    """Write a comment, or answer one."""

    perm = "view_review"

    def post(self, request: HttpRequest, pk: Any) -> HttpResponse:
        """Write it and go back to the discussion."""
        found = find(request.user, pk)
        form = CommentAddForm(request.POST)
        if not form.is_valid():
            page = RequestDetail(request=request)
            return page.page(found, VoteForm(), condition_forms(found), 422, comment_form=form)
        values = form.made()
        parent = values.pop("parent")
        above = get_object_or_404(found.comments, pk=parent) if parent else None
        services.comment(request=found, by=request.user, parent=above, **values)
        return HttpResponseRedirect(f"{found.get_absolute_url()}#discussion")


class CommentEdit(StalePage, RequestAct):
    """Change an own comment, before a vote is cast."""

    title = _("Change the comment")
    comment: Comment

    def load(self) -> None:
        """The comment of the address, and its request."""
        rows = Comment.objects.filter(request__in=selectors.visible_requests(self.request.user))
        self.comment = get_object_or_404(rows, pk=self.kwargs["pk"])
        self.asked = find(self.request.user, self.comment.request_id)

    def form(self, data: Any = None) -> CommentEditForm:
        """With what it says."""
        mine = self.comment.written_by_id == self.request.user.pk
        initial = {"text": self.comment.text if mine else "", "row_version": self.comment.row_version}
        return CommentEditForm(data, initial=initial)

    def act(self, form: CommentEditForm) -> str:
        """Save."""
        services.edit_comment(comment=self.comment, by=self.request.user, **form.based())
        return f"{self.asked.get_absolute_url()}#discussion"


class MinutesEdit(StalePage, RequestAct):
    """Write the next version of the minutes."""

    title = _("Minutes")

    def form(self, data: Any = None) -> MinutesForm:
        """With the last version, for who may keep them."""
        latest = self.asked.minutes.order_by("-number").first()
        keeps = selectors.may_keep_minutes(self.asked, self.request.user, timezone.now().date())
        text, number = (latest.text if keeps else "", latest.number) if latest else ("", 0)
        return MinutesForm(data, initial={"text": text, "row_version": number})

    def act(self, form: MinutesForm) -> str:
        """Keep them."""
        services.keep_minutes(request=self.asked, by=self.request.user, **form.based())
        return f"{self.asked.get_absolute_url()}#minutes"


class _ConditionAct(RequestAct):
    """A form about one condition."""

    condition: Condition

    def load(self) -> None:
        """The condition of the address, and its request."""
        rows = Condition.objects.filter(request__in=selectors.visible_requests(self.request.user))
        self.condition = get_object_or_404(
            rows.select_related("request__system__unit", "request__version"), pk=self.kwargs["pk"]
        )
        self.asked = self.condition.request

    def extra(self) -> dict[str, Any]:
        """What was set, and the evidence that is open."""
        latest = self.condition.evidence.order_by("-handed_in_at").first()
        return {"note": f"{self.condition.text} — {latest.text}" if latest else self.condition.text}


class ConditionEvidenceAdd(_ConditionAct):
    """Hand in what shows that a condition is met."""

    title = _("Hand in evidence")
    submit = _("Hand in")

    def form(self, data: Any = None) -> EvidenceForm:
        """With the files that were sent."""
        return EvidenceForm(data, self.request.FILES or None)

    def act(self, form: EvidenceForm) -> str:
        """Hand it in."""
        services.hand_in(condition=self.condition, by=self.request.user, **form.made())
        return self.asked.get_absolute_url()


class ConditionAnswer(_ConditionAct):
    """Accept the evidence or send it back, by the seat named."""

    form_class = EvidenceAnswerForm
    title = _("Is this condition met?")

    def act(self, form: EvidenceAnswerForm) -> str:
        """Accept, or send back with the reason."""
        values = form.cleaned_data
        if values["said"] == "accept":
            services.accept_condition(condition=self.condition, by=self.request.user, answer=values["answer"])
        else:
            services.send_back_condition(
                condition=self.condition, by=self.request.user, reason=values["answer"]
            )
        return self.asked.get_absolute_url()
