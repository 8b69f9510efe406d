"""A newer time zone database moves the clock of a place: what was agreed on it is kept, what moved in UTC is listed."""

from datetime import UTC, datetime, timedelta, timezone
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.ids import new_id
from chiron.notifications.public import Kind, Notification
from chiron.scheduling import rules
from chiron.scheduling.models import Appointment, AppointmentChange, Reservation
from chiron.scheduling.services import clocks
from chiron.scheduling.services.clocks import follow_all, strayed
from chiron.scheduling.tests.factories import NOW, booked, receives
from chiron.scheduling.wallclock import instants_of
from chiron.tenancy.public import inside
from tests.town import Clinic

HOUR = timedelta(hours=1)


@pytest.fixture
def berlin_abolishes_winter(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the rules say that Berlin's clock is two hours ahead of UTC, in March already."""
    summer = timezone(2 * HOUR)
    monkeypatch.setattr(clocks, "ZoneInfo", lambda name: summer)
    monkeypatch.setattr("chiron.scheduling.management.commands.follow_clocks.clock", _Monday)


class _Monday:
    now = staticmethod(lambda: NOW)


def in_a_row(clinic: Clinic) -> list[Appointment]:
    """Three that follow upon each other on Tuesday, with one doctor; the patients take turns."""
    with inside(clinic.id):
        receives(clinic.doctor_id, ("09:00", "17:00"), minutes=60)
        return [
            booked(clinic, f"2031-03-04T{hour}:00", patient_id=patient).appointment
            for hour, patient in (
                (10, clinic.patient_id), (11, clinic.other_patient_id), (12, clinic.patient_id),
            )
        ]  # fmt: skip


def test_what_is_booked_keeps_what_the_clock_was_to_show(hilltop: Clinic) -> None:
    ten, *_ = in_a_row(hilltop)

    with inside(hilltop.id):
        row = Appointment.objects.get(id=ten.id)
        assert (row.starts_at, row.zone) == (datetime(2031, 3, 4, 9, tzinfo=UTC), "Europe/Berlin")
        assert (f"{row.agreed_day}", f"{row.agreed_time}") == ("2031-03-04", "10:00:00")
        assert strayed(NOW) == []


@pytest.mark.usefixtures("berlin_abolishes_winter")
def test_everybody_keeps_their_time_on_the_wall_one_behind_the_other(hilltop: Clinic) -> None:
    three = in_a_row(hilltop)
    with inside(hilltop.id):
        found = strayed(NOW)
        assert [(each.id, each.at - (each.to or each.at)) for each in found] == [(each.id, HOUR) for each in three]

    said = told(hilltop)

    assert said.splitlines()[-1] == f"{hilltop.organization.slug}: 3 moved, 0 could not"
    assert said.splitlines()[0].endswith(
        "2031-03-04T10:00 Europe/Berlin: 2031-03-04T09:00+00:00 -> 2031-03-04T08:00+00:00"
    )
    with inside(hilltop.id):
        rows = Appointment.objects.order_by("starts_at")
        assert [(each.starts_at, each.ends_at, each.version, each.moves) for each in rows] == [
            (each.starts_at - HOUR, each.ends_at - HOUR, 2, 0) for each in three
        ]
        assert set(Reservation.objects.values_list("starts_at", flat=True)) == {each.starts_at - HOUR for each in three}
        assert AppointmentChange.objects.filter(version=2).count() == 3
        assert Event.objects.using("clinical").filter(action="appointment.followed_clock").count() == 3
        assert Notification.objects.exclude(kind=Kind.BOOKED).count() == 0
        assert strayed(NOW) == []


@pytest.mark.usefixtures("berlin_abolishes_winter")
def test_a_dry_run_lists_and_moves_nothing(hilltop: Clinic) -> None:
    three = in_a_row(hilltop)

    said = told(hilltop, dry_run=True)

    assert len(said.splitlines()) == 4
    assert said.splitlines()[-1] == f"{hilltop.organization.slug}: 3 would move"
    with inside(hilltop.id):
        assert list(Appointment.objects.order_by("starts_at").values_list("starts_at", "version")) == [
            (each.starts_at, 1) for each in three
        ]


def test_what_others_have_got_meanwhile_is_named_and_stands(hilltop: Clinic) -> None:
    ten, *_ = in_a_row(hilltop)
    with inside(hilltop.id):
        Appointment.objects.filter(id=ten.id).update(agreed_time="11:00")
        [each] = found = strayed(NOW)
    by = hilltop.who[Role.ADMIN]

    moved = list(follow_all(by=by, organization_id=hilltop.id, found=found, now=NOW))

    assert moved == [(each, "doctor-busy")]
    with inside(hilltop.id):
        assert Appointment.objects.get(id=ten.id).starts_at == ten.starts_at


def test_a_time_that_never_comes_any_more_is_named(hilltop: Clinic) -> None:
    ten, *_ = in_a_row(hilltop)
    with inside(hilltop.id):
        Appointment.objects.filter(id=ten.id).update(agreed_day="2031-03-30", agreed_time="02:30")
        [each] = found = strayed(NOW)

    assert each.to is None
    assert list(follow_all(by=hilltop.who[Role.ADMIN], organization_id=hilltop.id, found=found, now=NOW)) == [
        (each, "time-never-comes")
    ]


def test_of_a_time_that_comes_twice_the_pass_that_was_agreed_is_kept() -> None:
    wall, new_york = datetime.fromisoformat("2026-11-01T01:30"), ZoneInfo("America/New_York")

    for instant in instants_of(wall, new_york):
        assert rules.instant_as_agreed(wall, new_york, instant) == instant


def told(clinic: Clinic, **options: Any) -> str:
    out = StringIO()
    call_command("follow_clocks", organization=clinic.organization.slug, stdout=out, **options)
    return out.getvalue()


def test_an_organization_that_there_is_not_is_said(hilltop: Clinic) -> None:
    with pytest.raises(Exception, match="No organization of that name"):
        call_command("follow_clocks", organization=f"nobody-{new_id().hex}")
