"""Verbs on those who treat, where they work, and whom they care for."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import ProtectedError

from chiron.audit import public as audit
from chiron.identity.public import Person as Claimant
from chiron.identity.public import accounts_of
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL, refusing, take_turns
from chiron.kernel.errors import NotFound, invalid
from chiron.kernel.versions import expect
from chiron.notifications.public import Kind, notify
from chiron.registry.doors import department_for, patient_within, provider_for
from chiron.registry.errors import AlreadyAssigned, DepartmentInUse, PatientReplaced
from chiron.registry.models import Assignment, Claim, Department, Provider, ProviderDepartment
from chiron.registry.rules import Person
from chiron.registry.sealing import put, raised
from chiron.registry.services.leaving import let_go
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import organization_safe


def create_provider(*, by: Caller, person: Person, role: str, specialty: str, active: bool, now: datetime) -> Provider:
    """A new provider."""
    by.scope("providers", "create")
    provider = Provider(role=role, specialty=specialty, active=active, recorded_at=now, updated_at=now)
    put(provider, person, organization_safe(current_organization_id()))
    provider.save(force_insert=True)
    audit.record(by, "provider.created", resource="providers", resource_id=provider.id)
    return provider


def change_provider(
    *, by: Caller, provider_id: UUID, person: Person, role: str, specialty: str, active: bool, if_match: int | None,
    now: datetime, only: str | None = None, reassign_to: UUID | None = None,
) -> Provider:  # fmt: skip
    """Say everything of a provider anew, or only of one who has that role.

    Who becomes inactive leaves nothing behind: `reassign_to` takes it over. Raises NotFound, StaleVersion,
    ProviderInUse, Invalid for somebody who cannot take over.
    """
    if not active:  # before the row is locked: two who leave to each other wait instead of locking each other out
        take_turns(CLINICAL, f"providers leaving {current_organization_id()}")
    provider = provider_for(by, provider_id, "update", role=only, lock=True)
    expect(provider, if_match)
    if provider.active and not active:
        let_go(by=by, provider=provider, reassign_to=reassign_to, now=now)
    safe = organization_safe(current_organization_id())
    raised(provider, safe)
    provider.role, provider.specialty, provider.active, provider.updated_at = role, specialty, active, now
    put(provider, person, safe)
    provider.save(force_update=True)
    audit.record(by, "provider.updated", resource="providers", resource_id=provider.id)
    return provider


def save_department(
    *, by: Caller, department_id: UUID | None, name: str, kind: str, parent_id: UUID | None, active: bool,
    if_match: int | None, now: datetime,
) -> Department:  # fmt: skip
    """A new department, or an old one said anew.

    Raises NotFound, StaleVersion, Invalid for a parent that is none, is itself or lies below it.
    """
    if parent_id is not None:  # before the row is locked: whoever moves another below this one waits for it
        take_turns(CLINICAL, f"department tree {current_organization_id()}")
    if department_id is None:
        by.scope("departments", "create")
        department = Department(recorded_at=now, version=0)
    else:
        department = department_for(by, department_id, "update", lock=True)
        expect(department, if_match)
    if parent_id is not None and (department_id in (line := line_of(parent_id)) or not line):
        raise invalid("must be another department, and none below this one", "body", "parent_id")
    department.name, department.kind, department.parent_id, department.active = name, kind, parent_id, active
    department.version, department.updated_at = department.version + 1, now
    department.save()
    audit.record(by, "department.saved", resource="departments", resource_id=department.id)
    return department


def line_of(department_id: UUID) -> list[UUID]:
    """A department, its parent, and so on to the top; empty where there is no such department."""
    parents = dict(Department.objects.values_list("id", "parent_id"))
    line: list[UUID] = []
    above: UUID | None = department_id
    while above in parents and above not in line:
        line.append(above)
        above = parents[above]
    return line


def remove_department(*, by: Caller, department_id: UUID, if_match: int | None) -> None:
    """Remove a department that nothing belongs to; one with a history is made inactive instead.

    Raises NotFound, StaleVersion, DepartmentInUse.
    """
    by.scope("departments", "delete")
    take_turns(CLINICAL, f"department tree {current_organization_id()}")
    department = department_for(by, department_id, "delete", lock=True)
    expect(department, if_match)
    children = Department.objects.filter(parent=department).count()
    working = ProviderDepartment.objects.filter(department=department).values("provider_id").distinct().count()
    if children or working:
        raise DepartmentInUse(departments=children, providers=working)
    try:
        department.delete()
    except ProtectedError:  # rooms and holidays of floors above
        raise DepartmentInUse(departments=0, providers=0) from None
    audit.record(by, "department.removed", resource="departments", resource_id=department_id)


def assign(*, by: Caller, patient_id: UUID, provider_id: UUID, now: datetime) -> Assignment:
    """A provider cares for a patient from now on. Raises NotFound, PatientReplaced, AlreadyAssigned.

    The provider's row is locked, so that nobody is assigned to who is just leaving; the provider is told.
    """
    patient = patient_within(by, by.scope("assignments", "create"), patient_id)
    if patient.replaced_by_id:
        raise PatientReplaced
    provider = Provider.objects.select_for_update(no_key=True).filter(id=provider_id, active=True).first()
    if provider is None:
        raise NotFound
    assignment = Assignment(patient=patient, provider=provider, since=now)
    with refusing(CLINICAL, assigned_once_at_a_time=AlreadyAssigned):
        assignment.save(force_insert=True)
    told = accounts_of(current_organization_id(), providers=[provider.id]) - {by.account_id}
    notify(kind=Kind.ASSIGNED, to=told, resource="patients", resource_id=patient.id, now=now)
    audit.record(by, "assignment.made", resource="assignments", resource_id=assignment.id, subjects=[patient.id])
    return assignment


def end_assignment(*, by: Caller, patient_id: UUID, provider_id: UUID, now: datetime) -> None:
    """A provider does not care for a patient any more. Raises NotFound."""
    patient = patient_within(by, by.scope("assignments", "delete"), patient_id)
    ended = Assignment.objects.filter(patient=patient, provider_id=provider_id, until=None).update(until=now)
    if not ended:
        raise NotFound
    audit.record(by, "assignment.ended", resource="assignments", subjects=[patient.id])


def make_claim(by: Caller, *, account_id: UUID, membership_id: UUID, kind: str, person: Claimant) -> None:
    """Keep who somebody that registered says to be; said again, it replaces what is not confirmed yet."""
    claim = Claim.objects.select_for_update().filter(account_id=account_id, kind=kind).first()
    if claim is None:
        claim = Claim(account_id=account_id, membership_id=membership_id, kind=kind, version=0)
    if claim.status != Claim.Status.OPEN:
        return
    claim.version += 1
    details: dict[str, Any] = asdict(person)
    claim.details = organization_safe(current_organization_id()).seal(claim, "details", details)
    claim.save()
    audit.record(by, "claim.made", resource="claims", resource_id=claim.id)


def provider_for_claim(by: Caller, *, account_id: UUID) -> UUID | None:
    """The provider of a doctor who is being approved, made from the claim; None where there is none."""
    claim = Claim.objects.select_for_update().filter(account_id=account_id, kind=Claim.Kind.DOCTOR).first()
    if claim is None or claim.status != Claim.Status.OPEN:
        return None
    said = organization_safe(current_organization_id()).open(claim, "details")
    person = Person(family=said["last_name"], given=[said["first_name"]] if said["first_name"] else [])
    provider = create_provider(by=by, person=person, role="doctor", specialty="", active=True, now=claim.updated_at)
    Claim.objects.filter(id=claim.id).update(status=Claim.Status.LINKED)
    return provider.id
