"""Making the three databases and the logins that requests use, by an owner that is no superuser."""

import psycopg
import psycopg.conninfo
from psycopg import sql

from chiron.postgres.logins import DATABASES, database_name, login_password, runtime_login, sealer_login

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


def setup_databases(owner: dict[str, str], prefix: str) -> None:
    """Have the three databases and their logins exist, with exactly the rights they need; safe to repeat.

    ``owner`` are psycopg's connection parameters (host, port, user, password) of a login with CREATEDB and CREATEROLE;
    its password also derives those of the logins. Runtime logins own nothing, inherit nothing, and may connect to their
    own database only; the sealer may connect to accounts and clinical.
    """
    logins = {alias: runtime_login(prefix, alias) for alias in DATABASES}
    sealer = sealer_login(prefix)
    with _connect(owner, "postgres") as connection:
        for login in (*logins.values(), sealer):
            _have_login(connection, login, login_password(owner["password"], login))
        for alias in DATABASES:
            _have_database(connection, database_name(prefix, alias))
    for alias, login in logins.items():
        name = database_name(prefix, alias)
        with _connect(owner, name) as connection:
            _limit(connection, name, [login] if alias == "research" else [login, sealer], closed=alias == "clinical")


def _connect(owner: dict[str, str], database: str) -> "psycopg.Connection[tuple[object, ...]]":
    conninfo = psycopg.conninfo.make_conninfo(**owner, dbname=database)
    return psycopg.connect(conninfo, autocommit=True)


def _have_login(connection: "psycopg.Connection[tuple[object, ...]]", login: str, password: str) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [login]).fetchone()
    verb = "ALTER" if known else "CREATE"
    connection.execute(
        sql.SQL(verb + " ROLE {} LOGIN NOINHERIT NOCREATEDB NOCREATEROLE PASSWORD {}").format(
            sql.Identifier(login), sql.Literal(password)
        )
    )


def _have_database(connection: "psycopg.Connection[tuple[object, ...]]", name: str) -> None:
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(sql.Identifier(name))
        )


def _limit(connection: "psycopg.Connection[tuple[object, ...]]", name: str, logins: list[str], *, closed: bool) -> None:
    """Let these logins connect and nobody else; in clinical, without an organization no table is even found."""
    database = sql.Identifier(name)
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(database))
    connection.execute(sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
    for login in logins:
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, sql.Identifier(login)))
        for setting, value in OF_A_SESSION.items():
            connection.execute(
                sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} = {}").format(
                    sql.Identifier(login), database, sql.Identifier(setting), sql.Literal(value)
                )
            )
        if closed:
            connection.execute(
                sql.SQL("ALTER ROLE {} IN DATABASE {} SET search_path = ''").format(sql.Identifier(login), database)
            )
    connection.execute(REFUSE_CHANGE)
    connection.execute("REVOKE ALL ON FUNCTION public.refuse_change() FROM PUBLIC")
