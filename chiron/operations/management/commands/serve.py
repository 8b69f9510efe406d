"""Serve the API."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from chiron.operations.serving import DatabaseMissing, ForeignMasterKey, Form, PortTaken, default_workers, serve


class Command(BaseCommand):
    help = "Serve the API, its documentation and the admin at one port, with the audit sealer and a worker."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where to listen."""
        parser.add_argument("--address", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--workers", type=int, default=default_workers())
        form = parser.add_mutually_exclusive_group()
        form.add_argument("--api", action="store_const", const=Form.API, dest="form", help="Keep no stream open.")
        form.add_argument(
            "--live", action="store_const", const=Form.LIVE, dest="form", help="Keep streams, nothing else."
        )
        parser.add_argument("--only", choices=["identity"], help="Sign people in for other processes, nothing else.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until interrupted."""
        self.stdout.write(f"serving at http://{options['address']}:{options['port']}")
        try:
            serve(options["address"], options["port"], options["workers"], options["form"] or Form.ALL)
        except (PortTaken, DatabaseMissing, ForeignMasterKey) as refusal:
            raise CommandError(str(refusal)) from None
