"""Addresses of the jobs pages."""

from django.urls import path

from portal.jobs import views

urlpatterns = [
    path("jobs/", views.JobList.as_view(), name="job_list"),
    path("jobs/<uuid:job_id>/", views.JobDetail.as_view(), name="job_detail"),
    path("jobs/<uuid:job_id>/progress", views.JobProgress.as_view(), name="job_progress"),
    path("jobs/<uuid:job_id>/cancel", views.JobAct.as_view(act="cancel"), name="job_cancel"),
    path("jobs/<uuid:job_id>/retry", views.JobAct.as_view(act="retry"), name="job_retry"),
    path("health/jobs", views.health, name="health_jobs"),
]
