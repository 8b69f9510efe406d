"""Safes: what a request holds to seal and open values, for as long as it lasts."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from os import urandom
from typing import Any, NoReturn, TypeAlias
from uuid import UUID

import orjson
from django.db.models import Model
from typing_extensions import override

from chiron.kernel.ids import NIL, new_id
from chiron.vault.envelope import Cipher, key_id_of, place
from chiron.vault.errors import KeyDestroyed, OpeningFailed
from chiron.vault.keyring import KEY_BYTES, keyring_of, read_keyring, unwrap
from chiron.vault.models import PatientKey
from chiron.vault.wrapped import wrapped_keys

JSON: TypeAlias = Any
"""None, booleans, integers of at most 64 bits, floats, strings, lists and dictionaries with string keys."""

Ciphers: TypeAlias = Mapping[UUID, Cipher]


class Safe:
    """Seals values into their place with one data key, and opens what was sealed there.

    A value's place is the organization, table, id, column and version of its row, so set the row's version before
    sealing, and seal every column again when the version rises. Never keep a safe beyond its request.
    """

    __slots__ = ("_anew", "_ciphers", "_organization", "_sealing")

    def __init__(self, organization_id: UUID, ciphers: Ciphers, anew: Callable[[], Ciphers] | None = None) -> None:
        """The ciphers by key, the last of which seals; `anew` reads them again when a value names another key."""
        self._organization = str(organization_id)
        self._anew = anew
        self._take(ciphers)

    def seal(self, row: Model, column: str, value: JSON) -> bytes:
        """The value as bytes that only this column of this version of this row opens. Store them in that column."""
        return self._sealing.seal(self._place_of(row, column), orjson.dumps(value))

    def open(self, row: Model, column: str) -> JSON:
        """The value sealed in this column, None where the column is empty.

        Raises `OpeningFailed` for whatever was not sealed in this very place; it never returns ciphertext.
        """
        sealed = getattr(row, column)
        return None if sealed is None else orjson.loads(self._opened(row, column, sealed))

    def renewed(self, row: Model, column: str) -> bytes:
        """What is sealed in this column, sealed there again by the newest key. Raises `OpeningFailed`."""
        return self._sealing.seal(self._place_of(row, column), self._opened(row, column, getattr(row, column)))

    def _opened(self, row: Model, column: str, sealed: object) -> bytes:
        if not isinstance(sealed, bytes | memoryview):
            raise OpeningFailed
        sealed = bytes(sealed)
        cipher = self._sealing if self._sealing.sealed(sealed) else self._other(key_id_of(sealed))
        return cipher.open(self._place_of(row, column), sealed)

    def _other(self, key_id: UUID) -> Cipher:
        if key_id not in self._ciphers and self._anew:
            self._take(self._anew())
        if key_id not in self._ciphers:
            raise OpeningFailed
        return self._ciphers[key_id]

    def _take(self, ciphers: Ciphers) -> None:
        self._ciphers = ciphers
        *_, self._sealing = ciphers.values()

    def sealed(self, value: bytes | memoryview) -> bool:
        """Whether a key of this safe sealed that value, by what the value says of itself."""
        return key_id_of(bytes(value)) in self._ciphers

    def _place_of(self, row: Model, column: str) -> bytes:
        version = getattr(row, "version", 1)
        if row.pk is None or type(version) is not int:
            raise TypeError("a value is sealed into a row whose id and version are known")
        return place(self._organization, row._meta.db_table, row.pk, column, version)

    @override
    def __reduce__(self) -> NoReturn:
        raise TypeError("a safe is never copied out of its request")


class PatientSafes(Mapping[UUID, Safe]):
    """The safes of many patients, each opened when first asked for.

    Asking for an erased patient raises `KeyDestroyed`, for one without a key `OpeningFailed`; neither is counted.
    """

    def __init__(self, organization_id: UUID, keys: Iterable[PatientKey], *, retired_too: bool = False) -> None:
        self._organization_id = organization_id
        self._keys = generations(keys)
        self._retired_too = retired_too
        self._opened: dict[UUID, Safe] = {}

    @override
    def __getitem__(self, patient_id: UUID) -> Safe:
        if patient_id not in self._opened:
            self._opened[patient_id] = self._open(patient_id)
        return self._opened[patient_id]

    @override
    def __iter__(self) -> Iterator[UUID]:
        return (patient_id for patient_id, keys in self._keys.items() if keys[-1].wrapped is not None)

    @override
    def __contains__(self, patient_id: object) -> bool:
        return any(patient_id == known for known in self)

    @override
    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _open(self, patient_id: UUID) -> Safe:
        ciphers = patient_ciphers(self._keys.get(patient_id, []), retired_too=self._retired_too)
        return Safe(self._organization_id, ciphers, lambda: self._read_anew(patient_id))

    def _read_anew(self, patient_id: UUID) -> dict[UUID, Cipher]:
        wrapped_keys.forget()
        keys = generations(wrapped_keys.of(self._organization_id, [patient_id])).get(patient_id, [])
        return patient_ciphers(keys, retired_too=self._retired_too)


def generations(keys: Iterable[PatientKey]) -> dict[UUID, list[PatientKey]]:
    """The keys by patient, the oldest of each first."""
    by_patient: dict[UUID, list[PatientKey]] = defaultdict(list)
    for key in sorted(keys, key=lambda key: key.generation):
        by_patient[key.patient_id].append(key)
    return dict(by_patient)


def patient_ciphers(keys: list[PatientKey], *, retired_too: bool = False) -> dict[UUID, Cipher]:
    """The opened keys of one patient, given the oldest first.

    Raises `KeyDestroyed` where the newest is destroyed, `OpeningFailed` where there is none.
    """
    if not keys:
        raise OpeningFailed
    if keys[-1].wrapped is None:
        raise KeyDestroyed
    return {
        key.id: Cipher(key.id, unwrap(key.organization_id, bytes(key.wrapped), place_of_key(key)), "seal")
        for key in keys
        if key.wrapped is not None and (retired_too or key.retired_at is None)
    }


def organization_safe(organization_id: UUID) -> Safe:
    """The safe for what belongs to an organization and to no patient: providers, departments, audit payloads.

    Raises `OpeningFailed` where the organization has no key.
    """
    return Safe(organization_id, keyring_of(organization_id).sealing, lambda: read_keyring(organization_id).sealing)


def archive_safe(organization_id: UUID) -> Safe:
    """The same, for what is sealed once and for all: it also opens what the organization's retired keys sealed.

    The audit trail's tree covers the ciphertext of its payloads, so no rotation may seal them again.
    """
    return Safe(organization_id, keyring_of(organization_id).archive, lambda: read_keyring(organization_id).archive)


def platform_safe() -> Safe:
    """The safe for what belongs to no organization: accounts and their sessions.

    It opens only under the master key that wrapped the stored keys, so it also answers whether that one is set.
    """
    return organization_safe(NIL)


def patient_safe(organization_id: UUID, patient_id: UUID) -> Safe:
    """The safe of one patient. Raises `KeyDestroyed` after an erasure, `OpeningFailed` where there is no key."""
    return patient_safes(organization_id, [patient_id])[patient_id]


def patient_safes(organization_id: UUID, patient_ids: Iterable[UUID]) -> Mapping[UUID, Safe]:
    """The safes of many patients, by one query at most. Asking it for an erased patient raises `KeyDestroyed`."""
    return PatientSafes(organization_id, wrapped_keys.of(organization_id, patient_ids))


def archive_patient_safes(organization_id: UUID, patient_ids: Iterable[UUID]) -> Mapping[UUID, Safe]:
    """The same, for what is sealed once and for all; see `archive_safe`."""
    return PatientSafes(organization_id, wrapped_keys.of(organization_id, patient_ids), retired_too=True)


def new_patient_safe(organization_id: UUID, patient_id: UUID) -> Safe:
    """The safe of a patient about to be stored. See `new_patient_safes`."""
    return new_patient_safes(organization_id, [patient_id])[patient_id]


def new_patient_safes(organization_id: UUID, patient_ids: Iterable[UUID]) -> Mapping[UUID, Safe]:
    """Make the keys of these patients and open them; those that have one keep it, however often it is asked.

    The keys commit at once in `accounts`, before the patients commit in `clinical`: a key without a patient harms
    nothing, a patient without a key could never be read.
    """
    keyring, ids = keyring_of(organization_id), list(dict.fromkeys(patient_ids))
    keys = [PatientKey(id=new_id(), organization_id=organization_id, patient_id=patient_id) for patient_id in ids]
    for key in keys:
        key.wrapped = keyring.wrap(urandom(KEY_BYTES), place_of_key(key))
    PatientKey.objects.bulk_create(keys, ignore_conflicts=True)
    return patient_safes(organization_id, ids)


def place_of_key(key: PatientKey) -> bytes:
    return place("patient key", key.organization_id, key.patient_id, key.id)
