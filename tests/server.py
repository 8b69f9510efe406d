"""What tests do to a server, be it the session's own or another, by the logins that Chiron has."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from psycopg import sql

from chiron.kernel.db import ALIASES
from chiron.postgres.logins import database_name
from chiron.postgres.server import Server
from tests.waiting import until


def connect(parameters: dict[str, Any], database: str) -> "psycopg.Connection[Any]":
    """A connection beside Django's."""
    where = {name.lower(): str(parameters[name]) for name in ("HOST", "PORT", "USER", "PASSWORD")}
    return psycopg.connect(**where, dbname=database, autocommit=True)  # type: ignore[arg-type]


def end_connections(alias: str) -> None:
    """End every connection of requests to this worker's database, as a server does that restarts."""
    login = settings.DATABASES[alias]
    with connect(login, login["NAME"]) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()"
        )


@contextmanager
def messages() -> Iterator[list[str]]:
    """What is sent to the server while the block runs, message by message."""
    sent: list[str] = []
    execute = psycopg.Cursor.execute

    def told(self: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        sent.append(str(query))
        return execute(self, query, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(psycopg.Cursor, "execute", told)
        yield sent


def drop_databases(prefix: str) -> None:
    """Leave nothing of this prefix: databases, logins, the roles of organizations."""
    with connect(settings.OWNER_DATABASES["accounts"], "postgres") as owner:
        for alias in ALIASES:
            name = sql.Identifier(database_name(prefix, alias))
            owner.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(name))
        roles = owner.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", [f"{prefix}_"])
        for (role,) in roles.fetchall():
            owner.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


def processes_of(server: Server) -> list[int]:
    """The server's process and all its children."""
    parent = server.pid()
    assert parent is not None
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(FileNotFoundError, ProcessLookupError):
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) == parent:
                children.append(int(stat.parent.name))
    return [parent, *children]


def kill(server: Server) -> None:
    """kill -9 of every process of it, and wait until none is left."""
    pids = processes_of(server)
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not any(is_alive(pid) for pid in pids))


def is_alive(pid: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return False
