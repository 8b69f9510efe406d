"""The opened keys of an organization: what seals its values, wraps its patients' keys and keys its blind indexes."""

import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from os import urandom
from threading import Lock
from uuid import UUID

from chiron.kernel.db import ACCOUNTS, on_commit
from chiron.kernel.ids import NIL, new_id
from chiron.vault.envelope import Cipher, derived, key_id_of, place
from chiron.vault.errors import OpeningFailed
from chiron.vault.master import master_key, unwrap_by_master
from chiron.vault.models import OrganizationKey, PatientKey
from chiron.vault.wrapped import wrapped_keys

KEY_BYTES = 32
REMEMBERED_AT_MOST = 1024
SECONDS = 1.0
"""How long a process may not know yet that an organization has a newer key."""

seconds = time.monotonic

_remembered: dict[UUID, "Keyring"] = {}
_remembering = Lock()


@dataclass(frozen=True, slots=True, repr=False)
class Generation:
    """One opened key of an organization, each purpose apart."""

    sealing: Cipher
    wrapping: Cipher
    name_key: bytes
    exact_key: bytes

    @classmethod
    def of(cls, key_id: UUID, secret: bytes) -> "Generation":
        return cls(
            Cipher(key_id, secret, "seal"),
            Cipher(key_id, secret, "wrap patient key"),
            derived(secret, "index names"),
            derived(secret, "index exact"),
        )

    @property
    def key_id(self) -> UUID:
        return self.sealing.key_id


class Keyring:
    """Every generation of an organization's key, oldest first; those that are retired only stand in the archive.

    The blind indexes stay with the first generation: their tokens would have to be written anew for another.
    """

    __slots__ = ("_wrapping", "archive", "exact_key", "generations", "name_key", "sealing", "until")

    def __init__(
        self, generations: Iterable[Generation], retired: Collection[UUID] = (), until: float = float("inf")
    ) -> None:
        self.generations = {generation.key_id: generation for generation in generations}
        if not self.generations:
            raise OpeningFailed
        current = [each for key_id, each in self.generations.items() if key_id not in retired]
        first = next(iter(self.generations.values()))
        self.archive = {key_id: each.sealing for key_id, each in self.generations.items()}
        self.sealing = {each.key_id: each.sealing for each in current}
        self._wrapping = {each.key_id: each.wrapping for each in current}
        self.name_key, self.exact_key = first.name_key, first.exact_key
        self.until = until

    @property
    def newest(self) -> UUID:
        """The id of the key that seals and wraps."""
        *_, newest = self._wrapping
        return newest

    def wrap(self, key: bytes, at: bytes) -> bytes:
        return self._wrapping[self.newest].seal(at, key)

    def wrapped(self, wrapped: bytes) -> bool:
        """Whether one of these keys wrapped that one."""
        return key_id_of(wrapped) in self._wrapping

    def unwrap(self, wrapped: bytes, at: bytes) -> bytes:
        """Raises `OpeningFailed` where no generation of this organization's key wrapped it."""
        if not self.wrapped(wrapped):
            raise OpeningFailed
        return self._wrapping[key_id_of(wrapped)].open(at, wrapped)

    def unwrap_retired(self, wrapped: bytes, at: bytes) -> bytes:
        """The same by any generation, for wrapping the key anew. Raises `OpeningFailed`."""
        generation = self.generations.get(key_id_of(wrapped))
        if generation is None:
            raise OpeningFailed
        return generation.wrapping.open(at, wrapped)


def keyring_of(organization_id: UUID) -> Keyring:
    """The opened keys of an organization, or of the platform (`NIL`), whose key makes itself.

    Remembered in this process for a second, which saves a query on nearly every request, and opened but once. Raises
    `OpeningFailed` where the organization has no key or the master key is not the one that wrapped it.
    """
    known = _remembered.get(organization_id)
    return known if known is not None and seconds() < known.until else read_keyring(organization_id)


def read_keyring(organization_id: UUID) -> Keyring:
    """The same, read anew: for what was sealed by a key that this process does not know yet."""
    started, known = seconds(), _remembered.get(organization_id)
    standing = OrganizationKey.objects.standing().filter(organization_id=organization_id).order_by("generation")
    rows = list(standing)
    if not rows and organization_id == NIL:
        _insert(NIL)
        rows = list(standing.all())
    opened = known.generations if known else {}
    generations = [opened.get(row.id) or Generation.of(row.id, opened_key(row)) for row in rows]
    keyring = Keyring(generations, {row.id for row in rows if row.retired_at}, started + SECONDS)
    # A key read in a transaction may never be committed; remembered, it would seal what nobody can open.
    on_commit(ACCOUNTS, lambda: _remember(organization_id, keyring))
    return keyring


def unwrap(organization_id: UUID, wrapped: bytes, at: bytes) -> bytes:
    """The key of a patient. Raises `OpeningFailed` where no key of the organization wrapped it."""
    keyring = keyring_of(organization_id)
    if not keyring.wrapped(wrapped):
        keyring = read_keyring(organization_id)
    return keyring.unwrap(wrapped, at)


def opened_key(row: OrganizationKey) -> bytes:
    """The bare key of an organization. Raises `OpeningFailed`, `MasterKeyUnavailable`."""
    return unwrap_by_master(bytes(row.wrapped), place_of_key(row))


def turn_of(organization_id: UUID) -> str:
    """What a rotation and an erasure wait for, each of the other: a newer key must not outlive what was erased."""
    return f"keys of {organization_id}"


def place_of_key(row: OrganizationKey) -> bytes:
    return place("organization key", row.organization_id, row.generation, row.id)


def new_organization_key(organization_id: UUID, generation: int) -> OrganizationKey:
    """The row, not yet saved, of a fresh key."""
    row = OrganizationKey(id=new_id(), organization_id=organization_id, generation=generation)
    row.wrapped = master_key().wrap(urandom(KEY_BYTES), place_of_key(row))
    return row


def create_organization_key(organization_id: UUID) -> None:
    """Give an organization its data key. Asked again, it changes nothing.

    Raises `OpeningFailed` where the master key does not open the platform's key: no organization begins under another.
    """
    keyring_of(NIL)
    _insert(organization_id)


def remove_keys(organization_id: UUID) -> None:
    """Delete every key of an organization that is being removed; nothing it sealed can be read again.

    Needs the owner's login: the runtime login may not delete keys.
    """
    PatientKey.objects.filter(organization_id=organization_id).delete()
    OrganizationKey.objects.filter(organization_id=organization_id).delete()
    on_commit(ACCOUNTS, lambda: _forget(organization_id))


def count_keys(organization_id: UUID) -> dict[str, int]:
    """How many keys there are of an organization, and of its patients."""
    return {
        "organization": OrganizationKey.objects.filter(organization_id=organization_id).count(),
        "patients": PatientKey.objects.filter(organization_id=organization_id, wrapped__isnull=False).count(),
    }


def forget_keys() -> None:
    """Read every key anew from its row."""
    with _remembering:
        _remembered.clear()
    wrapped_keys.forget()


def _insert(organization_id: UUID) -> None:
    OrganizationKey.objects.bulk_create([new_organization_key(organization_id, 1)], ignore_conflicts=True)


def _remember(organization_id: UUID, keyring: Keyring) -> None:
    with _remembering:
        while len(_remembered) >= REMEMBERED_AT_MOST and organization_id not in _remembered:
            _remembered.pop(next(iter(_remembered)))
        _remembered[organization_id] = keyring


def _forget(organization_id: UUID) -> None:
    with _remembering:
        _remembered.pop(organization_id, None)
    wrapped_keys.forget()
