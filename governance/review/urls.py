"""Addresses of changes to the register, requests, deployments and boards."""

from django.urls import path

from governance.review.views import boards, council, deployments, register, requests, talk

urlpatterns = [
    path("systems/<slug:slug>/edit/", register.SystemEdit.as_view(), name="system_edit"),
    path("systems/<slug:slug>/versions/new/", register.VersionAdd.as_view(), name="version_add"),
    path("systems/<slug:slug>/goals/new/", register.GoalAdd.as_view(), name="goal_add"),
    path("systems/<slug:slug>/flows/new/", register.FlowAdd.as_view(), name="flow_add"),
    path("systems/<slug:slug>/flows/<slug:flow>/edit/", register.FlowEdit.as_view(), name="flow_edit"),
    path(
        "systems/<slug:slug>/flows/<slug:flow>/rescreen/",
        register.FlowRescreen.as_view(),
        name="flow_rescreen",
    ),
    path("systems/<slug:slug>/approvals/", register.SystemApprovals.as_view(), name="system_approvals"),
    path("systems/<slug:slug>/history/", register.SystemHistory.as_view(), name="system_history"),
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
    path("boards/", boards.BoardList.as_view(), name="board_list"),
    path("boards/new/", boards.BoardAdd.as_view(), name="board_add"),
    path("boards/<uuid:pk>/", boards.BoardDetail.as_view(), name="board_detail"),
    path("boards/<uuid:pk>/edit/", boards.BoardEdit.as_view(), name="board_edit"),
    path("boards/<uuid:pk>/rules/<str:risk>/", boards.BoardRuleEdit.as_view(), name="board_rule_edit"),
    path("memberships/<uuid:pk>/secretary/", boards.SecretaryName.as_view(), name="member_secretary"),
    path("boards/<uuid:pk>/seats/new/", boards.SeatAdd.as_view(), name="seat_add"),
    path("seats/<uuid:pk>/members/new/", boards.MemberAdd.as_view(), name="member_add"),
    path("memberships/<uuid:pk>/end/", boards.MemberEnd.as_view(), name="member_end"),
]
