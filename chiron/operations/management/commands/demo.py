"""From nothing to a clinic that answers: databases, keys, a demo organization with patients, and the server."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from chiron.kernel.clock import now
from chiron.operations.demo import OPERATOR, PASSWORD, USERS, give_patients, have_demo
from chiron.operations.demo_day import give_day
from chiron.operations.demo_laboratory import give_laboratories
from chiron.operations.demo_past import give_past
from chiron.operations.demo_screenings import give_screenings
from chiron.operations.serving import PortTaken, default_workers, must_be_free, serve


class Command(BaseCommand):
    help = "Make the demo clinic, once, and serve it."
    requires_system_checks: list[str] = ["models"]

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What the demo holds, and where it is served."""
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--data-dir", help="Folder of all data (instead of CHIRON_HOME).")
        parser.add_argument("--clinic-patients", type=int, default=20, help="How many patients are made up.")
        parser.add_argument("--seed", type=int, default=1, help="The same seed makes the same patients.")
        parser.add_argument("--no-serve", action="store_true", help="Stop when everything is made.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Make what is missing, say where everything is, serve."""
        if settings.ENVIRONMENT == "production":
            raise CommandError("The demo has well-known passwords and is refused in production.")
        if not options["no_serve"]:
            self._must_be_free(options["port"])
        self.stdout.write(f"1/4 PostgreSQL runs, its data in {settings.HOME.path}")
        call_command("setup_databases", stdout=self.stdout)
        self.stdout.write("2/4 migrating")
        call_command("migrate", verbosity=0)
        self.stdout.write("3/4 demo organization and users")
        demo = have_demo(now())
        self.stdout.write("4/4 patients")
        call_command(
            "generate_mock_data", clinic_patients=options["clinic_patients"], seed=options["seed"], organization="demo",
            stdout=self.stdout,
        )  # fmt: skip
        give_patients(demo, now())
        give_day(demo, now())
        give_past(demo, now())
        give_laboratories(demo, now())
        give_screenings(demo, now())
        self._explain(options["port"], served=not options["no_serve"])
        if not options["no_serve"]:
            if settings.PUBLIC_URL.startswith("http://127.0.0.1:"):
                settings.PUBLIC_URL = f"http://127.0.0.1:{options['port']}"
            serve("127.0.0.1", options["port"], default_workers())

    def _must_be_free(self, port: int) -> None:
        try:
            must_be_free("127.0.0.1", port)
        except PortTaken as refusal:
            raise CommandError(str(refusal)) from None

    def _explain(self, port: int, *, served: bool) -> None:
        base = f"http://127.0.0.1:{port}"
        lines = [
            "",
            f"API and documentation  {base}/api",
            f"Front desk             {base}/desk/   (reception_demo)",
            f"Admin                  {base}/admin/   ({OPERATOR})",
            f"Users of demo          {', '.join(USERS)}",
            f"Password of all        {PASSWORD}",
            "",
            f"curl -s {base}/api/auth/login -H 'Content-Type: application/json' \\",
            f'  -d \'{{"username": "doctor_demo", "password": "{PASSWORD}"}}\'',
            "",
            f"For other commands on it: export CHIRON_HOME={settings.HOME.path}",
            "Mail is shown here, on the console.",
            "Ctrl-C stops everything." if served else "Served by the same command without --no-serve.",
        ]
        self.stdout.write("\n".join(lines))
