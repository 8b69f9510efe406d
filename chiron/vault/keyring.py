"""The opened keys of an organization: what seals its values, wraps its patients' keys and keys its blind indexes."""

from collections.abc import Iterable
from os import urandom
from threading import Lock
from uuid import UUID

from chiron.kernel.db import ACCOUNTS, on_commit
from chiron.kernel.ids import NIL, new_id
from chiron.vault.envelope import Cipher, Header, derived, place
from chiron.vault.errors import OpeningFailed
from chiron.vault.master import master_key
from chiron.vault.models import OrganizationKey, PatientKey
from chiron.vault.wrapped import wrapped_keys

KEY_BYTES = 32
REMEMBERED_AT_MOST = 1024

_remembered: dict[UUID, "Keyring"] = {}
_remembering = Lock()


class Keyring:
    """Every generation of an organization's key, each purpose apart. Built from (key id, key), oldest first.

    The blind indexes stay with the first generation: their tokens would have to be written anew for another.
    """

    __slots__ = ("_wrapping", "exact_key", "name_key", "sealing")

    def __init__(self, keys: Iterable[tuple[UUID, bytes]]) -> None:
        keys = list(keys)
        if not keys:
            raise OpeningFailed
        self.sealing = {key_id: Cipher(key_id, key, "seal") for key_id, key in keys}
        self._wrapping = {key_id: Cipher(key_id, key, "wrap patient key") for key_id, key in keys}
        self.name_key = derived(keys[0][1], "index names")
        self.exact_key = derived(keys[0][1], "index exact")

    def wrap(self, key: bytes, at: bytes) -> bytes:
        *_, newest = self._wrapping.values()
        return newest.seal(at, key)

    def unwrap(self, wrapped: bytes, at: bytes) -> bytes:
        """Raises `OpeningFailed` where no generation of this organization's key wrapped it."""
        key_id = Header.of(wrapped).key_id
        if key_id not in self._wrapping:
            raise OpeningFailed
        return self._wrapping[key_id].open(at, wrapped)


def keyring_of(organization_id: UUID) -> Keyring:
    """The opened keys of an organization, or of the platform (`NIL`), whose key makes itself.

    Remembered in this process, which saves a query on every request. Raises `OpeningFailed` where the organization
    has no key or the master key is not the one that wrapped it.
    """
    known = _remembered.get(organization_id)
    return known or _read(organization_id)


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


def forget_keys() -> None:
    """Read every key anew from its row."""
    with _remembering:
        _remembered.clear()
    wrapped_keys.forget()


def _read(organization_id: UUID) -> Keyring:
    rows = list(OrganizationKey.objects.filter(organization_id=organization_id).order_by("generation"))
    if not rows and organization_id == NIL:
        _insert(NIL)
        rows = list(OrganizationKey.objects.filter(organization_id=NIL))
    master = master_key()
    keyring = Keyring((row.id, master.unwrap(bytes(row.wrapped), _place_of(row))) for row in rows)
    # A key read in a transaction may never be committed; remembered, it would seal what nobody can open.
    on_commit(ACCOUNTS, lambda: _remember(organization_id, keyring))
    return keyring


def _insert(organization_id: UUID) -> None:
    row = OrganizationKey(id=new_id(), organization_id=organization_id, generation=1)
    row.wrapped = master_key().wrap(urandom(KEY_BYTES), _place_of(row))
    OrganizationKey.objects.bulk_create([row], ignore_conflicts=True)


def _remember(organization_id: UUID, keyring: Keyring) -> None:
    with _remembering:
        while len(_remembered) >= REMEMBERED_AT_MOST:
            _remembered.pop(next(iter(_remembered)))
        _remembered[organization_id] = keyring


def _forget(organization_id: UUID) -> None:
    with _remembering:
        _remembered.pop(organization_id, None)
    wrapped_keys.forget()


def _place_of(row: OrganizationKey) -> bytes:
    return place("organization key", row.organization_id, row.generation, row.id)
