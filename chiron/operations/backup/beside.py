"""One organization of a backup, in a schema beside the one that is served, where all of it is proven."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.conf import settings
from psycopg import sql

from chiron.files.public import File
from chiron.kernel.db import CLINICAL
from chiron.operations.backup import programs
from chiron.operations.backup.errors import BackupRefused, Damaged
from chiron.operations.backup.fingerprints import differences, part_of, rows_of_schema
from chiron.operations.backup.manifest import Manifest
from chiron.operations.backup.proving import outcome_of, read_files, sealed_columns
from chiron.operations.backup.reading import Backup
from chiron.operations.backup.snapshots import connect_as_owner, while_nobody_reads
from chiron.operations.backup.targets import scratch
from chiron.operations.backup.watch import Watch
from chiron.tenancy.public import beside_as_owner, drop_beside, schema_beside, schema_of, tables_of
from chiron.vault.public import Opener, key_id_of


@dataclass
class Opened:
    """How many values opened, and of how many the key is destroyed; the keys that opened them, the files they name."""

    opened: int = 0
    erased: int = 0
    keys: set[UUID] = field(default_factory=set)
    files: set[UUID] = field(default_factory=set)


def trail_tables() -> frozenset[str]:
    """The tables of the audit trail, which goes on and is never turned back."""
    return frozenset(model._meta.db_table for model in tables_of(CLINICAL) if model._meta.app_label == "audit")


@contextmanager
def beside(backup: Backup, organization_id: UUID, watch: Watch) -> Iterator[None]:
    """The organization's tables out of the backup, but for its trail, in a schema that nobody else may use.

    A dump names its schema. So it goes into a database of its own, where the schema is renamed, and on from there.
    What is left of it when the block ends is removed, unless a backup reads it: then the next run does that.
    Raises BackupRefused, Damaged.
    """
    _remove(organization_id, watch)
    try:
        _bring(backup, schema_of(organization_id), schema_beside(organization_id), watch)
        yield
    finally:
        with suppress(BackupRefused):
            _remove(organization_id, watch)


def _remove(organization_id: UUID, watch: Watch) -> None:
    with while_nobody_reads(watch.waiting) as owner:
        drop_beside(owner, organization_id)


def _bring(backup: Backup, schema: str, other: str, watch: Watch) -> None:
    watch.begin("restoring", 2)
    owner = settings.OWNER_DATABASES[CLINICAL]
    with scratch(CLINICAL) as name:
        theirs = owner | {"NAME": name}
        with connect_as_owner(CLINICAL, dbname=name) as connection:
            major = connection.info.server_version // 10000
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        part = backup.part(f"{CLINICAL}.sealed")
        programs.restore(theirs, major, part, "--schema=public", f"--schema={schema}")
        watch.advance(schema)
        with connect_as_owner(CLINICAL, dbname=name) as connection:
            renamed = sql.SQL("ALTER SCHEMA {} RENAME TO {}")
            connection.execute(renamed.format(sql.Identifier(schema), sql.Identifier(other)))
        left_out = [f"--exclude-table={other}.{table}" for table in sorted(trail_tables())]
        programs.restore(owner, major, programs.dumped(theirs, major, f"--schema={other}", *left_out))
        watch.advance(other)


def prove_beside(manifest: Manifest, organization_id: UUID, watch: Watch) -> dict[str, Any]:
    """Compare the rows, digests and sequences with the manifest's. Raises Damaged, and says where."""
    schema, other = schema_of(organization_id), schema_beside(organization_id)
    wanted, trail = part_of(manifest.databases[CLINICAL], schema), trail_tables()
    wanted["tables"] = {name: said for name, said in wanted["tables"].items() if name.split(".")[1] not in trail}
    watch.begin("comparing", len(wanted["tables"]))
    with connect_as_owner(CLINICAL) as connection, connection.transaction():
        there = rows_of_schema(connection, other, watch.advance)
    found = {
        kind: {name.replace(other, schema, 1): said for name, said in told.items()} for kind, told in there.items()
    }
    if wrong := differences(wanted, found):
        raise Damaged(f"The organization is not what was backed up: {', '.join(wrong[:5])}.")
    return {CLINICAL: {"tables": len(found["tables"]), "rows": sum(rows for rows, _ in found["tables"].values())}}


def open_everything(organization_id: UUID, watch: Watch) -> Opened:
    """Open every sealed value with the keys that this installation has now. Raises Damaged at one that does not."""
    found, opener, trail = Opened(), Opener(organization_id), trail_tables()
    sealed = [
        (model, columns)
        for model in tables_of(CLINICAL)
        if model._meta.db_table not in trail and (columns := sealed_columns(model))
    ]
    watch.begin("opening", len(sealed))
    with beside_as_owner(organization_id):
        for model, columns in sealed:
            for row in model._base_manager.using(CLINICAL).order_by("pk").iterator():
                for column in columns:
                    outcome = outcome_of(opener, row, column)
                    found.opened += outcome == "opened"
                    found.erased += outcome == "erased"
                    if outcome == "opened":
                        found.keys.add(key_id_of(bytes(getattr(row, column))))
                        found.files |= {row.pk} if model is File else set()
            watch.advance(model._meta.db_table)
    return found


def read_some_files(organization_id: UUID) -> int:
    """Read some of the files whole that the rows beside name; how many. Raises Damaged."""
    with beside_as_owner(organization_id):
        return sum(1 for _ in read_files(organization_id))
