"""Addresses of the dashboards."""

from django.urls import path, register_converter

from metrics.dashboards import views


class Kind:
    """How a chart is asked for: numbers to draw, or a file."""

    regex = "json|csv"

    def to_python(self, value: str) -> str:
        """As written."""
        return value

    def to_url(self, value: str) -> str:
        """As written."""
        return value


register_converter(Kind, "chart_kind")

urlpatterns = [
    path("dashboards/", views.PortfolioView.as_view(), name="portfolio"),
    path("systems/<slug:slug>/dashboard/", views.DashboardView.as_view(), name="dashboard"),
    path("charts/<slug:key>.<chart_kind:kind>", views.PortfolioChartView.as_view(), name="portfolio_chart"),
    path("charts/<slug:slug>/<slug:key>.<chart_kind:kind>", views.ChartView.as_view(), name="chart"),
]
