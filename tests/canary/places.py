"""Everything that is left on a disk: dumps, the write-ahead log, the server's own log, stored files."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import storages

from chiron.postgres.server import Server

ALIASES = ("accounts", "clinical", "research")


def server() -> Server:
    """The session's server."""
    return Server(settings.HOME)


def write_ahead_position() -> str:
    """The name of the segment that is written now."""
    with server().connect() as connection:
        [segment] = connection.execute("SELECT pg_walfile_name(pg_current_wal_insert_lsn())").fetchone() or [""]
    return segment


def write_ahead_since(segment: str) -> Iterator[tuple[str, bytes]]:
    """Each segment from that one on, with everything that was written so far."""
    with server().connect() as connection:
        connection.execute("CHECKPOINT")
    for path in sorted((settings.HOME.data / "pg_wal").iterdir()):
        if path.is_file() and len(path.name) == len(segment) and path.name >= segment:
            yield path.name, path.read_bytes()


def stored_files() -> Iterator[tuple[str, bytes]]:
    """Everything in the storage of files, each with its name."""
    storage: Any = storages["sealed"]
    for path in Path(storage.location).rglob("*"):
        yield path.name, path.name.encode() + (path.read_bytes() if path.is_file() else b"")


def server_logs() -> Iterator[tuple[str, bytes]]:
    """The log files of PostgreSQL."""
    for path in (settings.HOME.data / "log").iterdir():
        yield path.name, path.read_bytes()


def dumps() -> Iterator[tuple[str, bytes]]:
    """All three databases, as plain SQL."""
    for alias in ALIASES:
        owner = settings.OWNER_DATABASES[alias]
        done = subprocess.run(
            [_program("pg_dump"), "--host", owner["HOST"], "--port", str(owner["PORT"]), "--username", owner["USER"],
             "--dbname", owner["NAME"]],
            env=os.environ | {"PGPASSWORD": owner["PASSWORD"]}, capture_output=True, check=True,
        )  # fmt: skip
        yield alias, done.stdout


def _program(name: str) -> str:
    path: Path = server()._binaries() / name
    return str(path)
