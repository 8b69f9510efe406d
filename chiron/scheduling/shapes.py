"""What scheduling says and hears over HTTP. Wall times are written without a zone, instants with their offset."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, NaiveDatetime, WithJsonSchema, model_validator

from chiron.kernel.schemas import Body, Clock, Day, Line, PageQuery, ZoneName, in_the_calendar
from chiron.scheduling.models import Appointment, AppointmentChange, Schedule
from chiron.scheduling.queries import Asked, Free, Slot, Told
from chiron.scheduling.rules import steps_from
from chiron.scheduling.services.availability import Changed, Extra, Leave, Received
from chiron.scheduling.services.book import Booked
from chiron.scheduling.wallclock import Hours
from chiron.scheduling.words import WEEKDAYS, Status

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


Pair = tuple[Clock, Clock]
# JSON Schema's date-time is an instant, with an offset, which a time on the wall has not.
Wall = Annotated[
    NaiveDatetime,
    AfterValidator(lambda wall: datetime.combine(in_the_calendar(wall.date()), wall.time())),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?$"}),
]
LONGEST_CLOSURE = timedelta(days=3653)
# Records have a Status, too, and what the document names it names by the name of a class alone.
Stands = Annotated[Status, WithJsonSchema({"type": "string", "enum": Status.values})]
HoursOfADay = Annotated[list[Pair], Field(default_factory=list, max_length=24)]


class LeaveIO(Body):
    """From one wall time until before another the doctor does not receive."""

    kind: Literal["closed"]
    from_: Wall = Field(alias="from", examples=["2031-07-14T00:00"])
    until: Wall = Field(examples=["2031-07-28T00:00"])
    title: Line = Field("", examples=["Holidays"])

    @model_validator(mode="after")
    def _goes_forward(self) -> Self:
        if not self.from_ < self.until <= self.from_ + LONGEST_CLOSURE:
            raise ValueError("ends before it begins, or more than ten years later")
        return self


class ExtraIO(Body):
    """Hours of one day beside the usual week."""

    kind: Literal["open"]
    day: Day = Field(examples=["2031-07-12"])
    start: Clock = Field(examples=["10:00"])
    end: Clock = Field(description="Of the next day where it is not later than the start.", examples=["12:00"])


ExceptionIO = Annotated[LeaveIO | ExtraIO, Field(discriminator="kind")]


class Week(Body):
    """The hours that begin on each weekday; of a day that is not named, none."""

    monday: HoursOfADay
    tuesday: HoursOfADay
    wednesday: HoursOfADay
    thursday: HoursOfADay
    friday: HoursOfADay
    saturday: HoursOfADay
    sunday: HoursOfADay

    def hours(self) -> dict[str, list[Hours]]:
        return {day: [Hours(*pair) for pair in pairs] for day in WEEKDAYS if (pairs := getattr(self, day))}


class AvailabilityIn(Body):
    """All of when a doctor receives; what is not said any more does not hold any more."""

    available_days: Week = Field(
        description="Hours by the clock on the wall; an end that is not later than its start is of the next day.",
        examples=[{"monday": [["09:00", "12:30"], ["13:30", "17:00"]], "friday": [["22:00", "06:00"]]}],
    )
    time_zone: ZoneName
    slot_minutes: int = Field(30, ge=1, le=1440, description="How far beginnings are apart.")
    exceptions: list[ExceptionIO] = Field(default_factory=list, max_length=1000)

    @model_validator(mode="after")
    def _says_nothing_twice(self) -> Self:
        begins = [(each.day, each.start) for each in self.exceptions if isinstance(each, ExtraIO)]
        if len(begins) > len(set(begins)):
            raise ValueError("extra hours of one day begin twice at the same time")
        return self

    def said(self) -> Received:
        return Received(
            self.time_zone,
            self.slot_minutes,
            self.available_days.hours(),
            [Leave(each.from_, each.until, each.title) for each in self.exceptions if isinstance(each, LeaveIO)],
            [Extra(each.day, Hours(each.start, each.end)) for each in self.exceptions if isinstance(each, ExtraIO)],
        )


class AvailabilityOut(BaseModel):
    doctor_id: UUID
    available_days: dict[Weekday, list[tuple[str, str]]]
    time_zone: str
    slot_minutes: int
    exceptions: list[LeaveIO | ExtraIO]
    version: int

    @classmethod
    def of(cls, schedule: Schedule, said: Received) -> Self:
        closed = [
            LeaveIO.model_construct(kind="closed", from_=each.start, until=each.end, title=each.title)
            for each in said.leave
        ]
        extra = [
            ExtraIO.model_construct(kind="open", day=each.day, start=each.hours.start, end=each.hours.end)
            for each in said.extra
        ]
        return cls(
            doctor_id=schedule.provider_id, time_zone=schedule.time_zone,
            available_days=dict(sorted(schedule.weekly.items(), key=lambda hours: WEEKDAYS.index(hours[0]))),
            slot_minutes=schedule.slot_minutes, exceptions=[*closed, *extra], version=schedule.version,
        )  # fmt: skip


class AvailabilityEnvelope(BaseModel):
    availability: AvailabilityOut


class AffectedOut(BaseModel):
    id: UUID
    doctor_id: UUID
    patient_id: UUID
    starts_at: datetime
    ends_at: datetime
    decided: Literal["", "keep", "ask"] = Field(description="What staff decided: empty where nobody has yet.")
    version: int

    @classmethod
    def of(cls, each: Appointment) -> Self:
        zone = ZoneInfo(each.zone)
        return cls.model_validate({
            "id": each.id, "doctor_id": each.provider_id, "patient_id": each.patient_id,
            "starts_at": each.starts_at.astimezone(zone), "ends_at": each.ends_at.astimezone(zone),
            "decided": each.decided, "version": each.version,
        })  # fmt: skip


class Affected(BaseModel):
    """The first page of the appointments that a change leaves without hours."""

    affected: list[AffectedOut] = Field(description="Appointments for which nobody receives any more; they stand.")
    next: str | None = Field(description="The cursor of the next page of them, at the address of those affected.")


class ChangedAvailability(AvailabilityEnvelope, Affected):
    @classmethod
    def of(cls, changed: Changed, said: Received) -> Self:
        return cls(
            availability=AvailabilityOut.of(changed.schedule, said),
            affected=[AffectedOut.of(each) for each in changed.affected.rows], next=changed.affected.next,
        )  # fmt: skip


class WallTime(Body):
    """A time of the doctor's clock."""

    appointment_date: Day = Field(examples=["2031-07-15"])
    start_time: Clock = Field(examples=["10:30"])
    utc_offset: Annotated[str, Field(pattern=r"^[+-]([01]\d|2[0-3]):[0-5]\d$")] | None = Field(
        None, description="Which of the two, where clocks are put back over that time.", examples=["+01:00"]
    )

    def wall(self) -> datetime:
        return datetime.combine(self.appointment_date, self.start_time)

    def offset(self) -> timedelta | None:
        if self.utc_offset is None:
            return None
        away = timedelta(hours=int(self.utc_offset[1:3]), minutes=int(self.utc_offset[4:]))
        return -away if self.utc_offset[0] == "-" else away


class BookingIn(WallTime):
    doctor_id: UUID
    type: UUID | None = Field(None, description="An appointment type; without one, a slot of the doctor's.")
    room_id: UUID | None = None
    patient_id: UUID | None = Field(None, description="For staff; patients book for themselves.")
    reason: Line = Field("", examples=["Cough since Sunday"])


class RescheduleIn(WallTime):
    doctor_id: UUID | None = Field(None, description="Another doctor, who takes over.")


class CancelIn(Body):
    reason: Line = Field("", examples=["The patient is ill"])


class AppointmentOut(BaseModel):
    id: UUID
    doctor_id: UUID
    patient_id: UUID
    type: UUID | None
    room_id: UUID | None
    status: Stands
    starts_at: datetime = Field(description="With the offset of the clock on which it was agreed.")
    ends_at: datetime
    time_zone: str
    reason: str
    cancellation_reason: str
    late: bool = Field(description="It was cancelled after the time that its type allows.")
    held_until: datetime | None = Field(description="When a hold expires; before then it can be confirmed.")
    moves: int = Field(description="How often it was given another time.")
    series: UUID | None = Field(description="The series that it was booked with.")
    health_record_id: UUID | None
    possible: list[str] = Field(description="What can become of it now.")
    version: int

    @classmethod
    def of(cls, told: Told) -> Self:
        each = told.appointment
        zone = ZoneInfo(each.zone)
        return cls(
            id=each.id, doctor_id=each.provider_id, patient_id=each.patient_id, type=each.type_id,
            room_id=each.room_id, status=Status(each.status), starts_at=each.starts_at.astimezone(zone),
            ends_at=each.ends_at.astimezone(zone), time_zone=each.zone, reason=told.reason,
            cancellation_reason=told.note, late=each.late, held_until=each.held_until, moves=each.moves,
            series=each.series_id,
            health_record_id=each.record_id, possible=steps_from(each.status), version=each.version,
        )  # fmt: skip


class AppointmentEnvelope(BaseModel):
    appointment: AppointmentOut


class ChangeOut(BaseModel):
    version: int
    status: Stands
    starts_at: datetime
    doctor_id: UUID
    at: datetime
    account_id: UUID | None = Field(description="Who changed it; nobody where it happened by itself.")


class Changes(BaseModel):
    changes: list[ChangeOut]

    @classmethod
    def of(cls, appointment: Appointment, changes: Sequence[AppointmentChange]) -> Self:
        zone = ZoneInfo(appointment.zone)
        return cls(
            changes=[
                ChangeOut(
                    version=each.version, status=Status(each.status), starts_at=each.starts_at.astimezone(zone),
                    doctor_id=each.provider_id, at=each.at, account_id=each.account_id,
                )
                for each in changes
            ]
        )  # fmt: skip


class HealthRecordOut(BaseModel):
    id: UUID
    record_type: str
    occurred_at: datetime | None
    version: int


class BookedEnvelope(AppointmentEnvelope):
    health_record: HealthRecordOut

    @classmethod
    def of(cls, made: Booked, reason: str) -> Self:
        record = made.record
        return cls(
            appointment=AppointmentOut.of(Told(made.appointment, reason, "")),
            health_record=HealthRecordOut(
                id=record.id, record_type=record.record_type, occurred_at=record.occurred_at, version=record.version
            ),
        )


class Appointments(BaseModel):
    appointments: list[AppointmentOut]
    next: str | None


class AppointmentQuery(PageQuery):
    doctor_id: UUID | None = None
    patient: UUID | None = None
    status: Stands | None = None
    from_: AwareDatetime | None = Field(None, alias="from", description="Beginning then or later.")
    to: AwareDatetime | None = Field(None, description="Beginning before then.")
    series: UUID | None = None

    def asked(self) -> Asked:
        return Asked(self.doctor_id, self.patient, self.status, self.from_, self.to, self.series)


class SlotOut(BaseModel):
    start_time: datetime
    end_time: datetime
    places: int = Field(description="How many patients can still be booked for that time.")


class FreeDoctorOut(BaseModel):
    id: UUID
    name: str
    specialty: str
    time_zone: str
    slots: list[SlotOut]

    @classmethod
    def of(cls, free: Free) -> Self:
        zone = ZoneInfo(free.zone)
        return cls(
            id=free.provider.id, name=free.name, specialty=free.provider.specialty, time_zone=free.zone,
            slots=[_slot(each, zone) for each in free.slots],
        )  # fmt: skip


class FreeDoctors(BaseModel):
    doctors: list[FreeDoctorOut]


class FreeQuery(BaseModel):
    date: Day
    specialty: Annotated[str, Field(max_length=100)] | None = None
    type: UUID | None = None
    room_id: UUID | None = Field(None, description="Only when this room is free, too.")
    patient_id: UUID | None = Field(None, description="For staff: only when this patient is free, too.")


def _slot(slot: Slot, zone: ZoneInfo) -> SlotOut:
    return SlotOut(
        start_time=slot.starts_at.astimezone(zone), end_time=slot.ends_at.astimezone(zone), places=slot.places
    )
