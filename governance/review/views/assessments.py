"""Acts on an assessment that touch approvals: sign it, take the signature back."""

from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from governance.assessments import selectors
from governance.assessments.forms import ReasonForm
from governance.assessments.rules import EDIT, SIGNED_BY
from governance.assessments.views.acts import ReasonPage
from governance.registry.pages import said
from governance.review import changes


class AssessmentSign(ReasonPage):
    """Sign what is in review."""

    title = _("Sign this assessment")
    submit = _("Sign")

    def extra(self) -> dict[str, Any]:
        """Why not, or what it means."""
        why = selectors.why_not_sign(self.assessment, self.request.user)
        note = gettext(
            "It is frozen as it is now, valid for twelve months, and replaces the version in use. "
            "What was approved with that version is void until the board decides again."
        )
        return {"note": gettext(why) if why else note}

    def act(self, form: ReasonForm) -> str:
        """Sign it."""
        changes.sign_assessment(assessment=self.assessment, by=self.request.user, **form.cleaned_data)
        said(self.request, gettext("Signed. It is valid for twelve months."))
        return self.assessment.get_absolute_url()


class AssessmentWithdraw(ReasonPage):
    """Give up an open version, or take back a signature."""

    title = _("Withdraw this assessment")
    submit = _("Withdraw")
    danger = True

    def needs(self) -> tuple[str, ...]:
        """Writers, or who signs."""
        return (SIGNED_BY[self.assessment.kind], EDIT)

    def extra(self) -> dict[str, Any]:
        """The consequence."""
        if self.assessment.state == "signed":
            return {
                "note": gettext(
                    "What was approved with this signature is void from then on, until the board decides again."
                )
            }
        return {}

    def act(self, form: ReasonForm) -> str:
        """Withdraw it."""
        changes.withdraw_assessment(assessment=self.assessment, by=self.request.user, **form.cleaned_data)
        said(self.request, gettext("Withdrawn."))
        return self.assessment.get_absolute_url()
