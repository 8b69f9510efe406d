"""Making a backup: snapshots, dumps, files; sealed while they are made, read back, and only then called a backup."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey
from django.conf import settings
from psycopg import sql

from chiron.audit.public import record_platform
from chiron.files.public import FileDamaged, StorageUnavailable, sealed_parts
from chiron.kernel.access import Caller
from chiron.kernel.db import ACCOUNTS, ALIASES, CLINICAL, atomic
from chiron.kernel.ids import new_id
from chiron.operations.backup import programs
from chiron.operations.backup.carriers import Counted, Member, bundles_in, heads_in, packed
from chiron.operations.backup.errors import BackupRefused, Damaged
from chiron.operations.backup.fingerprints import fingerprint_of, tables_in
from chiron.operations.backup.manifest import Manifest, migrations, this_version
from chiron.operations.backup.names import caller_of
from chiron.operations.backup.places import MANIFEST, Place
from chiron.operations.backup.sealing import Stream, split
from chiron.operations.backup.snapshots import IN_ORDER, Snapshot, connect_as_owner, snapshots
from chiron.operations.backup.watch import Watch
from chiron.tenancy.public import schema_of
from chiron.vault.public import organization_keys_by_master

HEADS, FILES, BUNDLES = "heads.sealed", "files.sealed", "bundles.sealed"
SCHEMAS = "SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname ~ '^t_[0-9a-f]{32}$' ORDER BY 1"
STORED = "SELECT id, size FROM {}.files_file WHERE state = 'stored' ORDER BY id"
STILL_STORED = "SELECT count(*) FROM {}.files_file WHERE id = %s AND state = 'stored'"


@dataclass
class Writing:
    """One backup under way."""

    place: Place
    recipient: X25519PublicKey
    id: UUID
    watch: Watch
    parts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def part(self, name: str, plain: Iterable[bytes]) -> None:
        """Seal a stream into the place, and read it back from there. Raises Damaged where that is not what it was."""
        stream, size, digest = Stream.sealing(self.recipient, self.id, name), 0, sha256()
        said = sha256()

        def heard(pieces: Iterable[bytes]) -> Iterator[bytes]:
            for piece in pieces:
                said.update(piece)
                yield piece

        def measured(pieces: Iterable[bytes]) -> Iterator[bytes]:
            nonlocal size
            for piece in pieces:
                size += len(piece)
                digest.update(piece)
                yield piece

        self.place.put(name, measured(stream.sealed(heard(plain))))
        self._must_read_back(name, stream, digest.hexdigest(), said.hexdigest())
        self.parts[name] = {"bytes": size, "sha256": digest.hexdigest()}
        self.watch.advance(name)

    def _must_read_back(self, name: str, stream: Stream, wanted: str, wanted_inside: str) -> None:
        digest, inside = sha256(), sha256()

        def passing() -> Iterator[bytes]:
            for block in self.place.get(name):
                digest.update(block)
                yield block

        _, body = split(passing())
        with suppress(Damaged):
            for piece in stream.opened(body):
                inside.update(piece)
        if (digest.hexdigest(), inside.hexdigest()) != (wanted, wanted_inside):
            raise Damaged(f"{name} was written, but something else is read back: is the disk whole?")


def name_of(now: datetime) -> str:
    """What a backup made at this moment is called."""
    return f"chiron-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def back_up(place: Place, recipient: X25519PublicKey, *, by: Caller, now: datetime, watch: Watch) -> Manifest:
    """Write all databases, files and audit heads to a place, read each back, and have it count when all is there.

    Needs the owner's logins. Raises BackupRefused, StorageUnavailable, OwnerNotConfigured; then no backup is there.
    """
    by.scope("backups", "create")
    writing = Writing(place, recipient, new_id(), watch)
    place.begin()
    with _abandoned_unless_whole(place):
        manifest = _write(writing, now)
    with atomic(ACCOUNTS):
        record_platform(by, "backup.made", resource="backups", resource_id=manifest.id, payload={"place": str(place)})
    return manifest


@contextmanager
def _abandoned_unless_whole(place: Place) -> Iterator[None]:
    try:
        yield
    except BaseException:
        place.abandon()
        raise


def _write(writing: Writing, now: datetime) -> Manifest:
    watch = writing.watch
    heads = heads_in(settings.AUDIT_HEADS_DIR)  # first: what is copied by now was committed before the snapshots
    with snapshots(watch.waiting) as taken:
        databases = _fingerprints(taken, watch)
        watch.begin("databases and files", len(ALIASES) + 3)
        for alias in IN_ORDER:
            options = (f"--snapshot={taken[alias].name}",)
            dump = programs.dumped(settings.OWNER_DATABASES[alias], taken[alias].major, *options)
            writing.part(f"{alias}.sealed", dump)
        stored = list(_stored_files(taken[CLINICAL]))
    counted = Counted()
    writing.part(FILES, packed(counted.of(_parts_of(stored))))
    writing.part(HEADS, packed(heads))
    writing.part(BUNDLES, packed(bundles_in(settings.BUNDLES_DIR)))
    manifest = Manifest(
        id=writing.id, made_at=now, chiron=this_version(), migrations=migrations(),
        servers={alias: taken[alias].major for alias in ALIASES},
        masters=sorted(str(each) for each in organization_keys_by_master()), parts=dict(writing.parts),
        databases=databases, stored=counted.said(),
    )  # fmt: skip
    writing.part(MANIFEST, [manifest.signed()])
    writing.place.finish()
    return manifest


def copy(manifest: Manifest, place: Place, other: Place, *, watch: Watch) -> None:
    """Bring a backup to another place as it is, and read it back there; its manifest comes last.

    Raises BackupRefused, Damaged, and then it does not count there.
    """
    watch.begin(f"to {other}", len(manifest.parts) + 1)
    other.begin()
    for name in (*manifest.parts, MANIFEST):
        other.put(name, place.get(name))
        if _digest(other.get(name)) != _digest(place.get(name)):
            raise Damaged(f"{name} was brought to {other}, but something else is read back.")
        watch.advance(name)
    other.finish()


def _digest(content: Iterable[bytes]) -> str:
    digest = sha256()
    for block in content:
        digest.update(block)
    return digest.hexdigest()


def _fingerprints(taken: dict[str, Snapshot], watch: Watch) -> dict[str, Any]:
    watch.begin("counting", sum(tables_in(each.connection) for each in taken.values()))
    return {alias: fingerprint_of(each.connection, caller_of(alias), watch.advance) for alias, each in taken.items()}


def _stored_files(clinical: Snapshot) -> Iterator[tuple[UUID, UUID, int]]:
    """Every stored file as the snapshot knows it: its organization, its id and its size."""
    for (schema,) in clinical.connection.execute(SCHEMAS).fetchall():
        query = sql.SQL(STORED).format(sql.Identifier(schema))
        for file_id, size in clinical.connection.execute(query).fetchall():
            yield UUID(schema.removeprefix("t_")), file_id, size


def _parts_of(stored: Iterable[tuple[UUID, UUID, int]]) -> Iterator[Member]:
    """The parts of these files; of one that was erased meanwhile those that are left.

    Raises BackupRefused where one that still counts as stored is not whole: a backup of it would be none.
    """
    for organization_id, file_id, size in stored:
        try:
            yield from sealed_parts(organization_id, file_id, size)
        except FileDamaged:
            if _is_still_stored(organization_id, file_id):
                raise BackupRefused(
                    f"The file {file_id} of the organization {organization_id} is not where the settings say that "
                    "files lie: mend the settings, or the storage."
                ) from None
        except StorageUnavailable as error:
            raise BackupRefused(str(error)) from None


def _is_still_stored(organization_id: UUID, file_id: UUID) -> bool:
    query = sql.SQL(STILL_STORED).format(sql.Identifier(schema_of(organization_id)))
    try:
        with connect_as_owner(CLINICAL) as connection:
            return bool(connection.execute(query, [file_id]).fetchall()[0][0])
    except psycopg.errors.UndefinedTable:  # the organization was deleted meanwhile
        return False
