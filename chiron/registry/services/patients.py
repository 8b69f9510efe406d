"""Verbs on patients."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.identity.public import link_patient, unlink_patient
from chiron.kernel.access import Caller, Scope
from chiron.kernel.db import CLINICAL, atomic, take_turns
from chiron.kernel.errors import NotFound, invalid
from chiron.kernel.ids import NIL
from chiron.kernel.versions import expect
from chiron.registry.doors import patient_for
from chiron.registry.errors import ContactOnly, IdentifierTaken, PatientReplaced
from chiron.registry.models import Claim, Identifier, Patient, Precision, Sex
from chiron.registry.rules import BirthDate, Person, changes_only_contact, check_life
from chiron.registry.sealing import person_of, put, raised
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import Safe, exact_index, new_patient_safe, patient_safe


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Everything that is said of a patient at once."""

    person: Person
    born: BirthDate | None = None
    birth_estimated: bool = False
    sex: Sex = Sex.UNKNOWN
    deceased: bool = False
    deceased_at: datetime | None = None
    active: bool = True
    identifiers: Sequence[tuple[str, str, str]] = field(default_factory=tuple)
    """System, value, kind."""


def create_patient(*, by: Caller, entry: Entry, now: datetime) -> Patient:
    """A new patient with a key of its own. Raises IdentifierTaken naming the patient that has it, Invalid."""
    by.scope("patients", "create")
    patient = Patient(recorded_at=now, updated_at=now)
    check_life(entry.born, entry.deceased_at, now)
    _refuse_taken(entry.identifiers, None)
    safe = new_patient_safe(current_organization_id(), patient.id)
    describe(patient, entry, safe)
    patient.save(force_insert=True)
    Identifier.objects.bulk_create([identifier_row(patient, safe, *each) for each in entry.identifiers])
    audit.record(by, "patient.created", resource="patients", resource_id=patient.id, subjects=[patient.id])
    return patient


def change_patient(*, by: Caller, patient_id: UUID, entry: Entry, if_match: int | None, now: datetime) -> Patient:
    """Say everything of a patient anew; patients themselves only how they are reached.

    Raises NotFound, StaleVersion, IdentifierTaken, Invalid, PatientReplaced, ContactOnly.
    """
    patient = patient_for(by, patient_id, "update", lock=True)
    expect(patient, if_match)
    if patient.replaced_by_id:
        raise PatientReplaced
    safe = patient_safe(current_organization_id(), patient.id)
    if by.scope("patients", "update") is Scope.OWN and not _changes_only_contact(patient, entry, safe):
        raise ContactOnly  # before the identifiers are looked up: a patient must not learn who has a number
    check_life(entry.born, entry.deceased_at, now)
    _refuse_taken(entry.identifiers, patient.id)
    raised(patient, safe)
    patient.updated_at = now
    describe(patient, entry, safe)
    patient.save(force_update=True)
    Identifier.objects.filter(patient=patient).delete()
    Identifier.objects.bulk_create([identifier_row(patient, safe, *each) for each in entry.identifiers])
    audit.record(by, "patient.updated", resource="patients", resource_id=patient.id, subjects=[patient.id])
    return patient


def link_account(*, by: Caller, patient_id: UUID, account_id: UUID, now: datetime) -> Patient:
    """Staff confirm that an account is this patient; the account's claim is thereby settled.

    Raises NotFound, PatientReplaced, AlreadyLinked.
    """
    patient = patient_for(by, patient_id, "link")
    if patient.replaced_by_id:
        raise PatientReplaced
    claim = Claim.objects.select_for_update().filter(account_id=account_id, kind=Claim.Kind.PATIENT).first()
    if claim is None:
        raise NotFound
    with atomic("accounts"):
        link_patient(by=by, account_id=account_id, patient_id=patient.id, now=now)
    Claim.objects.filter(id=claim.id).update(status=Claim.Status.LINKED, updated_at=now)
    audit.record(by, "patient.linked", resource="patients", resource_id=patient.id, subjects=[patient.id])
    return patient


def unlink_account(*, by: Caller, patient_id: UUID, now: datetime) -> None:
    """The account that was confirmed to be this patient is not: it sees nothing of it, and its claim waits again.

    Raises NotFound, NotLinked.
    """
    patient = patient_for(by, patient_id, "link")
    account_id = unlink_patient(by=by, patient_id=patient.id, now=now)
    Claim.objects.filter(account_id=account_id, kind=Claim.Kind.PATIENT).update(
        status=Claim.Status.OPEN, updated_at=now
    )
    audit.record(by, "patient.unlinked", resource="patients", resource_id=patient.id, subjects=[patient.id])


def identifier_indexes(system: str, value: str) -> tuple[bytes, bytes]:
    """The blind indexes of an identifier: with its system, and of the value alone."""
    organization_id = current_organization_id()
    plain = value.strip().casefold()
    return (
        exact_index(organization_id, "identifier", system, plain),
        exact_index(organization_id, "identifier-value", plain),
    )


def describe(patient: Patient, entry: Entry, safe: Safe) -> None:
    put(patient, entry.person, safe)
    patient.birth_date = entry.born.first if entry.born else None
    patient.birth_precision = entry.born.precision if entry.born else Precision.DAY
    patient.birth_estimated = entry.birth_estimated
    patient.sex = entry.sex
    patient.deceased = entry.deceased or entry.deceased_at is not None
    patient.deceased_at = entry.deceased_at
    patient.active = entry.active


def identifier_row(patient: Patient, safe: Safe, system: str, value: str, kind: str) -> Identifier:
    index, value_index = identifier_indexes(system, value)
    row = Identifier(patient=patient, system=system, kind=kind, index=index, value_index=value_index)
    row.value = safe.seal(row, "value", value)
    return row


def _changes_only_contact(patient: Patient, entry: Entry, safe: Safe) -> bool:
    said = Patient(id=patient.id, birth_date=patient.birth_date)
    describe(said, entry, safe)
    clear = ("birth_date", "birth_precision", "birth_estimated", "sex", "deceased", "deceased_at", "active")
    known = {(each.system, safe.open(each, "value"), each.kind) for each in Identifier.objects.filter(patient=patient)}
    return (
        changes_only_contact(person_of(patient, safe), entry.person)
        and all(getattr(patient, name) == getattr(said, name) for name in clear)
        and known == set(entry.identifiers)
    )


def _refuse_taken(identifiers: Sequence[tuple[str, str, str]], own: UUID | None) -> None:
    indexes = [identifier_indexes(system, value)[0] for system, value, _ in identifiers]
    if len(set(indexes)) < len(indexes):
        raise invalid("names one identifier twice", "body", "identifiers")
    take_turns(CLINICAL, *(f"identifier {index.hex()}" for index in indexes))
    taken = (
        Identifier.objects.filter(index__in=indexes).exclude(patient_id=own or NIL).values_list("patient_id", flat=True)
    )
    if taken:
        raise IdentifierTaken(existing_id=str(taken[0]))
