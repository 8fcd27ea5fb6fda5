"""The address of my work below /api/v1/."""

from django.urls import path

from portal.desk import api

urlpatterns = [path("work", api.Work.as_view(), name="api_work")]
