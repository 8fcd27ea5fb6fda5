"""Acts on an assessment that touch approvals, over REST: sign it, take the signature back."""

import uuid

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.assessments.api import TAGS, Act, find
from governance.assessments.rules import EDIT, SIGNED_BY
from governance.assessments.serializers import AssessmentShape, ReasonWrite
from governance.review import changes
from portal.web.rest import idempotent


class AssessmentSignature(Act):
    """POST assessments/{id}/sign."""

    @extend_schema(
        operation_id="assessment_sign", request=ReasonWrite, responses={200: AssessmentShape}, tags=TAGS
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Sign what is in review, as a person who may and wrote nothing in it."""
        return self.acted(request, self.found(request, pk), changes.sign_assessment, ReasonWrite)


class AssessmentWithdrawal(Act):
    """POST assessments/{id}/withdraw."""

    @extend_schema(
        operation_id="assessment_withdraw", request=ReasonWrite, responses={200: AssessmentShape}, tags=TAGS
    )
    @idempotent
    def post(self, request: Request, pk: uuid.UUID) -> Response:
        """Give up an open version, or take back a signature."""
        row = find(request, pk)
        found = self.found(request, pk, SIGNED_BY[row.kind], EDIT)
        return self.acted(request, found, changes.withdraw_assessment, ReasonWrite)
