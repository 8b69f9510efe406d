"""Everything that is left on a disk or kept in a process: dumps, logs, files, caches."""

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from chiron.postgres.server import Server
from tests.caches import cached

ALIASES = ("accounts", "clinical", "research")
Found = Iterator[tuple[str, bytes]]


def server() -> Server:
    """The session's server."""
    return Server(settings.HOME)


def everything_since(moment: float) -> Found:
    """What lies where, after the server wrote down what it had in memory; of files what was changed since."""
    with server().connect() as connection:
        connection.execute("CHECKPOINT")
    yield from dumps()
    yield from files(settings.HOME.path, moment)
    yield from ((f"cache {name}", content) for name, content in cached())


def dumps() -> Found:
    """All three databases, the queue among them, as plain SQL."""
    for alias in ALIASES:
        owner = settings.OWNER_DATABASES[alias]
        done = subprocess.run(
            [_program("pg_dump"), "--host", owner["HOST"], "--port", str(owner["PORT"]), "--username", owner["USER"],
             "--dbname", owner["NAME"]],
            env=os.environ | {"PGPASSWORD": owner["PASSWORD"]}, capture_output=True, check=True,
        )  # fmt: skip
        yield f"dump of {alias}", done.stdout


def files(folder: Path, moment: float) -> Found:
    """Every file below a folder that was changed since: tables, write-ahead log, the server's logs and temporary files,
    copies of audit heads, attachments, and whatever nobody thought of."""
    everything = (Path(above) / name for above, _, names in os.walk(folder) for name in names)
    for path in everything:  # and not by rglob, which breaks where another worker drops a database meanwhile
        try:
            if path.is_file() and path.stat().st_mtime >= moment:
                name = str(path.relative_to(folder))
                yield f"file {name}", name.encode() + path.read_bytes().rstrip(b"\0")
        except FileNotFoundError:
            continue  # the server removed it meanwhile


def a_moment_ago() -> float:
    """A time before everything that happens from now on, as file systems count it."""
    return time.time() - 1


def _program(name: str) -> str:
    path: Path = server()._binaries() / name
    return str(path)
