"""Addresses of figures below /api/v1/."""

from django.urls import path

from metrics.dashboards.api import KpisView

urlpatterns = [path("systems/<slug:slug>/kpis", KpisView.as_view(), name="api_kpis")]
