"""Reads of the registry; each is one event in the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

from chiron.audit import public as audit
from chiron.kernel.access import Caller, Scope
from chiron.kernel.db import CLINICAL
from chiron.kernel.errors import NotFound
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.postgres.compiled import Compiled
from chiron.registry.doors import assigned_to, id_within, patient_for, patient_within, patients_within
from chiron.registry.models import Claim, Identifier, Patient, Precision, Sex
from chiron.registry.rules import BirthDate, Person, birth_date
from chiron.registry.sealing import person_of
from chiron.registry.searching import fitting, named, next_of, tokens_for
from chiron.registry.services.patients import Entry, identifier_indexes
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import Safe, matches, organization_safe, patient_safe, patient_safes

IDENTIFIERS = Compiled(
    lambda patient_ids: Identifier.objects.filter(patient__is_any_of=patient_ids).order_by("id"),
    takes=1,
    using=CLINICAL,
)


@dataclass(frozen=True, slots=True)
class Opened:
    """A patient with the details opened: identifiers as system, value, kind."""

    patient: Patient
    person: Person
    identifiers: Sequence[tuple[str, str, str]]

    @property
    def born(self) -> BirthDate | None:
        """The birth date in the precision in which it is known."""
        first = self.patient.birth_date
        return BirthDate(first, Precision(self.patient.birth_precision)) if first else None

    @property
    def entry(self) -> Entry:
        """Everything that is said of the patient now."""
        patient = self.patient
        return Entry(
            person=self.person,
            born=self.born,
            birth_estimated=patient.birth_estimated,
            sex=Sex(patient.sex),
            deceased=patient.deceased,
            deceased_at=patient.deceased_at,
            active=patient.active,
            identifiers=self.identifiers,
        )


@dataclass(frozen=True, slots=True)
class Sought:
    """What a search asks for, and in which place of the request; everything said must fit."""

    name: str = ""
    birth_date: str = ""
    identifier: str = ""
    place: str = "query"

    def __bool__(self) -> bool:
        return bool(self.name or self.birth_date or self.identifier)


def opened(patient: Patient) -> Opened:
    """A patient that came through a door, opened."""
    safe = patient_safe(current_organization_id(), patient.id)
    return Opened(patient, person_of(patient, safe), _values(IDENTIFIERS([patient.id]), safe))


def read_patient(by: Caller, patient_id: UUID) -> Opened:
    """One patient. Raises NotFound."""
    found = opened(patient_for(by, patient_id))
    audit.record(by, "patient.read", resource="patients", resource_id=patient_id, subjects=[patient_id])
    return found


def list_patients(by: Caller, scope: Scope, query: PageQuery, sought: Sought | None = None) -> Page[Opened]:
    """A page of patients within a scope, the newest first; a search opens and filters before it pages."""
    found = _search(by, scope, query, sought) if sought else _all(patients_within(by, scope), query)
    subjects = [each.patient.id for each in found.rows]
    payload = (
        {"name": sought.name, "birth_date": sought.birth_date, "identifier": sought.identifier} if sought else None
    )
    action = "patient.searched" if sought else "patient.listed"
    audit.record(by, action, resource="patients", subjects=subjects, payload=payload)
    return found


def my_patients(by: Caller, query: PageQuery) -> Page[Opened]:
    """A page of the patients assigned to the caller, the newest first."""
    by.scope("my-patients", "read")
    found = _all(assigned_to(by), query)
    subjects = [each.patient.id for each in found.rows]
    audit.record(by, "patient.listed", resource="patients", subjects=subjects)
    return found


def access_log(by: Caller, patient_id: UUID, query: PageQuery) -> Page[audit.Access]:
    """Who looked at a patient's data. Raises NotFound."""
    patient = patient_within(by, by.scope("access-log", "read"), patient_id)
    log = audit.access_log(current_organization_id(), patient.id, query)
    audit.record(by, "access-log.read", resource="access-log", resource_id=patient.id, subjects=[patient.id])
    return log


def open_claims(by: Caller, query: PageQuery) -> Page[tuple[Claim, dict[str, str]]]:
    """Who registered and waits to be linked or approved."""
    by.scope("claims", "read")
    found = page(Claim.objects.filter(status=Claim.Status.OPEN), query)
    safe = organization_safe(current_organization_id())
    rows = [(claim, safe.open(claim, "details")) for claim in found.rows]
    audit.record(by, "claim.listed", resource="claims")
    return Page(rows, found.next)


def read_claim(by: Caller, claim_id: UUID) -> tuple[Claim, dict[str, str]]:
    """One who waits to be linked or approved. Raises NotFound."""
    by.scope("claims", "read")
    claim = Claim.objects.filter(id=claim_id, status=Claim.Status.OPEN).first()
    if claim is None:
        raise NotFound
    audit.record(by, "claim.read", resource="claims", resource_id=claim.id)
    return claim, organization_safe(current_organization_id()).open(claim, "details")


def _all(patients: "QuerySet[Patient]", query: PageQuery) -> Page[Opened]:
    found = page(patients, query)
    return Page(open_patients(found.rows), found.next)


def _search(by: Caller, scope: Scope, query: PageQuery, sought: Sought) -> Page[Opened]:
    def batch(after: UUID | None) -> list[Patient]:
        if after is None and sought == Sought(name=sought.name, place=sought.place):
            tokens = tokens_for(sought.name)
            return NEWEST_NAMED[scope](id_within(by, scope), tokens) if tokens else []
        return list(next_of(_narrow(patients_within(by, scope), sought), after))

    def fits(found: Opened) -> bool:
        return not sought.name or matches(sought.name, *found.person.names)

    return fitting(batch, query, open_patients, fits)


def _newest_named(scope: Scope) -> Compiled[Patient]:
    def make(own_id: UUID, tokens: list[int]) -> "QuerySet[Patient]":
        patients = patients_within(Caller(provider_id=own_id, patient_id=own_id), scope)
        return next_of(patients.filter(name_tokens__holds_all=tokens))

    return Compiled(make, takes=2, using=CLINICAL)


NEWEST_NAMED = {scope: _newest_named(scope) for scope in Scope}


def _narrow(patients: "QuerySet[Patient]", sought: Sought) -> "QuerySet[Patient]":
    if sought.name:
        patients = named(patients, sought.name)
    born = birth_date(sought.birth_date, sought.place)
    if born is not None:
        patients = patients.filter(birth_date__range=(born.first, born.last))
    if sought.identifier:
        system, bar, value = sought.identifier.rpartition("|")
        index, value_index = identifier_indexes(system, value)
        known = Identifier.objects.filter(index=index) if bar else Identifier.objects.filter(value_index=value_index)
        patients = patients.filter(id__in=known.values("patient_id"))
    return patients


def open_patients(patients: Sequence[Patient]) -> list[Opened]:
    """Patients that came through a door, opened by two queries however many they are."""
    ids = [patient.id for patient in patients]
    safes = patient_safes(current_organization_id(), ids)
    identifiers: dict[UUID, list[Identifier]] = {}
    for each in IDENTIFIERS(ids) if ids else ():
        identifiers.setdefault(each.patient_id, []).append(each)
    return [
        Opened(each, person_of(each, safes[each.id]), _values(identifiers.get(each.id, []), safes[each.id]))
        for each in patients
    ]


def _values(identifiers: Sequence[Identifier], safe: Safe) -> list[tuple[str, str, str]]:
    return [(each.system, safe.open(each, "value"), each.kind) for each in identifiers]
