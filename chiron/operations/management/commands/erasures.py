"""`erasures replay`: after a restore, erase again whom the ledger calls erased."""

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from chiron.files.public import StorageUnavailable
from chiron.kernel import clock
from chiron.operations.replaying import is_pending, remove_all_files, replay
from chiron.vault.public import LedgerBroken


class Command(BaseCommand):
    help = "Replay the ledger of erasures over restored databases; `serve` and `worker` do it before they begin."
    requires_migrations_checks = False

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verb = verbs.add_parser("replay", help="erase again what a restored backup brought back")
        verb.add_argument("--files", action="store_true", help="also remove the bytes of all erased files once more")
        verbs.add_parser("status", help="say whether anything waits to be erased again; exit 1 where it does")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._status() if options["verb"] == "status" else self._replay(files=options["files"])
        except (LedgerBroken, StorageUnavailable) as refusal:
            raise CommandError(str(refusal)) from None
        except OSError as error:
            raise CommandError(f"The ledger's copy cannot be kept up: {error.strerror}.") from None

    def _status(self) -> None:
        if is_pending():
            self.stdout.write("The databases hold what the ledger calls erased: run `chiron erasures replay`.")
            sys.exit(1)
        self.stdout.write("Nothing waits to be erased again.")

    def _replay(self, *, files: bool) -> None:
        done = replay(now=clock.now())
        self.stdout.write(
            f"{done.lines} lines restored to the ledger, {done.patients} patients and "
            f"{done.organizations} organizations erased again"
        )
        if files:
            self.stdout.write(f"{remove_all_files()} parts of files removed")
