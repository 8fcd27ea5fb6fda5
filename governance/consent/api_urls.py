"""Addresses of notices, policies and consent records below /api/v1/."""

from django.urls import path

from governance.consent import api, policy_api

urlpatterns = [
    path("systems/<slug:slug>/notices", api.Notices.as_view(), name="api_notices"),
    path("systems/<slug:slug>/notices/served", api.NoticesServed.as_view(), name="api_notices_served"),
    path("systems/<slug:slug>/notices/<uuid:pk>", api.NoticeOne.as_view(), name="api_notice"),
    path("systems/<slug:slug>/policies", policy_api.Policies.as_view(), name="api_policies"),
    path("systems/<slug:slug>/policies/draft", policy_api.PolicyDraft.as_view(), name="api_policy_draft"),
    path("systems/<slug:slug>/policies/<int:version>", policy_api.PolicyOne.as_view(), name="api_policy"),
    path(
        "systems/<slug:slug>/consent-records", policy_api.ConsentRecords.as_view(), name="api_consent_records"
    ),
    path(
        "systems/<slug:slug>/consent-records/<uuid:pk>",
        policy_api.ConsentRecord.as_view(),
        name="api_consent_record",
    ),
    path(
        "systems/<slug:slug>/consent-records/<uuid:pk>/receipt",
        policy_api.ConsentReceipt.as_view(),
        name="api_consent_receipt",
    ),
]
