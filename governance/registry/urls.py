"""Addresses of the register."""

from django.urls import path

from governance.registry.views import reports, systems, vendors

urlpatterns = [
    path("systems/", systems.SystemList.as_view(), name="system_list"),
    path("systems/new/", systems.SystemAdd.as_view(), name="system_add"),
    path("systems/<slug:slug>/", systems.SystemDetail.as_view(), name="system_detail"),
    path("vendors/", vendors.VendorList.as_view(), name="vendor_list"),
    path("vendors/new/", vendors.VendorAdd.as_view(), name="vendor_add"),
    path("vendors/<slug:slug>/", vendors.VendorDetail.as_view(), name="vendor_detail"),
    path("mission/", vendors.MissionList.as_view(), name="mission_list"),
    path("mission/new/", vendors.MissionAdd.as_view(), name="mission_add"),
    path("mission/<uuid:pk>/", vendors.MissionChange.as_view(), name="mission_change"),
    path("reported-ai/", reports.ReportList.as_view(), name="ai_report_list"),
    path("reported-ai/new/", reports.ReportAdd.as_view(), name="ai_report_add"),
    path("reported-ai/<uuid:pk>/", reports.ReportDetail.as_view(), name="ai_report"),
    path("reported-ai/<uuid:pk>/draft/", reports.ReportDraft.as_view(), name="ai_report_draft"),
]
