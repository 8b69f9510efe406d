"""`createsuperuser` for platform operators: Django's own, told where the accounts are."""

from django.contrib.auth.management.commands import createsuperuser
from django.core.management.base import CommandParser
from typing_extensions import override

from chiron.kernel.db import ACCOUNTS


class Command(createsuperuser.Command):
    help = "Make a platform operator, who runs the installation and sees nothing clinical."
    requires_migrations_checks = False  # Django's check asks the default database, and there is none

    @override
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database=ACCOUNTS)
