"""Wrapped keys are remembered for a second, and only what is committed."""

from collections.abc import Collection
from uuid import UUID

import pytest

from chiron.kernel.db import ACCOUNTS, atomic
from chiron.vault.models import PatientKey
from chiron.vault.tests.factories import ESI, HILLTOP, KOFI, RIVERSIDE
from chiron.vault.wrapped import WrappedKeys


class Shelf:
    """A table of keys that counts how often it is read, and a clock that stands still."""

    def __init__(self) -> None:
        self.keys = {KOFI: PatientKey(patient_id=KOFI), ESI: PatientKey(patient_id=ESI)}
        self.asked: list[set[UUID]] = []
        self.time = 100.0
        self.wrapped = WrappedKeys(self.read, lambda: self.time)

    def read(self, organization_id: UUID, patient_ids: Collection[UUID]) -> list[PatientKey]:
        self.asked.append(set(patient_ids))
        return [self.keys[each] for each in patient_ids if each in self.keys]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def test_a_key_is_read_once_within_a_second(shelf: Shelf) -> None:
    found = [shelf.wrapped.of(HILLTOP, [KOFI]), shelf.wrapped.of(HILLTOP, [KOFI])]

    assert found == [[shelf.keys[KOFI]], [shelf.keys[KOFI]]]
    assert shelf.asked == [{KOFI}]


def test_only_what_is_not_known_is_read(shelf: Shelf) -> None:
    shelf.wrapped.of(HILLTOP, [KOFI])

    found = shelf.wrapped.of(HILLTOP, [KOFI, ESI, KOFI])

    assert {each.patient_id for each in found} == {KOFI, ESI}
    assert shelf.asked == [{KOFI}, {ESI}]


def test_a_destroyed_key_is_believed_for_a_second_at_most(shelf: Shelf) -> None:
    shelf.time = 100.9
    shelf.wrapped.of(HILLTOP, [KOFI])
    shelf.keys[KOFI] = erased = PatientKey(patient_id=KOFI, wrapped=None)

    shelf.time = 101.0

    [found] = shelf.wrapped.of(HILLTOP, [KOFI])
    assert found is erased


def test_what_is_forgotten_is_read_anew(shelf: Shelf) -> None:
    shelf.wrapped.of(HILLTOP, [KOFI])
    del shelf.keys[KOFI]

    shelf.wrapped.forget()

    assert shelf.wrapped.of(HILLTOP, [KOFI]) == []


def test_that_there_is_no_key_is_not_remembered(shelf: Shelf) -> None:
    key = shelf.keys.pop(KOFI)
    assert shelf.wrapped.of(HILLTOP, [KOFI]) == []

    shelf.keys[KOFI] = key

    assert shelf.wrapped.of(HILLTOP, [KOFI]) == [key]


def test_another_organization_has_other_keys(shelf: Shelf) -> None:
    shelf.wrapped.of(HILLTOP, [KOFI])

    shelf.wrapped.of(RIVERSIDE, [KOFI])

    assert shelf.asked == [{KOFI}, {KOFI}]


def test_nothing_is_read_for_nobody(shelf: Shelf) -> None:
    assert shelf.wrapped.of(HILLTOP, []) == []
    assert shelf.asked == []


@pytest.mark.django_db(databases=["accounts"])
def test_what_may_never_be_committed_is_not_remembered(shelf: Shelf) -> None:
    with atomic(ACCOUNTS):
        shelf.wrapped.of(HILLTOP, [KOFI])
        shelf.wrapped.of(HILLTOP, [KOFI])

    assert shelf.asked == [{KOFI}, {KOFI}]
