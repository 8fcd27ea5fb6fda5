"""Addresses of the evidence API below /api/v1/."""

from django.urls import path

from governance.evidence import api

urlpatterns = [
    path("evidence-packs", api.Packs.as_view(), name="api_packs"),
    path("evidence-packs/<uuid:pk>", api.Pack.as_view(), name="api_pack"),
    path("evidence-packs/<uuid:pk>/download", api.PackDownload.as_view(), name="api_pack_download"),
]
