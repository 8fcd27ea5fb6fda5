"""`manage.py document_metrics`: writes docs/metrics.md from the catalogue."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from metrics.document import render


class Command(BaseCommand):
    """Writes the page; needs no database."""

    help = "Write docs/metrics.md from the catalogue of KPIs."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """One file."""
        path = settings.BASE_DIR / "docs" / "metrics.md"
        path.write_text(render(), encoding="utf-8")
        self.stdout.write(str(path.relative_to(settings.BASE_DIR)))
