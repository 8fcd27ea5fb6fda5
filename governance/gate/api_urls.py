"""Addresses of the consent API below /api/v1/."""

from django.urls import path

from governance.gate import api

urlpatterns = [
    path("consent-events", api.ConsentEvents.as_view(), name="api_consent_events"),
    path("systems/<slug:slug>/subject-refs", api.SubjectRefs.as_view(), name="api_subject_refs"),
    path("decisions", api.Decisions.as_view(), name="api_decisions"),
]
