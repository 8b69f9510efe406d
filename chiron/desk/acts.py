"""One appointment, and what becomes of it at the desk: checked in, completed, missed, cancelled."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse

from chiron.desk.forms import Reason, Seen, said
from chiron.desk.pages import See, address, page, see
from chiron.desk.steps import ACTS, TOLD, acts_on
from chiron.desk.times import long_day, time_of
from chiron.kernel import clock
from chiron.kernel.access import Call, Caller, needs
from chiron.registry.public import patient_names, provider_names
from chiron.scheduling import public as scheduling
from chiron.scheduling.public import Step, read_appointment, told, wall_of


@needs("appointments", "read")
def show_appointment(request: Call, appointment_id: UUID) -> HttpResponse:
    """One appointment with its buttons."""
    shown = appointment_shown(request.caller, appointment_id, clock.now())
    return page(request, "appointment", shown | {"told": TOLD.get(request.GET.get("done", ""))})


@needs("appointments", "cancel")
def cancel(request: Call, appointment_id: UUID) -> HttpResponse:
    """Cancel, for a reason."""
    asked, now = said(Reason, request.POST), clock.now()
    scheduling.cancel(
        by=request.caller, appointment_id=appointment_id, reason=asked["reason"], if_match=asked["version"], now=now
    )
    return done(request, appointment_id, "cancel")


@needs("appointments", "approve")
def decline(request: Call, appointment_id: UUID) -> HttpResponse:
    """Do not approve, for a reason."""
    asked, now = said(Reason, request.POST), clock.now()
    scheduling.decline(
        by=request.caller, appointment_id=appointment_id, reason=asked["reason"], if_match=asked["version"], now=now
    )
    return done(request, appointment_id, "decline")


@needs("appointments", "create")
def confirm(request: Call, appointment_id: UUID) -> HttpResponse:
    """Promise the time that was held."""
    version = said(Seen, request.POST)["version"]
    scheduling.confirm(by=request.caller, appointment_id=appointment_id, if_match=version, now=clock.now())
    return done(request, appointment_id, "confirm")


@needs("appointments", "approve")
def approve(request: Call, appointment_id: UUID) -> HttpResponse:
    """What waited for approval has it."""
    return proceeded(request, appointment_id, Step.APPROVE)


@needs("appointments", "attend")
def check_in(request: Call, appointment_id: UUID) -> HttpResponse:
    """The patient is here."""
    return proceeded(request, appointment_id, Step.CHECK_IN)


@needs("appointments", "attend")
def complete(request: Call, appointment_id: UUID) -> HttpResponse:
    """It took place."""
    return proceeded(request, appointment_id, Step.COMPLETE)


@needs("appointments", "attend")
def no_show(request: Call, appointment_id: UUID) -> HttpResponse:
    """The patient did not come."""
    version = said(Seen, request.POST)["version"]
    scheduling.no_show(by=request.caller, appointment_id=appointment_id, if_match=version, now=clock.now())
    return done(request, appointment_id, "no-show")


@needs("appointments", "attend")
def undo_no_show(request: Call, appointment_id: UUID) -> HttpResponse:
    """The patient did come."""
    version = said(Seen, request.POST)["version"]
    scheduling.undo_no_show(by=request.caller, appointment_id=appointment_id, if_match=version, now=clock.now())
    return done(request, appointment_id, "undo-no-show")


def proceeded(request: Call, appointment_id: UUID, step: Step) -> See:
    """The appointment is one step further."""
    version = said(Seen, request.POST)["version"]
    scheduling.proceed(by=request.caller, appointment_id=appointment_id, step=step, if_match=version, now=clock.now())
    return done(request, appointment_id, ACTS[step].name)


def done(request: Call, appointment_id: UUID, what: str) -> See:
    """Back to the day from which the button was pressed, otherwise to the appointment."""
    asked = said(Seen, request.POST)
    if asked["day"] is None:
        return see("appointment", appointment_id, done=what)
    return See(address("schedule", date=asked["day"], doctor=asked["doctor"], done=what) + f"#at-{appointment_id}")


def appointment_shown(by: Caller, appointment_id: UUID, now: datetime) -> dict[str, object]:
    """What the page of an appointment says. Raises NotFound."""
    appointment = read_appointment(by, appointment_id)
    [opened] = told([appointment])
    zone = ZoneInfo(appointment.zone)
    return {
        "appointment": appointment,
        "reason": opened.reason,
        "note": opened.note,
        "patient": patient_names(by, [appointment.patient_id]).get(appointment.patient_id, ""),
        "doctor": provider_names(by, [appointment.provider_id])[appointment.provider_id],
        "zone": zone.key,
        "day": wall_of(appointment.starts_at, zone).date(),
        "date": long_day(wall_of(appointment.starts_at, zone).date()),
        "time": time_of(appointment.starts_at, zone),
        "until": time_of(appointment.ends_at, zone),
        "acts": acts_on(by, appointment, now),
    }
