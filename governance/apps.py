"""The Django app `governance`."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Label and start-up of `governance`."""

    name = "governance"
    label = "governance"

    def ready(self) -> None:
        """Fill the registers: kinds of jobs."""
        from governance.audits import tasks  # noqa: F401
