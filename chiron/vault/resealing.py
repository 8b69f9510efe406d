"""Sealing rows again under newer keys, while others read and write them.

A row says by which key it is sealed, so nothing has to be noted down: a run that was killed is finished by the next.
Only a locked row is sealed again, and one that somebody else has locked is left to the next pass, so that nobody who
writes ever waits for a run that waits for them.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet

from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.ids import NIL
from chiron.postgres.owner import as_owner
from chiron.postgres.together import update_together
from chiron.tenancy.public import inside_as_owner
from chiron.vault.census import Table, home_of, key_of, sealed_tables
from chiron.vault.errors import KeyDestroyed, OpeningFailed
from chiron.vault.keyring import Keyring
from chiron.vault.models import PatientKey
from chiron.vault.safes import Safe, generations, patient_ciphers

PAGE, AT_A_TIME = 2000, 100

Place = tuple[str, UUID]
"""A table and the id of a row."""


@dataclass
class Pass:
    """What one walk came to: rows sealed anew, left because somebody held them, and those that do not open."""

    renewed: int = 0
    held: int = 0
    shut: set[Place] = field(default_factory=set)


class Resealing:
    """Seals again, each under the newest key of its owner, the rows of an organization that lie under a stale key.

    Needs the owner's login: versions and signatures are rows that nobody else may touch.
    """

    def __init__(self, organization_id: UUID, keyring: Keyring, stale: Collection[UUID]) -> None:
        self._organization_id, self._keyring, self._stale = organization_id, keyring, stale
        self._alias = home_of(organization_id)
        self._result = Pass()

    def go_through(self, progress: Callable[[int, int], None]) -> Pass:
        """All tables once. ``progress`` is told how many rows were looked at, of how many."""
        found, looked_at = sealed_tables(self._alias), 0
        with _opened(self._organization_id):
            total = sum(self._rows(model).count() for model, _ in found)
        for table in found:
            for page, ids in self._pages(table):
                for first in range(0, len(ids), AT_A_TIME):
                    self._renew(table, ids[first : first + AT_A_TIME])
                looked_at += page
                progress(looked_at, total)
        return self._result

    def _rows(self, model: type[Model]) -> QuerySet[Any]:
        return model._base_manager.using(self._alias)

    def _pages(self, table: Table) -> Iterator[tuple[int, list[UUID]]]:
        """Page after page: how many rows it has, and the ids of those with a value under a stale key."""
        model, columns = table
        last = NIL
        while True:
            with _opened(self._organization_id):
                rows = self._rows(model).filter(pk__gt=last).order_by("pk")
                page = list(rows.values_list("pk", *map(key_of, columns))[:PAGE])
            if not page:
                return
            last = page[-1][0]
            yield len(page), [pk for pk, *keys in page if any(self._is_stale(key) for key in keys)]

    def _is_stale(self, key: bytes | memoryview | None) -> bool:
        return key is not None and len(key) == 16 and UUID(bytes=bytes(key)) in self._stale

    def _renew(self, table: Table, ids: list[UUID]) -> None:
        model, columns = table
        with _opened(self._organization_id):
            rows = _locked(self._rows(model), ids, columns)
            safes = _Safes(self._organization_id, self._keyring, self._stale_keys(rows, columns))
            renewed = [row for row in rows if self._is_renewed(row, columns, safes)]
            update_together(renewed, columns, using=self._alias)
        self._result.held += len(ids) - len(rows)
        self._result.renewed += len(renewed)

    def _stale_keys(self, rows: list[Any], columns: list[str]) -> set[UUID]:
        values = (getattr(row, column) for row in rows for column in columns)
        return {UUID(bytes=sealed[2:18]) for sealed in values if sealed is not None and self._is_stale(sealed[2:18])}

    def _is_renewed(self, row: Model, columns: list[str], safes: "_Safes") -> bool:
        """Seal a row's stale values again, in memory; whether there was one, and all of them opened."""
        renewed = False
        try:
            for column in columns:
                sealed = getattr(row, column)
                if sealed is not None and self._is_stale(sealed[2:18]):
                    setattr(row, column, safes.of(UUID(bytes=sealed[2:18])).renewed(row, column))
                    renewed = True
        except KeyDestroyed:
            return False
        except OpeningFailed:
            self._result.shut.add((row._meta.db_table, row.pk))
            return False
        return renewed


class _Safes:
    """The safes for some rows, by the keys that their values name; retired keys open, too."""

    def __init__(self, organization_id: UUID, keyring: Keyring, key_ids: set[UUID]) -> None:
        self._organization_id, self._archive = organization_id, keyring.archive
        theirs = PatientKey.objects.filter(organization_id=organization_id)
        self._owners = dict(theirs.filter(id__in=key_ids).values_list("id", "patient_id"))
        self._patients = generations(theirs.filter(patient_id__in=set(self._owners.values())))
        self._made: dict[UUID | None, Safe] = {}

    def of(self, key_id: UUID) -> Safe:
        """The safe of whoever owns the key. Raises `KeyDestroyed`, `OpeningFailed`."""
        owner = self._owners.get(key_id)
        if owner not in self._made:
            ciphers = self._archive if owner is None else patient_ciphers(self._patients[owner], retired_too=True)
            self._made[owner] = Safe(self._organization_id, ciphers)
        return self._made[owner]


def _locked(rows: QuerySet[Any], ids: list[UUID], columns: list[str]) -> list[Any]:
    """The rows that nobody else holds, now held by us; what refers to them may still be written."""
    version = [each.name for each in rows.model._meta.fields if each.name == "version"]
    locked = rows.select_for_update(skip_locked=True, no_key=True, of=("self",))
    return list(locked.filter(pk__in=ids).only("pk", *version, *columns))


@contextmanager
def _opened(organization_id: UUID) -> Iterator[None]:
    """A transaction of the owner on an organization's tables, or on the platform's."""
    if organization_id == NIL:
        with as_owner(ACCOUNTS), atomic(ACCOUNTS):
            yield
    else:
        with inside_as_owner(organization_id):
            yield
