"""Bulk verbs for imports: upsert by the source's own keys, with a constant number of queries."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.db.models import QuerySet

from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, atomic, take_turns
from chiron.kernel.ids import new_id
from chiron.registry.errors import IdentifierTaken
from chiron.registry.models import Department, Identifier, Patient, Provider
from chiron.registry.rules import Person, adds_nothing
from chiron.registry.sealing import put, raised
from chiron.registry.services.patients import Entry, describe, identifier_indexes, identifier_row
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import exact_index, new_patient_safe, organization_safe, patient_safe

Outcome = Literal["created", "updated", "unchanged"]


@dataclass(frozen=True, slots=True)
class PatientSeen:
    """A patient as a source describes it; found again by any of its identifiers."""

    entry: Entry
    original: bytes


@dataclass(frozen=True, slots=True)
class ProviderSeen:
    """A provider as a source describes it; found again by its key at the source."""

    key: str
    person: Person
    role: str
    specialty: str
    active: bool
    original: bytes


@dataclass(frozen=True, slots=True)
class PlaceSeen:
    """A site or location as a source describes it."""

    key: str
    kind: str
    name: str
    active: bool
    original: bytes


Result = tuple[UUID, Outcome]


def import_patients(
    *, by: Caller, seen: Sequence[PatientSeen], besides: Iterable[tuple[str, str]] = (), now: datetime
) -> list[Result]:
    """Create, update or leave each patient; in the order given. Raises IdentifierTaken for one that is two at once.

    `besides` are identifiers (system, value) of patients about whom something will be written in this transaction:
    they are locked together with the others, since imports that lock one after the other may wait in a circle.
    """
    by.scope("patients", "create")
    indexes = [[identifier_indexes(system, value)[0] for system, value, _ in each.entry.identifiers] for each in seen]
    everyone = [index for of_one in indexes for index in of_one]
    _take_turns([*everyone, *(identifier_indexes(*identifier)[0] for identifier in besides)])
    return [_import_patient(each, of_one, now) for each, of_one in zip(seen, indexes, strict=True)]


class _Newcomers(Exception):
    """Patients were added while we waited for our turn."""


def _take_turns(indexes: Sequence[bytes]) -> None:
    """Lock everybody who has one of these identifiers, and whoever would be given one waits for us.

    Rows come before turns, as whoever changes a patient takes them, and all at once. Somebody who came while we waited
    has no lock of ours yet: a turn that is held must not wait for rows, so both are given back and taken anew.
    """
    while True:
        try:
            with atomic(CLINICAL):
                locked = {patient.id for patient in _locked(indexes)}
                take_turns(CLINICAL, *(f"identifier {index.hex()}" for index in indexes))
                if not locked.issuperset(_with(indexes).values_list("id", flat=True)):
                    raise _Newcomers
            return
        except _Newcomers:
            continue


def _locked(indexes: Sequence[bytes]) -> list[Patient]:
    return list(_with(indexes).order_by("id").select_for_update(of=("self",)))


def _with(indexes: Sequence[bytes]) -> "QuerySet[Patient]":
    return Patient.objects.filter(id__in=Identifier.objects.filter(index__in=indexes).values("patient_id"))


def _import_patient(seen: PatientSeen, indexes: Sequence[bytes], now: datetime) -> Result:
    organization_id = current_organization_id()
    digest = exact_index(organization_id, "original", seen.original.decode())
    patients = _locked(indexes)
    if len(patients) > 1:
        raise IdentifierTaken(existing_id=str(patients[0].id))
    if patients and bytes(patients[0].digest or b"") == digest:
        return patients[0].id, "unchanged"
    if patients:
        patient, outcome = patients[0], "updated"
        safe = patient_safe(organization_id, patient.id)
        raised(patient, safe)
    else:
        patient, outcome = Patient(recorded_at=now), "created"
        safe = new_patient_safe(organization_id, patient.id)
    describe(patient, seen.entry, safe)
    patient.original = safe.seal(patient, "original", seen.original.decode())
    patient.digest, patient.updated_at = digest, now
    patient.save(force_insert=outcome == "created")
    Identifier.objects.filter(patient=patient).delete()
    Identifier.objects.bulk_create([identifier_row(patient, safe, *each) for each in seen.entry.identifiers])
    return patient.id, outcome  # type: ignore[return-value]


def import_providers(*, by: Caller, seen: Sequence[ProviderSeen], now: datetime) -> list[Result]:
    """Create, update or leave each provider; in the order given."""
    by.scope("providers", "create")
    safe = organization_safe(current_organization_id())

    def fill(row: Any, each: ProviderSeen) -> None:
        put(row, each.person, safe)
        row.role, row.specialty, row.active = each.role, each.specialty, each.active

    return _upsert(Provider, "provider", seen, fill, now)


def known_providers(keys: Iterable[str]) -> dict[str, UUID]:
    """The providers whom earlier imports brought, by their key at the source; those unknown are absent."""
    return _known(Provider, "provider", keys)


def known_places(keys: Iterable[str]) -> dict[str, UUID]:
    """The sites and locations that earlier imports brought, by their key at the source; those unknown are absent."""
    return _known(Department, "place", keys)


def _known(model: Any, label: str, keys: Iterable[str]) -> dict[str, UUID]:
    organization_id = current_organization_id()
    indexes = {exact_index(organization_id, label, key): key for key in keys}
    found = model.objects.filter(source_key__in=list(indexes)).values_list("source_key", "id") if indexes else ()
    return {indexes[bytes(source_key or b"")]: row_id for source_key, row_id in found}


def known_patients(identifiers: Iterable[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
    """The patients who have these identifiers (system, value); those of nobody are absent."""
    indexes = {identifier_indexes(*identifier)[0]: identifier for identifier in identifiers}
    found = Identifier.objects.filter(index__in=list(indexes)).values_list("index", "patient_id") if indexes else ()
    return {indexes[bytes(index)]: patient_id for index, patient_id in found}


def import_places(*, by: Caller, seen: Sequence[PlaceSeen], now: datetime) -> list[Result]:
    """Create, update or leave each site and location, as departments; in the order given."""
    by.scope("departments", "create")

    def fill(row: Any, each: PlaceSeen) -> None:
        row.kind, row.name, row.active = each.kind, each.name, each.active

    return _upsert(Department, "place", seen, fill, now)


def _upsert(model: Any, label: str, seen: Sequence[Any], fill: Any, now: datetime) -> list[Result]:
    organization_id = current_organization_id()
    safe = organization_safe(organization_id)
    keys = [exact_index(organization_id, label, each.key) for each in seen]
    take_turns(CLINICAL, *(f"{label} {key.hex()}" for key in keys))
    known = {bytes(row.source_key or b""): row for row in model.objects.select_for_update().filter(source_key__in=keys)}
    fresh: dict[bytes, Any] = {}
    results: list[Result] = []
    for key, each in zip(keys, seen, strict=True):
        digest = exact_index(organization_id, "original", each.original.decode())
        row = known.get(key) or fresh.get(key)
        if row is not None and (bytes(row.digest) == digest or adds_nothing(safe.open(row, "original"), each.original)):
            results.append((row.id, "unchanged"))
            continue
        outcome: Outcome = "created" if row is None else "updated"
        if row is None:
            row = fresh[key] = model(id=new_id(), source_key=key, recorded_at=now, version=0)
        row.version += 1
        row.updated_at, row.digest = now, digest
        fill(row, each)
        row.original = safe.seal(row, "original", each.original.decode())
        if outcome == "updated" and key in known:
            row.save(force_update=True)
        results.append((row.id, outcome))
    model.objects.bulk_create(fresh.values())
    return results
