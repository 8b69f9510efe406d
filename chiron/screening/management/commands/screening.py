"""`screening reproduce ID`: does an old screening come out the same today?"""

import sys
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from typing_extensions import override

from chiron.identity.public import Role
from chiron.kernel.access import Caller
from chiron.kernel.errors import DomainError, NotFound
from chiron.screening.blood.reading import CountRefused
from chiron.screening.services.reproduce import reproduces
from chiron.tenancy.public import inside, organization_for_command


class Command(BaseCommand):
    help = "Look after screenings."

    @override
    def add_arguments(self, parser: ArgumentParser) -> None:
        verbs = parser.add_subparsers(dest="verb", required=True)
        verb = verbs.add_parser("reproduce", help="make an old answer again; exit 1 where it differs by a byte")
        verb.add_argument("id", type=UUID, metavar="ID", help="of the screening")
        verb.add_argument("--organization", metavar="SLUG", help="whose it is (default: the only one)")

    @override
    def handle(self, *args: Any, **options: Any) -> None:
        try:
            organization = organization_for_command(options["organization"])
        except NotFound:
            raise CommandError("Name the organization with --organization, by a slug that is one here.") from None
        by = Caller(organization_id=organization.id, roles=frozenset({Role.ADMIN}), device="screening reproduce")
        try:
            with inside(organization.id):
                same = reproduces(by=by, screening_id=options["id"])
        except DomainError as refusal:
            raise CommandError(str(refusal)) from None
        except CountRefused:
            raise CommandError("The count would be refused today.") from None
        self.stdout.write("The same, byte for byte." if same else "It comes out differently today.")
        if not same:
            sys.exit(1)
