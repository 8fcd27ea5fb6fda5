"""The Django app `metrics`."""

from django.apps import AppConfig


class MetricsConfig(AppConfig):
    """Label and start-up of `metrics`."""

    name = "metrics"
    label = "metrics"

    def ready(self) -> None:
        """Fill the registers: audits, sections of an evidence pack, names of figures, kinds of jobs."""
        from governance.registry import figures
        from metrics import audits, catalogue, evidence  # noqa: F401
        from metrics.dashboards import public
        from metrics.dashboards import tasks as watching  # noqa: F401
        from metrics.ingest import evidence as reconciliation
        from metrics.ingest import holder as interactions
        from metrics.ingest import tasks as imports  # noqa: F401
        from metrics.rollups import holder as sums
        from metrics.rollups import tasks as rollups  # noqa: F401
        from metrics.surveys import holder as answers
        from portal.web import badges

        evidence.fill()
        reconciliation.fill()
        public.fill()
        for holder in (interactions, answers, sums):
            holder.fill()
        badges.learn({kpi.id: kpi.name for kpi in catalogue.KPIS.values()})
        for kpi in catalogue.KPIS.values():
            figures.register(figures.FigureKind(kpi.id, kpi.name, kpi.question, kpi.shown_as, kpi.direction))
