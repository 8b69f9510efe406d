"""Proving that what was restored is what was backed up, and that it can be used."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
from django.db.models import Model

from chiron.audit.public import Report, seal, verify
from chiron.files.public import Content, File, FileDamaged, StorageUnavailable, manifest_of
from chiron.kernel.clock import now
from chiron.kernel.db import ACCOUNTS, ALIASES, CLINICAL
from chiron.kernel.fields import SealedField
from chiron.operations.backup.errors import Damaged
from chiron.operations.backup.fingerprints import INVALID, differences, fingerprint_of, part_of
from chiron.operations.backup.manifest import Manifest
from chiron.operations.backup.names import caller_of
from chiron.operations.backup.snapshots import connect_as_owner
from chiron.operations.backup.watch import Watch
from chiron.tenancy.public import all_organizations, has_schema, inside, schema_of, tables_of
from chiron.vault.public import KeyDestroyed, Opener, OpeningFailed

ROWS, FILES = 3, 25
"""How many rows of each table with sealed columns are opened, and how many files read, of each organization."""
EVERY_TREE = """
    SELECT c.oid, bt_index_check(c.oid, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_am m ON m.oid = c.relam WHERE m.amname = 'btree' AND i.indisvalid AND c.relpersistence = 'p'
"""


def prove_equal(manifest: Manifest, watch: Watch) -> dict[str, Any]:
    """Compare rows, digests, sequences, constraints and rights of all databases. Raises Damaged, and says where."""
    watch.begin("comparing", sum(len(each["tables"]) for each in manifest.databases.values()))
    told = {}
    for alias in ALIASES:
        with connect_as_owner(alias) as connection, connection.transaction():
            found = fingerprint_of(connection, caller_of(alias), watch.advance)
            [(invalid,)] = connection.execute(INVALID).fetchall()
        wrong = differences(manifest.databases[alias], found)
        if wrong or invalid:
            listed = ", ".join(wrong[:5]) or f"{invalid} constraints"
            raise Damaged(f"{alias} is not what was backed up: {listed}{' and more' if len(wrong) > 5 else ''}.")
        told[alias] = {
            "tables": len(found["tables"]), "rows": sum(rows for rows, _ in found["tables"].values()),
            "constraints": found["catalog"]["constraints"][0], "rights": found["catalog"]["rights"][0],
            "indexes": check_indexes(alias),
        }  # fmt: skip
    return told


def prove_equal_alone(manifest: Manifest, organization_id: UUID, watch: Watch) -> dict[str, Any]:
    """Compare the rows, digests and sequences of one organization's schema. Raises Damaged, and says where."""
    schema = schema_of(organization_id)
    wanted = part_of(manifest.databases[CLINICAL], schema)
    watch.begin("comparing", len(wanted["tables"]))
    with connect_as_owner(CLINICAL) as connection, connection.transaction():
        found = part_of(fingerprint_of(connection, caller_of(CLINICAL), watch.advance), schema)
        [(invalid,)] = connection.execute(INVALID).fetchall()
    if wrong := differences(wanted, found) + [f"{invalid} constraints"] * bool(invalid):
        raise Damaged(f"The organization is not what was backed up: {', '.join(wrong[:5])}.")
    rows = sum(rows for rows, _ in found["tables"].values())
    return {CLINICAL: {"tables": len(found["tables"]), "rows": rows, "indexes": check_indexes(CLINICAL)}}


def check_indexes(alias: str) -> str:
    """Have amcheck look at every B-tree, where the server has that extension and the owner may use it.

    Raises Damaged where it finds one that is corrupt.
    """
    with connect_as_owner(alias) as connection:
        try:
            with connection.transaction(force_rollback=True):
                connection.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
                return f"{len(connection.execute(EVERY_TREE).fetchall())} checked by amcheck"
        except (psycopg.errors.IndexCorrupted, psycopg.errors.DataCorrupted) as error:
            raise Damaged(f"{alias}: an index is corrupt ({error.diag.message_primary}).") from None
        except psycopg.Error:
            return "amcheck is not there, or not for this owner"


def prove_trails() -> dict[str, int]:
    """Seal what waits and verify every trail against the heads that came along; how many leaves each has.

    Raises Damaged where a trail is not what was sealed.
    """
    told = {}
    for organization_id in [None, *(each.id for each in all_organizations() if has_schema(each.id))]:
        report = verified(organization_id)
        if not report.is_intact:
            raise Damaged(f"The audit trail {report.trail} is not intact: {report.findings[0]}.")
        told[report.trail] = report.leaves
    return told


def verified(organization_id: UUID | None) -> Report:
    """What a verification finds in a trail, after everything that waits was sealed."""
    while seal(CLINICAL if organization_id else ACCOUNTS, organization_id):
        pass
    return verify(organization_id, now=now())


def prove_readable(watch: Watch) -> dict[str, Any]:
    """Open some sealed values of every organization, and read some files whole. Raises Damaged at one that does not."""
    organizations = [each for each in all_organizations() if has_schema(each.id)]
    watch.begin("opening", len(organizations))
    told = {"opened": 0, "erased": 0, "files": 0}
    for organization in organizations:
        with inside(organization.id):
            for outcome in _samples(organization.id):
                told[outcome] += 1
            told["files"] += sum(1 for _ in read_files(organization.id))
        watch.advance(organization.slug)
    return told


def _samples(organization_id: UUID) -> Iterator[str]:
    opener = Opener(organization_id)
    for model in tables_of(CLINICAL):
        columns = sealed_columns(model)
        for row in model._base_manager.using(CLINICAL).order_by("?")[:ROWS] if columns else ():
            yield from filter(None, (outcome_of(opener, row, column) for column in columns))


def sealed_columns(model: type[Model]) -> list[str]:
    """The columns of a table that are sealed, also those that are sealed once and for all."""
    return [each.name for each in model._meta.concrete_fields if isinstance(each, SealedField)]


def outcome_of(opener: Opener, row: Model, column: str) -> str:
    """`opened`, `erased`, or nothing for a column that is empty. Raises Damaged for one that does not open."""
    if not getattr(row, column):
        return ""
    try:
        opener.open(row, column)
    except KeyDestroyed:
        return "erased"
    except OpeningFailed:
        raise Damaged(f"A value in {row._meta.db_table} does not open with the keys that are there.") from None
    return "opened"


def read_files(organization_id: UUID) -> Iterator[None]:
    """Read some files whole, of those that the search path leads to. Raises Damaged."""
    opener = Opener(organization_id)
    for file in File.objects.filter(manifest__isnull=False).order_by("?")[:FILES]:
        with suppress(KeyDestroyed):
            safe = opener.safe_for(file, "manifest")
            try:
                for _ in Content(organization_id, file.id, manifest_of(file, safe)).read():
                    pass
            except (FileDamaged, StorageUnavailable):
                raise Damaged(f"The file {file.id} of {organization_id} cannot be read whole.") from None
            yield
