"""The job handlers of audits, gathered for start-up."""

from governance.audits.execution import audit_job

__all__ = ["audit_job"]
