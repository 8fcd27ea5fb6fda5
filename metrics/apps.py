"""The Django app `metrics`."""

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    """Label and start-up of `metrics`."""

    name = "metrics"
    label = "metrics"

    def ready(self) -> None:
        """Fill the registers of governance: audits, and the sections of an evidence pack."""
        from metrics import audits, evidence  # noqa: F401
        from metrics.ingest import evidence as reconciliation

        evidence.fill()
        reconciliation.fill()
