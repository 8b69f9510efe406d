"""A backup to be read: its manifest first, and everything else only where it is what the manifest says."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from chiron.operations.backup.carriers import Member, unpacked
from chiron.operations.backup.errors import BackupRefused, Damaged
from chiron.operations.backup.manifest import Manifest, migrations, read_manifest
from chiron.operations.backup.places import MANIFEST, Place
from chiron.operations.backup.sealing import begun
from chiron.operations.backup.watch import Watch
from chiron.vault.public import master_keys


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup, whose manifest was opened and found to be ours."""

    place: Place
    key: X25519PrivateKey
    manifest: Manifest

    @classmethod
    def at(cls, place: Place, key: X25519PrivateKey) -> "Backup":
        """The backup that lies there. Raises BackupRefused, Damaged, WrongKey."""
        stream, body = begun(key, place.get(MANIFEST), MANIFEST)
        manifest = read_manifest(b"".join(stream.opened(body)))
        if manifest.id != stream.backup_id:
            raise Damaged("The manifest is that of another backup.")
        return cls(place, key, manifest)

    def must_fit(self) -> None:
        """Raise BackupRefused where this code or these keys could not use what is restored."""
        self.must_be_of_this_version()
        given = {str(each.id) for each in master_keys()}
        if lacking := [each for each in self.manifest.masters if each not in given]:
            raise BackupRefused(
                f"The keys in the backup are wrapped by the master key {', '.join(lacking)}, which is not given: set "
                "MASTER_ENCRYPTION_KEY to it, or add it to MASTER_ENCRYPTION_PREVIOUS_KEYS."
            )

    def must_be_of_this_version(self) -> None:
        """Raise BackupRefused where this code could not use what is restored."""
        if self.manifest.migrations != migrations():
            raise BackupRefused(
                f"Chiron {self.manifest.chiron} made the backup, with other migrations than this version has: restore "
                "it with that version, then upgrade (docs/how-to/upgrade.md)."
            )

    def must_be_whole(self, watch: Watch) -> None:
        """Raise Damaged where a byte of any part is not what was written."""
        watch.begin("reading", sum(each["bytes"] for each in self.manifest.parts.values()))
        for name, about in self.manifest.parts.items():
            digest, size = sha256(), 0
            for block in self.place.get(name):
                digest.update(block)
                size += len(block)
                watch.advance(name, len(block))
            if (digest.hexdigest(), size) != (about["sha256"], about["bytes"]):
                raise Damaged(f"{name} is not what was written: it is damaged, cut short, or another backup's.")

    def part(self, name: str) -> Iterator[bytes]:
        """What a part holds. Raises Damaged."""
        stream, body = begun(self.key, self.place.get(name), name)
        if stream.backup_id != self.manifest.id:
            raise Damaged(f"{name} is a part of another backup.")
        return stream.opened(body)

    def members(self, name: str) -> Iterator[Member]:
        """The members of a part that is an archive. Raises Damaged."""
        return unpacked(self.part(name))
