"""An organization and a patient may have several keys: the newest seals, the others open until they are retired."""

from os import urandom
from typing import Any

import pytest
from django.utils import timezone

from chiron.kernel.ids import NIL, new_id
from chiron.vault import keyring as keyrings
from chiron.vault.blind import exact_index
from chiron.vault.envelope import key_id_of
from chiron.vault.errors import KeyDestroyed, OpeningFailed
from chiron.vault.keyring import (
    create_organization_key,
    forget_keys,
    keyring_of,
    new_organization_key,
)
from chiron.vault.models import OrganizationKey, PatientKey
from chiron.vault.rotation import rewrap_organization_keys
from chiron.vault.safes import archive_safe, new_patient_safe, organization_safe, patient_safe, place_of_key
from chiron.vault.tests.factories import HILLTOP, KOFI, sealed_by

pytestmark = pytest.mark.django_db(databases=["accounts"])


@pytest.fixture(autouse=True)
def _a_clinic() -> None:
    forget_keys()
    create_organization_key(HILLTOP)


def newer_organization_key() -> OrganizationKey:
    key = new_organization_key(HILLTOP, 2)
    key.save(force_insert=True)
    return key


def newer_patient_key() -> PatientKey:
    key = PatientKey(id=new_id(), organization_id=HILLTOP, patient_id=KOFI, generation=2)
    key.wrapped = keyring_of(HILLTOP).wrap(urandom(32), place_of_key(key))
    key.save(force_insert=True)
    return key


def test_the_newest_key_of_an_organization_seals_and_both_open() -> None:
    before = sealed_by(organization_safe(HILLTOP))
    key = newer_organization_key()

    after = sealed_by(organization_safe(HILLTOP))

    assert key_id_of(after.text) == key.id != key_id_of(before.text)
    assert [organization_safe(HILLTOP).open(row, "text") for row in (before, after)] == ["Kofi Mensah"] * 2


def test_the_newest_key_of_a_patient_seals_and_both_open() -> None:
    before = sealed_by(new_patient_safe(HILLTOP, KOFI))
    key = newer_patient_key()

    after = sealed_by(patient_safe(HILLTOP, KOFI))

    assert key_id_of(after.text) == key.id != key_id_of(before.text)
    assert [patient_safe(HILLTOP, KOFI).open(row, "text") for row in (before, after)] == ["Kofi Mensah"] * 2


def test_a_retired_key_opens_nothing_but_the_archive() -> None:
    of_the_clinic, of_kofi = sealed_by(organization_safe(HILLTOP)), sealed_by(new_patient_safe(HILLTOP, KOFI))
    newer_organization_key()
    newer_patient_key()
    for keys in (OrganizationKey.objects, PatientKey.objects):
        keys.filter(organization_id=HILLTOP, generation=1).update(retired_at=timezone.now())

    for safe, row in ((organization_safe(HILLTOP), of_the_clinic), (patient_safe(HILLTOP, KOFI), of_kofi)):
        with pytest.raises(OpeningFailed):
            safe.open(row, "text")

    assert archive_safe(HILLTOP).open(of_the_clinic, "text") == "Kofi Mensah"
    with pytest.raises(OpeningFailed):
        archive_safe(HILLTOP).open(of_kofi, "text")


def test_what_is_found_by_a_blind_index_is_found_under_a_newer_key() -> None:
    before = exact_index(HILLTOP, "identifier", "GHA-1")
    newer_organization_key()
    OrganizationKey.objects.filter(organization_id=HILLTOP, generation=1).update(retired_at=timezone.now())

    assert exact_index(HILLTOP, "identifier", "GHA-1") == before


def test_a_safe_learns_of_a_key_that_was_made_after_it() -> None:
    older, of_the_clinic = new_patient_safe(HILLTOP, KOFI), organization_safe(HILLTOP)
    newer_patient_key()
    newer_organization_key()

    rows = [sealed_by(patient_safe(HILLTOP, KOFI)), sealed_by(organization_safe(HILLTOP))]

    assert [older.open(rows[0], "text"), of_the_clinic.open(rows[1], "text")] == ["Kofi Mensah"] * 2
    assert key_id_of(sealed_by(older).text) == key_id_of(rows[0].text)


def test_an_erasure_holds_whatever_older_keys_are_left() -> None:
    row = sealed_by(new_patient_safe(HILLTOP, KOFI))
    key = newer_patient_key()
    PatientKey.objects.filter(id=key.id).update(wrapped=None, destroyed_at=timezone.now())

    for ask in (patient_safe, new_patient_safe):
        with pytest.raises(KeyDestroyed):
            ask(HILLTOP, KOFI)

    assert row.text is not None


def test_a_process_learns_of_a_newer_key_within_a_second_and_opens_none_twice(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    time = [100.0]
    monkeypatch.setattr(keyrings, "seconds", lambda: time[0])
    with django_capture_on_commit_callbacks(using="accounts", execute=True):
        first = keyring_of(HILLTOP)
    key = newer_organization_key()

    time[0] = 100.9
    assert keyring_of(HILLTOP) is first
    time[0] = 101.0
    again = keyring_of(HILLTOP)

    assert again.newest == key.id != first.newest
    assert again.generations[first.newest] is first.generations[first.newest]
    forget_keys()


def test_a_destroyed_key_of_an_organization_is_forgotten_by_every_process_within_a_second(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    time = [100.0]
    monkeypatch.setattr(keyrings, "seconds", lambda: time[0])
    with django_capture_on_commit_callbacks(using="accounts", execute=True):
        row = sealed_by(organization_safe(HILLTOP))
    OrganizationKey.objects.filter(organization_id=HILLTOP).update(wrapped=b"")  # as another process does

    time[0] = 101.0
    with pytest.raises(OpeningFailed):
        organization_safe(HILLTOP)

    assert row.text is not None
    assert NIL in {key.organization_id for key in OrganizationKey.objects.standing()}
    assert rewrap_organization_keys() == 0
    forget_keys()
