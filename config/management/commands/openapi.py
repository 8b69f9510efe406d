"""Write the OpenAPI snapshots, one file per tag."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string


class Command(BaseCommand):
    help = "Rewrite tests/snapshots from the API; the published contract changes only on purpose."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """One file per tag."""
        folder = Path(settings.BASE_DIR) / "tests" / "snapshots"
        folder.mkdir(exist_ok=True)
        for name, text in import_string("config.openapi.snapshots")().items():
            (folder / name).write_text(text)
