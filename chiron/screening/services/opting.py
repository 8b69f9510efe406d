"""Who does not want to be screened is not, until they come back."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.registry.public import hold_patient, patient_within, patients_within
from chiron.screening.errors import OptedOut
from chiron.screening.models import OptOut, Screening


@dataclass(frozen=True, slots=True)
class Stance:
    """Whether a patient opted out of screening, since when, and which account said so."""

    opted_out: bool
    since: datetime | None = None
    said_by: UUID | None = None


def read_opt_out(by: Caller, patient_id: UUID) -> Stance:
    """Whether a patient opted out. Raises NotFound."""
    patient = patient_within(by, by.scope("screening-optouts", "read"), patient_id)
    audit.record(by, "screening-optout.read", resource="patients", resource_id=patient.id, subjects=[patient.id])
    return _stance(OptOut.objects.filter(patient=patient).first())


def opt_out_for(by: Caller, opt_out_id: UUID, action: str = "read") -> OptOut:
    """That somebody opted out, by its own id. Raises NotFound."""
    found = _within(by, action).filter(id=opt_out_id).first()
    if found is None:
        raise NotFound
    return found


def list_opt_outs(by: Caller, query: PageQuery) -> Page[OptOut]:
    """A page of those who opted out, whom the caller reaches, the latest first."""
    found = page(_within(by, "read"), query)
    subjects = [each.patient_id for each in found.rows]
    audit.record(by, "screening-optout.listed", resource="screening-optouts", subjects=subjects)
    return found


def set_opt_out(*, by: Caller, patient_id: UUID, opted_out: bool, now: datetime) -> Stance:
    """From now on a patient is not screened, or may be again; the first date stays where nothing changes.

    What was screened before stays as it is, and so does what was asked about meanwhile: the opt-out waits for it and
    begins no sooner. Raises NotFound.
    """
    patient = patient_within(by, by.scope("screening-optouts", "update"), patient_id, lock=True)
    if opted_out:
        last = Screening.objects.filter(patient=patient).order_by("-made_at").values_list("made_at", flat=True).first()
        since = max(now, last or now)
        row, is_new = OptOut.objects.get_or_create(patient=patient, defaults={"since": since, "said_by": by.account_id})
        changed = is_new
    else:
        deleted, _ = OptOut.objects.filter(patient=patient).delete()
        row, changed = None, bool(deleted)
    said = {"opted_out": opted_out, "changed": changed}
    audit.record(
        by, "screening-optout.set", resource="patients", resource_id=patient.id, subjects=[patient.id], payload=said
    )  # fmt: skip
    return _stance(row)


def _within(by: Caller, action: str) -> "QuerySet[OptOut]":
    patients = patients_within(by, by.scope("screening-optouts", action))
    return OptOut.objects.filter(patient__in=patients.values("id"))


def must_not_have_opted_out(patient_id: UUID) -> None:
    """Refuse to ask a model about a patient who does not want it; an opt-out waits from here on. Raises OptedOut."""
    hold_patient(patient_id)
    if OptOut.objects.filter(patient=patient_id).exists():
        raise OptedOut


def _stance(row: OptOut | None) -> Stance:
    return Stance(opted_out=True, since=row.since, said_by=row.said_by) if row else Stance(opted_out=False)
