"""Addresses of versions, flows, requests and votes below /api/v1/."""

from django.urls import path

from governance.review import api, assessments_api

urlpatterns = [
    path("systems/<slug:slug>/versions", api.Versions.as_view(), name="api_versions"),
    path("systems/<slug:slug>/flows", api.Flows.as_view(), name="api_flows"),
    path("requests", api.Requests.as_view(), name="api_requests"),
    path("requests/<uuid:pk>", api.RequestOne.as_view(), name="api_request"),
    path("requests/<uuid:pk>/submit", api.RequestSubmission.as_view(), name="api_request_submit"),
    path("requests/<uuid:pk>/votes", api.Votes.as_view(), name="api_votes"),
    path(
        "assessments/<uuid:pk>/sign",
        assessments_api.AssessmentSignature.as_view(),
        name="api_assessment_sign",
    ),
    path(
        "assessments/<uuid:pk>/withdraw",
        assessments_api.AssessmentWithdrawal.as_view(),
        name="api_assessment_withdraw",
    ),
]
