"""What other apps may use of scheduling."""

from chiron.scheduling.calendars import Method, invitation
from chiron.scheduling.days import DoctorDay, bookable_doctors, clinic_day, next_free, offered_types, state_of_day
from chiron.scheduling.figures import Appointed, appointed, seen, time_of_doctors, waited
from chiron.scheduling.letters import letter_of
from chiron.scheduling.models import Appointment, AppointmentType, Schedule, WaitlistEntry
from chiron.scheduling.queries import Free, Told, free_doctors, read_appointment, told
from chiron.scheduling.queries_waitlist import InLine, list_waitlist
from chiron.scheduling.rules import steps_from
from chiron.scheduling.services.arrivals import VisitArrival, admit_visits
from chiron.scheduling.services.attend import cancel, decline, no_show, proceed, undo_no_show
from chiron.scheduling.services.availability import Received, set_availability
from chiron.scheduling.services.book import Booked, book
from chiron.scheduling.services.catalogue import TypeSaid, save_type
from chiron.scheduling.services.hold import confirm
from chiron.scheduling.services.leaving import Appointments, end_appointments_of
from chiron.scheduling.services.reschedule import reschedule
from chiron.scheduling.services.waitlist import Wanted, join, leave, prioritize
from chiron.scheduling.wallclock import Hours, Span, wall_of
from chiron.scheduling.words import WEEKDAYS, Standing, Status, Step

__all__ = [
    "WEEKDAYS",
    "Appointed",
    "Appointment",
    "AppointmentType",
    "Appointments",
    "Booked",
    "DoctorDay",
    "Free",
    "Hours",
    "InLine",
    "Method",
    "Received",
    "Schedule",
    "Span",
    "Standing",
    "Status",
    "Step",
    "Told",
    "TypeSaid",
    "VisitArrival",
    "WaitlistEntry",
    "Wanted",
    "admit_visits",
    "appointed",
    "book",
    "bookable_doctors",
    "cancel",
    "clinic_day",
    "confirm",
    "decline",
    "end_appointments_of",
    "free_doctors",
    "invitation",
    "letter_of",
    "join",
    "leave",
    "list_waitlist",
    "next_free",
    "no_show",
    "offered_types",
    "prioritize",
    "proceed",
    "read_appointment",
    "reschedule",
    "save_type",
    "seen",
    "set_availability",
    "state_of_day",
    "steps_from",
    "time_of_doctors",
    "told",
    "undo_no_show",
    "waited",
    "wall_of",
]
