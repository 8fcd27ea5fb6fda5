"""Addresses of stops below /api/v1/."""

from django.urls import path

from governance.stops import api

urlpatterns = [
    path("systems/<slug:slug>/stops", api.Stops.as_view(), name="api_stops"),
    path("stops/<uuid:pk>/acknowledge", api.Acknowledge.as_view(), name="api_stop_acknowledge"),
]
