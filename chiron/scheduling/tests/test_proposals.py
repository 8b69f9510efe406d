"""A doctor falls ill: other times are proposed, staff accept all or some of them, and each patient is told once."""

from typing import Any
from uuid import UUID

from chiron.identity.public import Role
from chiron.kernel.ids import NIL
from chiron.notifications.public import Kind, Notification
from chiron.scheduling.models import Appointment
from chiron.scheduling.tests.factories import booked, receives
from chiron.scheduling.tests.test_api import call, monday, problem
from chiron.scheduling.tests.test_holidays import department
from chiron.tenancy.public import inside
from tests.town import Clinic

__all__ = ["monday"]

TUESDAY = "2031-03-04"
ILL = {"kind": "closed", "from": f"{TUESDAY}T00:00", "until": "2031-03-05T00:00", "title": "Ill"}


def ill_on_tuesday(clinic: Clinic, *, colleagues: bool) -> list[UUID]:
    """Two appointments of a doctor who is ill then; a colleague of the department receives that day."""
    heart = department(clinic, "Heart")
    doctors = (clinic.doctor_id, clinic.other_doctor_id) if colleagues else (clinic.doctor_id,)
    for each in doctors:
        begins = {"department_id": heart, "since": "2031-01-01"}
        assert call(clinic, Role.ADMIN, "post", f"/providers/{each}/departments", begins).status_code == 201
    with inside(clinic.id):
        receives(clinic.doctor_id, ("09:00", "10:00"))
        receives(clinic.other_doctor_id, ("15:00", "16:00"))
        ids = [
            booked(clinic, f"{TUESDAY}T09:00").appointment.id,
            booked(clinic, f"{TUESDAY}T09:30", patient_id=clinic.other_patient_id).appointment.id,
        ]
    path = f"/doctors/{clinic.doctor_id}/availability"
    standing = call(clinic, Role.RECEPTIONIST, "get", path).json()["availability"]
    hours = {name: standing[name] for name in ("available_days", "time_zone", "slot_minutes")} | {"exceptions": [ILL]}
    affected = call(clinic, Role.RECEPTIONIST, "put", path, hours).json()["affected"]
    assert [each["id"] for each in affected] == [str(each) for each in ids]
    return ids


def proposed(clinic: Clinic) -> list[dict[str, Any]]:
    answer = call(clinic, Role.RECEPTIONIST, "get", f"/doctors/{clinic.doctor_id}/proposal")
    assert answer.status_code == 200, answer.content
    found: list[dict[str, Any]] = answer.json()["proposals"]
    return found


def times(proposal: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["doctor_id"], each["starts_at"]) for each in proposal["options"]]


def accepted(proposal: dict[str, Any]) -> dict[str, Any]:
    first = proposal["options"][0]
    at = {"appointment_date": first["starts_at"][:10], "start_time": first["starts_at"][11:16]}
    return {"id": proposal["id"], "version": proposal["version"], "doctor_id": first["doctor_id"]} | at


def move(clinic: Clinic, *moves: dict[str, Any], role: Role = Role.RECEPTIONIST) -> Any:
    return call(clinic, role, "post", "/appointments/move", {"moves": list(moves)})


def test_the_next_times_of_the_doctor_and_of_colleagues_are_proposed_each_once(hilltop: Clinic) -> None:
    ids = ill_on_tuesday(hilltop, colleagues=True)
    me, other = str(hilltop.doctor_id), str(hilltop.other_doctor_id)

    first, second = proposed(hilltop)

    assert [first["id"], second["id"]] == [str(each) for each in ids]
    assert times(first) == [
        (other, f"{TUESDAY}T15:00:00+01:00"), (other, f"{TUESDAY}T15:30:00+01:00"), (me, "2031-03-05T09:00:00+01:00"),
    ]  # fmt: skip
    assert times(second) == [
        (other, f"{TUESDAY}T15:30:00+01:00"), (me, "2031-03-05T09:00:00+01:00"), (me, "2031-03-05T09:30:00+01:00"),
    ]  # fmt: skip
    with inside(hilltop.id):
        assert Appointment.objects.filter(version=1, provider_id=hilltop.doctor_id).count() == 2


def test_who_works_elsewhere_and_a_patient_who_is_busy_are_not_proposed(hilltop: Clinic) -> None:
    ill_on_tuesday(hilltop, colleagues=False)
    with inside(hilltop.id):
        booked(hilltop, "2031-03-05T15:00", provider_id=hilltop.other_doctor_id)
        receives_at_three = {"available_days": {"wednesday": [["15:00", "16:00"]]}, "time_zone": "Europe/Berlin"}
    path = f"/doctors/{hilltop.doctor_id}/availability"
    call(hilltop, Role.RECEPTIONIST, "put", path, receives_at_three | {"exceptions": [ILL]})

    first, second = proposed(hilltop)

    me = str(hilltop.doctor_id)
    assert times(first)[0] == (me, "2031-03-05T15:30:00+01:00")
    assert times(second)[0] == (me, "2031-03-05T15:00:00+01:00")


def test_what_is_accepted_moves_and_each_patient_is_told_once(hilltop: Clinic) -> None:
    first, second = ill_on_tuesday(hilltop, colleagues=True)
    moves = [accepted(each) for each in proposed(hilltop)]

    part = move(hilltop, moves[0])
    whole = move(hilltop, *moves)

    assert part.json() == {"decided": [str(first)], "refused": []}
    assert whole.json() == {"decided": [str(second)], "refused": [{"id": str(first), "problem": "stale-version"}]}
    assert proposed(hilltop) == []
    patient = hilltop.who[Role.PATIENT].account_id or NIL
    with inside(hilltop.id):
        told = Notification.objects.filter(kind=Kind.MOVED, account_id=patient)
        assert [each.resource_id for each in told] == [first]
        rows = Appointment.objects.order_by("starts_at")
        assert [(each.id, each.provider_id, each.moves) for each in rows] == [
            (first, hilltop.other_doctor_id, 1), (second, hilltop.other_doctor_id, 1),
        ]  # fmt: skip


def test_what_cannot_be_moved_stays_and_is_named(hilltop: Clinic) -> None:
    first, second = ill_on_tuesday(hilltop, colleagues=True)
    moves = [accepted(each) for each in proposed(hilltop)]

    same = {name: moves[0][name] for name in ("doctor_id", "appointment_date", "start_time")}
    clash = move(hilltop, moves[0], moves[1] | same)

    assert clash.json() == {"decided": [str(first)], "refused": [{"id": str(second), "problem": "doctor-busy"}]}
    with inside(hilltop.id):
        assert Appointment.objects.get(id=second).version == 1


def test_nothing_moves_where_one_of_them_is_not_the_callers(hilltop: Clinic, riverside: Clinic) -> None:
    ill_on_tuesday(hilltop, colleagues=True)
    moves = [accepted(each) for each in proposed(hilltop)]
    with inside(riverside.id):
        receives(riverside.doctor_id)
        theirs = str(booked(riverside).appointment.id)

    assert problem(move(hilltop, *moves, moves[0] | {"id": theirs, "version": 1})) == (404, "not-found")
    assert problem(move(hilltop, *moves, role=Role.PATIENT)) == (403, "not-permitted")
    with inside(hilltop.id):
        assert Appointment.objects.filter(version=1).count() == 2
