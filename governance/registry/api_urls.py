"""Addresses of the register below /api/v1/."""

from django.urls import path

from governance.registry import api

urlpatterns = [
    path("systems", api.Systems.as_view(), name="api_systems"),
    path("systems/<slug:slug>/register", api.DraftRegistration.as_view(), name="api_system_register"),
    path("systems/<slug:slug>/discard", api.DraftDiscarding.as_view(), name="api_system_discard"),
    path("systems/<slug:slug>/revisions", api.Revisions.as_view(), name="api_revisions"),
    path("systems/<slug:slug>/revisions/compare", api.Comparison.as_view(), name="api_compare"),
    path("vendors", api.Vendors.as_view(), name="api_vendors"),
    path("missions", api.Missions.as_view(), name="api_missions"),
    path("missions/<uuid:pk>", api.MissionOne.as_view(), name="api_mission"),
    path("ai-reports", api.Reports.as_view(), name="api_ai_reports"),
    path("ai-reports/<uuid:pk>", api.ReportOne.as_view(), name="api_ai_report"),
    path("ai-reports/<uuid:pk>/answer", api.ReportAnswering.as_view(), name="api_ai_report_answer"),
    path("register/export", api.RegisterExport.as_view(), name="api_register_export"),
]
