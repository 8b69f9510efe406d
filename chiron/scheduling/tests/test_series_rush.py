"""No double booking by series: however many overlap, each date is had once (promise R1)."""

from collections import Counter
from collections.abc import Callable
from datetime import date, time, timedelta
from random import Random
from uuid import UUID

import pytest

from chiron.identity.public import Role
from chiron.scheduling.models import Appointment, Reservation
from chiron.scheduling.services.series import book_series
from chiron.scheduling.tests.factories import NOW
from chiron.scheduling.tests.rushing import THREADS, at_once, people
from chiron.scheduling.words import OnConflict
from chiron.tenancy.public import inside
from tests.town import Clinic

WEEKS = [date(2031, 3, 4) + timedelta(weeks=week) for week in range(13)]


@pytest.mark.parametrize("attempts", [200, pytest.param(2_000, marks=pytest.mark.stress)])
def test_of_all_series_that_want_a_date_one_gets_it(
    attempts: int, lakeside: Clinic, shown: Callable[[str, str], None]
) -> None:
    dice, waiting = Random(6), people(lakeside, doctors=10, patients=5)
    wishes = [
        (doctor, dice.choice(waiting[doctor]), dice.randrange(10)) for doctor in dice.choices(list(waiting), k=attempts)
    ]

    def four_weeks(wish: tuple[UUID, UUID, int]) -> list[str]:
        """From some week on: all of them, or those that go."""
        provider_id, patient_id, week = wish
        dates = book_series(
            by=lakeside.who[Role.ADMIN], provider_id=provider_id, patient_id=patient_id, days=WEEKS[week : week + 4],
            clock=time(10), conflict=OnConflict.SKIP if week % 2 else OnConflict.FAIL, now=NOW,
        )  # fmt: skip
        return [each.refusal.code if each.refusal else "booked" for each in dates]

    answers = at_once(lakeside, four_weeks, wishes)

    assert set(answers) <= {"booked", "doctor-busy", "series-refused"}
    with inside(lakeside.id):
        times = list(Appointment.objects.values_list("provider_id", "starts_at"))
        sizes = Counter(Appointment.objects.values_list("series_id", flat=True))
        assert Reservation.objects.count() == 2 * len(times)
    assert len(times) == len(set(times)) == answers["booked"]
    assert len(times) > 0.5 * len(WEEKS) * len(waiting)
    assert max(sizes.values()) == 4
    shown("R1", f"{attempts:,} series of four weeks by {THREADS} threads: {len(times)} dates booked, each of them once")
