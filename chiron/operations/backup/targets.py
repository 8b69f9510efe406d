"""The databases that a restore makes beside those that are served, and the moment in which they take their place."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from time import monotonic, sleep

import psycopg
from django.conf import settings
from psycopg import sql

from chiron.kernel.db import ALIASES
from chiron.operations.backup.catalog import RELATIONS
from chiron.operations.backup.errors import BackupRefused
from chiron.operations.backup.heads import BEFORE
from chiron.operations.backup.names import names, restoring
from chiron.operations.backup.snapshots import connect_as_owner

USED = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
PATIENCE = 2.0
THERE = "SELECT count(*) FROM pg_database WHERE datname = %s"


def must_be_free(*, replace: bool, advice: str) -> None:
    """Raise BackupRefused where a database that is served holds anything it may not lose, or that somebody uses.

    The advice is for whoever finds one that is not empty.
    """
    for alias, name in names().items():
        if not replace and _holds_anything(alias, name):
            raise BackupRefused(f"The database {name} is not empty, and stays as it is. {advice}")
        if _is_used(alias, name):
            raise BackupRefused(f"Somebody is connected to {name}: end every `serve` and `worker` first.")


@contextmanager
def fresh(aliases: Collection[str] = ALIASES) -> Iterator[dict[str, str]]:
    """New databases beside those that are served, by alias; removed again where the block does not end well.

    What an earlier restore left that was killed is removed first. Raises BackupRefused while another one runs.
    """
    made = {alias: restoring(names()[alias]) for alias in aliases}
    for alias, name in made.items():
        _drop(alias, name)
        with _beside(alias) as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
            )
    try:
        yield made
    except BaseException:
        for alias, name in made.items():
            _drop(alias, name)
        raise


@contextmanager
def scratch(alias: str) -> Iterator[str]:
    """The name of a new database beside one that is served, there for the block only. Raises as `fresh` does."""
    with fresh([alias]) as made:
        try:
            yield made[alias]
        finally:
            _drop(alias, made[alias])


def take_their_place(heads: Path, *, now: datetime) -> dict[str, str]:
    """Give the new databases and the new folder of audit heads the names that are served; the former keep others.

    First all of the former give up their names, then the new ones take them: whenever this is killed, either the former
    are served, or the new, or nothing is, for a database is missing. Answers what the former are called now; one that
    was empty is gone. Raises BackupRefused, and then the former are served.
    """
    suffix = f"{BEFORE}{now:%Y%m%d%H%M%S%f}"  # a restore that was killed may be made again within the second
    given_up: dict[str, str] = {}
    for alias, name in names().items():
        if not is_there(alias, name):
            continue
        if not _holds_anything(alias, name):
            _drop(alias, name)
            continue
        try:
            _rename(alias, name, name + suffix)
        except psycopg.Error as error:
            for done in given_up:
                _rename(done, names()[done] + suffix, names()[done])
            raise BackupRefused(f"Somebody is connected to {name}: end every `serve` and `worker` first.") from error
        given_up[alias] = name + suffix
    live: Path = settings.AUDIT_HEADS_DIR
    if live.exists():
        live.rename(live.with_name(live.name + suffix))
    heads.rename(live)
    for alias, name in names().items():
        _rename(alias, restoring(name), name)
    return given_up


def _beside(alias: str) -> "psycopg.Connection[tuple[object, ...]]":
    return connect_as_owner(alias, dbname="postgres")


def _is_used(alias: str, name: str) -> bool:
    """Whether somebody is connected, and stays: who is about to leave is waited for, as PostgreSQL does itself."""
    deadline = monotonic() + PATIENCE
    with _beside(alias) as connection:
        while connection.execute(USED, [name]).fetchall()[0][0]:
            if monotonic() > deadline:
                return True
            sleep(0.05)
    return False


def is_there(alias: str, name: str) -> bool:
    """Whether that database's server has one of that name. Raises OwnerNotConfigured."""
    with _beside(alias) as connection:
        return bool(connection.execute(THERE, [name]).fetchall()[0][0])


def _holds_anything(alias: str, name: str) -> bool:
    if not is_there(alias, name):
        return False
    with connect_as_owner(alias, dbname=name) as connection:
        return bool(connection.execute(RELATIONS).fetchall())


def _drop(alias: str, name: str) -> None:
    try:
        with _beside(alias) as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(name)))
    except psycopg.errors.ObjectInUse:
        raise BackupRefused(f"Somebody is connected to {name}: another restore runs.") from None


def _rename(alias: str, name: str, other: str) -> None:
    rename = sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(other))
    with _beside(alias) as connection:
        connection.execute(rename)
