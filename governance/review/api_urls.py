"""Addresses of changes to the register, of flows, requests and votes below /api/v1/."""

from django.urls import path

from governance.review import api, api_register, assessments_api

urlpatterns = [
    path("systems/<slug:slug>", api_register.SystemOne.as_view(), name="api_system"),
    path("vendors/<slug:slug>", api_register.VendorOne.as_view(), name="api_vendor"),
    path("register/import", api_register.RegisterImport.as_view(), name="api_register_import"),
    *(
        path(f"systems/<slug:slug>/{plural}", many.as_view(), name=f"api_{plural.replace('-', '_')}")
        for plural, (many, _one) in api_register.VIEWS.items()
    ),
    *(
        path(
            f"systems/<slug:slug>/{plural}/<uuid:pk>",
            one.as_view(),
            name=f"api_{plural.replace('-', '_')}_one",
        )
        for plural, (_many, one) in api_register.VIEWS.items()
    ),
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
