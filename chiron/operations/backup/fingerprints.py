"""What a database holds, said so shortly that it fits in a manifest, and so exactly that nothing can be missing.

Of every table the number of its rows and a digest that does not depend on their order (the sum of the SHA-256 of each
row's text, of which 128 bits are kept); of every sequence where it stands; constraints, indexes, triggers, functions
and rights by what the catalog says of them. Names of roles are left out, for those belong to an installation.
"""

from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any

import orjson
import psycopg
from psycopg import sql

from chiron.operations.backup.catalog import CATALOG, RELATIONS, RIGHTS

Connection = psycopg.Connection[Any]
Fingerprint = dict[str, Any]
Advance = Callable[[str], None]

SAME_TEXT = """
    SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = 'postgres'; SET LOCAL timezone = 'UTC';
    SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL search_path = '';
    SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0
"""
ROWS = """
    SELECT count(*), mod(coalesce(sum(a), 0), 18446744073709551616)::text,
           mod(coalesce(sum(b), 0), 18446744073709551616)::text
    FROM (SELECT ('x' || encode(substr(d, 1, 8), 'hex'))::bit(64)::bigint::numeric + 9223372036854775808 AS a,
                 ('x' || encode(substr(d, 9, 8), 'hex'))::bit(64)::bigint::numeric + 9223372036854775808 AS b
          FROM (SELECT sha256(convert_to(row_of_it_::text, 'UTF8')) AS d FROM ONLY {}.{} row_of_it_) digests) halves
"""
INVALID = "SELECT count(*) FROM pg_catalog.pg_constraint WHERE NOT convalidated"


def fingerprint_of(connection: Connection, called: Callable[[str], str], advance: Advance) -> Fingerprint:
    """What the database holds in the connection's present transaction.

    ``called`` makes a role's name one that every installation understands; ``advance`` is told of each table.
    """
    connection.execute(SAME_TEXT)
    rows = _rows(connection, connection.execute(RELATIONS).fetchall(), advance)
    catalog = {name: _catalog(connection, query) for name, query in CATALOG.items()}
    rights = [
        [kind, name, called(who or "PUBLIC"), right] for kind, name, who, right in connection.execute(RIGHTS).fetchall()
    ]
    return rows | {"catalog": catalog | {"rights": _digest(rights)}}


def rows_of_schema(connection: Connection, schema: str, advance: Advance) -> Fingerprint:
    """What one schema holds in the connection's present transaction, and nothing of the catalog."""
    connection.execute(SAME_TEXT)
    relations = [each for each in connection.execute(RELATIONS).fetchall() if each[0] == schema]
    return _rows(connection, relations, advance) | {"catalog": {}}


def shape_of_schema(connection: Connection, schema: str) -> dict[str, set[str]]:
    """What the catalog says of one schema's tables, whatever the schema is called: by table, each fact as a line."""
    connection.execute(SAME_TEXT)
    said: dict[str, set[str]] = {}
    for part, query in CATALOG.items():
        found = connection.execute(f"SELECT * FROM ({query}) every WHERE nspname = %s", [schema]).fetchall()  # noqa: S608
        for _, about, *facts in found:
            line = orjson.dumps([part, *facts], default=str).decode().replace(f"{schema}.", "")
            said.setdefault(about, set()).add(line)
    return said


def _rows(connection: Connection, relations: Iterable[tuple[str, str, str]], advance: Advance) -> Fingerprint:
    tables, sequences = {}, {}
    for schema, name, kind in relations:
        place = sql.Identifier(schema), sql.Identifier(name)
        if kind == "S":
            [row] = connection.execute(sql.SQL("SELECT last_value, is_called FROM {}.{}").format(*place)).fetchall()
            sequences[f"{schema}.{name}"] = row[0] if row[1] else row[0] - 1
        else:
            [(rows, one, two)] = connection.execute(sql.SQL(ROWS).format(*place)).fetchall()
            tables[f"{schema}.{name}"] = [rows, f"{int(one):016x}{int(two):016x}"]
            advance(f"{schema}.{name}")
    return {"tables": tables, "sequences": sequences}


def tables_in(connection: Connection) -> int:
    """How many tables there are to count."""
    return sum(kind == "r" for _, _, kind in connection.execute(RELATIONS).fetchall())


def part_of(fingerprint: Fingerprint, schema: str) -> Fingerprint:
    """What it says of one schema's rows."""
    of = {
        kind: {name: said for name, said in fingerprint[kind].items() if name.startswith(f"{schema}.")}
        for kind in ("tables", "sequences")
    }
    return of | {"catalog": {}}


def differences(wanted: Fingerprint, found: Fingerprint) -> list[str]:
    """What is not as it was: tables by name, and parts of the catalog. A sequence may have gone on meanwhile."""
    names = sorted({*wanted["tables"], *found["tables"]})
    wrong = [f"table {name}" for name in names if wanted["tables"].get(name) != found["tables"].get(name)]
    wrong += [f"sequence {name}" for name, at in wanted["sequences"].items() if found["sequences"].get(name, -1) < at]
    parts = sorted({*wanted["catalog"], *found["catalog"]})
    return wrong + [part for part in parts if wanted["catalog"].get(part) != found["catalog"].get(part)]


def _catalog(connection: Connection, query: str) -> list[Any]:
    return _digest([list(row) for row in connection.execute(query).fetchall()])


def _digest(rows: list[list[Any]]) -> list[Any]:
    """How many, and the SHA-256 of all of them in their order."""
    lines = sorted(orjson.dumps(row, default=str) for row in rows)
    return [len(lines), sha256(b"\n".join(lines)).hexdigest()]
