"""Who has not come by then is missed, where the type of the appointment says so: the time is given back by itself."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from chiron.identity.public import Role
from chiron.kernel.access import Caller
from chiron.scheduling.models import Appointment, AppointmentChange
from chiron.scheduling.services.attend import no_show
from chiron.scheduling.words import Status
from chiron.tenancy.public import current_organization_id

LEFT_TO_PEOPLE = timedelta(days=1)
"""What began longer ago than that is left as it stands: nobody gets its time any more."""


def overdue(now: datetime) -> list[UUID]:
    """The appointments whose patients were not checked in by when their types say, the first to begin first."""
    return [each.id for each in _begun(now) if _is_over(each, now)]


def release(appointment_id: UUID, now: datetime) -> None:
    """Miss that appointment for the front desk, if it is still overdue. Raises StaleVersion for one that just changes.

    Of whom it was said before that they did come, it is not said again that they did not.
    """
    appointment = _begun(now).filter(id=appointment_id).first()
    if appointment and _is_over(appointment, now):
        desk = Caller(organization_id=current_organization_id(), roles=frozenset({Role.RECEPTIONIST}), device="release")
        no_show(by=desk, appointment_id=appointment.id, if_match=appointment.version, now=now)


def _begun(now: datetime) -> "QuerySet[Appointment]":
    begun = Appointment.objects.filter(
        status=Status.BOOKED,
        type__release_minutes__isnull=False,
        starts_at__lte=now,
        starts_at__gt=now - LEFT_TO_PEOPLE,
    )
    missed = AppointmentChange.objects.filter(status=Status.NO_SHOW).values("appointment")
    return begun.exclude(id__in=missed).select_related("type").order_by("starts_at", "id")


def _is_over(appointment: Appointment, now: datetime) -> bool:
    minutes = appointment.type.release_minutes if appointment.type else None
    return minutes is not None and appointment.starts_at + timedelta(minutes=minutes) <= now
