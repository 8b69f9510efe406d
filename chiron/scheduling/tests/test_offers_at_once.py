"""Time that is offered by many jobs at once: each time to one patient, each patient one time, in line (SCH-28)."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from uuid import UUID

from chiron.identity.public import Role
from chiron.kernel.db import close_connections
from chiron.kernel.errors import DomainError
from chiron.registry.public import Entry, Person, create_patient, create_provider
from chiron.scheduling.fitting import Where
from chiron.scheduling.models import Appointment, WaitlistEntry
from chiron.scheduling.services.expiry import sweep
from chiron.scheduling.services.hold import confirm
from chiron.scheduling.services.offering import offer_next
from chiron.scheduling.services.waitlist import Wanted, join
from chiron.scheduling.tests.factories import NOW, receives
from chiron.scheduling.words import Standing, Status
from chiron.tenancy.public import inside
from tests.town import Clinic

THREADS = 16
OVER = NOW + timedelta(hours=1)
TUESDAY = date(2031, 3, 4)


def waiting(clinic: Clinic, patients: int) -> list[UUID]:
    """So many patients who wait for one doctor's four times of a Tuesday, in the order in which they joined."""
    by = clinic.who[Role.ADMIN]
    with inside(clinic.id):
        person = Person(family="Osei")
        doctor = create_provider(by=by, person=person, role="doctor", specialty="", active=True, now=NOW)
        receives(doctor.id, ("09:00", "11:00"))
        ids = [create_patient(by=by, entry=Entry(person=Person(family="Mensah")), now=NOW).id for _ in range(patients)]
        for number, each in enumerate(ids):
            wanted = Wanted(TUESDAY, TUESDAY, provider_id=doctor.id)
            join(by=by, patient_id=each, wanted=wanted, now=NOW + timedelta(seconds=number))
    return ids


def at_once(clinic: Clinic, acts: list[Callable[[], object]]) -> Counter[str]:
    """What became of acts that are all done at once, each in a transaction of its own."""

    def do(act: Callable[[], object]) -> str:
        try:
            with inside(clinic.id):
                return "done" if act() else "nothing"
        except DomainError as refusal:
            return refusal.code
        finally:
            close_connections()

    with ThreadPoolExecutor(THREADS) as threads:
        return Counter(threads.map(do, acts))


def offered() -> list[UUID]:
    """To whom something is offered."""
    return sorted(Appointment.objects.filter(status=Status.HELD).values_list("patient_id", flat=True))


def test_jobs_that_offer_at_once_offer_each_time_to_the_next_in_line(lakeside: Clinic) -> None:
    line = waiting(lakeside, 6)

    answers = at_once(lakeside, [lambda: offer_next(Where(), NOW)] * THREADS)

    assert answers == {"done": 4, "nothing": THREADS - 4}
    with inside(lakeside.id):
        assert offered() == sorted(line[:4])
        assert Appointment.objects.values("starts_at").distinct().count() == 4


def test_of_an_offer_that_is_accepted_and_expires_at_once_one_thing_becomes(
    lakeside: Clinic, shown: Callable[[str, str], None]
) -> None:
    line, by = waiting(lakeside, 6), lakeside.who[Role.ADMIN]
    at_once(lakeside, [lambda: offer_next(Where(), NOW)] * 4)
    with inside(lakeside.id):
        offers = list(Appointment.objects.filter(status=Status.HELD).values_list("id", flat=True))

    def accept(offer_id: UUID) -> Callable[[], object]:
        in_time = OVER - timedelta(seconds=1)
        return lambda: confirm(by=by, appointment_id=offer_id, if_match=None, now=in_time)

    others: list[Callable[[], object]] = [lambda: sweep(OVER), lambda: offer_next(Where(), OVER)]
    answers = at_once(lakeside, [act for each in offers for act in (accept(each), *others, accept(each), *others)])

    assert set(answers) <= {"done", "nothing", "illegal-transition", "stale-version", "doctor-busy", "patient-busy"}
    with inside(lakeside.id):
        first = Appointment.objects.filter(id__in=offers)
        accepted = first.filter(status=Status.BOOKED)
        assert accepted.count() + first.filter(status=Status.CANCELLED).count() == 4
        booked = WaitlistEntry.objects.filter(status=Standing.BOOKED).values_list("patient_id", flat=True)
        assert sorted(booked) == sorted(accepted.values_list("patient_id", flat=True))
        live = Appointment.objects.filter(status__in=[Status.HELD, Status.BOOKED])
        assert (
            live.count() == live.values("starts_at").distinct().count() == live.values("patient_id").distinct().count()
        )
        assert set(live.values_list("patient_id", flat=True)) <= set(line)
    shown("R1", f"{answers.total()} times accepted, expired and offered anew at once: of each offer one thing becomes")
