"""Addresses of the consent pages."""

from django.urls import path

from governance.consent import desk_views, import_views, notice_views, views

urlpatterns = [
    path("consent/", views.Overview.as_view(), name="consent_overview"),
    path("systems/<slug:slug>/consent/", views.SystemConsent.as_view(), name="system_consent"),
    path("consent/desk/", desk_views.DeskList.as_view(), name="consent_desk_list"),
    path("systems/<slug:slug>/consent/desk/", desk_views.Desk.as_view(), name="consent_desk"),
    path("systems/<slug:slug>/consent/look-up/", desk_views.LookUp.as_view(), name="consent_look_up"),
    path("systems/<slug:slug>/consent/import/", import_views.ImportNew.as_view(), name="consent_import"),
    path(
        "systems/<slug:slug>/consent/import/<slug:kind>/<slug:token>/",
        import_views.ImportColumns.as_view(),
        name="consent_import_columns",
    ),
    path(
        "systems/<slug:slug>/consent/imports/<uuid:job_id>/",
        import_views.ImportResult.as_view(),
        name="consent_import_result",
    ),
    path("systems/<slug:slug>/notices/", notice_views.NoticeList.as_view(), name="notice_list"),
    path("systems/<slug:slug>/notices/new/", notice_views.NoticeAdd.as_view(), name="notice_add"),
    path("systems/<slug:slug>/notices/preview/", notice_views.NoticePreview.as_view(), name="notice_preview"),
    path("systems/<slug:slug>/notices/compare/", notice_views.NoticeCompare.as_view(), name="notice_compare"),
    path("systems/<slug:slug>/notices/<uuid:pk>/", notice_views.NoticeDetail.as_view(), name="notice_detail"),
    path("systems/<slug:slug>/reconsent/", notice_views.ReconsentList.as_view(), name="reconsent_list"),
    path("systems/<slug:slug>/policies/draft/", views.PolicyEdit.as_view(), name="policy_edit"),
    path("systems/<slug:slug>/policies/compare/", views.PolicyCompare.as_view(), name="policy_compare"),
    path("systems/<slug:slug>/policies/check/", views.PolicyCheck.as_view(), name="policy_check"),
]
