"""Addresses of stops and endpoints."""

from django.urls import path

from governance.stops import views

ONE = "systems/<slug:slug>/endpoints/<uuid:pk>/"
urlpatterns = [
    path("systems/<slug:slug>/stops/", views.StopList.as_view(), name="stop_list"),
    path("systems/<slug:slug>/endpoints/", views.EndpointList.as_view(), name="endpoint_list"),
    path("systems/<slug:slug>/endpoints/new/", views.EndpointAdd.as_view(), name="endpoint_add"),
    path(ONE, views.EndpointDetail.as_view(), name="endpoint_detail"),
    path(f"{ONE}secret/", views.EndpointRotate.as_view(), name="endpoint_rotate"),
    path(f"{ONE}disable/", views.EndpointDisable.as_view(), name="endpoint_disable"),
    path(f"{ONE}test/", views.EndpointTest.as_view(), name="endpoint_test"),
    path(f"{ONE}retry/", views.EndpointRetry.as_view(), name="endpoint_retry"),
]
