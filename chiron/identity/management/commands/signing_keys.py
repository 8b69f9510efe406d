"""Say which keys sign and verify access tokens, and how to take another."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from chiron.identity.keys import believed_keys, new_key, signing_key

STEPS = """
Restart every process after each step, one after the other:

1. JWT_SIGNING_KEY={old}
   JWT_ACCEPTED_KEYS={new}
2. JWT_SIGNING_KEY={new}
   JWT_ACCEPTED_KEYS={old}
3. Five minutes after the last restart, when its last token has expired, without the old key:
   JWT_SIGNING_KEY={new}
   JWT_ACCEPTED_KEYS=
"""


class Command(BaseCommand):
    help = "List the keys of access tokens; with `--new`, a new one and the steps by which it takes over."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to say."""
        parser.add_argument("--new", action="store_true", help="Make a key; the answer holds secrets.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say it."""
        for id in believed_keys():
            self.stdout.write(f"{id}  {'signs' if id == signing_key().id else 'is accepted'}")
        if options["new"]:
            self.stdout.write(STEPS.format(old=settings.JWT_SIGNING_KEY, new=new_key()))
