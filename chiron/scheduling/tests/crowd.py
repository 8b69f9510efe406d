"""Many who want the same few slots at once, and what is true afterwards however they came in.

A *way in* is how one of them tries to get a slot: by booking, by moving an appointment there. Whatever promises time by
another way adds it to WAYS, with what it needs beforehand; all are held against the same figures (promise R1).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from http.client import HTTPConnection
from random import Random
from time import perf_counter
from typing import Any
from uuid import UUID

import orjson
from django.test import Client

from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL, atomic, close_connections, cursor
from chiron.registry.public import Entry, Person, create_patient, create_provider
from chiron.scheduling.models import Appointment, Reservation
from chiron.scheduling.services.book import book
from chiron.scheduling.tests.factories import BERLIN, receives
from chiron.tenancy.public import inside
from tests.serving import Serving
from tests.town import Clinic

THREADS = 48
DOCTORS = SLOTS = 10
"""So many doctors, with so many slots each that everybody wants."""
PATIENTS = 5
"""So many patients want only one of the doctors."""
DAY = datetime.combine(now().date() + timedelta(days=7), time(9))
STARTS = [DAY + timedelta(minutes=30 * half) for half in range(SLOTS)]

Answer = tuple[int, Any]
Call = Callable[[str, dict[str, Any], Mapping[str, str]], Answer]
"""Posts a body to a path of the API, with headers."""


@dataclass(frozen=True, slots=True)
class Wish:
    """That patient wants that slot of that doctor; ``appointment_id`` is one that the patient has on another day."""

    doctor_id: UUID
    patient_id: UUID
    start: datetime
    appointment_id: UUID | None = None

    def body(self) -> dict[str, Any]:
        """The slot as the API is asked for it."""
        at = {"appointment_date": str(self.start.date()), "start_time": f"{self.start:%H:%M}"}
        return at | {"doctor_id": str(self.doctor_id)}


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody tries to get a slot. ``refusals`` are the codes by which one who comes too late may be told so.

    ``earlier`` is how many appointments each patient has beforehand, each of which is wanted in one slot only: who has
    got a slot wants no other, so that none stays free.
    """

    name: str
    attempt: Callable[[Call, Wish], Answer]
    refusals: frozenset[str] = frozenset({"doctor-busy"})
    earlier: int = 0


def by_booking(call: Call, wish: Wish) -> Answer:
    """Book it."""
    return call("/api/appointments/book", wish.body() | {"patient_id": str(wish.patient_id)}, {})


def by_moving(call: Call, wish: Wish) -> Answer:
    """Move an appointment of another day there, if nobody has moved it yet."""
    return call(f"/api/appointments/{wish.appointment_id}/reschedule", wish.body(), {"If-Match": '"1"'})


def by_holding(call: Call, wish: Wish) -> Answer:
    """Have it held, and confirm it."""
    status, said = call("/api/appointments/hold", wish.body() | {"patient_id": str(wish.patient_id)}, {})
    return call(f"/api/appointments/{said['appointment']['id']}/confirm", {}, {}) if status == 201 else (status, said)


def by_series(call: Call, wish: Wish) -> Answer:
    """Book it for this week and the next, or for neither."""
    twice = {"patient_id": str(wish.patient_id), "count": 2, "conflict": "fail"}
    return call("/api/appointments/series", wish.body() | twice, {})


WAYS = [
    Way("book", by_booking),
    Way("reschedule", by_moving, frozenset({"doctor-busy", "stale-version"}), earlier=4),
    Way("hold and confirm", by_holding, frozenset({"doctor-busy", "too-many-holds"})),
    Way("series", by_series, frozenset({"series-refused"})),
]


def wishes_of(clinic: Clinic, way: Way, attempts: int, doctors: int = DOCTORS, slots: int = SLOTS) -> list[Wish]:
    """So many wishes, as many for each slot, in any order; doctors, patients and what they have are made for them."""
    dice, by = Random(5), clinic.who[Role.ADMIN]
    wishes: list[Wish] = []
    with inside(clinic.id):
        for _ in range(doctors):
            doctor_id, patients = staffed(by)
            theirs = [
                (
                    patient_id,
                    book_earlier(by, doctor_id, patient_id, number * way.earlier + which) if way.earlier else None,
                )
                for number, patient_id in enumerate(patients)
                for which in range(way.earlier or 1)
            ]
            for number, start in enumerate(STARTS[:slots]):
                wanting = theirs[number::slots] if way.earlier else theirs
                for _ in range(attempts // (doctors * slots)):
                    patient_id, appointment_id = dice.choice(wanting)
                    wishes.append(Wish(doctor_id, patient_id, start, appointment_id))
    dice.shuffle(wishes)
    return wishes


def staffed(by: Any) -> tuple[UUID, list[UUID]]:
    """A doctor who receives from nine to five, and the patients who want only them."""
    doctor = create_provider(by=by, person=Person(family="Osei"), role="doctor", specialty="", active=True, now=now())
    receives(doctor.id, ("00:00", "00:00"))
    entry = Entry(person=Person(family="Mensah"))
    return doctor.id, [create_patient(by=by, entry=entry, now=now()).id for _ in range(PATIENTS)]


def book_earlier(by: Any, doctor_id: UUID, patient_id: UUID, which: int) -> UUID:
    """An appointment on the day before, at a time of its own."""
    wall = DAY - timedelta(days=1) + timedelta(minutes=30 * (which - SLOTS))
    return book(by=by, provider_id=doctor_id, patient_id=patient_id, wall=wall, now=now()).appointment.id


Line = Callable[[], AbstractContextManager[Call]]
"""Makes what one thread calls by."""


def in_process(clinic: Clinic) -> Line:
    """Calls the application in this process, each thread over connections of its own."""

    @contextmanager
    def line() -> Iterator[Call]:
        client = Client(headers={"authorization": f"Bearer {clinic.tokens[Role.ADMIN]}"})

        def call(path: str, body: dict[str, Any], headers: Mapping[str, str]) -> Answer:
            answer = client.post(path, body, content_type="application/json", headers=dict(headers))
            return answer.status_code, answer.json()

        try:
            yield call
        finally:
            close_connections()

    return line


def over_http(clinic: Clinic, server: Serving) -> Line:
    """Calls a server, each thread by one connection that stays open."""
    signed_in = {"Authorization": f"Bearer {clinic.tokens[Role.ADMIN]}", "Content-Type": "application/json"}

    @contextmanager
    def line() -> Iterator[Call]:
        with closing(HTTPConnection("127.0.0.1", server.port, timeout=60)) as connection:

            def call(path: str, body: dict[str, Any], headers: Mapping[str, str]) -> Answer:
                connection.request("POST", path, orjson.dumps(body), {**signed_in, **headers})
                answer = connection.getresponse()
                return answer.status, orjson.loads(answer.read())

            yield call

    return line


def rush(line: Line, way: Way, wishes: Sequence[Wish]) -> tuple[Counter[str], float]:
    """What became of all wishes, by "got it", a refusal's code or a status; and how many were answered in a second."""

    def of_one(part: int) -> Counter[str]:
        answers: Counter[str] = Counter()
        with line() as call:
            for wish in wishes[part::THREADS]:
                status, said = way.attempt(call, wish)
                answers["got it" if status < 300 else said.get("type", str(status)).removeprefix("/problems/")] += 1
        return answers

    with ThreadPoolExecutor(THREADS) as threads:
        began = perf_counter()
        answers = sum(threads.map(of_one, range(THREADS)), Counter[str]())
    return answers, len(wishes) / (perf_counter() - began)


def on_the_day() -> int:
    """How many appointments there are in the slots that everybody wanted."""
    morning = DAY.replace(tzinfo=BERLIN)
    day = Appointment.objects.filter(starts_at__gte=morning, starts_at__lt=morning + timedelta(days=1))
    return day.count()


def doubles() -> int:
    """How many pairs of appointments overlap of one provider, patient or room: by their own times, not by what
    verbs or constraints think of them."""
    with cursor(CLINICAL) as looking:
        looking.execute(
            """
            SELECT count(*) FROM scheduling_appointment a JOIN scheduling_appointment b ON a.id < b.id
               AND tstzrange(a.starts_at, a.ends_at) && tstzrange(b.starts_at, b.ends_at)
               AND (a.provider_id = b.provider_id OR a.patient_id = b.patient_id OR a.room_id = b.room_id)
             WHERE a.status NOT IN ('cancelled', 'noshow') AND b.status NOT IN ('cancelled', 'noshow')
            """
        )
        [found] = looking.fetchone()
        return int(found)


def unlike() -> int:
    """How many appointments do not have exactly their own time reserved, and reservations are nobody's."""
    live = Appointment.objects.exclude(status__in=["cancelled", "noshow"]).select_related(
        "provider", "patient", "provider_time", "patient_time"
    )
    wrong, known = 0, set[UUID]()
    for each in live:
        times = [(each.provider_time, each.provider.number), (each.patient_time, each.patient.number)]
        for reservation, number in times:
            assert reservation is not None
            known.add(reservation.id)
            itself = (number, each.starts_at, each.ends_at)
            wrong += (reservation.number, reservation.starts_at, reservation.ends_at) != itself
    return wrong + Reservation.objects.exclude(id__in=known).count()


def deadlocks() -> int:
    """How many the server has broken in this database since it began to count."""
    with atomic(CLINICAL), cursor(CLINICAL) as looking:
        looking.execute("SELECT pg_stat_get_db_deadlocks(oid) FROM pg_database WHERE datname = current_database()")
        [found] = looking.fetchone()
        return int(found)


def waiting_for_turns() -> bool:
    """Whether somebody waits for a turn."""
    with atomic(CLINICAL), cursor(CLINICAL) as looking:
        looking.execute(
            "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE datname = current_database() AND locktype = 'advisory' AND NOT granted)"
        )
        return bool(looking.fetchone()[0])
