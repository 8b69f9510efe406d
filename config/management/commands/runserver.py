"""`runserver`: the development server, which loads changed code anew."""

from typing import Any

from django.contrib.staticfiles.management.commands.runserver import Command as Runserver

from chiron.audit.public import Sealer
from chiron.tenancy.public import missing_migrations


class Command(Runserver):
    help = "Serve for development at 127.0.0.1:8000: reloads changed code, brings the embedded database up."

    def check_migrations(self) -> None:
        """Say what is missing in any of the three databases; Django asks a default one, which there is not."""
        missing = sorted(missing_migrations())
        if missing:
            names = ", ".join(f"{app}.{name}" for app, name in missing)
            self.stdout.write(self.style.NOTICE(f"Migrations are missing ({names}): run `chiron migrate`."))

    def inner_run(self, *args: Any, **options: Any) -> None:
        """With the sealer beside it, as `serve` has."""
        sealer = Sealer()
        sealer.start()
        try:
            super().inner_run(*args, **options)
        finally:
            sealer.stop()
