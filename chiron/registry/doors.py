"""The only ways to a row of the registry: scoped to the caller, silent about everything else."""

from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet
from django.db.models.functions import Now

from chiron.identity.public import Role, engagement_of
from chiron.kernel.access import Caller, Scope
from chiron.kernel.db import CLINICAL, cursor
from chiron.kernel.errors import NotFound
from chiron.kernel.ids import NIL
from chiron.postgres.compiled import Compiled
from chiron.registry.models import (
    Assignment,
    BrokenGlass,
    Department,
    Laboratory,
    LaboratoryStaff,
    Patient,
    Provider,
)
from chiron.tenancy.public import current_organization_id

Found = TypeVar("Found", bound=Model)


def patients_within(by: Caller, scope: Scope) -> "QuerySet[Patient]":
    """The patients whom a scope reaches: all, those assigned to the caller now, or the caller alone.

    For a while, whom the caller broke the glass for counts as assigned. Whom an erasure left empty is nobody's.
    """
    match scope:
        case Scope.ORGANIZATION:
            return Patient.objects.filter(erased_at=None)
        case Scope.ASSIGNED:
            reached = Q(id__in=_assigned(by)) | Q(id__in=glass_broken_by(by))
            return Patient.objects.filter(reached, erased_at=None)
        case Scope.OWN:
            return Patient.objects.filter(id=by.patient_id or NIL, erased_at=None)
        case _:
            return Patient.objects.none()


def glass_broken_by(by: Caller) -> "QuerySet[BrokenGlass, UUID]":
    """The ids of the patients for whom the caller broke the glass, while it stays broken; to narrow a query by."""
    broken = BrokenGlass.objects.filter(provider_id=by.provider_id or NIL, until__gt=Now())
    return broken.values_list("patient_id", flat=True)


def assigned_to(by: Caller) -> "QuerySet[Patient]":
    """The patients assigned to the caller now, and nobody else."""
    return Patient.objects.filter(id__in=_assigned(by), erased_at=None)


def _assigned(by: Caller) -> "QuerySet[Assignment, tuple[UUID]]":
    return Assignment.objects.filter(provider_id=by.provider_id or NIL, until=None).values_list("patient_id")


def patient_within(by: Caller, scope: Scope, patient_id: UUID | None, *, lock: bool = False) -> Patient:
    """One patient within a scope, locked for a change where asked. Raises NotFound."""
    found = (ONE_LOCKED if lock else ONE)[scope](id_within(by, scope), patient_id or NIL)
    if not found:
        raise NotFound
    return found[0]


def hold_patient(patient_id: UUID) -> None:
    """Until the transaction ends, whoever locks the patient for a change waits; others may hold them meanwhile.

    It is the lock that a row which names the patient takes anyway, so it adds no circle in which two could wait.
    """
    with cursor(CLINICAL) as held:
        held.execute(f"SELECT FROM {Patient._meta.db_table} WHERE id = %s FOR KEY SHARE", [patient_id])


def id_within(by: Caller, scope: Scope) -> UUID:
    """The id of the caller by which `patients_within` finds whom a scope reaches, for queries compiled once."""
    return (by.patient_id if scope is Scope.OWN else by.provider_id) or NIL


def _one_patient(scope: Scope, *, lock: bool) -> Compiled[Patient]:
    def make(own_id: UUID, patient_id: UUID) -> "QuerySet[Patient]":
        patients = patients_within(Caller(provider_id=own_id, patient_id=own_id), scope).filter(id=patient_id)
        return patients.select_for_update(of=("self",)) if lock else patients

    return Compiled(make, takes=2, using=CLINICAL)


ONE = {scope: _one_patient(scope, lock=False) for scope in Scope}
ONE_LOCKED = {scope: _one_patient(scope, lock=True) for scope in Scope}
PROVIDER = Compiled(lambda provider_id: Provider.objects.filter(id=provider_id), takes=1, using=CLINICAL)
PROVIDER_LOCKED = Compiled(
    lambda provider_id: Provider.objects.filter(id=provider_id).select_for_update(no_key=True), takes=1, using=CLINICAL
)


def patient_for(by: Caller, patient_id: UUID, action: str = "read", *, lock: bool = False) -> Patient:
    """One patient, for an action on patients. Raises NotPermitted, NotFound."""
    return patient_within(by, by.scope("patients", action), patient_id, lock=lock)


def provider_for(
    by: Caller, provider_id: UUID, action: str = "read", *, role: str | None = None, lock: bool = False
) -> Provider:
    """One provider, or one of that role. Raises NotPermitted, NotFound.

    The lock lets others name them meanwhile: who does so and must not, as they leave, waits for a turn of its own.
    """
    by.scope("providers", action)
    found = (PROVIDER_LOCKED if lock else PROVIDER)(provider_id)
    if not found or role not in (None, found[0].role):
        raise NotFound
    return found[0]


def department_for(by: Caller, department_id: UUID, action: str = "read", *, lock: bool = False) -> Department:
    """One department. Raises NotPermitted, NotFound."""
    by.scope("departments", action)
    return _one(Department.objects.all(), department_id, lock)


def laboratory_for(by: Caller, laboratory_id: UUID, action: str = "read", *, lock: bool = False) -> Laboratory:
    """One laboratory, for an action on laboratories. Raises NotPermitted, NotFound."""
    return _one(laboratories_within(by, by.scope("laboratories", action)), laboratory_id, lock)


def laboratory_within(by: Caller, scope: Scope, laboratory_id: UUID) -> Laboratory:
    """One laboratory within a scope that still examines. Raises NotFound."""
    return _one(laboratories_within(by, scope).filter(active=True), laboratory_id, lock=False)


def laboratories_within(by: Caller, scope: Scope) -> "QuerySet[Laboratory]":
    """The laboratories that a scope reaches: all, or those where the caller works now."""
    if scope is Scope.ORGANIZATION:
        return Laboratory.objects.all()
    return Laboratory.objects.filter(id__in=laboratories_of(by))


def laboratories_of(by: Caller) -> frozenset[UUID]:
    """The ids of the laboratories where the caller works now.

    None for somebody who has not the role LAB any more, or lost it since they were added and has it again.
    """
    if Role.LAB not in by.roles:
        return frozenset()
    account_id = by.account_id or NIL
    works = LaboratoryStaff.objects.filter(account_id=account_id, until=None).values_list(
        "laboratory_id", "engagement_id"
    )
    engagement_id = engagement_of(account_id, current_organization_id())
    return frozenset(laboratory_id for laboratory_id, given_to in works if given_to == engagement_id)


def _one(rows: "QuerySet[Found]", row_id: UUID, lock: bool) -> Found:
    row = (rows.select_for_update() if lock else rows).filter(id=row_id).first()
    if row is None:
        raise NotFound
    return row
