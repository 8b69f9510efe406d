"""Turning keys while they are in use: a newer key seals from now on, what is older is sealed again, the older retire.

Every step is a transaction that can be repeated, and what is left to do is read from the rows themselves: a run that
was killed at any point is finished by the next.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from os import urandom
from uuid import UUID

from django.db.models import Count

from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic, take_turns
from chiron.kernel.errors import DomainError
from chiron.kernel.ids import new_id
from chiron.postgres.owner import as_owner
from chiron.postgres.together import update_together
from chiron.vault.census import home_of, key_of
from chiron.vault.envelope import key_id_of
from chiron.vault.keyring import (
    KEY_BYTES,
    Keyring,
    new_organization_key,
    opened_key,
    place_of_key,
    read_keyring,
    turn_of,
)
from chiron.vault.master import master_key
from chiron.vault.models import OrganizationKey, PatientKey
from chiron.vault.resealing import Place, Resealing
from chiron.vault.safes import generations
from chiron.vault.safes import place_of_key as place_of_patient_key
from chiron.vault.settling import settle, wait_for_others

AT_A_TIME = 200

Keys = type[OrganizationKey] | type[PatientKey]


class Unfinished(DomainError):
    """Some rows name an older key and do not open under it; ``places`` are their tables and ids."""

    code, title = "rotation-unfinished", "Some values do not open, so their keys do not retire."

    def __init__(self, places: set[Place]) -> None:
        super().__init__()
        self.places = sorted(places)


@dataclass
class Turned:
    """What a rotation did. ``resumed``: it finished what an earlier run had begun."""

    resumed: bool = False
    rows: int = 0
    wrapped: int = 0
    retired: int = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on: ``looked`` is told rows looked at and of how many, ``waiting`` how many transactions are left."""

    looked: Callable[[int, int], None] = lambda done, total: None
    waiting: Callable[[int], None] = lambda left: None


@dataclass(frozen=True, slots=True)
class _Turn:
    """The keys that are to retire; newer ones are there and committed."""

    organization_id: UUID
    resumed: bool
    stale: frozenset[UUID]


def rewrap_organization_keys() -> int:
    """Have the present master key wrap every organization's key; how many were wrapped by a previous one.

    No value is touched. Raises `OpeningFailed` where a key was wrapped by a master key that is not given here.
    """
    master, wrapped = master_key(), 0
    for ids in _portions(list(OrganizationKey.objects.standing().order_by("id").values_list("id", flat=True))):
        with atomic(ACCOUNTS):
            rows = OrganizationKey.objects.standing().select_for_update().filter(id__in=ids).order_by("id")
            older = [row for row in rows if key_id_of(bytes(row.wrapped)) != master.id]
            for row in older:
                row.wrapped = master.wrap(opened_key(row), place_of_key(row))
            update_together(older, ["wrapped"], using=ACCOUNTS)
        wrapped += len(older)
    return wrapped


def organization_keys_by_master() -> Counter[UUID]:
    """How many keys of organizations each master key wraps."""
    wrapped = OrganizationKey.objects.standing().values_list("wrapped", flat=True)
    return Counter(key_id_of(bytes(each)) for each in wrapped)


def turn_organization(
    organization_id: UUID, *, now: datetime, record: Callable[[Turned], None], watch: Watch | None = None
) -> Turned:
    """A newer key for an organization, or the platform (`NIL`): it wraps its patients' keys and seals what they do not.

    When it returns, nothing but the trail's payloads lies under an older key, and the older ones have retired; the
    blind indexes keep the key they have. ``record`` is called in the transaction in which they retire. Needs the
    owner's login. Raises `OpeningFailed`, `Unfinished`, `OwnerNotConfigured`.
    """
    with as_owner(home_of(organization_id)):
        return _turn(_begin_organization(organization_id), OrganizationKey, now, record, watch or Watch())


def turn_patients(
    organization_id: UUID, *, now: datetime, record: Callable[[Turned], None], watch: Watch | None = None
) -> Turned:
    """A newer key for every patient of an organization: all that theirs sealed is sealed again, file keys included.

    The older ones retire when nothing but the trail's payloads lies under them, and are destroyed with the patient's
    erasure only. Otherwise as `turn_organization`.
    """
    with as_owner(home_of(organization_id)):
        return _turn(_begin_patients(organization_id), PatientKey, now, record, watch or Watch())


def unfinished(organization_id: UUID) -> list[str]:
    """What was begun to be turned and is not done: `organization`, `patients`."""
    keys = OrganizationKey.objects.filter(organization_id=organization_id, retired_at=None)
    return [
        *(["organization"] if keys.count() > 1 else []),
        *(["patients"] if _patients_with_several(organization_id) else []),
    ]


def _turn(turn: _Turn, keys: Keys, now: datetime, record: Callable[[Turned], None], watch: Watch) -> Turned:
    turned, first = Turned(resumed=turn.resumed), True
    while _pass(turn, turned, watch) or first:
        first = False
        settle()
        for alias in (ACCOUNTS, CLINICAL):
            wait_for_others(alias, watch.waiting)
    with atomic(ACCOUNTS):
        theirs = keys._default_manager.filter(organization_id=turn.organization_id, retired_at=None)
        turned.retired = theirs.filter(id__is_any_of=list(turn.stale)).update(retired_at=now)
        record(turned)
    return turned


def _pass(turn: _Turn, turned: Turned, watch: Watch) -> bool:
    """Move everything that still lies under an older key; whether there was anything, or may be."""
    keyring = read_keyring(turn.organization_id)
    wrapped, held = _rewrap_patient_keys(turn.organization_id, keyring)
    passed = Resealing(turn.organization_id, keyring, turn.stale).go_through(watch.looked)
    turned.wrapped += wrapped
    turned.rows += passed.renewed
    if passed.shut and not passed.renewed:
        raise Unfinished(passed.shut)
    return bool(wrapped or held or passed.renewed or passed.held)


def _begin_organization(organization_id: UUID) -> _Turn:
    with atomic(ACCOUNTS):
        take_turns(ACCOUNTS, turn_of(organization_id))
        read_keyring(organization_id)
        resumed = "organization" in unfinished(organization_id)
        if not resumed:
            newest = OrganizationKey.objects.filter(organization_id=organization_id).latest("generation")
            new_organization_key(organization_id, newest.generation + 1).save(force_insert=True)
    ids = OrganizationKey.objects.filter(organization_id=organization_id).order_by("-generation")
    return _Turn(organization_id, resumed, frozenset(ids.values_list("id", flat=True)[1:]))


def _begin_patients(organization_id: UUID) -> _Turn:
    """All patients begin together or none, so that a killed run is told from a finished one."""
    with atomic(ACCOUNTS):
        take_turns(ACCOUNTS, turn_of(organization_id))
        keyring, resumed = read_keyring(organization_id), _patients_with_several(organization_id)
        if not resumed:
            rows = PatientKey.objects.filter(organization_id=organization_id)
            newest = [keys[-1] for keys in generations(rows).values() if keys[-1].wrapped is not None]
            PatientKey.objects.bulk_create([_successor(key, keyring) for key in newest], batch_size=1000)
    keys = generations(PatientKey.objects.filter(organization_id=organization_id).defer("wrapped"))
    return _Turn(organization_id, resumed, frozenset(key.id for older in keys.values() for key in older[:-1]))


def _successor(key: PatientKey, keyring: Keyring) -> PatientKey:
    successor = PatientKey(
        id=new_id(), organization_id=key.organization_id, patient_id=key.patient_id, generation=key.generation + 1
    )
    successor.wrapped = keyring.wrap(urandom(KEY_BYTES), place_of_patient_key(successor))
    return successor


def _rewrap_patient_keys(organization_id: UUID, keyring: Keyring) -> tuple[int, int]:
    """Have the newest key of the organization wrap every patient's key; how many were moved, and how many were held."""
    theirs, moved, held = PatientKey.objects.filter(organization_id=organization_id, wrapped__isnull=False), 0, 0
    wrapped_by = theirs.values_list("id", key_of("wrapped"))
    for ids in _portions([id for id, key in wrapped_by if bytes(key) != keyring.newest.bytes]):
        with atomic(ACCOUNTS):
            rows = list(theirs.select_for_update(skip_locked=True).filter(id__in=ids))
            for row in rows:
                at = place_of_patient_key(row)
                row.wrapped = keyring.wrap(keyring.unwrap_retired(bytes(row.wrapped or b""), at), at)
            update_together(rows, ["wrapped"], using=ACCOUNTS)
        moved, held = moved + len(rows), held + len(ids) - len(rows)
    return moved, held


def _patients_with_several(organization_id: UUID) -> bool:
    standing = PatientKey.objects.filter(organization_id=organization_id, retired_at=None, destroyed_at=None)
    return bool(standing.values("patient_id").annotate(several=Count("id")).filter(several__gt=1).exists())


def _portions(ids: list[UUID]) -> Iterator[list[UUID]]:
    for first in range(0, len(ids), AT_A_TIME):
        yield ids[first : first + AT_A_TIME]
