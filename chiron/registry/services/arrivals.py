"""Arrivals: patients, providers and laboratories of an older system, many at once, under ids that it decides.

They keep the moment at which the older system recorded them. What stands is read back in the same words, so that
whoever brought them can compare.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, take_turns
from chiron.registry.models import Assignment, Identifier, Laboratory, Patient, Precision, Provider, Sex
from chiron.registry.rules import BirthDate, Person
from chiron.registry.sealing import person_of, put
from chiron.registry.services.patients import Entry, describe, identifier_indexes, identifier_row
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import new_patient_safes, organization_safe, patient_safes


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientArrival:
    """A patient, and the providers who care for them."""

    id: UUID
    entry: Entry
    carers: tuple[UUID, ...] = ()
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderArrival:
    """Somebody who treats."""

    id: UUID
    person: Person
    role: str = "doctor"
    specialty: str = ""
    active: bool = True
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class LaboratoryArrival:
    """Who examines samples."""

    id: UUID
    name: str
    code: str
    active: bool = True
    recorded_at: datetime


Arrival = TypeVar("Arrival", PatientArrival, ProviderArrival, LaboratoryArrival)
Settled = dict[UUID, tuple[Arrival, bool]]
"""By id: what stands now, and whether somebody changed it since it arrived."""


def admit_patients(*, by: Caller, arrivals: Sequence[PatientArrival], now: datetime) -> set[UUID]:
    """New patients, each with a key of its own and an event. Gives those refused, as an identifier of theirs is taken.

    Of two with the same identifier the first comes in. Their keys commit at once, before the patients.
    """
    by.scope("patients", "create")
    indexes = {
        each.id: {identifier_indexes(system, value)[0] for system, value, _ in each.entry.identifiers}
        for each in arrivals
    }
    refused = _taken(indexes)
    admitted = [each for each in arrivals if each.id not in refused]
    safes = new_patient_safes(current_organization_id(), [each.id for each in admitted])
    patients, identifiers, assignments = [], [], []
    for each in admitted:
        patient = Patient(id=each.id, recorded_at=each.recorded_at, updated_at=now)
        describe(patient, each.entry, safes[each.id])
        patients.append(patient)
        identifiers += [identifier_row(patient, safes[each.id], *said) for said in each.entry.identifiers]
        assignments += [Assignment(patient=patient, provider_id=carer, since=each.recorded_at) for carer in each.carers]
    Patient.objects.bulk_create(patients)
    Identifier.objects.bulk_create(identifiers)
    Assignment.objects.bulk_create(assignments)
    for each in admitted:
        audit.record(by, "patient.created", resource="patients", resource_id=each.id, subjects=[each.id])
    return refused


def _taken(indexes: dict[UUID, set[bytes]]) -> set[UUID]:
    every = {index for of_one in indexes.values() for index in of_one}
    take_turns(CLINICAL, *(f"identifier {index.hex()}" for index in every))
    held = {bytes(index) for index in Identifier.objects.filter(index__in=every).values_list("index", flat=True)}
    refused = set()
    for arrival_id, of_one in indexes.items():
        if held.isdisjoint(of_one):
            held |= of_one
        else:
            refused.add(arrival_id)
    return refused


def admit_providers(*, by: Caller, arrivals: Sequence[ProviderArrival], now: datetime) -> None:
    """New providers, each an event."""
    by.scope("providers", "create")
    safe, rows = organization_safe(current_organization_id()), []
    for each in arrivals:
        row = Provider(
            id=each.id, role=each.role, specialty=each.specialty, active=each.active, recorded_at=each.recorded_at,
            updated_at=now,
        )  # fmt: skip
        put(row, each.person, safe)
        rows.append(row)
    Provider.objects.bulk_create(rows)
    for each in arrivals:
        audit.record(by, "provider.created", resource="providers", resource_id=each.id)


def admit_laboratories(*, by: Caller, arrivals: Sequence[LaboratoryArrival], now: datetime) -> set[UUID]:
    """New laboratories, each an event. Gives those refused, as their code is another's."""
    by.scope("laboratories", "create")
    take_turns(CLINICAL, f"laboratory codes {current_organization_id()}")
    held = set(Laboratory.objects.filter(code__in=[each.code for each in arrivals]).values_list("code", flat=True))
    admitted: dict[str, LaboratoryArrival] = {}
    for each in arrivals:
        if each.code not in held:
            admitted.setdefault(each.code, each)
    Laboratory.objects.bulk_create(
        Laboratory(
            id=each.id,
            name=each.name,
            code=each.code,
            active=each.active,
            recorded_at=each.recorded_at,
            updated_at=now,
        )  # fmt: skip
        for each in admitted.values()
    )
    for each in admitted.values():
        audit.record(by, "laboratory.saved", resource="laboratories", resource_id=each.id)
    return {each.id for each in arrivals} - {each.id for each in admitted.values()}


def settled_patients(ids: Collection[UUID]) -> "Settled[PatientArrival]":
    """Those of these patients who stand, and were not erased; for a migration that verifies itself, not for callers."""
    patients = list(Patient.objects.filter(id__in=ids, erased_at=None))
    standing = [each.id for each in patients]
    safes = patient_safes(current_organization_id(), standing)
    identifiers: dict[UUID, list[tuple[str, str, str]]] = defaultdict(list)
    for row in Identifier.objects.filter(patient_id__in=standing).order_by("id"):
        identifiers[row.patient_id].append((row.system, safes[row.patient_id].open(row, "value"), row.kind))
    carers: dict[UUID, list[UUID]] = defaultdict(list)
    for patient_id, provider_id in _assigned(ids):
        carers[patient_id].append(provider_id)
    settled = {}
    for each in patients:
        entry = Entry(
            person=person_of(each, safes[each.id]),
            born=BirthDate(each.birth_date, Precision(each.birth_precision)) if each.birth_date else None,
            birth_estimated=each.birth_estimated,
            sex=Sex(each.sex),
            deceased=each.deceased,
            deceased_at=each.deceased_at,
            active=each.active,
            identifiers=tuple(identifiers[each.id]),
        )
        found = PatientArrival(id=each.id, entry=entry, carers=tuple(carers[each.id]), recorded_at=each.recorded_at)
        settled[each.id] = found, each.version > 1
    return settled


def _assigned(ids: Collection[UUID]) -> Iterable[tuple[UUID, UUID]]:
    standing = Assignment.objects.filter(patient_id__in=ids, until=None).order_by("id")
    return standing.values_list("patient_id", "provider_id")


def settled_providers(ids: Collection[UUID]) -> "Settled[ProviderArrival]":
    """Those of these providers who stand; not for callers."""
    safe = organization_safe(current_organization_id())
    return {
        row.id: (
            ProviderArrival(
                id=row.id, person=person_of(row, safe), role=row.role, specialty=row.specialty, active=row.active,
                recorded_at=row.recorded_at,
            ),
            row.version > 1,
        )
        for row in Provider.objects.filter(id__in=ids)
    }  # fmt: skip


def settled_laboratories(ids: Collection[UUID]) -> "Settled[LaboratoryArrival]":
    """Those of these laboratories that stand; not for callers."""
    return {
        row.id: (
            LaboratoryArrival(
                id=row.id, name=row.name, code=row.code, active=row.active, recorded_at=row.recorded_at
            ),
            row.version > 1,
        )
        for row in Laboratory.objects.filter(id__in=ids)
    }  # fmt: skip
