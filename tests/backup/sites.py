"""Installations of their own for backups: commands run as an operator runs them, each in a process of its own."""

import fcntl
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings

from chiron.operations.backup.sealing import new_key
from chiron.postgres.home import Home
from chiron.postgres.server import Server
from tests.ground import environment_of_tests
from tests.installation import PREFIX, QUICK

PRIVATE, PUBLIC = new_key()


class Site:
    """A folder of an installation, and whatever is told to it."""

    def __init__(self, home: Home) -> None:
        self.home, self.server = home, Server(home, QUICK)
        self.users = (home.path / "users.lock").open("w")
        fcntl.flock(self.users, fcntl.LOCK_SH)
        self.environment = {"CHIRON_HOME": str(home.path), "POSTGRES_HOST": "", "POSTGRES_DB": PREFIX}

    def start(self, *command: str, **environment: str) -> "subprocess.Popen[str]":
        """Begin a command."""
        return subprocess.Popen(
            [sys.executable, "manage.py", *command], cwd=settings.BASE_DIR, text=True,
            env=environment_of_tests(PREFIX) | self.environment | environment,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *command: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """A command to its end."""
        process = self.start(*command, **environment)
        out, err = process.communicate(timeout=900)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def python(self, code: str) -> str:
        """Some code of a test, with the settings of this installation."""
        done = subprocess.run(
            [sys.executable, "-c", f"import django\ndjango.setup()\n{code}"], cwd=settings.BASE_DIR, text=True,
            env=environment_of_tests(PREFIX) | self.environment, capture_output=True, check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, query: str) -> list[Any]:
        """What a query finds in the server, past everything."""
        with self.server.connect() as connection:
            return connection.execute(query.encode()).fetchall()

    def databases(self) -> set[str]:
        return {name for (name,) in self.ask("SELECT datname FROM pg_database") if name.startswith(PREFIX)}


@contextmanager
def sites(number: int) -> Iterator[list[Site]]:
    """So many of one installation's secrets, with running servers that no command stops; removed with all they hold."""
    folder = Path(tempfile.mkdtemp(prefix="chiron-sites-"))
    folder.chmod(0o755)
    made: list[Site] = []
    try:
        for each in range(number):
            home = Home(folder / f"home{each}")
            home.prepare()
            if made:  # what an operator has kept elsewhere
                shutil.copy(made[0].home.path / "secrets.json", home.path / "secrets.json")
            made.append(Site(home))
            made[-1].server.start()
        yield made
    finally:
        for site in made:
            site.server.stop()
            site.users.close()
        shutil.rmtree(folder)
