"""The Django app `portal`."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """Label and start-up of `portal`."""

    name = "portal"
    label = "portal"

    def ready(self) -> None:
        """Bind shared tasks to our Celery application in every process, so that the web can ring too."""
        from portal import celery  # noqa: F401
        from portal.desk import tasks as desk_tasks  # noqa: F401
        from portal.notify import tasks as notify_tasks  # noqa: F401
        from portal.web import openapi  # noqa: F401 - how clients sign in, for the API's description
