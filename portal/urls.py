"""Every address of the portal, gathered from its slices."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("portal.web.urls")),
    path("accounts/", include("allauth.urls")),
    path("api/v1/", include("portal.api_urls")),
]
