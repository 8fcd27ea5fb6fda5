"""Addresses of the register, flows, requests, deployments, boards and the works council below /api/v1/."""

from django.urls import path

from governance.review.api import (
    assessments,
    boards,
    deployments,
    documents,
    flows,
    policies,
    register,
    requests,
    talk,
)

urlpatterns = [
    path("systems/<slug:slug>", register.SystemOne.as_view(), name="api_system"),
    path("vendors/<slug:slug>", register.VendorOne.as_view(), name="api_vendor"),
    path("register/import", register.RegisterImport.as_view(), name="api_register_import"),
    path(
        "register/imports/<uuid:job_id>",
        register.RegisterImportJob.as_view(),
        name="api_register_import_job",
    ),
    path(
        "register/imports/<uuid:job_id>/cancel",
        register.RegisterImportCancel.as_view(),
        name="api_register_import_cancel",
    ),
    *(
        path(f"systems/<slug:slug>/{plural}", many.as_view(), name=f"api_{plural.replace('-', '_')}")
        for plural, (many, _one) in register.VIEWS.items()
    ),
    *(
        path(
            f"systems/<slug:slug>/{plural}/<uuid:pk>",
            one.as_view(),
            name=f"api_{plural.replace('-', '_')}_one",
        )
        for plural, (_many, one) in register.VIEWS.items()
    ),
    path("systems/<slug:slug>/flows", flows.Flows.as_view(), name="api_flows"),
    path(
        "systems/<slug:slug>/flows/<slug:flow>/screening",
        flows.FlowScreening.as_view(),
        name="api_flow_screen",
    ),
    path("systems/<slug:slug>/screening", flows.SystemScreening.as_view(), name="api_system_screen"),
    path("screenings/<uuid:pk>/sign", flows.ScreeningSignature.as_view(), name="api_screening_sign"),
    path("systems/<slug:slug>/works-council", deployments.Councils.as_view(), name="api_councils"),
    path("works-council/<uuid:pk>/answers", deployments.CouncilAnswers.as_view(), name="api_council_answer"),
    path("requests", requests.Requests.as_view(), name="api_requests"),
    path("requests/<uuid:pk>", requests.RequestOne.as_view(), name="api_request"),
    path("requests/<uuid:pk>/submit", requests.RequestSubmission.as_view(), name="api_request_submit"),
    path("requests/<uuid:pk>/resubmit", requests.RequestResubmission.as_view(), name="api_request_resubmit"),
    path("requests/<uuid:pk>/return", requests.RequestReturn.as_view(), name="api_request_return"),
    path("requests/<uuid:pk>/withdraw", requests.RequestWithdrawal.as_view(), name="api_request_withdraw"),
    path("requests/<uuid:pk>/close", requests.RequestClosing.as_view(), name="api_request_close"),
    path("requests/<uuid:pk>/extend", requests.RequestExtension.as_view(), name="api_request_extend"),
    path("requests/<uuid:pk>/recusals", requests.RequestRecusal.as_view(), name="api_request_recuse"),
    path("requests/<uuid:pk>/report", requests.RequestReport.as_view(), name="api_request_report"),
    path("requests/<uuid:pk>/paper", requests.Paper.as_view(), name="api_request_paper"),
    path("requests/<uuid:pk>/rounds", requests.Rounds.as_view(), name="api_rounds"),
    path("requests/<uuid:pk>/votes", requests.Votes.as_view(), name="api_votes"),
    path("requests/<uuid:pk>/comments", talk.Comments.as_view(), name="api_comments"),
    path("requests/<uuid:pk>/minutes", talk.MinutesList.as_view(), name="api_minutes"),
    path("comments/<uuid:pk>", talk.CommentOne.as_view(), name="api_comment"),
    path("conditions/<uuid:pk>/evidence", deployments.EvidenceAdd.as_view(), name="api_condition_evidence"),
    path("conditions/<uuid:pk>/accept", deployments.ConditionAccept.as_view(), name="api_condition_accept"),
    path(
        "conditions/<uuid:pk>/send-back",
        deployments.ConditionSendBack.as_view(),
        name="api_condition_send_back",
    ),
    path("conditions/<uuid:pk>/files", documents.EvidenceFiles.as_view(), name="api_condition_files"),
    path("works-council/<uuid:pk>/files", documents.CouncilFiles.as_view(), name="api_council_files"),
    path("review-files/<uuid:pk>", documents.DocumentOne.as_view(), name="api_document"),
    path("deployments", deployments.Deployments.as_view(), name="api_deployments"),
    path(
        "deployments/<uuid:pk>/flows/<slug:flow>/suspend",
        deployments.FlowSuspension.as_view(),
        name="api_deployment_flow_suspend",
    ),
    path("deployments/<uuid:pk>", deployments.DeploymentOne.as_view(), name="api_deployment"),
    path(
        "deployments/<uuid:pk>/suspend",
        deployments.DeploymentSuspension.as_view(),
        name="api_deployment_suspend",
    ),
    path(
        "deployments/<uuid:pk>/reinstatement", deployments.Reinstatements.as_view(), name="api_reinstatement"
    ),
    path(
        "systems/<slug:slug>/policies/<int:version>/approve",
        policies.PolicyApproval.as_view(),
        name="api_policy_approve",
    ),
    path("boards", boards.Boards.as_view(), name="api_boards"),
    path("boards/<uuid:pk>", boards.BoardOne.as_view(), name="api_board"),
    path("boards/<uuid:pk>/seats", boards.Seats.as_view(), name="api_seats"),
    path("seats/<uuid:pk>/members", boards.Members.as_view(), name="api_members"),
    path("memberships/<uuid:pk>/term", boards.MemberTerm.as_view(), name="api_member_term"),
    path("memberships/<uuid:pk>/end", boards.MemberEnd.as_view(), name="api_member_end"),
    path("memberships/<uuid:pk>/secretary", boards.MemberSecretary.as_view(), name="api_member_secretary"),
    path("boards/<uuid:pk>/rules", boards.BoardRules.as_view(), name="api_board_rules"),
    path(
        "assessments/<uuid:pk>/sign",
        assessments.AssessmentSignature.as_view(),
        name="api_assessment_sign",
    ),
    path(
        "assessments/<uuid:pk>/withdraw",
        assessments.AssessmentWithdrawal.as_view(),
        name="api_assessment_withdraw",
    ),
]
