"""The demo users of the contract, with patients."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from chiron.kernel.clock import now
from chiron.operations.demo import PASSWORD, SLUG, USERS, give_patients, have_demo, remove_demo
from chiron.operations.demo_day import give_day
from chiron.operations.demo_laboratory import give_laboratories
from chiron.operations.demo_past import give_past
from chiron.operations.demo_screenings import give_screenings


class Command(BaseCommand):
    help = "Make the demo organization with users (password in the docs), patients and a laboratory; not in production."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What is made, and whether from nothing."""
        parser.add_argument("--clean", action="store_true", help="Remove the demo organization first, data and all.")
        parser.add_argument("--skip-screenings", action="store_true", help="Leave the screenings of blood counts out.")
        parser.add_argument("--force", action="store_true", help="In production, too.")
        parser.add_argument("--clinic-patients", type=int, default=20)
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing."""
        if settings.ENVIRONMENT == "production" and not options["force"]:
            raise CommandError("Demo users have a well-known password: in production this needs --force.")
        if options["clean"]:
            self.stdout.write(f"removing the organization {SLUG}")
            remove_demo()
        demo = have_demo(now())
        call_command(
            "generate_mock_data", clinic_patients=options["clinic_patients"], seed=options["seed"], organization=SLUG,
            stdout=self.stdout,
        )  # fmt: skip
        give_patients(demo, now())
        give_day(demo, now())
        give_past(demo, now())
        give_laboratories(demo, now())
        if not options["skip_screenings"]:
            give_screenings(demo, now())
        self.stdout.write(f"{', '.join(USERS)}: {PASSWORD}")
