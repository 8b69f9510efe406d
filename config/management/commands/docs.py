"""Write the generated part of the documentation, or check that it is as the code says."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.documentation import pages


class Command(BaseCommand):
    help = "Write docs/reference and .env.example from the code; with --check only compare."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether only to compare."""
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Compare or write each page."""
        folder = Path(settings.BASE_DIR)
        stale = [name for name, text in pages().items() if _read(folder / name) != text]
        if options["check"] and stale:
            raise CommandError(f"{', '.join(stale)} is not what the code says: run `make docs`.")
        for name in stale:
            (folder / name).write_text(pages()[name])
            self.stdout.write(f"wrote {name}")


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""
