"""What becomes of an appointment: cancelled, begun, done, missed."""

from datetime import datetime, timedelta
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller, Scope
from chiron.kernel.versions import expect
from chiron.records.public import follow_appointment
from chiron.scheduling.doors import appointment_to_change
from chiron.scheduling.errors import NotYet, ReasonNeeded, TooLateToCancel
from chiron.scheduling.models import Appointment
from chiron.scheduling.rules import after
from chiron.scheduling.services.freed import appointment_freeing, freed
from chiron.scheduling.services.taking import give_back, keep, raise_version, take
from chiron.scheduling.services.telling import NEWS, tell
from chiron.scheduling.words import Choice, Status, Step

DONE = {
    Step.APPROVE: ("approve", "appointment.approved"),
    Step.DECLINE: ("approve", "appointment.declined"),
    Step.CANCEL: ("cancel", "appointment.cancelled"),
    Step.CHECK_IN: ("attend", "appointment.checked_in"),
    Step.COMPLETE: ("attend", "appointment.completed"),
    Step.NO_SHOW: ("attend", "appointment.missed"),
    Step.UNDO_NO_SHOW: ("attend", "appointment.not_missed"),
    Step.RESCHEDULE: ("reschedule", "appointment.rescheduled"),
    Step.FOLLOW_CLOCK: ("reschedule", "appointment.followed_clock"),
}
"""What the policy and the trail call each step."""


def cancel(
    *, by: Caller, appointment_id: UUID, reason: str, if_match: int | None, now: datetime, for_clinic: bool = False
) -> Appointment:
    """Give the time back. The appointment stays, with who cancelled it, when and why, and whether that was late.

    Patients cancel their own as long before as its type says; staff always, later than that for a reason; `for_clinic`
    it is never late. Raises NotFound, StaleVersion, IllegalTransition, TooLateToCancel, ReasonNeeded.
    """
    appointment = appointment_to_change(by, appointment_id, "cancel")
    expect(appointment, if_match)
    to = after(Step.CANCEL, appointment.status)
    appointment.late = is_late(appointment, now) and not for_clinic
    if appointment.late:
        must_be_let_cancel(by, appointment, reason)
    safe = raise_version(appointment)
    appointment.note = safe.seal(appointment, "note", reason) if reason else None
    end(appointment, Step.CANCEL, to, by, now)
    return appointment


def must_be_let_cancel(by: Caller, appointment: Appointment, reason: str) -> None:
    """Late it is staff that cancel, and say why. Raises TooLateToCancel, ReasonNeeded."""
    if by.scope("appointments", "cancel") is Scope.OWN:
        raise too_late(appointment)
    if not reason:
        raise ReasonNeeded


def decline(*, by: Caller, appointment_id: UUID, reason: str, if_match: int | None, now: datetime) -> Appointment:
    """Do not approve what is pending: its time is free again. Raises NotFound, StaleVersion, IllegalTransition."""
    appointment = appointment_to_change(by, appointment_id, "approve")
    expect(appointment, if_match)
    to = after(Step.DECLINE, appointment.status)
    safe = raise_version(appointment)
    appointment.note = safe.seal(appointment, "note", reason) if reason else None
    end(appointment, Step.DECLINE, to, by, now)
    return appointment


def no_show(*, by: Caller, appointment_id: UUID, if_match: int | None, now: datetime) -> Appointment:
    """The patient did not come, and was waited for as long as the type says; the time is given back.

    Raises NotFound, StaleVersion, IllegalTransition, NotYet.
    """
    appointment = appointment_to_change(by, appointment_id, "attend")
    expect(appointment, if_match)
    to = after(Step.NO_SHOW, appointment.status)
    grace = appointment.type.grace_minutes if appointment.type else 0
    if now < appointment.starts_at + timedelta(minutes=grace):
        raise NotYet(grace_minutes=grace)
    raise_version(appointment)
    end(appointment, Step.NO_SHOW, to, by, now)
    return appointment


def undo_no_show(*, by: Caller, appointment_id: UUID, if_match: int | None, now: datetime) -> Appointment:
    """The patient did come: it is booked again, where nobody has got the time meanwhile.

    Raises NotFound, StaleVersion, IllegalTransition, and as `take` does.
    """
    appointment = appointment_freeing(by, appointment_id, "attend", now=now)
    expect(appointment, if_match)
    to = after(Step.UNDO_NO_SHOW, appointment.status)
    raise_version(appointment)
    take(appointment)
    appointment.ended_by = appointment.ended_at = None
    settle(appointment, Step.UNDO_NO_SHOW, to, by, now)
    return appointment


def proceed(*, by: Caller, appointment_id: UUID, step: Step, if_match: int | None, now: datetime) -> Appointment:
    """What was pending is booked (`APPROVE`), the patient is here (`CHECK_IN`), or it took place (`COMPLETE`).

    Raises NotFound, StaleVersion, IllegalTransition.
    """
    appointment = appointment_to_change(by, appointment_id, DONE[step][0])
    expect(appointment, if_match)
    to = after(step, appointment.status)
    raise_version(appointment)
    settle(appointment, step, to, by, now)
    return appointment


def is_late(appointment: Appointment, now: datetime) -> bool:
    """Whether a patient may no longer cancel it; what is only held can always be given up, what
    the clinic asked to move, until it begins."""
    if appointment.status == Status.HELD:
        return False
    if appointment.decided == Choice.ASK:
        return now > appointment.starts_at
    return now > appointment.starts_at - timedelta(minutes=cancel_minutes(appointment))


def cancel_minutes(appointment: Appointment) -> int:
    """How long before its beginning a patient may cancel it."""
    return appointment.type.cancel_minutes if appointment.type else 0


def too_late(appointment: Appointment) -> TooLateToCancel:
    """The refusal that tells a patient until when they could have cancelled or moved it."""
    return TooLateToCancel(cancel_minutes=cancel_minutes(appointment))


def end(appointment: Appointment, step: Step, to: Status, by: Caller, now: datetime) -> None:
    """Give the time back, and keep who said so."""
    appointment.ended_by, appointment.ended_at = by.account_id, now
    with give_back(appointment):
        settle(appointment, step, to, by, now)
    if now < appointment.ends_at:
        freed(appointment)


def settle(appointment: Appointment, step: Step, to: Status, by: Caller, now: datetime) -> None:
    """Write the change, its place among the changes, what the record says of it, and the event; tell what is news.

    What was only held was never promised, so nobody is told of its end.
    """
    action, said = DONE[step]
    appointment.status, appointment.updated_at, appointment.held_until = to, now, None
    appointment.save(force_update=True)
    keep(appointment, by=by, now=now)
    if appointment.record_id:
        follow_appointment(
            by=by, record_id=appointment.record_id, action=action, standing=to.value, now=now,
            starts_at=appointment.starts_at, ends_at=appointment.ends_at,
        )  # fmt: skip
        if step in NEWS:
            tell(NEWS[step], appointment, by=by, now=now)
    audit.record(by, said, resource="appointments", resource_id=appointment.id, subjects=[appointment.patient_id])
