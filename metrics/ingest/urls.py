"""Addresses of imports and evaluation sets."""

from django.urls import path, register_converter

from metrics.ingest import views


class KindConverter:
    """The two kinds of files."""

    regex = "evaluation|live"

    def to_python(self, value: str) -> str:
        """As it is."""
        return value

    def to_url(self, value: str) -> str:
        """As it is."""
        return value


register_converter(KindConverter, "import_kind")

urlpatterns = [
    path("imports/", views.ImportNew.as_view(), name="import_new"),
    path(
        "systems/<slug:slug>/imports/<import_kind:kind>/<slug:token>/",
        views.ImportColumns.as_view(),
        name="import_columns",
    ),
    path("systems/<slug:slug>/imports/<uuid:job_id>/", views.ImportResult.as_view(), name="import_result"),
    path("systems/<slug:slug>/evaluations/", views.EvaluationList.as_view(), name="evaluation_list"),
    path(
        "systems/<slug:slug>/evaluations/<uuid:pk>/",
        views.EvaluationDetail.as_view(),
        name="evaluation_detail",
    ),
]
