"""Time that is kept for a patient for a while, until it is promised or the while is over."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import F

from chiron.audit import public as audit
from chiron.kernel.access import Caller, Scope
from chiron.kernel.ids import NIL
from chiron.kernel.versions import expect
from chiron.registry.public import Patient
from chiron.scheduling.doors import appointment_for, appointment_to_change, numbers_of, unchanged
from chiron.scheduling.errors import HoldExpired, TooManyHolds
from chiron.scheduling.models import Appointment, AppointmentType, WaitlistEntry
from chiron.scheduling.rules import after
from chiron.scheduling.services.attend import end, is_late, too_late
from chiron.scheduling.services.book import Booked, must_be_free, promise, promised, standing_for, wished
from chiron.scheduling.services.taking import keep, raise_version, take
from chiron.scheduling.words import EXPECTED, Standing, Status, Step
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import patient_safe

MOST = 3
"""How many holds a patient may have at once: enough to compare, too few to keep a week from others."""
USUALLY = timedelta(minutes=10)


def hold(
    *, by: Caller, provider_id: UUID, patient_id: UUID | None, wall: datetime, utc_offset: timedelta | None = None,
    type_id: UUID | None = None, room_id: UUID | None = None, reason: str = "", now: datetime,
) -> Appointment:  # fmt: skip
    """Keep a doctor's time for a patient for a while; nobody else is offered it or gets it before that is over.

    Nothing is promised and no record is made before it is confirmed. Raises TooManyHolds, and as `book` does.
    """
    wish = wished(
        by=by, provider_id=provider_id, patient_id=patient_id, wall=wall, utc_offset=utc_offset, type_id=type_id,
        room_id=room_id, now=now,
    )  # fmt: skip
    must_have_holds_left(wish.patient)
    must_be_free(wish, now)
    appointment = promised(wish)
    appointment.status, appointment.held_until = Status.HELD, min(now + while_of(wish.type), wish.starts_at)
    take(appointment)
    appointment.booked_by, appointment.recorded_at, appointment.updated_at = by.account_id, now, now
    safe = patient_safe(current_organization_id(), wish.patient.id)
    appointment.reason = safe.seal(appointment, "reason", reason) if reason else None
    appointment.save(force_insert=True)
    keep(appointment, by=by, now=now)
    audit.record(
        by, "appointment.held", resource="appointments", resource_id=appointment.id, subjects=[wish.patient.id]
    )
    return appointment


def confirm(*, by: Caller, appointment_id: UUID, if_match: int | None, now: datetime) -> Booked:
    """Promise the time that was held, and make the record of it, before the hold has expired.

    So is an offer accepted: the later appointment that it was to replace is cancelled with it, or neither happens; one
    of the same type stands as the later one did, approved or not. Raises NotFound, StaleVersion, IllegalTransition,
    HoldExpired, and TooLateToCancel to a patient who may not give up the later one any more.
    """
    later = given_up_for(appointment_for(by, appointment_id, "create"))
    appointment = appointment_to_change(by, appointment_id, "create", *(numbers_of(later) if later else ()))
    expect(appointment, if_match)
    after(Step.CONFIRM, appointment.status)
    if appointment.held_until is None or appointment.held_until <= now:
        raise HoldExpired
    safe = raise_version(appointment)
    if later and is_late(later, now):
        if by.scope("appointments", "cancel") is Scope.OWN:
            raise too_late(later)
        later.late = True
    standing = Status(later.status) if later and later.type_id == appointment.type_id else None
    appointment.status, appointment.held_until = standing or standing_for(by, appointment.type), None
    appointment.booked_by, appointment.updated_at = by.account_id, now
    made = promise(
        by=by, appointment=appointment, reason=safe.open(appointment, "reason") or "", said="appointment.confirmed",
        now=now,
    )  # fmt: skip
    waiting = WaitlistEntry.objects.filter(id=appointment.offered_to_id or NIL)
    waiting.update(status=Standing.BOOKED, version=F("version") + 1, updated_at=now)
    if later:
        raise_version(unchanged(later))
        end(later, Step.CANCEL, Status.CANCELLED, by, now)
    return made


def given_up_for(offer: Appointment) -> Appointment | None:
    """The later appointment that whoever accepts the offer gives up, if it still is one; of the same patient."""
    if offer.offered_to is None:
        return None
    theirs = Appointment.objects.select_related("provider", "patient", "room", "type").filter(patient=offer.patient)
    still = {"status__in": EXPECTED, "starts_at__gt": offer.starts_at}
    return theirs.filter(id=offer.offered_to.earlier_than or NIL, **still).first()


def while_of(kind: AppointmentType | None) -> timedelta:
    """How long such an appointment is held."""
    return timedelta(minutes=kind.hold_minutes) if kind else USUALLY


def must_have_holds_left(patient: Patient) -> None:
    """Refuse one hold too many, offers not counted; at the patient's turn, when what expired is gone. Raises
    TooManyHolds."""
    if Appointment.objects.filter(patient=patient, status=Status.HELD, offered_to=None).count() >= MOST:
        raise TooManyHolds(most=MOST)
