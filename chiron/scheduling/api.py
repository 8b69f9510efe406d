"""Availability, slots and appointments over HTTP."""

from uuid import UUID

from django.http import HttpResponse
from ninja import Query, Router, Status

from chiron.kernel import clock
from chiron.kernel.access import Call, creates, needs
from chiron.kernel.ids import NIL
from chiron.kernel.problems import refusals
from chiron.kernel.versions import created, etag, if_match
from chiron.scheduling import queries, shapes
from chiron.scheduling.models import Appointment
from chiron.scheduling.services import attend
from chiron.scheduling.services.availability import preview_availability, set_availability
from chiron.scheduling.services.book import book
from chiron.scheduling.services.hold import confirm, hold
from chiron.scheduling.services.reschedule import reschedule
from chiron.scheduling.words import Step

router = Router(tags=["appointments"])

DOCTOR = "/doctors/{uuid:doctor_id}/availability"
ONE = "/appointments/{uuid:appointment_id}"


@router.get(
    "/doctors/availability",
    tags=["doctors"],
    response={200: shapes.AvailabilityEnvelope, **refusals(404, 409)},
    by_alias=True,
)
@needs("my-availability", "read")
def read_own_availability(request: Call, response: HttpResponse) -> shapes.AvailabilityEnvelope:
    """When you receive."""
    return _availability(request, response, request.caller.provider_id)


@router.put(
    "/doctors/availability",
    tags=["doctors"],
    response={200: shapes.ChangedAvailability, **refusals(404, 409, 412)},
    by_alias=True,
)
@needs("my-availability", "update")
def change_own_availability(
    request: Call, response: HttpResponse, body: shapes.AvailabilityIn, *, dry_run: bool = False
) -> shapes.ChangedAvailability:
    """Say all of when you receive; appointments that do not fit any more are answered and stand. A dry run only
    answers."""
    return _changed(request, response, request.caller.provider_id or NIL, body, dry_run=dry_run)


@router.get(DOCTOR, tags=["doctors"], response={200: shapes.AvailabilityEnvelope, **refusals(404, 409)}, by_alias=True)
@needs("availability", "read")
def read_availability(request: Call, response: HttpResponse, doctor_id: UUID) -> shapes.AvailabilityEnvelope:
    """When a doctor receives."""
    return _availability(request, response, doctor_id)


@router.put(
    DOCTOR, tags=["doctors"], response={200: shapes.ChangedAvailability, **refusals(404, 409, 412)}, by_alias=True
)
@needs("availability", "update")
def change_availability(
    request: Call, response: HttpResponse, doctor_id: UUID, body: shapes.AvailabilityIn, *, dry_run: bool = False
) -> shapes.ChangedAvailability:
    """Say all of when a doctor receives; appointments that do not fit any more are answered and stand. A dry run only
    answers."""
    return _changed(request, response, doctor_id, body, dry_run=dry_run)


@router.get("/appointments/available_doctors", response={200: shapes.FreeDoctors, **refusals(404)})
@needs("availability", "read")
def available_doctors(request: Call, asked: Query[shapes.FreeQuery]) -> shapes.FreeDoctors:
    """The doctors who can be booked on a day, with their slots: every one of them can be booked."""
    found = queries.free_doctors(
        request.caller, day=asked.date, specialty=asked.specialty, type_id=asked.type, room_id=asked.room_id,
        patient_id=asked.patient_id, now=clock.now(),
    )  # fmt: skip
    return shapes.FreeDoctors(doctors=[shapes.FreeDoctorOut.of(each) for each in found])


@router.post("/appointments/book", response={201: shapes.BookedEnvelope, **refusals(404, 409)})
@needs("appointments", "create")
@creates
def book_appointment(request: Call, response: HttpResponse, body: shapes.BookingIn) -> Status[shapes.BookedEnvelope]:
    """Book a slot: the appointment, and the health record that is made with it."""
    made = book(
        by=request.caller, provider_id=body.doctor_id, patient_id=body.patient_id, wall=body.wall(),
        utc_offset=body.offset(), type_id=body.type, room_id=body.room_id, reason=body.reason, now=clock.now(),
    )  # fmt: skip
    shown = shapes.BookedEnvelope.of(made, body.reason)
    return created(response, f"/api/appointments/{made.appointment.id}", shown, made.appointment.version)


@router.post("/appointments/hold", response={201: shapes.AppointmentEnvelope, **refusals(404, 409)})
@needs("appointments", "create")
@creates
def hold_appointment(
    request: Call, response: HttpResponse, body: shapes.BookingIn
) -> Status[shapes.AppointmentEnvelope]:
    """Keep a slot for a patient for a while, until it is confirmed; nobody else gets it before that is over."""
    held = hold(
        by=request.caller, provider_id=body.doctor_id, patient_id=body.patient_id, wall=body.wall(),
        utc_offset=body.offset(), type_id=body.type, room_id=body.room_id, reason=body.reason, now=clock.now(),
    )  # fmt: skip
    return created(response, f"/api/appointments/{held.id}", _shown(response, held), held.version)


@router.post(f"{ONE}/confirm", response={200: shapes.BookedEnvelope, **refusals(404, 409, 410, 412)})
@needs("appointments", "create")
def confirm_appointment(request: Call, response: HttpResponse, appointment_id: UUID) -> shapes.BookedEnvelope:
    """Promise the time that is held: the appointment, and the health record that is made with it."""
    made = confirm(by=request.caller, appointment_id=appointment_id, if_match=if_match(request), now=clock.now())
    etag(response, made.appointment.version)
    return shapes.BookedEnvelope.of(made, queries.told([made.appointment])[0].reason)


@router.post(f"{ONE}/approve", response={200: shapes.AppointmentEnvelope, **refusals(404, 409, 410, 412)})
@needs("appointments", "approve")
def approve(request: Call, response: HttpResponse, appointment_id: UUID) -> shapes.AppointmentEnvelope:
    """What a patient booked, and needed approval, is promised."""
    return _proceeded(request, response, appointment_id, Step.APPROVE)


@router.post(f"{ONE}/decline", response={200: shapes.AppointmentEnvelope, **refusals(404, 409, 410, 412)})
@needs("appointments", "approve")
def decline(
    request: Call, response: HttpResponse, appointment_id: UUID, body: shapes.CancelIn
) -> shapes.AppointmentEnvelope:
    """What a patient booked, and needed approval, does not take place: its time is free again."""
    ended = attend.decline(
        by=request.caller, appointment_id=appointment_id, reason=body.reason, if_match=if_match(request),
        now=clock.now(),
    )  # fmt: skip
    return _shown(response, ended)


@router.get("/appointments", response=shapes.Appointments)
@needs("appointments", "read")
def list_appointments(request: Call, asked: Query[shapes.AppointmentQuery]) -> shapes.Appointments:
    """The appointments that you may see, the first to come first."""
    found = queries.list_appointments(request.caller, asked.asked(), asked)
    return shapes.Appointments(appointments=[shapes.AppointmentOut.of(each) for each in found.rows], next=found.next)


@router.get(ONE, response={200: shapes.AppointmentEnvelope, **refusals(404)})
@needs("appointments", "read")
def read_appointment(request: Call, response: HttpResponse, appointment_id: UUID) -> shapes.AppointmentEnvelope:
    """One appointment."""
    return _shown(response, queries.read_appointment(request.caller, appointment_id))


@router.get(f"{ONE}/changes", response={200: shapes.Changes, **refusals(404)})
@needs("appointments", "read")
def read_changes(request: Call, appointment_id: UUID) -> shapes.Changes:
    """What became of an appointment: where and when it was before, and who changed it."""
    return shapes.Changes.of(*queries.read_changes(request.caller, appointment_id))


@router.post(f"{ONE}/cancel", response={200: shapes.AppointmentEnvelope, **refusals(404, 409, 410, 412)})
@needs("appointments", "cancel")
def cancel_appointment(
    request: Call, response: HttpResponse, appointment_id: UUID, body: shapes.CancelIn
) -> shapes.AppointmentEnvelope:
    """Cancel an appointment: its time is free again, and it stays with the reason."""
    ended = attend.cancel(
        by=request.caller, appointment_id=appointment_id, reason=body.reason, if_match=if_match(request),
        now=clock.now(),
    )  # fmt: skip
    return _shown(response, ended)


@router.post(f"{ONE}/reschedule", response={200: shapes.AppointmentEnvelope, **refusals(404, 409, 410, 412)})
@needs("appointments", "reschedule")
def reschedule_appointment(
    request: Call, response: HttpResponse, appointment_id: UUID, body: shapes.RescheduleIn
) -> shapes.AppointmentEnvelope:
    """Give an appointment another time, and another doctor where one is named; it stays the same appointment."""
    moved = reschedule(
        by=request.caller, appointment_id=appointment_id, wall=body.wall(), utc_offset=body.offset(),
        provider_id=body.doctor_id, if_match=if_match(request), now=clock.now(),
    )  # fmt: skip
    return _shown(response, moved)


@router.post(f"{ONE}/check_in", response={200: shapes.AppointmentEnvelope, **refusals(404, 409, 410, 412)})
@needs("appointments", "attend")
def check_in(request: Call, response: HttpResponse, appointment_id: UUID) -> shapes.AppointmentEnvelope:
    """The patient is here."""
    return _proceeded(request, response, appointment_id, Step.CHECK_IN)


@router.post(f"{ONE}/complete", response={200: shapes.AppointmentEnvelope, **refusals(404, 409, 410, 412)})
@needs("appointments", "attend")
def complete(request: Call, response: HttpResponse, appointment_id: UUID) -> shapes.AppointmentEnvelope:
    """The appointment took place."""
    return _proceeded(request, response, appointment_id, Step.COMPLETE)


@router.post(f"{ONE}/no_show", response={200: shapes.AppointmentEnvelope, **refusals(404, 409, 410, 412)})
@needs("appointments", "attend")
def no_show(request: Call, response: HttpResponse, appointment_id: UUID) -> shapes.AppointmentEnvelope:
    """The patient did not come: the time is free again."""
    by, version = request.caller, if_match(request)
    return _shown(response, attend.no_show(by=by, appointment_id=appointment_id, if_match=version, now=clock.now()))


@router.delete(f"{ONE}/no_show", response={200: shapes.AppointmentEnvelope, **refusals(404, 409, 410, 412)})
@needs("appointments", "attend")
def undo_no_show(request: Call, response: HttpResponse, appointment_id: UUID) -> shapes.AppointmentEnvelope:
    """The patient did come: the appointment has its time again, unless somebody else has got it."""
    by, version = request.caller, if_match(request)
    return _shown(
        response, attend.undo_no_show(by=by, appointment_id=appointment_id, if_match=version, now=clock.now())
    )


def _proceeded(request: Call, response: HttpResponse, appointment_id: UUID, step: Step) -> shapes.AppointmentEnvelope:
    done = attend.proceed(
        by=request.caller, appointment_id=appointment_id, step=step, if_match=if_match(request), now=clock.now()
    )
    return _shown(response, done)


def _shown(response: HttpResponse, appointment: Appointment) -> shapes.AppointmentEnvelope:
    etag(response, appointment.version)
    [told] = queries.told([appointment])
    return shapes.AppointmentEnvelope(appointment=shapes.AppointmentOut.of(told))


def _availability(request: Call, response: HttpResponse, doctor_id: UUID | None) -> shapes.AvailabilityEnvelope:
    schedule, said = queries.read_availability(request.caller, doctor_id or NIL)
    etag(response, schedule.version)
    return shapes.AvailabilityEnvelope(availability=shapes.AvailabilityOut.of(schedule, said))


def _changed(
    request: Call, response: HttpResponse, doctor_id: UUID, body: shapes.AvailabilityIn, *, dry_run: bool
) -> shapes.ChangedAvailability:
    said, save = body.said(), preview_availability if dry_run else set_availability
    changed = save(by=request.caller, provider_id=doctor_id, said=said, if_match=if_match(request), now=clock.now())
    if not dry_run:
        etag(response, changed.schedule.version)
    return shapes.ChangedAvailability.of(changed, said)
