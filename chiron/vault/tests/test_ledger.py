"""The ledger of erasures: its lines cannot be forged, reordered, left out or forgotten."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from chiron.kernel.clock import now
from chiron.kernel.db import ACCOUNTS, atomic, roll_back
from chiron.kernel.ids import new_id
from chiron.vault import ledger, ledger_copy
from chiron.vault.errors import KeyDestroyed, LedgerBehind, LedgerBroken, OpeningFailed
from chiron.vault.master import master_key
from chiron.vault.models import Erasure, PatientKey
from chiron.vault.public import (
    create_organization_key,
    destroy_again,
    destroy_organization_keys,
    destroy_patient_key,
    forget_keys,
    keys_are_destroyed,
    new_patient_safe,
    organization_safe,
    patient_safe,
)
from chiron.vault.rotation import organization_keys_by_master, rewrap_organization_keys

Line = dict[str, Any]


@pytest.fixture
def clinic(db: None, settings: Any, tmp_path: Path) -> UUID:
    """An organization with a key; the copy of the ledger lies in a folder of this test."""
    settings.AUDIT_HEADS_DIR = tmp_path
    organization_id = new_id()
    create_organization_key(organization_id)
    return organization_id


def erase(clinic: UUID) -> UUID:
    patient_id = new_id()
    new_patient_safe(clinic, patient_id)
    destroy_patient_key(organization_id=clinic, patient_id=patient_id, account_id=None, by=None, now=now())
    return patient_id


def copy() -> None:
    """As at a commit, which never comes in a test."""
    ledger_copy.append(lambda known: [ledger._line(each) for each in ledger.entries() if each.seq > known])


def lines() -> list[Line]:
    return list(ledger_copy.lines())


def erased_and_lost(clinic: UUID) -> UUID:
    """Somebody whose erasure is in the copy and not in the database, where the key is back: an older backup."""
    patient_id = new_id()
    new_patient_safe(clinic, patient_id)
    with atomic(ACCOUNTS):
        destroy_patient_key(organization_id=clinic, patient_id=patient_id, account_id=None, by=None, now=now())
        copy()
        roll_back(ACCOUNTS)
    return patient_id


def test_every_line_is_copied_once_and_a_torn_one_again(clinic: UUID) -> None:
    patients = [erase(clinic) for _ in range(3)]
    copy()
    whole = ledger_copy.path().read_bytes()
    ledger_copy.path().write_bytes(whole[:-40])

    copy()
    copy()

    assert ledger_copy.path().read_bytes() == whole
    assert [UUID(line["patient_id"]) for line in lines()[-3:]] == patients
    assert ledger.reconcile() == 0


def test_an_erasure_is_entered_once(clinic: UUID) -> None:
    patient_id, before = new_id(), Erasure.objects.count()
    for _ in range(2):
        destroy_patient_key(organization_id=clinic, patient_id=patient_id, account_id=None, by=None, now=now())

    assert Erasure.objects.count() == before + 1


def test_a_restored_database_gets_its_lines_back_and_loses_the_keys_again(clinic: UUID) -> None:
    patient_id = erased_and_lost(clinic)
    patient_safe(clinic, patient_id)
    assert not keys_are_destroyed()
    with pytest.raises(LedgerBehind):
        erase(clinic)

    had = Erasure.objects.count()
    lost = destroy_again()

    assert (lost, Erasure.objects.count()) == (len(lines()) - had, len(lines()))
    assert keys_are_destroyed()
    with pytest.raises(KeyDestroyed):
        patient_safe(clinic, patient_id)


def test_who_had_no_key_in_an_older_backup_gets_none_any_more(clinic: UUID) -> None:
    patient_id = new_id()
    destroy_patient_key(organization_id=clinic, patient_id=patient_id, account_id=None, by=None, now=now())

    with pytest.raises(KeyDestroyed):
        new_patient_safe(clinic, patient_id)


def test_an_organization_goes_with_all_its_patients_and_no_other(clinic: UUID) -> None:
    other, patients = new_id(), [new_id(), new_id()]
    create_organization_key(other)
    new_patient_safe(clinic, patients[0])
    new_patient_safe(other, patients[1])

    destroy_organization_keys(organization_id=clinic, by=None, now=now())
    forget_keys()

    with pytest.raises(OpeningFailed):
        organization_safe(clinic)
    assert not PatientKey.objects.filter(organization_id=clinic, wrapped__isnull=False).exists()
    organization_safe(other)
    patient_safe(other, patients[1])


def test_what_was_destroyed_stands_in_no_rotations_way(clinic: UUID) -> None:
    destroy_organization_keys(organization_id=clinic, by=None, now=now())

    assert rewrap_organization_keys() == 0
    assert set(organization_keys_by_master()) == {master_key().id}


def changed(name: str, value: Any) -> Callable[[list[Line]], list[Line]]:
    return lambda told: [*told[:-1], told[-1] | {name: value}]


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(changed("patient_id", str(new_id())), id="another patient"),
        pytest.param(changed("organization_id", str(new_id())), id="another organization"),
        pytest.param(changed("patient_id", None), id="the whole organization"),
        pytest.param(changed("at", "2026-01-01T00:00:00+00:00"), id="another time"),
        pytest.param(changed("signature", "00" * 64), id="no signature"),
        pytest.param(changed("seq", "x"), id="no number"),
        pytest.param(lambda told: [*told[:-2], told[-1], told[-2]], id="reordered"),
        pytest.param(lambda told: [*told[:-2], told[-1]], id="one left out"),
        pytest.param(lambda told: [*told, told[-1]], id="one twice"),
        pytest.param(lambda told: [*told[:-1], 7], id="no line"),
    ],
)
def test_a_copy_that_was_tampered_with_erases_nobody(clinic: UUID, tamper: Any) -> None:
    erase(clinic)
    erased_and_lost(clinic)
    erase_count = Erasure.objects.count()
    ledger_copy.path().write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in tamper(lines())))

    with pytest.raises(LedgerBroken):
        destroy_again()

    assert Erasure.objects.count() == erase_count
