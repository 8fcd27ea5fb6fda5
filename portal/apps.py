"""The Django app `portal`."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Label and start-up of `portal`."""

    name = "portal"
    label = "portal"
