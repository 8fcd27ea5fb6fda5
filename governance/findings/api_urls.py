"""Addresses of findings below /api/v1/."""

from django.urls import path

from governance.findings import api

urlpatterns = [
    path("findings", api.Findings.as_view(), name="api_findings"),
    path("findings/<uuid:pk>", api.FindingOne.as_view(), name="api_finding"),
]
