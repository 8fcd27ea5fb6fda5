"""Addresses of the consent pages."""

from django.urls import path

from governance.consent import views

urlpatterns = [
    path("consent/", views.Overview.as_view(), name="consent_overview"),
    path("systems/<slug:slug>/consent/", views.SystemConsent.as_view(), name="system_consent"),
    path("systems/<slug:slug>/notices/new/", views.NoticeAdd.as_view(), name="notice_add"),
    path("systems/<slug:slug>/notices/<uuid:pk>/", views.NoticeDetail.as_view(), name="notice_detail"),
    path("systems/<slug:slug>/policies/draft/", views.PolicyEdit.as_view(), name="policy_edit"),
    path("systems/<slug:slug>/policies/check/", views.PolicyCheck.as_view(), name="policy_check"),
    path("systems/<slug:slug>/policies/<int:version>/", views.PolicyDetail.as_view(), name="policy_detail"),
]
