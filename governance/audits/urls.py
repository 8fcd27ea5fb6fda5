"""Addresses of the audit pages."""

from django.urls import path

from governance.audits import views, views_misses

urlpatterns = [
    path("audits/", views.Overview.as_view(), name="audit_overview"),
    path("audits/runs/", views.RunList.as_view(), name="audit_run_list"),
    path("audits/runs/<uuid:run_id>/", views.RunDetail.as_view(), name="audit_run"),
    path("audits/runs/<uuid:run_id>/misses/", views_misses.MissList.as_view(), name="audit_misses"),
    path("audits/runs/<uuid:run_id>/misses.csv", views_misses.MissFile.as_view(), name="audit_misses_csv"),
    path("systems/<slug:slug>/audits/", views.SystemAudits.as_view(), name="system_audits"),
    path("systems/<slug:slug>/audits/<slug:kind>/plan", views.PlanEdit.as_view(), name="audit_plan"),
    path("systems/<slug:slug>/audits/<slug:kind>/run", views.RunStart.as_view(), name="audit_run_start"),
    path(
        "charts/audit-runs/<uuid:run_id>/confusion.json",
        views.ConfusionChart.as_view(),
        {"form": "json"},
        name="audit_confusion_chart",
    ),
    path(
        "charts/audit-runs/<uuid:run_id>/confusion.csv",
        views.ConfusionChart.as_view(),
        {"form": "csv"},
        name="audit_confusion_csv",
    ),
]
