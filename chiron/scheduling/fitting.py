"""Which free times fit those who wait, read from rows as everybody sees them; see `chiron.scheduling.slots`."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from chiron.kernel.ids import NIL
from chiron.registry.public import departments_of
from chiron.scheduling.diary import availabilities, blocking, terms_of
from chiron.scheduling.models import Appointment, AppointmentType, Reservation, Schedule, WaitlistEntry
from chiron.scheduling.rules import ANSWER_WITHIN
from chiron.scheduling.sharing import groups_of
from chiron.scheduling.slots import Terms, slots_on
from chiron.scheduling.wallclock import DAY, Span, wall_of
from chiron.scheduling.words import EXPECTED, Of

YEAR = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Where:
    """What became free: of one provider or of any, from one day until another, both included, or at all."""

    provider_id: UUID | None = None
    first: date | None = None
    last: date | None = None

    @classmethod
    def around(cls, appointment: Appointment) -> "Where":
        """Where the time of an appointment becomes free: on its day, and for what reaches into the days beside it."""
        day = wall_of(appointment.starts_at, ZoneInfo(appointment.zone)).date()
        return cls(appointment.provider_id, day - DAY, day + DAY)


@dataclass(frozen=True, slots=True)
class Fit:
    """A time of a provider's that fits somebody who waits."""

    entry: WaitlistEntry
    schedule: Schedule
    starts_at: datetime

    @property
    def terms(self) -> Terms:
        """What the appointment asks for."""
        return terms_of(self.entry.type, self.schedule)


def fits(line: Iterable[WaitlistEntry], where: Where, now: datetime) -> Iterator[Fit]:
    """What fits those in line, the first in line first, and for each of them what is earliest first.

    Whoever answers at the last moment still has the notice that the type asks for.
    """
    diaries = Diaries(where, now)
    for entry in line:
        wish = Wish.of(entry)
        for day in diaries.days(entry):
            found = [
                Fit(entry, schedule, starts_at)
                for schedule in diaries.asked_by(entry, day)
                for starts_at in diaries.slots(schedule, entry.type, day)
            ]
            yield from sorted(filter(wish.takes, found), key=lambda fit: (fit.starts_at, fit.schedule.provider_id))


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody who waits wants beside a free time: at some times of day, before ``earlier_than``, when not
    ``busy``, and nothing that they were ``offered`` before."""

    times: list[tuple[time, time]]
    earlier_than: datetime | None
    busy: Collection[Span]
    offered: Collection[tuple[UUID, datetime]]

    @classmethod
    def of(cls, entry: WaitlistEntry) -> "Wish":
        times = [(time.fromisoformat(start), time.fromisoformat(end)) for start, end in entry.times]
        later = Appointment.objects.filter(id=entry.earlier_than or NIL, status__in=EXPECTED).first()
        theirs = Reservation.objects.filter(of=Of.PATIENT, number=entry.patient.number)
        busy = [Span(*each) for each in theirs.values_list("starts_at", "ends_at")]
        offers = Appointment.objects.filter(offered_to=entry).values_list("provider_id", "starts_at")
        return cls(times, later.starts_at if later else None, busy, set(offers))

    def takes(self, fit: Fit) -> bool:
        """Whether they want that."""
        clock = wall_of(fit.starts_at, ZoneInfo(fit.schedule.time_zone)).time()
        itself = fit.terms.span(fit.starts_at)
        return (
            (not self.times or any(start <= clock < end for start, end in self.times))
            and (self.earlier_than is None or fit.starts_at < self.earlier_than)
            and (fit.schedule.provider_id, fit.starts_at) not in self.offered
            and all(itself.ends_at <= each.starts_at or each.ends_at <= itself.starts_at for each in self.busy)
        )


class Diaries:
    """Those who may have time, and when, read once for all who wait."""

    def __init__(self, where: Where, now: datetime) -> None:
        self.now, self.answered_by = now, now + ANSWER_WITHIN
        today = now.date()
        self.first, self.last = max(where.first or today, today - DAY), min(where.last or today + YEAR, today + YEAR)
        schedules = Schedule.objects.filter(provider__active=True, provider__role="doctor").select_related("provider")
        if where.provider_id:
            schedules = schedules.filter(provider=where.provider_id)
        self.schedules = list(schedules.order_by("provider_id"))
        self.open_hours = availabilities(self.schedules, self.first, self.last)
        self.departments = departments_of([each.provider_id for each in self.schedules], self.first, self.last)
        self.taken = self._taken(now)
        self.known: dict[tuple[UUID, UUID | None, date], list[datetime]] = {}

    def days(self, entry: WaitlistEntry) -> Iterator[date]:
        """The days on which somebody would come and something may be free."""
        day, last = max(entry.from_day, self.first), min(entry.until_day, self.last)
        while day <= last:
            yield day
            day += DAY

    def asked_by(self, entry: WaitlistEntry, day: date) -> Iterator[Schedule]:
        """With whom somebody would come that day: with one, or with any of a department or a specialty."""
        for each in self.schedules:
            works = [work for work in self.departments.get(each.provider_id, ()) if work.includes(day)]
            in_department = entry.department_id in (None, *(work.department_id for work in works))
            of_specialty = entry.specialty.casefold() in ("", each.provider.specialty.casefold())
            if entry.provider_id in (None, each.provider_id) and in_department and of_specialty:
                yield each

    def slots(self, schedule: Schedule, kind: AppointmentType | None, day: date) -> list[datetime]:
        """The beginnings that are free, and still will be in time when the offer expires."""
        key = (schedule.provider_id, kind.id if kind else None, day)
        if key not in self.known:
            number, around = schedule.provider.number, [day + days * DAY for days in range(-3, 4)]
            taken = [span for each in around for span in self.taken.get((number, each), ())]
            groups = (
                groups_of(kind, [number], Span(min(taken).starts_at, max(taken).ends_at), self.now) if taken else {}
            )
            self.known[key] = slots_on(
                day, availability=self.open_hours[schedule.provider_id], terms=terms_of(kind, schedule),
                taken=taken, shared=[span for (_, span), group in groups.items() if group.left], now=self.answered_by,
            )  # fmt: skip
        return self.known[key]

    def _taken(self, now: datetime) -> dict[tuple[int, date], list[Span]]:
        """What is reserved of them, by the day on which it begins."""
        numbers = [each.provider.number for each in self.schedules]
        rows = blocking(now).filter(
            of=Of.PROVIDER, number__in=numbers, ends_at__gte=now,
            starts_at__date__gte=self.first - 4 * DAY, starts_at__date__lte=self.last + 4 * DAY,
        )  # fmt: skip
        taken: dict[tuple[int, date], list[Span]] = {}
        for number, starts_at, ends_at in rows.values_list("number", "starts_at", "ends_at"):
            taken.setdefault((number, starts_at.date()), []).append(Span(starts_at, ends_at))
        return taken
