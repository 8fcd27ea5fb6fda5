"""Approving a data-use policy over REST: what the board votes on with the one before is given back."""

from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.consent.api import system_for
from governance.consent.policy_api import policy_answer, policy_version
from governance.consent.serializers import ApprovePolicy, PolicyShape
from governance.review import changes
from portal.accounts.models import ApiKey
from portal.errors import N_, NotAllowed
from portal.web.endpoint import ApiView
from portal.web.rest import HasScope, actor, idempotent


class PolicyApproval(ApiView):
    """POST systems/{slug}/policies/{version}/approve."""

    permission_classes = (HasScope("policies:write"),)

    @extend_schema(
        operation_id="policy_approve",
        request=ApprovePolicy,
        responses={
            200: PolicyShape,
            409: OpenApiResponse(
                description="No draft, rewritten since it was read, or drafted by the same person"
            ),
        },
        tags=["consent"],
    )
    @idempotent
    def post(self, request: Request, slug: str, version: int) -> Response:
        """Approve a draft: from now on it is in force, and frozen. A person does this, never a key; open votes end."""
        system = system_for(request, slug, "manage_consent")
        if isinstance(request.auth, ApiKey):
            raise NotAllowed(N_("A policy is approved by a person, not by a key."), code="person_needed")
        body = ApprovePolicy(data=request.data)
        body.is_valid(raise_exception=True)
        policy = changes.approve_policy(
            policy=policy_version(system, version), by=actor(request), **body.validated_data
        )
        return Response(policy_answer(policy))
