"""Addresses of the register."""

from django.urls import path

from governance.registry import views

urlpatterns = [
    path("systems/", views.SystemList.as_view(), name="system_list"),
    path("systems/new/", views.SystemAdd.as_view(), name="system_add"),
    path("systems/<slug:slug>/", views.SystemDetail.as_view(), name="system_detail"),
]
