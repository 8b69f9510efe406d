"""A year of a large clinic: 200,000 each of appointments of 40 doctors, of records, of screenings of 8 laboratories."""

from datetime import date, timedelta
from time import perf_counter
from typing import Any
from uuid import UUID

import pytest
from django.db.models import Model

from chiron.analytics.metrics import TABLE, Grouping
from chiron.analytics.periods import Grain
from chiron.analytics.tests.factories import appointments, once_booked, records, screenings, told
from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL, cursor
from chiron.registry.models import Laboratory, Provider
from chiron.registry.public import Person, create_provider
from chiron.scheduling.models import Appointment, AppointmentChange, Reservation
from chiron.scheduling.tests.factories import berlin
from chiron.scheduling.words import Status
from chiron.screening.public import Screening
from chiron.tenancy.public import inside
from tests.town import Clinic

FIRST, DAYS, ROWS = "2030-03-01", 390, 200_000
AT = f"timestamptz '{FIRST} 08:00+01' + make_interval(days => mod(g, {DAYS}), mins => mod(g / {DAYS}, 20) * 30)"
SLOWEST = 10.0
"""Seconds, on a machine that does other things as well; what was measured is in docs/explanation/analytics.md."""


def one_of(ids: list[UUID]) -> str:
    return f"('{{{','.join(map(str, ids))}}}'::uuid[])[1 + mod(g, {len(ids)})]"


def grow(row: Model, numbers: tuple[int, int], **changed: str) -> None:
    """As many rows like this one, with columns worked out from their number."""
    columns = [field.column for field in row._meta.concrete_fields]
    values = [changed.get(column, f'"{column}"') for column in columns]
    names, table = ", ".join(f'"{column}"' for column in columns), row._meta.db_table
    with cursor(CLINICAL) as session:
        session.execute("SET LOCAL statement_timeout = 0")
        session.execute(
            f"INSERT INTO {table} ({names}) SELECT {', '.join(values)} "
            f"FROM (SELECT * FROM {table} WHERE id = %s) AS one, generate_series(%s, %s) AS g",
            [row.pk, *numbers],
        )


def numbered(kind: int) -> str:
    return f"('{kind:08}-0000-4000-8000-' || lpad(to_hex(g), 12, '0'))::uuid"


def large_clinic(clinic: Clinic) -> None:
    """Three in four came, one in twenty was missed, one in five cancelled."""
    for _ in range(38):
        create_provider(by=clinic.who[Role.ADMIN], person=Person(family="Addo", given=["Yaa"]), role="doctor",
                        specialty="", active=True, now=now())  # fmt: skip
    doctors = list(Provider.objects.values_list("id", flat=True))
    laboratories = [Laboratory.objects.create(name=str(each), code=str(each)).id for each in range(8)]
    came, gone = ROWS * 3 // 4, ROWS * 4 // 5
    when: dict[str, Any] = {"id": numbered(2), "starts_at": AT, "ends_at": f"{AT} + interval '30 minutes'",
                            "provider_id": one_of(doctors), "recorded_at": f"{AT} - interval '9 days'"}  # fmt: skip
    [kept] = appointments(clinic, f"{FIRST}T10:00", 1)
    time = Reservation.objects.get(id=kept.patient_time_id or "")
    grow(time, (1, came), id=numbered(3), number="g", starts_at=AT, ends_at=f"{AT} + interval '30 minutes'")
    grow(kept, (1, came), **when, provider_time_id=numbered(3), patient_time_id=numbered(3))
    [missed] = appointments(clinic, f"{FIRST}T10:00", 1, status=Status.NO_SHOW)
    grow(missed, (came + 1, gone), **when)
    [cancelled] = appointments(clinic, f"{FIRST}T10:00", 1, status=Status.CANCELLED)
    once_booked([cancelled])
    grow(cancelled, (gone + 1, ROWS), **when)
    before = AppointmentChange.objects.get(appointment=cancelled)
    grow(before, (gone + 1, ROWS), id=numbered(4), appointment_id=numbered(2))
    [screening] = screenings(1, f"{FIRST}T10:00")
    grow(screening, (1, ROWS), id=numbered(5), made_at=AT, laboratory_id=one_of(laboratories),
         outcome="CASE WHEN mod(g, 9) = 0 THEN 'abstained' ELSE 'classified' END")  # fmt: skip
    [record] = records(clinic, berlin(f"{FIRST}T10:00"), 1)
    milliseconds = f"lpad(to_hex((extract(epoch FROM {AT}) * 1000)::bigint), 12, '0')"
    made = f"({milliseconds} || '7000a000' || lpad(to_hex(g), 12, '0'))::uuid"
    grow(record, (1, ROWS), id=made, recorded_at=AT, timeline_at=AT, author_provider_id=one_of(doctors))
    with cursor(CLINICAL) as session:
        for model in (Appointment, AppointmentChange, Screening, type(record), Provider):
            session.execute(f"ANALYZE {model._meta.db_table}")


@pytest.mark.stress
def test_a_year_of_a_large_clinic_is_counted_while_somebody_waits(hilltop: Clinic) -> None:
    first = date.fromisoformat(FIRST)
    took = {}
    with inside(hilltop.id):
        large_clinic(hilltop)
        for metric in TABLE:
            for group, grain in ((Grouping.NONE, Grain.MONTH), (metric.groups[1 % len(metric.groups)], Grain.DAY)):
                since = perf_counter()
                answer = told(hilltop, metric.name, Role.ADMIN, first=first, last=first + timedelta(DAYS - 1),
                              grain=max(grain, metric.grain, key=list(Grain).index), group=group)  # fmt: skip
                took[metric.name, group.value] = (round(perf_counter() - since, 2), len(answer.cells))

    assert max(seconds for seconds, _ in took.values()) < SLOWEST, took
