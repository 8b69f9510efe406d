"""`worker`: do what was asked for, until stopped."""

import signal
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from chiron.jobs.hooks import Hooks
from chiron.jobs.worker import Worker


class Command(BaseCommand):
    help = "Do queued jobs until stopped. `serve` has a worker of its own; run more where jobs wait."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How many jobs at once."""
        parser.add_argument("--concurrency", type=int, default=2, help="Jobs done at once (threads). Default: 2.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Work; SIGTERM and Ctrl-C let what is being done finish."""
        Hooks.before_work()
        worker = Worker(options["concurrency"])
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_: worker.ask_to_stop())
        self.stdout.write("working; Ctrl-C stops after what is being done")
        self.stdout.flush()
        worker.run()
