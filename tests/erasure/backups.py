"""Backups as an operator makes them: pg_dump of a whole database, put back over it later."""

import os
import subprocess
from collections.abc import Sequence

from django.conf import settings
from django.db import connections

from tests.canary.places import server


def backup(alias: str) -> bytes:
    """A dump of one database as it is now, which replaces what is there when it is restored."""
    return _run("pg_dump", alias, ["--clean", "--if-exists"])


def restore(alias: str, dump: bytes) -> None:
    """Put a dump back, all of it or nothing."""
    connections.close_all()
    _run("psql", alias, ["--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"], dump)


def _run(program: str, alias: str, options: Sequence[str], given: bytes = b"") -> bytes:
    owner = settings.OWNER_DATABASES[alias]
    where = ["--host", owner["HOST"], "--port", str(owner["PORT"]), "--username", owner["USER"]]
    done = subprocess.run(
        [str(server()._binaries() / program), *where, "--dbname", owner["NAME"], *options],
        env=os.environ | {"PGPASSWORD": owner["PASSWORD"]}, input=given, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()[-800:]
    return done.stdout
