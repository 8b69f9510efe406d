"""Verbs on specimens."""

from datetime import datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller, Scope
from chiron.kernel.db import CLINICAL, refusing
from chiron.kernel.versions import expect
from chiron.laboratory.doors import SPECIMENS, specimen_for
from chiron.laboratory.errors import SpecimenNumberTaken, SpecimenPastThat
from chiron.laboratory.models import Specimen
from chiron.laboratory.rules import SpecimenSaid, must_be_in_order
from chiron.laboratory.sealing import index_of, raised
from chiron.laboratory.words import SpecimenState
from chiron.registry.public import laboratory_within, patient_within
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import patient_safe


def register_specimen(*, by: Caller, said: SpecimenSaid, now: datetime) -> Specimen:
    """Announce a specimen of a patient to a laboratory, or register one that has come.

    Raises NotFound for a laboratory that the caller does not work at or a patient that is none, Invalid for times out
    of order, SpecimenNumberTaken.
    """
    laboratory = laboratory_within(by, by.scope(SPECIMENS, "create"), said.laboratory_id)
    patient = patient_within(by, Scope.ORGANIZATION, said.patient_id)
    must_be_in_order(said.collected_at, said.collected_at, now, "collected_at")
    if said.received_at:
        must_be_in_order(said.collected_at, said.received_at, now, "received_at")
    kind = {"system": said.kind.system, "code": said.kind.code, "display": said.kind.display}
    state = SpecimenState.RECEIVED if said.received_at else SpecimenState.REGISTERED
    specimen = Specimen(
        laboratory=laboratory, patient=patient, kind=kind, collected_at=said.collected_at,
        received_at=said.received_at, state=state, registered_by=by.account_id, recorded_at=now, updated_at=now,
    )  # fmt: skip
    specimen.number = patient_safe(current_organization_id(), patient.id).seal(specimen, "number", said.number)
    specimen.number_index = index_of(said.number)
    with refusing(CLINICAL, a_specimens_number_is_its_own_at_a_laboratory=SpecimenNumberTaken):
        specimen.save(force_insert=True)
    _record(by, "specimen.registered", specimen)
    return specimen


def receive_specimen(
    *, by: Caller, specimen_id: UUID, received_at: datetime | None, if_match: int | None, now: datetime
) -> Specimen:
    """The specimen has come to the laboratory, now or when it is said.

    Raises NotFound, StaleVersion, SpecimenPastThat, Invalid for a time before it was collected or still to come.
    """
    specimen = specimen_for(by, specimen_id, "update", lock=True)
    expect(specimen, if_match)
    if specimen.state != SpecimenState.REGISTERED:
        raise SpecimenPastThat(state=specimen.state)
    specimen.received_at = received_at or now
    must_be_in_order(specimen.collected_at, specimen.received_at, now, "received_at")
    advance(specimen, SpecimenState.RECEIVED, now)
    _record(by, "specimen.received", specimen)
    return specimen


def reject_specimen(*, by: Caller, specimen_id: UUID, reason: str, if_match: int | None, now: datetime) -> Specimen:
    """The specimen is of no use, and why; nothing is reported of it.

    Raises NotFound, StaleVersion, SpecimenPastThat.
    """
    specimen = specimen_for(by, specimen_id, "update", lock=True)
    expect(specimen, if_match)
    if specimen.state not in (SpecimenState.REGISTERED, SpecimenState.RECEIVED):
        raise SpecimenPastThat(state=specimen.state)
    advance(specimen, SpecimenState.REJECTED, now, reason=reason)
    _record(by, "specimen.rejected", specimen)
    return specimen


def advance(specimen: Specimen, state: SpecimenState, now: datetime, *, reason: str | None = None) -> None:
    """Bring a locked specimen to its next version, in that state."""
    raised(specimen, reason)
    specimen.state, specimen.updated_at = state, now
    specimen.save(force_update=True)


def _record(by: Caller, action: str, specimen: Specimen) -> None:
    audit.record(by, action, resource=SPECIMENS, resource_id=specimen.id, subjects=[specimen.patient_id])
