"""Addresses of changes to the register, requests, deployments and boards."""

from django.urls import converters, path, register_converter

from governance.registry.fields import PARTS
from governance.review.views import (
    assessments,
    boards,
    council,
    deployments,
    documents,
    exchange,
    history,
    policies,
    register,
    requests,
    steps,
    talk,
)


class PartConverter(converters.StringConverter):
    """The kinds of rows in addresses; flows have pages of their own."""

    regex = "|".join(part.plural for part in PARTS.values() if part.kind != "flow")


register_converter(PartConverter, "part")

urlpatterns = [
    path("register/export/", exchange.RegisterExport.as_view(), name="register_export"),
    path("register/import/", exchange.RegisterImport.as_view(), name="register_import"),
    path(
        "register/imports/<uuid:job_id>/",
        exchange.RegisterImportResult.as_view(),
        name="register_import_result",
    ),
    path(
        "register/import/<uuid:unit>/<slug:token>/",
        exchange.RegisterImportCheck.as_view(),
        name="register_import_check",
    ),
    path("systems/<slug:slug>/edit/", steps.SystemSteps.as_view(), name="system_edit"),
    path("systems/<slug:slug>/edit/<slug:step>/", steps.StepPage.as_view(), name="system_step"),
    path("systems/<slug:slug>/register/", steps.DraftRegister.as_view(), name="system_register"),
    path("systems/<slug:slug>/discard/", steps.DraftDiscard.as_view(), name="system_discard"),
    path("systems/<slug:slug>/<part:kind>/new/", steps.PartPage.as_view(), name="part_add"),
    path("systems/<slug:slug>/<part:kind>/<uuid:pk>/", steps.PartPage.as_view(), name="part_edit"),
    path("systems/<slug:slug>/<part:kind>/<uuid:pk>/remove/", steps.PartRemove.as_view(), name="part_remove"),
    path("vendors/<slug:slug>/edit/", steps.VendorChange.as_view(), name="vendor_edit"),
    path("systems/<slug:slug>/flows/new/", register.FlowAdd.as_view(), name="flow_add"),
    path("systems/<slug:slug>/flows/<slug:flow>/edit/", register.FlowEdit.as_view(), name="flow_edit"),
    path("screenings/<uuid:pk>/sign/", register.ScreeningSign.as_view(), name="screening_sign"),
    path(
        "systems/<slug:slug>/flows/<slug:flow>/rescreen/",
        register.FlowRescreen.as_view(),
        name="flow_rescreen",
    ),
    path("systems/<slug:slug>/approvals/", register.SystemApprovals.as_view(), name="system_approvals"),
    path("systems/<slug:slug>/history/", history.SystemHistory.as_view(), name="system_history"),
    path("systems/<slug:slug>/history/compare/", history.SystemCompare.as_view(), name="system_compare"),
    path("systems/<slug:slug>/request/", requests.RequestAdd.as_view(), name="request_add"),
    path("requests/", requests.RequestList.as_view(), name="request_list"),
    path("requests/<uuid:pk>/", requests.RequestDetail.as_view(), name="request_detail"),
    path("requests/<uuid:pk>/submit/", requests.RequestSubmit.as_view(), name="request_submit"),
    path("requests/<uuid:pk>/close/", requests.RequestClose.as_view(), name="request_close"),
    path("requests/<uuid:pk>/withdraw/", requests.RequestWithdraw.as_view(), name="request_withdraw"),
    path("requests/<uuid:pk>/recuse/", requests.RequestRecuse.as_view(), name="request_recuse"),
    path("requests/<uuid:pk>/paper/", requests.RequestPaper.as_view(), name="request_paper"),
    path("requests/<uuid:pk>/edit/", requests.RequestEdit.as_view(), name="request_edit"),
    path("requests/<uuid:pk>/return/", requests.RequestReturn.as_view(), name="request_return"),
    path("requests/<uuid:pk>/answer/", requests.RequestResubmit.as_view(), name="request_resubmit"),
    path("requests/<uuid:pk>/extend/", requests.RequestExtend.as_view(), name="request_extend"),
    path("requests/<uuid:pk>/report/", requests.RequestReport.as_view(), name="request_report"),
    path("requests/<uuid:pk>/comments/", talk.CommentAdd.as_view(), name="comment_add"),
    path("requests/<uuid:pk>/minutes/", talk.MinutesEdit.as_view(), name="minutes_edit"),
    path("comments/<uuid:pk>/edit/", talk.CommentEdit.as_view(), name="comment_edit"),
    path("conditions/<uuid:pk>/evidence/", talk.ConditionEvidenceAdd.as_view(), name="condition_evidence"),
    path("conditions/<uuid:pk>/answer/", talk.ConditionAnswer.as_view(), name="condition_answer"),
    path("systems/<slug:slug>/works-council/new/", council.CouncilAdd.as_view(), name="council_add"),
    path("review-files/<uuid:pk>/", documents.DocumentDownload.as_view(), name="document_download"),
    path("works-council/<uuid:pk>/", council.CouncilDetail.as_view(), name="council_record"),
    path("deployments/<uuid:pk>/", deployments.DeploymentDetail.as_view(), name="deployment_detail"),
    path(
        "deployments/<uuid:pk>/suspend/", deployments.DeploymentSuspend.as_view(), name="deployment_suspend"
    ),
    path("deployments/<uuid:pk>/stop/", deployments.DeploymentStop.as_view(), name="deployment_stop"),
    path(
        "deployments/<uuid:pk>/reinstate/",
        deployments.DeploymentReinstate.as_view(),
        name="deployment_reinstate",
    ),
    path(
        "deployments/<uuid:pk>/flows/<slug:flow>/stop/",
        deployments.FlowSuspend.as_view(),
        name="deployment_flow_stop",
    ),
    path(
        "deployments/<uuid:pk>/flows/<slug:flow>/reinstate/",
        deployments.FlowReinstate.as_view(),
        name="deployment_flow_reinstate",
    ),
    path("assessments/<uuid:pk>/sign/", assessments.AssessmentSign.as_view(), name="assessment_sign"),
    path(
        "assessments/<uuid:pk>/withdraw/",
        assessments.AssessmentWithdraw.as_view(),
        name="assessment_withdraw",
    ),
    path(
        "systems/<slug:slug>/policies/<int:version>/",
        policies.PolicyPage.as_view(),
        name="policy_detail",
    ),
    path("boards/", boards.BoardList.as_view(), name="board_list"),
    path("boards/new/", boards.BoardAdd.as_view(), name="board_add"),
    path("boards/<uuid:pk>/", boards.BoardDetail.as_view(), name="board_detail"),
    path("boards/<uuid:pk>/edit/", boards.BoardEdit.as_view(), name="board_edit"),
    path("boards/<uuid:pk>/rules/<str:risk>/", boards.BoardRuleEdit.as_view(), name="board_rule_edit"),
    path("memberships/<uuid:pk>/secretary/", boards.SecretaryName.as_view(), name="member_secretary"),
    path("boards/<uuid:pk>/seats/new/", boards.SeatAdd.as_view(), name="seat_add"),
    path("seats/<uuid:pk>/members/new/", boards.MemberAdd.as_view(), name="member_add"),
    path("memberships/<uuid:pk>/term/", boards.MemberTerm.as_view(), name="member_term"),
    path("memberships/<uuid:pk>/end/", boards.MemberEnd.as_view(), name="member_end"),
]
