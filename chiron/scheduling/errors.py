from chiron.kernel.errors import Conflict, Invalid, NotPermitted


class DoctorBusy(Conflict):
    code, title = "doctor-busy", "The doctor is not free at that time."


class PatientBusy(Conflict):
    code, title = "patient-busy", "The patient has another appointment at that time."


class RoomBusy(Conflict):
    code, title = "room-busy", "The room is taken at that time."


class OutsideAvailability(Conflict):
    code, title = "outside-availability", "The doctor does not receive at that time; ask for the slots that are free."


class FullyBooked(Conflict):
    code, title = "fully-booked", "All places of that appointment are taken."


class OtherRoom(Conflict):
    code, title = "other-room", "Those who share that time are in another room, or in none."


class NotInTheFuture(Invalid):
    code, title = "not-in-the-future", "An appointment must begin in the future."


class TimeNeverComes(Invalid):
    code, title = "time-never-comes", "Clocks are put forward over that time: it never comes."


class TimeComesTwice(Invalid):
    code, title = "time-comes-twice", "Clocks are put back over that time: say which one by utc_offset."


class NoSchedule(Conflict):
    code, title = "no-schedule", "The doctor has not said when they receive."


class SeriesRefused(Conflict):
    """Carries ``refused``: each date that does not go, with the code of its refusal."""

    code, title = "series-refused", "Not all dates of the series are possible; nothing was done."


class HoldExpired(Conflict):
    code, title = "hold-expired", "The time was held for a while that has passed; it may be free still."


class TooManyHolds(Conflict):
    """Carries ``most``, how many there may be."""

    code, title = "too-many-holds", "So much time is held for the patient already: confirm or give up some of it."


class AlreadyWaiting(Conflict):
    code, title = "already-waiting", "The patient is on the waitlist for that already."


class IllegalTransition(Conflict):
    """Carries ``standing``, where the appointment stands, and ``allowed``, the steps that are possible from there."""

    code, title = "illegal-transition", "That cannot happen to an appointment as it stands."


class NotYet(Conflict):
    """Carries ``grace_minutes``, how long the patient is waited for."""

    code, title = "not-yet", "That can be said once the appointment should have begun."


class AlreadyBegun(Conflict):
    code, title = "already-begun", "The appointment should have begun; it is not moved any more."


class ReasonNeeded(Invalid):
    code, title = "reason-needed", "Say why it is cancelled so late."


class TooManyMoves(NotPermitted):
    """Carries ``moves_at_most``, how often patients may move it."""

    code, title = "too-many-moves", "You have moved this as often as you may: call the clinic."


class TooLateToCancel(NotPermitted):
    """Carries ``cancel_minutes``, how long before its beginning patients may cancel and move it."""

    code, title = "too-late-to-cancel", "It is too late to cancel this yourself: call the clinic."


class NothingToDecide(Conflict):
    code, title = "nothing-to-decide", "The appointment is not to come any more."


class TypeNameTaken(Conflict):
    code, title = "appointment-type-name-taken", "Another appointment type has that name."


class RoomNameTaken(Conflict):
    code, title = "room-name-taken", "Another room has that name."


class ReminderRuleExists(Conflict):
    code, title = "reminder-rule-exists", "There is a rule for that type, time and channel already."
