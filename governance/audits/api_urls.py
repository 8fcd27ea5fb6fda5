"""Addresses of the audit API below /api/v1/."""

from django.urls import path

from governance.audits import api

urlpatterns = [
    path("systems/<slug:slug>/audits/<slug:kind>/runs", api.AuditRuns.as_view(), name="api_audit_runs"),
    path("systems/<slug:slug>/audits/<slug:kind>/plan", api.AuditPlanDetail.as_view(), name="api_audit_plan"),
    path("audit-runs/<uuid:run_id>", api.AuditRunDetail.as_view(), name="api_audit_run"),
    path("audit-runs/<uuid:run_id>/misses", api.AuditRunMisses.as_view(), name="api_audit_misses"),
]
