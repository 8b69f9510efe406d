"""The only ways to specimens and reports: scoped to the caller, silent about everything else."""

from uuid import UUID

from django.db.models import Q, QuerySet

from chiron.identity.public import Role
from chiron.kernel.access import Caller, Scope
from chiron.kernel.errors import NotFound
from chiron.kernel.ids import NIL
from chiron.laboratory.models import LaboratoryReport, Result, Specimen
from chiron.laboratory.words import RELEASED
from chiron.records.public import records_within
from chiron.registry.public import laboratories_of, patients_within

SPECIMENS, REPORTS = "specimens", "laboratory-reports"


def specimens_within(by: Caller, action: str, resource: str = SPECIMENS) -> "QuerySet[Specimen]":
    """The specimens that the caller reaches: all, those of their laboratories, and to read those of their patients."""
    standing = Specimen.objects.filter(patient__erased_at=None)
    match by.scope(resource, action):
        case Scope.ORGANIZATION:
            return standing
        case Scope.ASSIGNED:
            reached = Q(laboratory__in=laboratories_of(by))
            return standing.filter(reached | Q(patient__in=patients_within(by, Scope.ASSIGNED))
                                   if _cares(by, action) else reached)  # fmt: skip
        case _:
            return standing.filter(patient=by.patient_id or NIL)


def reports_within(by: Caller, action: str) -> "QuerySet[LaboratoryReport]":
    """The reports that the caller reaches.

    Their laboratories' for who works there; those of their patients for who cares, unless one of the records it became
    is kept from them; the released ones for the patient.
    """
    match by.scope(REPORTS, action):
        case Scope.ORGANIZATION:
            return LaboratoryReport.objects.filter(specimen__patient__erased_at=None)
        case Scope.ASSIGNED:
            return LaboratoryReport.objects.filter(_of_the_laboratory(by) | _of_patients(by, action))
        case _:
            return LaboratoryReport.objects.filter(specimen__patient=by.patient_id or NIL, state__in=RELEASED)


def specimen_for(
    by: Caller, specimen_id: UUID, action: str = "read", *, resource: str = SPECIMENS, lock: bool = False
) -> Specimen:
    """One specimen, locked for a change where asked. Raises NotPermitted, NotFound."""
    found = specimens_within(by, action, resource)
    specimen = (found.select_for_update(of=("self",)) if lock else found).filter(id=specimen_id).first()
    if specimen is None:
        raise NotFound
    return specimen


def report_for(by: Caller, report_id: UUID, action: str = "read", *, lock: bool = False) -> LaboratoryReport:
    """One report with its specimen, locked for a change where asked. Raises NotPermitted, NotFound."""
    found = reports_within(by, action).select_related("specimen", "specimen__patient")
    report = (found.select_for_update(of=("self",)) if lock else found).filter(id=report_id).first()
    if report is None:
        raise NotFound
    return report


def _cares(by: Caller, action: str) -> bool:
    """Whether it is those who care for a patient that ask, and only to read."""
    return action == "read" and Role.DOCTOR in by.roles


def _of_the_laboratory(by: Caller) -> Q:
    return Q(specimen__laboratory__in=laboratories_of(by), specimen__patient__erased_at=None)


def _of_patients(by: Caller, action: str) -> Q:
    if not _cares(by, action):
        return Q(pk__in=[])
    hidden = Result.objects.exclude(record=None).exclude(record__in=records_within(by, "read").values("id"))
    return Q(specimen__patient__in=patients_within(by, Scope.ASSIGNED)) & ~Q(id__in=hidden.values("report"))
