"""Every address of the portal, gathered from its slices."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path(
        "api/v1/", include("portal.api_urls")
    ),  # first: machines call most, and an address is looked for in order
    path("", include("portal.web.urls")),
    path("", include("governance.audits.urls")),
    path("", include("portal.jobs.urls")),
    path("", include("portal.notify.urls")),
    path("", include("portal.desk.urls")),
    path("accounts/", include("portal.accounts.urls")),
    path("", include("metrics.dashboards.urls")),
    path("", include("metrics.roi.urls")),
    path("", include("governance.registry.urls")),
    path("", include("governance.review.urls")),
    path("", include("governance.screening.urls")),
    path("", include("governance.assessments.urls")),
    path("", include("governance.findings.urls")),
    path("", include("governance.evidence.urls")),
    path("", include("governance.consent.urls")),
    path("", include("governance.stops.urls")),
    path("", include("governance.retention.urls")),
    path("", include("governance.gate.urls")),
    path("", include("governance.transparency.urls")),
    path("", include("metrics.ingest.urls")),
]

handler400 = "portal.web.errors.bad_request"
handler403 = "portal.web.errors.forbidden"
handler404 = "portal.web.errors.not_found"
handler500 = "portal.web.errors.failed"
