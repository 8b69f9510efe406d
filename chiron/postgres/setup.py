"""Making the three databases and the logins that requests use, by owners that are no superusers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
import psycopg.conninfo
from psycopg import sql

TIMEOUTS = {"statement_timeout": "60s", "lock_timeout": "10s", "idle_in_transaction_session_timeout": "5min"}
"""No statement, no wait for a lock and no forgotten transaction holds others up for longer."""
OF_A_SESSION = TIMEOUTS | {"timezone": "UTC"}
"""What each login's sessions begin with, so that none has to be set in a session, which a pooler may give to others."""

REFUSE_CHANGE = """
CREATE OR REPLACE FUNCTION public.refuse_change() RETURNS trigger LANGUAGE plpgsql SET search_path = '' AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$
"""


@dataclass(frozen=True, slots=True)
class Login:
    """A name and its password."""

    name: str
    password: str


@dataclass(frozen=True, slots=True)
class Database:
    """One of the three as it should be: its name, who may enter, and the owner's psycopg parameters on its server.

    The owner may make databases and roles. ``closed``: without an organization no table is even found in it.
    """

    name: str
    owner: Mapping[str, str]
    logins: Sequence[Login]
    closed: bool = False


def setup_databases(databases: Sequence[Database]) -> None:
    """Have these databases and their logins exist, with exactly the rights they need; safe to repeat.

    Logins own nothing, inherit nothing, and may connect to the databases that name them only.
    """
    for database in databases:
        with _connect(database.owner, "postgres") as connection:
            for login in database.logins:
                _have_login(connection, login)
            _have_database(connection, database.name)
        with _connect(database.owner, database.name) as connection:
            _limit(connection, database)


def _connect(owner: Mapping[str, str], database: str) -> "psycopg.Connection[tuple[object, ...]]":
    conninfo = psycopg.conninfo.make_conninfo(**owner, dbname=database)
    return psycopg.connect(conninfo, autocommit=True)


def _have_login(connection: "psycopg.Connection[tuple[object, ...]]", login: Login) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [login.name]).fetchone()
    verb = "ALTER" if known else "CREATE"
    connection.execute(
        sql.SQL(verb + " ROLE {} LOGIN NOINHERIT NOCREATEDB NOCREATEROLE PASSWORD {}").format(
            sql.Identifier(login.name), sql.Literal(login.password)
        )
    )


def _have_database(connection: "psycopg.Connection[tuple[object, ...]]", name: str) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
        )


def _limit(connection: "psycopg.Connection[tuple[object, ...]]", database: Database) -> None:
    name = sql.Identifier(database.name)
    of_a_session = OF_A_SESSION | ({"search_path": ""} if database.closed else {})
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    connection.execute(sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
    for login in database.logins:
        role = sql.Identifier(login.name)
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, role))
        for setting, value in of_a_session.items():
            connection.execute(
                sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} = {}").format(
                    role, name, sql.Identifier(setting), sql.Literal(value)
                )
            )
    connection.execute(REFUSE_CHANGE)
    connection.execute("REVOKE ALL ON FUNCTION public.refuse_change() FROM PUBLIC")
