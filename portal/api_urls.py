"""Every address below /api/v1/, gathered from the slices."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from portal.web.apidocs import ApiReference

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("governance.gate.api_urls")),  # what is called for every reading comes first
    path("", include("metrics.ingest.api_urls")),
    path("", include("portal.desk.api_urls")),
    path("", include("governance.registry.api_urls")),
    path("", include("governance.screening.api_urls")),
    path("", include("governance.assessments.api_urls")),
    path("", include("governance.review.api_urls")),
    path("", include("governance.findings.api_urls")),
    path("", include("governance.audits.api_urls")),
    path("", include("metrics.dashboards.api_urls")),
    path("", include("governance.consent.api_urls")),
    path("", include("governance.stops.api_urls")),
    path("", include("governance.retention.api_urls")),
    path("", include("governance.transparency.api_urls")),
    path("", include("governance.evidence.api_urls")),
    path(
        "schema/",
        SpectacularAPIView.as_view(permission_classes=[], authentication_classes=[]),
        name="api_schema",
    ),
    path("docs/", ApiReference.as_view(), name="api_docs"),
]
