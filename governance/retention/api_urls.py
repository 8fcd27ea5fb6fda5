"""Addresses of retention below /api/v1/."""

from django.urls import path

from governance.retention import api

urlpatterns = [path("systems/<slug:slug>/retention", api.Retention.as_view(), name="api_retention")]
