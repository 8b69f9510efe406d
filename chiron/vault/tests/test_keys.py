import gc
from typing import Any, TypeVar
from unittest.mock import patch
from uuid import UUID, uuid4

import pytest
from django.apps import apps
from django.db import IntegrityError, connections
from django.db.models import QuerySet
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.ids import NIL
from chiron.vault import keyring as keyrings
from chiron.vault import safes
from chiron.vault.envelope import Cipher, Header, place
from chiron.vault.errors import KeyDestroyed, OpeningFailed
from chiron.vault.keyring import create_organization_key, forget_keys, keyring_of
from chiron.vault.master import EnvironmentMasterKey, master_key
from chiron.vault.models import OrganizationKey, PatientKey
from chiron.vault.safes import (
    new_patient_safe,
    new_patient_safes,
    organization_safe,
    patient_safe,
    patient_safes,
    platform_safe,
)
from chiron.vault.tests.factories import ESI, HILLTOP, KOFI, RIVERSIDE, sealed_by

AnyKey = TypeVar("AnyKey", OrganizationKey, PatientKey)

pytestmark = pytest.mark.django_db(databases=["accounts"])


@pytest.fixture(autouse=True)
def _two_clinics() -> None:
    forget_keys()
    create_organization_key(HILLTOP)
    create_organization_key(RIVERSIDE)


def test_an_organization_seals_and_opens_with_its_own_key() -> None:
    row = sealed_by(organization_safe(HILLTOP))

    assert organization_safe(HILLTOP).open(row, "text") == "Kofi Mensah"
    assert Header.of(row.text).key_id == hilltops(OrganizationKey).get().id
    with pytest.raises(OpeningFailed):
        organization_safe(RIVERSIDE).open(row, "text")


def test_what_a_safe_sealed_opens_for_good_with_its_key_at_its_place() -> None:
    row = sealed_by(organization_safe(HILLTOP))
    [cipher] = keyring_of(HILLTOP).sealing.values()

    opened = cipher.open(place(HILLTOP, row._meta.db_table, row.pk, "text", row.version), row.text)

    assert opened == b'"Kofi Mensah"'


def test_an_organization_without_a_key_gets_no_safe_and_no_key() -> None:
    nobody = uuid4()

    with pytest.raises(OpeningFailed):
        organization_safe(nobody)
    with pytest.raises(OpeningFailed):
        new_patient_safe(nobody, KOFI)

    assert not OrganizationKey.objects.filter(organization_id=nobody).exists()
    assert not PatientKey.objects.filter(organization_id=nobody).exists()


def test_the_platform_makes_its_own_key_once() -> None:
    row = sealed_by(platform_safe())

    assert platform_safe().open(row, "text") == "Kofi Mensah"
    assert OrganizationKey.objects.filter(organization_id=NIL, generation=1).count() == 1


def test_creating_a_key_again_changes_nothing() -> None:
    row = sealed_by(organization_safe(HILLTOP))
    create_organization_key(HILLTOP)

    assert organization_safe(HILLTOP).open(row, "text") == "Kofi Mensah"
    assert hilltops(OrganizationKey).count() == 1


def test_a_patient_has_a_key_of_their_own() -> None:
    row = sealed_by(new_patient_safe(HILLTOP, KOFI))
    new_patient_safe(HILLTOP, ESI)

    assert patient_safe(HILLTOP, KOFI).open(row, "text") == "Kofi Mensah"
    for other in (patient_safe(HILLTOP, ESI), organization_safe(HILLTOP)):
        with pytest.raises(OpeningFailed):
            other.open(row, "text")


def test_one_patient_id_in_two_organizations_has_two_keys() -> None:
    row = sealed_by(new_patient_safe(HILLTOP, KOFI))

    with pytest.raises(OpeningFailed):
        new_patient_safe(RIVERSIDE, KOFI).open(row, "text")


def test_asking_again_for_a_new_patient_gives_the_key_there_is() -> None:
    row = sealed_by(new_patient_safe(HILLTOP, KOFI))

    both = new_patient_safes(HILLTOP, [KOFI, ESI, ESI, KOFI])

    assert both[KOFI].open(row, "text") == "Kofi Mensah"
    assert set(both) == {KOFI, ESI}
    assert hilltops(PatientKey).count() == 2


def test_patient_keys_are_wrapped_by_the_organization_and_organization_keys_by_the_master_key() -> None:
    new_patient_safe(HILLTOP, KOFI)
    organization_key, patient_key = hilltops(OrganizationKey).get(), hilltops(PatientKey).get()

    assert Header.of(bytes(organization_key.wrapped)).key_id == master_key().id
    assert Header.of(bytes(patient_key.wrapped or b"")).key_id == organization_key.id
    with pytest.raises(OpeningFailed):
        master_key().unwrap(bytes(patient_key.wrapped or b""), b"")


def test_a_wrapped_key_moved_to_another_patient_or_organization_opens_nothing() -> None:
    new_patient_safes(HILLTOP, [KOFI, ESI])
    new_patient_safe(RIVERSIDE, KOFI)
    kofi = PatientKey.objects.get(organization_id=HILLTOP, patient_id=KOFI)

    PatientKey.objects.exclude(id=kofi.id).filter(organization_id__in=[HILLTOP, RIVERSIDE]).update(wrapped=kofi.wrapped)

    for organization_id, patient_id in ((HILLTOP, ESI), (RIVERSIDE, KOFI)):
        with pytest.raises(OpeningFailed):
            patient_safe(organization_id, patient_id)


def test_an_organization_key_moved_to_another_organization_opens_nothing() -> None:
    hilltop = hilltops(OrganizationKey).get()
    OrganizationKey.objects.filter(organization_id=RIVERSIDE).update(wrapped=hilltop.wrapped)

    with pytest.raises(OpeningFailed):
        organization_safe(RIVERSIDE)


def test_another_master_key_opens_nothing_and_begins_nothing() -> None:
    newcomer = uuid4()

    with patch("chiron.vault.master.master_key", return_value=EnvironmentMasterKey(bytes(32))):
        with pytest.raises(OpeningFailed):
            organization_safe(HILLTOP)
        with pytest.raises(OpeningFailed):
            create_organization_key(newcomer)

    assert not OrganizationKey.objects.filter(organization_id=newcomer).exists()


def test_a_destroyed_key_says_so_and_stays_destroyed() -> None:
    row = sealed_by(new_patient_safe(HILLTOP, KOFI))
    hilltops(PatientKey).update(wrapped=None, destroyed_at=timezone.now())

    for ask in (patient_safe, new_patient_safe):
        with pytest.raises(KeyDestroyed):
            ask(HILLTOP, KOFI)

    assert (KeyDestroyed.status, KeyDestroyed.code) == (410, "erased")
    with pytest.raises(OpeningFailed):
        organization_safe(HILLTOP).open(row, "text")


def test_a_patient_without_a_key_is_an_error_and_no_key_is_made() -> None:
    with pytest.raises(OpeningFailed):
        patient_safe(HILLTOP, KOFI)

    assert not hilltops(PatientKey).exists()


def test_the_erased_and_the_unknown_are_not_among_many_safes() -> None:
    new_patient_safes(HILLTOP, [KOFI, ESI])
    hilltops(PatientKey).filter(patient_id=ESI).update(wrapped=None, destroyed_at=timezone.now())

    many = patient_safes(HILLTOP, [KOFI, ESI, NIL])

    assert (list(many), len(many), KOFI in many, ESI in many, NIL in many) == ([KOFI], 1, True, False, False)
    with pytest.raises(KeyDestroyed):
        many[ESI]
    with pytest.raises(OpeningFailed):
        many[NIL]


@pytest.mark.parametrize("change", [{"wrapped": None}, {"destroyed_at": timezone.now()}])
def test_a_key_is_either_kept_or_destroyed(change: dict[str, Any]) -> None:
    new_patient_safe(HILLTOP, KOFI)

    with pytest.raises(IntegrityError, match="patient_key_is_kept_or_destroyed"), atomic(ACCOUNTS):
        hilltops(PatientKey).update(**change)


def test_many_safes_cost_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    patients = [uuid4() for _ in range(50)]
    new_patient_safes(HILLTOP, patients)
    with patch.dict(keyrings._remembered, {HILLTOP: keyring_of(HILLTOP)}):
        with django_assert_num_queries(1, using="accounts"):
            many = patient_safes(HILLTOP, patients)
            opened = [many[patient] for patient in patients]
        with django_assert_num_queries(2, using="accounts"):
            new_patient_safes(HILLTOP, [uuid4() for _ in range(50)])

    assert len({id(safe) for safe in opened}) == 50


def test_a_key_read_in_a_transaction_is_remembered_only_once_it_is_committed(
    django_capture_on_commit_callbacks: Any,
) -> None:
    with django_capture_on_commit_callbacks(using="accounts", execute=True):
        keyring = keyring_of(HILLTOP)
        assert keyring_of(HILLTOP) is not keyring

    assert keyring_of(HILLTOP) is keyring_of(HILLTOP)
    forget_keys()


def test_no_more_than_a_bounded_number_of_keyrings_is_remembered() -> None:
    keyring = keyring_of(HILLTOP)
    for number in range(keyrings.REMEMBERED_AT_MOST + 10):
        keyrings._remember(UUID(int=number), keyring)

    assert len(keyrings._remembered) == keyrings.REMEMBERED_AT_MOST
    assert UUID(int=9) not in keyrings._remembered
    forget_keys()


def test_an_opened_patient_key_does_not_outlive_its_safe() -> None:
    safe = new_patient_safe(HILLTOP, KOFI)
    key_id = hilltops(PatientKey).get().id
    assert key_id in opened_keys()

    del safe

    assert key_id not in opened_keys()


def test_no_key_lies_in_clear_in_the_tables_of_keys() -> None:
    new_patient_safe(HILLTOP, KOFI)
    keyring = keyring_of(HILLTOP)
    organization_key, patient_key = hilltops(OrganizationKey).get(), hilltops(PatientKey).get()
    secret = keyring.unwrap(bytes(patient_key.wrapped or b""), safes.place_of_key(patient_key))

    assert len(secret) == 32
    assert secret not in bytes(patient_key.wrapped or b"") + bytes(organization_key.wrapped)


def test_keys_live_in_accounts_only() -> None:
    vault = apps.get_app_config("vault")
    tables = {model._meta.db_table for model in vault.get_models()}

    assert getattr(vault, "databases", None) == ("accounts",)
    assert tables <= set(connections["accounts"].introspection.table_names())


def hilltops(keys: type[AnyKey]) -> QuerySet[AnyKey]:
    return keys._default_manager.filter(organization_id=HILLTOP)


def opened_keys() -> set[UUID]:
    gc.collect()
    return {thing.key_id for thing in gc.get_objects() if type(thing) is Cipher}
