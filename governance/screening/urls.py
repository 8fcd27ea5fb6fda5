"""Addresses of flows and their legal outcome."""

from django.urls import path

from governance.screening import views, views_rules

urlpatterns = [
    path("law/", views_rules.LawPage.as_view(), name="law"),
    path("law/sets/new/", views_rules.RuleSetAdd.as_view(), name="rule_set_add"),
    path("law/sets/<uuid:pk>/", views_rules.RuleSetDetail.as_view(), name="rule_set_detail"),
    path("systems/<slug:slug>/flows/", views.SystemFlows.as_view(), name="system_flows"),
    path("systems/<slug:slug>/flows/preview/", views.FlowPreview.as_view(), name="flow_preview"),
    path("systems/<slug:slug>/flows/<slug:flow>/", views.FlowDetail.as_view(), name="flow_detail"),
]
