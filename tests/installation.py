"""An installation of its own, beside the session's: what is killed here troubles no other test."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from psycopg.rows import tuple_row

from chiron.postgres.home import Home
from chiron.postgres.server import SUPERUSER, Server
from tests.ground import environment_of_tests

PREFIX = "chiron"
QUICK = {"fsync": "off"}
"""Only a power cut could show what this costs: what was given to the kernel outlives every process."""

BUILD = """
import django, json
django.setup()
from django.core.management import call_command
call_command("setup_databases", stdout=open("/dev/null", "w"))
call_command("migrate", verbosity=0)
from chiron.identity.public import Role
from tests.town import Clinic, add_person, make_organization
clinic = Clinic(make_organization("hilltop"))
add_person(clinic, Role.ADMIN)
print(json.dumps({"organization": clinic.id.hex}))
"""


class Installation:
    """A home with a server, the three databases, and a clinic with one admin."""

    def __init__(self, home: Home, server: Server) -> None:
        self.home, self.server = home, server
        self.environment = {"CHIRON_HOME": str(home.path), "POSTGRES_HOST": "", "POSTGRES_DB": PREFIX}
        done = subprocess.run(
            [sys.executable, "-c", BUILD], cwd=settings.BASE_DIR, env=environment_of_tests(PREFIX) | self.environment,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        self.organization = json.loads(done.stdout.splitlines()[-1])["organization"]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """What a query finds in the clinic's schema, past the application and its rights."""
        with psycopg.connect(
            host=str(self.home.sockets), port=self.home.port(), user=SUPERUSER, row_factory=tuple_row,
            password=self.home.secrets()["POSTGRES_PASSWORD"], dbname=f"{PREFIX}_clinical",
        ) as connection:  # fmt: skip
            connection.execute("SELECT set_config('search_path', %s, false)", [f"t_{self.organization}"])
            return connection.execute(query.encode()).fetchall()


@contextmanager
def installation(**server_settings: str) -> Iterator[Installation]:
    """A new one; removed with everything in it."""
    folder = Path(tempfile.mkdtemp(prefix="chiron-installation-"))
    folder.chmod(0o755)
    home = Home(folder / "home")
    home.prepare()
    server = Server(home, QUICK | server_settings)
    try:
        server.start()
        yield Installation(home, server)
    finally:
        server.stop()
        shutil.rmtree(folder)
