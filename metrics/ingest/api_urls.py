"""Addresses of the ingest API below /api/v1/."""

from django.urls import path

from metrics.ingest import api

urlpatterns = [
    path("systems/<slug:slug>/interactions", api.Interactions.as_view(), name="api_interactions"),
    path("systems/<slug:slug>/labels", api.Labels.as_view(), name="api_labels"),
    path("systems/<slug:slug>/surveys", api.Surveys.as_view(), name="api_surveys"),
    path("systems/<slug:slug>/values", api.Values.as_view(), name="api_values"),
]
