"""Addresses of the retention pages."""

from django.urls import path

from governance.retention import views

urlpatterns = [
    path("systems/<slug:slug>/retention/", views.RetentionList.as_view(), name="retention_list"),
    path("systems/<slug:slug>/retention/run/", views.RetentionRun.as_view(), name="retention_run"),
]
