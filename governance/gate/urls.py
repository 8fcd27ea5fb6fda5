"""Addresses of the pages of the gate."""

from django.urls import path

from governance.gate import views

urlpatterns = [path("systems/<slug:slug>/policies/try/", views.TryGate.as_view(), name="gate_try")]
