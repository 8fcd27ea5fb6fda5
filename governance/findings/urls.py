"""Addresses of findings."""

from django.urls import path

from governance.findings import views

urlpatterns = [
    path("findings/", views.FindingList.as_view(), name="finding_list"),
    path("findings/<uuid:pk>/", views.FindingDetail.as_view(), name="finding_detail"),
    path("findings/<uuid:pk>/clear/", views.FindingClear.as_view(), name="finding_clear"),
    path("findings/<uuid:pk>/actions/new/", views.ActionAdd.as_view(), name="action_add"),
    path("actions/<uuid:pk>/done/", views.ActionDone.as_view(), name="action_done"),
]
