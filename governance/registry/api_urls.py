"""Addresses of the register below /api/v1/."""

from django.urls import path

from governance.registry import api

urlpatterns = [
    path("systems", api.Systems.as_view(), name="api_systems"),
    path("systems/<slug:slug>", api.SystemOne.as_view(), name="api_system"),
]
