"""What somebody can do who may write to the tables and has older copies of them, but no key (E1)."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any
from uuid import UUID

import pytest
from django.core.management import call_command

from chiron.identity.public import Role
from chiron.operations.tests.turning import fill, sealed_values
from chiron.vault import settling
from chiron.vault.envelope import key_id_of
from chiron.vault.models import PatientKey
from chiron.vault.public import KeyDestroyed, OpeningFailed, Safe, forget_keys, organization_safe, patient_safe
from tests.town import Clinic


@dataclass(frozen=True)
class Value:
    """A sealed value and where it stood."""

    row: Any
    column: str
    sealed: bytes

    @property
    def place(self) -> tuple[str, UUID, str]:
        return self.row._meta.db_table, self.row.pk, self.column


def values_of(clinic: Clinic) -> list[Value]:
    return [Value(row, column, bytes(getattr(row, column))) for row, column in sealed_values(clinic.id)]


def change_every_record(clinic: Clinic) -> None:
    admin = clinic.client(Role.ADMIN)
    for record in admin.get("/api/records?limit=100").json()["records"]:
        body = {"record_type": record["record_type"], "title": "Changed", "reason": "a later version"}
        etag = f'"{record["version"]}"'
        admin.put(f"/api/records/{record['id']}", json.dumps(body), "application/json", headers={"If-Match": etag})


class Vault:
    """Opens values as the product does, whoever owns the row."""

    def __init__(self, clinic: Clinic) -> None:
        forget_keys()
        self._id, self._safes = clinic.id, dict[UUID | None, Safe]()
        self._owners = dict(PatientKey.objects.filter(organization_id=clinic.id).values_list("id", "patient_id"))

    def opens(self, moved: bytes, there: Value) -> bool:
        owner = self._owners.get(key_id_of(there.sealed))
        if owner not in self._safes:
            self._safes[owner] = patient_safe(self._id, owner) if owner else organization_safe(self._id)
        setattr(there.row, there.column, moved)
        try:
            self._safes[owner].open(there.row, there.column)
        except (OpeningFailed, KeyDestroyed):
            return False
        finally:
            setattr(there.row, there.column, there.sealed)
        return True


@pytest.mark.parametrize("moves", [500, pytest.param(10_000, marks=pytest.mark.stress)])
def test_no_value_opens_in_another_place_nor_an_older_one_in_its_own(
    moves: int, lakeside: Clinic, monkeypatch: pytest.MonkeyPatch, shown: Callable[[str, str], None]
) -> None:
    monkeypatch.setattr(settling, "SETTLED", 0.0)
    fill(lakeside, patients=2)
    first = values_of(lakeside)
    change_every_record(lakeside)
    changed = values_of(lakeside)
    for options in (["--patients"], []):
        call_command("keys", "rotate", "--organization", lakeside.organization.slug, *options)
    vault, dice, present = Vault(lakeside), Random(moves), values_of(lakeside)
    now_at = {value.place: value for value in present}

    rolled_back = [(older, now_at[older.place]) for older in (*first, *changed) if older.place in now_at]
    exchanged = [dice.sample(present, 2) for _ in range(moves)]
    copied = [(dice.choice((*first, *changed)), dice.choice(present)) for _ in range(moves)]
    everything = [*rolled_back, *exchanged, *[(copy, there) for copy, there in copied if copy.place != there.place]]
    opened = [there.place for moved, there in everything if vault.opens(moved.sealed, there)]

    assert all(vault.opens(value.sealed, value) for value in present)
    assert len({value.row.version for value in present if hasattr(value.row, "version")}) > 1
    assert len(rolled_back) > 100
    assert opened == []
    shown(
        "E1",
        f"{len(everything):,} values of a clinic swapped, copied and rolled back to older versions and keys"
        f" ({len(rolled_back):,} into their own place): {len(opened)} opened",
    )
