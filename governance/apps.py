"""The Django app `governance`."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Label and start-up of `governance`."""

    name = "governance"
    label = "governance"

    def ready(self) -> None:
        """Fill the registers: kinds of jobs, sections of evidence packs."""
        from governance.audits import tasks  # noqa: F401
        from governance.evidence import governance_sections
        from governance.evidence import tasks as evidence_tasks  # noqa: F401

        governance_sections.register_all()
