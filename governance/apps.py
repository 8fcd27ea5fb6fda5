"""The Django app `governance`."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Label and start-up of `governance`."""

    name = "governance"
    label = "governance"
