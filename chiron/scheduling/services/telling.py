"""Telling those whom an appointment concerns what became of it, but not who made it so."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from chiron.identity.public import accounts_of
from chiron.kernel.access import Caller
from chiron.notifications.public import Kind, notify
from chiron.scheduling.models import Appointment
from chiron.scheduling.words import Step
from chiron.tenancy.public import current_organization_id

NEWS = {
    Step.APPROVE: Kind.BOOKED,
    Step.DECLINE: Kind.CANCELLED,
    Step.CANCEL: Kind.CANCELLED,
    Step.RESCHEDULE: Kind.MOVED,
}
"""The steps that are news, and what they are called; of what takes place in their presence nobody is told."""


def tell(kind: Kind, appointment: Appointment, *, by: Caller, now: datetime) -> None:
    """Tell the patient and the doctor of an appointment."""
    whom = accounts_of(
        current_organization_id(), patients=[appointment.patient_id], providers=[appointment.provider_id]
    )
    _tell(kind, appointment, whom - {by.account_id}, now)


def tell_patient(kind: Kind, appointment: Appointment, *, now: datetime) -> None:
    """Tell the patient of what nobody did."""
    _tell(kind, appointment, accounts_of(current_organization_id(), patients=[appointment.patient_id]), now)


def tell_former_doctor(appointment: Appointment, provider_id: UUID, *, by: Caller, now: datetime) -> None:
    """Tell the doctor who had it before that it was moved away."""
    whom = accounts_of(current_organization_id(), providers=[provider_id])
    _tell(Kind.MOVED, appointment, whom - {by.account_id}, now)


def _tell(kind: Kind, appointment: Appointment, whom: Collection[UUID], now: datetime) -> None:
    notify(kind=kind, to=whom, resource="appointments", resource_id=appointment.id, now=now)
