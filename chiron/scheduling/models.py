"""The rows of scheduling, in each organization's schema.

Hours are wall times, appointments are instants. That nobody is in two places is not looked for by verbs: it is what the
constraints on *reservations* say, whoever books and however many at once.
"""

from typing import ClassVar
from zoneinfo import ZoneInfo

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from chiron.kernel.fields import SealedField, clinical, operational, personal, secret
from chiron.kernel.ids import new_number
from chiron.kernel.models import Grants, Row, Versioned
from chiron.scheduling.wallclock import Span, wall_of
from chiron.scheduling.words import Answer, Choice, Late, Of, Reckoning, Reminded, Standing, Status, Way


class Schedule(Versioned):
    """A provider's usual week: ``weekly`` maps a weekday to pairs of wall times, read on the clock of ``time_zone``."""

    grants = Grants.READ_WRITE

    provider = operational(models.OneToOneField("registry.Provider", models.PROTECT, related_name="+"))
    time_zone = operational(models.CharField(max_length=64))
    slot_minutes = operational(models.PositiveSmallIntegerField(default=30))
    weekly = operational(models.JSONField(default=dict))

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="slots_have_a_length", condition=Q(slot_minutes__gte=1, slot_minutes__lte=1440))
        ]


class Closure(Versioned):
    """From one wall time until before another nobody is received: by one provider (leave), in one department, or at all
    (a holiday)."""

    grants = Grants.FULL

    provider = operational(models.ForeignKey("registry.Provider", models.PROTECT, null=True, related_name="+"))
    department = operational(models.ForeignKey("registry.Department", models.PROTECT, null=True, related_name="+"))
    title = personal(SealedField(null=True))
    from_day = operational(models.DateField())
    from_time = operational(models.TimeField())
    until_day = operational(models.DateField())
    until_time = operational(models.TimeField())

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="closed_for_one_or_for_all", condition=Q(provider=None) | Q(department=None)),
            models.CheckConstraint(
                name="a_closure_ends_after_it_begins",
                condition=Q(until_day__gt=F("from_day")) | Q(until_day=F("from_day"), until_time__gt=F("from_time")),
            ),
        ]
        indexes: ClassVar = [models.Index(name="closures_by_day", fields=["until_day", "from_day"])]


class ExtraHours(Versioned):
    """Hours of one day beside the usual week; over midnight where the end is not later than the start."""

    grants = Grants.FULL

    provider = operational(models.ForeignKey("registry.Provider", models.PROTECT, related_name="+", db_index=False))
    day = operational(models.DateField())
    start = operational(models.TimeField())
    end = operational(models.TimeField())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="extra_hours_begin_once", fields=["provider", "day", "start"])
        ]


class AppointmentType(Versioned):
    """What can be booked, and what it asks for; see `chiron.scheduling.slots.Terms`.

    ``capacity`` patients may share one appointment's time. Patients cancel and move up to ``cancel_minutes`` before,
    and move ``moves_at_most`` times; staff always may. A patient is missed ``grace_minutes`` after the beginning, and
    by itself where nobody has checked them in ``release_minutes`` after it. What patients book or confirm themselves of
    a type that ``needs_approval`` is pending until staff approve it.
    """

    grants = Grants.READ_WRITE

    name = operational(models.CharField(max_length=100))
    minutes = operational(models.PositiveSmallIntegerField())
    before_minutes = operational(models.PositiveSmallIntegerField(default=0))
    after_minutes = operational(models.PositiveSmallIntegerField(default=0))
    notice_minutes = operational(models.PositiveIntegerField(default=0))
    horizon_days = operational(models.PositiveSmallIntegerField(default=365))
    capacity = operational(models.PositiveSmallIntegerField(default=1))
    cancel_minutes = operational(models.PositiveIntegerField(default=0))
    hold_minutes = operational(models.PositiveSmallIntegerField(default=10))
    needs_approval = operational(models.BooleanField(default=False))
    moves_at_most = operational(models.PositiveSmallIntegerField(null=True))
    grace_minutes = operational(models.PositiveSmallIntegerField(default=0))
    release_minutes = operational(models.PositiveSmallIntegerField(null=True))
    active = operational(models.BooleanField(default=True))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="appointment_type_has_its_own_name", fields=["name"]),
            models.CheckConstraint(name="an_appointment_has_a_length", condition=Q(minutes__gte=1, minutes__lte=1440)),
            models.CheckConstraint(name="an_appointment_has_room_for_one", condition=Q(capacity__gte=1)),
            models.CheckConstraint(
                name="a_hold_is_for_a_while", condition=Q(hold_minutes__gte=1, hold_minutes__lte=120)
            ),
            models.CheckConstraint(
                name="nobody_is_missed_within_the_grace",
                condition=Q(release_minutes=None) | Q(release_minutes__gte=F("grace_minutes")),
            ),
        ]


class Room(Versioned):
    """Where an appointment takes place, or what it needs: a room, a device. Only one at a time has it.

    Of those who share an appointment's time, no more than ``places`` are in it; None says nothing of how many.
    """

    grants = Grants.READ_WRITE

    number = operational(models.BigIntegerField(default=new_number, editable=False))
    name = operational(models.CharField(max_length=100))
    department = operational(models.ForeignKey("registry.Department", models.PROTECT, null=True, related_name="+"))
    places = operational(models.PositiveSmallIntegerField(null=True))
    active = operational(models.BooleanField(default=True))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="room_has_its_own_name", fields=["name"]),
            models.UniqueConstraint(name="room_number_is_its_own", fields=["number"]),
            models.CheckConstraint(name="a_room_has_a_place", condition=Q(places=None) | Q(places__gte=1)),
        ]


def in_one_place(of: Of) -> ExclusionConstraint:
    """No two reservations of one provider, patient or room overlap, by however little."""
    return ExclusionConstraint(
        name=f"{of}_in_one_place",
        expressions=[
            (Func(F("number"), F("number"), Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
            (Func(F("starts_at"), F("ends_at"), function="tstzrange", output_field=DateTimeRangeField()), "&&"),
        ],
        condition=Q(of=of),
    )


class Reservation(Row):
    """The time of a provider, a patient or a room that nobody else gets, with what must be free around it.

    ``number`` is whose it is. A reservation is taken away when its time is given back: it is no history.
    """

    grants = Grants.FULL

    of = operational(models.CharField(max_length=8, choices=Of))
    number = operational(models.BigIntegerField())
    starts_at = operational(models.DateTimeField())
    ends_at = operational(models.DateTimeField())

    class Meta:
        constraints: ClassVar = [
            *(in_one_place(of) for of in Of),
            models.CheckConstraint(name="a_reservation_takes_time", condition=Q(ends_at__gt=F("starts_at"))),
        ]
        indexes: ClassVar = [models.Index(name="reservations_of_somebody", fields=["number", "ends_at"])]


class Appointment(Versioned):
    """Time promised to a patient, or held for one until ``held_until``.

    ``zone`` is the clock on which it was agreed, and ``agreed_day`` and ``agreed_time`` what that clock was to show:
    where the rules of the clock change, this is what was promised (SCH-02). ``decided`` is what staff decided where the
    doctor does not receive then any more. Those who share an appointment's time share its reservations and have each a
    ``seat``. An offer is a hold for whom on the waitlist it is ``offered_to``. ``reason`` and ``note`` (why it was
    cancelled) are sealed with the patient's key.
    """

    grants = Grants.READ_WRITE

    status = operational(models.CharField(max_length=10, choices=Status, default=Status.BOOKED))
    provider = operational(models.ForeignKey("registry.Provider", models.PROTECT, related_name="+", db_index=False))
    patient = operational(models.ForeignKey("registry.Patient", models.PROTECT, related_name="+", db_index=False))
    type = clinical(models.ForeignKey("scheduling.AppointmentType", models.PROTECT, null=True, related_name="+"))
    room = operational(models.ForeignKey("scheduling.Room", models.PROTECT, null=True, related_name="+"))
    starts_at = operational(models.DateTimeField())
    ends_at = operational(models.DateTimeField())
    zone = operational(models.CharField(max_length=64))
    agreed_day = operational(models.DateField())
    agreed_time = operational(models.TimeField())
    decided = operational(models.CharField(max_length=6, choices=Choice, default=""))
    seat = operational(models.PositiveSmallIntegerField(default=0))
    held_until = operational(models.DateTimeField(null=True))
    moves = operational(models.PositiveSmallIntegerField(default=0))
    series_id = operational(models.UUIDField(null=True))
    record_id = operational(models.UUIDField(null=True))
    booked_by = operational(models.UUIDField(null=True))
    reason = clinical(SealedField(null=True))
    note = clinical(SealedField(null=True))
    offered_to = operational(
        models.ForeignKey("scheduling.WaitlistEntry", models.SET_NULL, null=True, related_name="+")
    )
    ended_by = operational(models.UUIDField(null=True))
    ended_at = operational(models.DateTimeField(null=True))
    late = operational(models.BooleanField(default=False))
    provider_time = operational(models.ForeignKey(Reservation, models.PROTECT, null=True, related_name="+"))
    room_time = operational(models.ForeignKey(Reservation, models.PROTECT, null=True, related_name="+"))
    patient_time = operational(models.OneToOneField(Reservation, models.PROTECT, null=True, related_name="+"))

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(name="an_appointment_ends_after_it_begins", condition=Q(ends_at__gt=F("starts_at"))),
            models.UniqueConstraint(name="one_patient_in_a_seat", fields=["provider_time", "seat"]),
            models.CheckConstraint(
                name="whoever_is_expected_has_time_reserved",
                condition=Q(status__in=[Status.CANCELLED, Status.NO_SHOW])
                ^ Q(provider_time__isnull=False, patient_time__isnull=False),
            ),
            models.UniqueConstraint(
                name="one_offer_at_a_time",
                fields=["patient"],
                condition=Q(status=Status.HELD, offered_to__isnull=False),
            ),
            models.CheckConstraint(name="a_hold_ends", condition=Q(status=Status.HELD) ^ Q(held_until=None)),
        ]
        indexes: ClassVar = [
            models.Index(name="appointments_of_a_provider", fields=["provider", "starts_at"]),
            models.Index(name="appointments_of_a_patient", fields=["patient", "starts_at"]),
            models.Index(name="appointments_of_a_series", fields=["series_id"], condition=Q(series_id__isnull=False)),
            models.Index(name="holds_by_their_end", fields=["held_until"], condition=Q(status=Status.HELD)),
        ]

    def put(self, itself: Span, zone: str) -> None:
        """Let it be then, as agreed on that clock; what was decided of it where it was counts no more."""
        wall = wall_of(itself.starts_at, ZoneInfo(zone))
        self.starts_at, self.ends_at, self.zone = itself.starts_at, itself.ends_at, zone
        self.agreed_day, self.agreed_time, self.decided = wall.date(), wall.time(), ""


class WaitlistEntry(Versioned):
    """A patient who waits for time to become free: with whom, on which days, for what.

    ``times`` are pairs of wall times, on the provider's clock, between which it may begin; none means any. Of the
    lowest ``priority``, who joined first is first. ``earlier_than`` is an appointment given up for an earlier one.
    """

    grants = Grants.FULL
    erasure_deletes = True

    patient = operational(models.ForeignKey("registry.Patient", models.PROTECT, related_name="+", db_index=False))
    type = clinical(models.ForeignKey(AppointmentType, models.PROTECT, null=True, related_name="+"))
    provider = operational(models.ForeignKey("registry.Provider", models.PROTECT, null=True, related_name="+"))
    department = operational(models.ForeignKey("registry.Department", models.PROTECT, null=True, related_name="+"))
    specialty = clinical(models.CharField(max_length=100, default="", blank=True))
    from_day = operational(models.DateField())
    until_day = operational(models.DateField())
    times = operational(models.JSONField(default=list))
    earlier_than = operational(models.UUIDField(null=True))
    priority = operational(models.PositiveSmallIntegerField(default=5))
    status = operational(models.CharField(max_length=10, choices=Standing, default=Standing.WAITING))
    joined_by = operational(models.UUIDField(null=True))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="a_patient_waits_once_for_a_type",
                fields=["patient", "type"],
                nulls_distinct=False,
                condition=Q(status=Standing.WAITING),
            ),
            models.CheckConstraint(
                name="waits_for_one_or_for_several", condition=Q(provider=None) | Q(department=None, specialty="")
            ),
            models.CheckConstraint(name="waits_for_a_day", condition=Q(until_day__gte=F("from_day"))),
            models.CheckConstraint(name="a_priority_is_one_of_nine", condition=Q(priority__gte=1, priority__lte=9)),
        ]
        indexes: ClassVar = [
            models.Index(
                name="the_line", fields=["priority", "recorded_at", "id"], condition=Q(status=Standing.WAITING)
            )
        ]


class AppointmentChange(Row):
    """What became of an appointment, step by step; never taken back."""

    grants = Grants.APPEND_ONLY

    appointment = operational(models.ForeignKey(Appointment, models.PROTECT, related_name="+", db_index=False))
    version = operational(models.IntegerField())
    status = operational(models.CharField(max_length=10, choices=Status))
    starts_at = operational(models.DateTimeField())
    provider = operational(models.ForeignKey("registry.Provider", models.PROTECT, related_name="+"))
    at = operational(models.DateTimeField())
    account_id = operational(models.UUIDField(null=True))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="each_version_of_an_appointment_once", fields=["appointment", "version"])
        ]


class Feed(Row):
    """The address at which a calendar program finds a member's own appointments: the digest of its secret."""

    grants = Grants.FULL

    membership_id = operational(models.UUIDField())
    digest = secret(models.BinaryField(max_length=32))
    made_at = operational(models.DateTimeField())

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(name="one_feed_of_a_member", fields=["membership_id"]),
            models.UniqueConstraint(name="a_feed_has_its_own_secret", fields=["digest"]),
        ]


class ReminderRule(Versioned):
    """That patients are reminded so long before an appointment of a type, or of any type that has no rules itself."""

    grants = Grants.FULL

    type = operational(models.ForeignKey(AppointmentType, models.PROTECT, null=True, related_name="+"))
    minutes_before = operational(models.PositiveIntegerField())
    reckoning = operational(models.CharField(max_length=10, choices=Reckoning, default=Reckoning.ELAPSED))
    channel = operational(models.CharField(max_length=10, choices=Way, default=Way.EMAIL))
    late = operational(models.CharField(max_length=10, choices=Late, default=Late.SEND))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="one_reminder_rule_of_a_kind", fields=["type", "minutes_before", "channel"], nulls_distinct=False
            ),
            models.CheckConstraint(name="a_reminder_comes_before", condition=Q(minutes_before__gte=1)),
        ]


class Reminder(Row):
    """That one patient is reminded of one version of an appointment, so long before it and on one channel.

    ``starts_at`` is the time of which it reminds, ``reason`` why it did not go. ``answer`` is what the patient said to
    it with the links in its mail.
    """

    grants = Grants.READ_WRITE

    appointment = operational(models.ForeignKey(Appointment, models.PROTECT, related_name="+", db_index=False))
    version = operational(models.IntegerField())
    patient = operational(models.ForeignKey("registry.Patient", models.PROTECT, related_name="+", db_index=False))
    minutes_before = operational(models.PositiveIntegerField())
    channel = operational(models.CharField(max_length=10, choices=Way))
    starts_at = operational(models.DateTimeField())
    due_at = operational(models.DateTimeField())
    state = operational(models.CharField(max_length=10, choices=Reminded, default=Reminded.WAITING))
    reason = operational(models.CharField(max_length=40, default=""))
    settled_at = operational(models.DateTimeField(null=True))
    answer = operational(models.CharField(max_length=10, choices=Answer, default=""))
    answered_at = operational(models.DateTimeField(null=True))

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                name="reminded_once_of_a_version",
                fields=["appointment", "version", "patient", "minutes_before", "channel"],
            )
        ]
        indexes: ClassVar = [
            models.Index(name="reminders_waiting", fields=["due_at"], condition=Q(state=Reminded.WAITING))
        ]
