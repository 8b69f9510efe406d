"""`backup_key`: a new pair of keys for backups."""

from typing import Any

from django.core.management.base import BaseCommand
from typing_extensions import override

from chiron.operations.backup.sealing import new_key


class Command(BaseCommand):
    help = "Print a new pair of keys for backups; keep the private one where no server is."
    requires_system_checks: list[str] = []

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        private, public = new_key()
        self.stdout.write(f"BACKUP_PUBLIC_KEY={public}")
        self.stdout.write(f"BACKUP_ENCRYPTION_KEY={private}")
