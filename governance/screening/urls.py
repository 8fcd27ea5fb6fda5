"""Addresses of flows and their legal outcome."""

from django.urls import path

from governance.screening import views

urlpatterns = [
    path("law/", views.LawPage.as_view(), name="law"),
    path("systems/<slug:slug>/flows/", views.SystemFlows.as_view(), name="system_flows"),
    path("systems/<slug:slug>/flows/preview/", views.FlowPreview.as_view(), name="flow_preview"),
    path("systems/<slug:slug>/flows/<slug:flow>/", views.FlowDetail.as_view(), name="flow_detail"),
    path("screenings/<uuid:pk>/sign/", views.ScreeningSign.as_view(), name="screening_sign"),
]
