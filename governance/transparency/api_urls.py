"""Addresses of personal links and of requests of people below /api/v1/."""

from django.urls import path

from governance.transparency import api

_ONE = "person-requests/<uuid:pk>"
urlpatterns = [
    path("personal-links", api.PersonalLinks.as_view(), name="api_personal_links"),
    path(
        "personal-links/<uuid:pk>/revoke",
        api.PersonalLinkRevocation.as_view(),
        name="api_personal_link_revoke",
    ),
    path("person-requests", api.PersonRequests.as_view(), name="api_person_requests"),
    path(_ONE, api.PersonRequestOne.as_view(), name="api_person_request"),
    path(f"{_ONE}/start", api.RequestStart.as_view(), name="api_person_request_start"),
    path(f"{_ONE}/carry-out", api.RequestCarryOut.as_view(), name="api_person_request_carry_out"),
    path(f"{_ONE}/answer", api.RequestAnswer.as_view(), name="api_person_request_answer"),
    path(f"{_ONE}/refuse", api.RequestRefusal.as_view(), name="api_person_request_refuse"),
    path(f"{_ONE}/extend", api.RequestExtension.as_view(), name="api_person_request_extend"),
]
