"""What the registry's endpoints take and give."""

from dataclasses import replace
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field, StringConstraints

from chiron.kernel.schemas import Body, PageQuery, Word
from chiron.registry.duplicates import Candidate
from chiron.registry.models import (
    Assignment,
    Claim,
    Department,
    Provider,
    ProviderDepartment,
    Sex,
)
from chiron.registry.queries import Opened
from chiron.registry.rules import Person, birth_date
from chiron.registry.services.glass import Breaking
from chiron.registry.services.patients import Entry

Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)]
Reference = Annotated[str, StringConstraints(max_length=400)]
Partial = Annotated[str, StringConstraints(max_length=10)]


class IdentifierIO(Body):
    system: Annotated[str, StringConstraints(min_length=1, max_length=255)] = Field(examples=["urn:mrn:hilltop"])
    value: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] = Field(
        examples=["4711"]
    )
    kind: Annotated[str, StringConstraints(max_length=20)] = ""


class ContactIO(Body):
    system: Name = Field(examples=["phone"])
    value: Annotated[str, StringConstraints(max_length=200)]
    use: Name = ""


class AddressIO(Body):
    line: list[Annotated[str, StringConstraints(max_length=200)]] = Field(default=[], max_length=5)
    city: Name = ""
    postal_code: Name = ""
    state: Name = ""
    country: Name = ""


class PersonIn(Body):
    family: Word = Field(examples=["Owusu"])
    given: list[Name] = Field(default=[], max_length=10, examples=[["Ama"]])
    prefix: Name = ""
    other_names: list[Name] = Field(default=[], max_length=10)
    telecom: list[ContactIO] = Field(default=[], max_length=20)
    address: list[AddressIO] = Field(default=[], max_length=10)
    language: Name = ""

    def person(self) -> Person:
        """The details as they are sealed."""
        return Person(**self.model_dump(include=set(Person.__slots__)))


class PatientIn(PersonIn):
    birth_date: Partial | None = Field(None, examples=["1980-05"])
    birth_estimated: bool = False
    sex: Sex = Sex.UNKNOWN
    deceased: bool = False
    deceased_at: AwareDatetime | None = None
    active: bool = True
    identifiers: list[IdentifierIO] = Field(default=[], max_length=20)

    def entry(self) -> Entry:
        """What the verbs take."""
        return Entry(
            person=self.person(),
            born=birth_date(self.birth_date),
            birth_estimated=self.birth_estimated,
            sex=self.sex,
            deceased=self.deceased,
            deceased_at=self.deceased_at,
            active=self.active,
            identifiers=[(each.system, each.value, each.kind) for each in self.identifiers],
        )


class PatientPatch(Body):
    family: Word | None = Field(None, examples=["Owusu-Mensah"])
    given: list[Name] | None = Field(None, max_length=10)
    prefix: Name | None = None
    other_names: list[Name] | None = Field(None, max_length=10)
    telecom: list[ContactIO] | None = Field(None, max_length=20)
    address: list[AddressIO] | None = Field(None, max_length=10)
    language: Name | None = None
    birth_date: Partial | None = None
    birth_estimated: bool | None = None
    sex: Sex | None = None
    deceased: bool | None = None
    deceased_at: AwareDatetime | None = None
    active: bool | None = None
    identifiers: list[IdentifierIO] | None = Field(None, max_length=20)


class PatientQuery(PageQuery):
    name: Name = Field("", description="The beginnings of family or given names, of at least two letters.")
    birth_date: Partial = Field("", description="YYYY, YYYY-MM or YYYY-MM-DD.")
    identifier: Reference = Field("", description="The value, or `system|value`.")


class NameQuery(PageQuery):
    name: Name = Field("", description="The beginnings of family or given names, of at least two letters.")


class SearchIn(Body):
    name: Name = Field("", examples=["owu"])
    birth_date: Partial = ""
    identifier: Reference = ""
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=500)


class PatientOut(BaseModel):
    id: UUID
    family: str
    given: list[str]
    prefix: str
    other_names: list[str]
    telecom: list[dict[str, Any]]
    address: list[dict[str, Any]]
    language: str
    birth_date: str | None
    birth_estimated: bool
    sex: str
    deceased: bool
    deceased_at: datetime | None
    active: bool
    replaced_by: UUID | None
    identifiers: list[dict[str, str]]
    recorded_at: datetime
    updated_at: datetime


class PatientEnvelope(BaseModel):
    patient: PatientOut


class Patients(BaseModel):
    patients: list[PatientOut]
    next: str | None


class DuplicateOut(BaseModel):
    score: float = Field(description="From 0 to 1; it ranks, and is no probability.")
    matched: list[str] = Field(description="The fields that agree.")
    patients: list[PatientOut] = Field(description="The two, the older entry first.")


class Duplicates(BaseModel):
    duplicates: list[DuplicateOut]
    next: str | None


class ProviderIn(PersonIn):
    role: Name = "doctor"
    specialty: Name = ""
    active: bool = True


class DoctorIn(PersonIn):
    specialty: Name = ""
    active: bool = True


class ProviderOut(BaseModel):
    id: UUID
    family: str
    given: list[str]
    prefix: str
    telecom: list[dict[str, Any]]
    role: str
    specialty: str
    active: bool


class ProviderEnvelope(BaseModel):
    provider: ProviderOut


class Providers(BaseModel):
    providers: list[ProviderOut]
    next: str | None


class DoctorEnvelope(BaseModel):
    doctor: ProviderOut


class Doctors(BaseModel):
    doctors: list[ProviderOut]
    next: str | None


class WorkIn(Body):
    department_id: UUID = Field(examples=["01996f3a-5c7e-7c1a-9d0e-3b8f6a2c4d11"])
    since: date | None = Field(None, description="The first day; today where it is not said.", examples=["2026-01-01"])
    until: date | None = Field(None, description="The last day; open where it is not said.")


class WorkOut(BaseModel):
    department_id: UUID
    department: str
    since: date
    until: date | None


class WorkEnvelope(BaseModel):
    work: WorkOut


class Works(BaseModel):
    departments: list[WorkOut]
    next: str | None


class DepartmentIn(Body):
    name: Word = Field(examples=["Surgery"])
    kind: Department.Kind = Department.Kind.DEPARTMENT
    parent_id: UUID | None = None
    active: bool = True


class DepartmentOut(BaseModel):
    id: UUID
    name: str
    kind: str
    parent_id: UUID | None
    active: bool


class DepartmentEnvelope(BaseModel):
    department: DepartmentOut


class Departments(BaseModel):
    departments: list[DepartmentOut]
    next: str | None


class AssignIn(Body):
    doctor_id: UUID = Field(examples=["01996f3a-5c7e-7c1a-9d0e-3b8f6a2c4d11"])


class AssignmentOut(BaseModel):
    id: UUID
    patient_id: UUID
    doctor_id: UUID
    since: datetime
    until: datetime | None


class AssignmentEnvelope(BaseModel):
    assignment: AssignmentOut


class Assignments(BaseModel):
    assignments: list[AssignmentOut]
    next: str | None


class ReasonIn(Body):
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=10, max_length=1000)] = Field(
        examples=["Unconscious in the emergency room, allergies unknown"]
    )


class ErasureOut(BaseModel):
    patient_id: UUID
    erased_at: datetime


class ErasureEnvelope(BaseModel):
    erasure: ErasureOut


class BrokenGlassOut(BaseModel):
    id: UUID
    patient_id: UUID
    doctor_id: UUID
    account_id: UUID
    reason: str
    since: datetime
    until: datetime
    acknowledged_at: datetime | None = Field(description="When somebody who answers for privacy looked at it.")
    acknowledged_by: UUID | None


class BrokenGlassEnvelope(BaseModel):
    break_glass: BrokenGlassOut


class BrokenGlasses(BaseModel):
    break_glass: list[BrokenGlassOut]
    next: str | None


class LinkIn(Body):
    account_id: UUID = Field(examples=["01996f3a-5c7e-7c1a-9d0e-3b8f6a2c4d11"])


class ClaimOut(BaseModel):
    id: UUID
    account_id: UUID
    kind: str
    first_name: str
    last_name: str
    birth_date: str
    made_at: datetime


class Claims(BaseModel):
    claims: list[ClaimOut]
    next: str | None


class AccessOut(BaseModel):
    at: datetime
    account_id: UUID | None
    roles: list[str]
    action: str
    outcome: str
    purpose: str


class AccessLog(BaseModel):
    accesses: list[AccessOut]
    next: str | None


def patient_out(found: Opened) -> PatientOut:
    """A patient on the wire; the birth date in the precision in which it is known."""
    patient, person = found.patient, found.person
    return PatientOut(
        id=patient.id,
        family=person.family,
        given=person.given,
        prefix=person.prefix,
        other_names=person.other_names,
        telecom=person.telecom,
        address=person.address,
        language=person.language,
        birth_date=str(found.born) if found.born else None,
        birth_estimated=patient.birth_estimated,
        sex=patient.sex,
        deceased=patient.deceased,
        deceased_at=patient.deceased_at,
        active=patient.active,
        replaced_by=patient.replaced_by_id,
        identifiers=[{"system": system, "value": value, "kind": kind} for system, value, kind in found.identifiers],
        recorded_at=patient.recorded_at,
        updated_at=patient.updated_at,
    )


def duplicate_out(found: Candidate) -> DuplicateOut:
    """Two patients who may be one, on the wire."""
    pair = [patient_out(found.one), patient_out(found.other)]
    return DuplicateOut(score=found.likeness.score, matched=found.likeness.matched, patients=pair)


def patched(found: Opened, patch: PatientPatch) -> Entry:
    """What is said of a patient now, with the members that the patch names said anew (null takes away).

    What stays is not judged again: an import may have brought what the API would not take.
    """
    whole, erasable = patch.model_dump(), ("birth_date", "deceased_at")
    said = {name: whole[name] for name in patch.model_fields_set if whole[name] is not None or name in erasable}
    person = replace(found.person, **{name: said.pop(name) for name in Person.__slots__ if name in said})
    if "birth_date" in said:
        said["born"] = birth_date(said.pop("birth_date"))
    if "identifiers" in said:
        said["identifiers"] = [(each["system"], each["value"], each["kind"]) for each in said["identifiers"]]
    return replace(found.entry, person=person, **said)


def provider_out(provider: Provider, person: Person) -> ProviderOut:
    """A provider on the wire."""
    return ProviderOut(
        id=provider.id,
        family=person.family,
        given=person.given,
        prefix=person.prefix,
        telecom=person.telecom,
        role=provider.role,
        specialty=provider.specialty,
        active=provider.active,
    )


def department_out(row: Department) -> DepartmentOut:
    """A department on the wire."""
    return DepartmentOut(id=row.id, name=row.name, kind=row.kind, parent_id=row.parent_id, active=row.active)


def assignment_out(row: Assignment) -> AssignmentOut:
    """An assignment on the wire."""
    return AssignmentOut(
        id=row.id, patient_id=row.patient_id, doctor_id=row.provider_id, since=row.since, until=row.until
    )


def broken_out(found: Breaking) -> BrokenGlassOut:
    """A broken glass, on the wire."""
    row, seen = found.glass, found.seen
    return BrokenGlassOut(
        id=row.id, patient_id=row.patient_id, doctor_id=row.provider_id, account_id=row.account_id,
        reason=found.reason, since=row.since, until=row.until, acknowledged_at=seen.at if seen else None,
        acknowledged_by=seen.account_id if seen else None,
    )  # fmt: skip


def work_out(row: ProviderDepartment) -> WorkOut:
    """Where a provider works, on the wire."""
    return WorkOut(department_id=row.department_id, department=row.department.name, since=row.since, until=row.until)


def claim_out(claim: Claim, said: dict[str, str]) -> ClaimOut:
    """A claim on the wire."""
    return ClaimOut(id=claim.id, account_id=claim.account_id, kind=claim.kind, made_at=claim.recorded_at, **said)
