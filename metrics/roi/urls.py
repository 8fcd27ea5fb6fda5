"""Addresses of costs and benefits."""

from django.urls import path

from metrics.roi import views

urlpatterns = [path("systems/<slug:slug>/values/", views.ValuesView.as_view(), name="values")]
