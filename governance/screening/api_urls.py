"""Addresses of legal outcomes below /api/v1/."""

from django.urls import path

from governance.screening import api, api_rules

urlpatterns = [
    path("law", api_rules.Law.as_view(), name="api_law"),
    path("law/sets", api_rules.RuleSets.as_view(), name="api_rule_sets"),
    path("law/sets/<uuid:pk>", api_rules.RuleSetOne.as_view(), name="api_rule_set"),
    path("law/sets/<uuid:pk>/apply", api_rules.RuleSetApply.as_view(), name="api_rule_set_apply"),
    path("systems/<slug:slug>/screenings", api.Screenings.as_view(), name="api_screenings"),
]
