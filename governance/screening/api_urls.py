"""Addresses of legal outcomes below /api/v1/."""

from django.urls import path

from governance.screening import api

urlpatterns = [
    path("systems/<slug:slug>/screenings", api.Screenings.as_view(), name="api_screenings"),
    path("screenings/<uuid:pk>/sign", api.ScreeningSignature.as_view(), name="api_screening_sign"),
]
