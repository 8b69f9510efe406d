"""`GET /api/analytics`: who is told what, in which form, and what is refused."""

import csv
import io
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from chiron.analytics import groups, queries
from chiron.analytics.errors import TooSlow
from chiron.analytics.metrics import TABLE
from chiron.analytics.periods import Grain
from chiron.analytics.queries import Asked, export_metric, metrics_for, read_metric
from chiron.analytics.tests.factories import appointments, patients
from chiron.audit.models import Event
from chiron.audit.payloads import said_by
from chiron.audit.trails import Trail
from chiron.identity.models import Membership
from chiron.identity.public import Role, begin
from chiron.identity.services.organizations import change_organization
from chiron.kernel import clock
from chiron.kernel.access import Caller, Policy, Scope
from chiron.kernel.db import CLINICAL, cursor, hurried
from chiron.kernel.errors import NotPermitted
from chiron.kernel.ids import NIL
from chiron.registry.figures import Served
from chiron.registry.models import Department, Provider, ProviderDepartment
from chiron.registry.public import assign
from chiron.registry.tests.factories import problem
from chiron.scheduling.tests.factories import BERLIN
from chiron.tenancy.public import inside
from tests.town import OPERATOR, Clinic

BOOKED = "/api/analytics/appointments.booked"
APRIL = {"from": "2026-04-01", "to": "2026-04-30"}
"""A month that is over whenever this is read."""
TUESDAY, WEDNESDAY = "2026-04-07T10:00", "2026-04-08T10:00"


def asked(
    clinic: Clinic, query: dict[str, str] | None = None, *, role: Role = Role.ADMIN, path: str = BOOKED
) -> Any:  # fmt: skip
    return clinic.client(role).get(path, APRIL | (query or {}))


def numbers(answer: Any) -> dict[str | None, float | None]:
    """What is told of each group."""
    assert answer.status_code == 200, answer.content
    return {cell["id"]: cell["value"] for cell in answer.json()["analytics"]["cells"]}


def events(clinic: Clinic) -> list[Event]:
    with inside(clinic.id):
        return list(Event.objects.using("clinical").filter(resource="analytics").order_by("id"))


def test_metrics_are_listed_to_whom_they_are_open(hilltop: Clinic) -> None:
    listed = {
        role: [each["name"] for each in hilltop.client(role).get("/api/analytics").json()["metrics"]]
        for role in (Role.ADMIN, Role.DOCTOR, Role.LAB)
    }

    assert listed[Role.ADMIN] == listed[Role.DOCTOR] == [metric.name for metric in TABLE]
    assert listed[Role.LAB] == [metric.name for metric in TABLE if metric.owner == "screening"]


def test_a_metric_says_what_it_is_when_it_was_counted_and_what_it_came_to(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        appointments(hilltop, TUESDAY, 25)

    answer = asked(hilltop, {"by": "month"}).json()["analytics"]

    [cell] = answer.pop("cells")
    assert cell == {"from": "2026-04-01", "to": "2026-04-30", "id": None, "name": "", "value": 25, "counted": 25,
                    "masked": False}  # fmt: skip
    assert answer.pop("metric")["version"] == 1
    assert abs(clock.now() - datetime.fromisoformat(answer.pop("as_of"))) < timedelta(minutes=1)
    assert answer == {"by": "month", "group": "none", "from": "2026-04-01", "to": "2026-04-30",
                      "time_zone": "Europe/Berlin", "threshold": 11}  # fmt: skip


def test_what_is_small_is_masked_and_so_is_what_it_would_follow_from(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        appointments(hilltop, TUESDAY, 25)
        appointments(hilltop, WEDNESDAY, 4, provider_id=hilltop.other_doctor_id)

    by_doctor = asked(hilltop, {"group": "doctor"})

    assert numbers(by_doctor) == {str(hilltop.doctor_id): None, str(hilltop.other_doctor_id): None}
    assert all(cell["masked"] and cell["counted"] is None for cell in by_doctor.json()["analytics"]["cells"])
    assert numbers(asked(hilltop)) == {None: 29}


def test_whole_periods_are_told_wherever_a_question_begins_and_ends(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        appointments(hilltop, TUESDAY, 25)

    answer = asked(hilltop, {"from": "2026-04-30", "to": "2026-05-02"}).json()["analytics"]

    assert [(cell["from"], cell["to"]) for cell in answer["cells"]] == [
        ("2026-04-01", "2026-04-30"), ("2026-05-01", "2026-05-31"),
    ]  # fmt: skip
    assert [cell["value"] for cell in answer["cells"]] == [25, None]


def test_a_week_of_two_months_counts_each_of_its_days_once(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        for day in ("03-01", "03-03", "03-10", "03-17", "03-24", "03-31", "04-01", "04-08", "04-15", "04-22", "04-29"):
            appointments(hilltop, f"2026-{day}T10:00", 25)

    answer = asked(hilltop, {"by": "week", "from": "2026-03-31", "to": "2026-04-01"})

    assert numbers(answer) == {None: 50}
    last = asked(hilltop, {"by": "week", "from": "2026-04-29", "to": "2026-05-01"})
    assert numbers(last) == {None: None}


def test_days_that_are_still_to_come_hide_none_that_are_over(hilltop: Clinic) -> None:
    monday, wednesday = datetime(2026, 6, 1, tzinfo=BERLIN), datetime(2026, 6, 3, 12, tzinfo=BERLIN)
    with inside(hilltop.id):
        for day in ("2026-06-01T10:00", "2026-06-02T10:00"):
            appointments(hilltop, day, 25)
        by, days = hilltop.who[Role.ADMIN], Asked(monday.date(), wednesday.date(), Grain.DAY)

        told = read_metric(by, "appointments.booked", days, wednesday)

    assert [cell.value for cell in told.cells] == [25, 25]


def test_as_many_days_as_may_be_asked_for_are_told_and_none_more(hilltop: Clinic) -> None:
    last = date(2026, 4, 30)

    longest, longer = (asked(hilltop, {"from": str(last - timedelta(days=days))}) for days in (399, 400))

    assert (longest.status_code, problem(longer)) == (200, (422, "invalid"))


@pytest.mark.parametrize("grain", ["day", "week", "month"])
def test_what_is_not_over_is_not_told(hilltop: Clinic, grain: str) -> None:
    today = clock.now().astimezone(BERLIN).date()

    answer = asked(hilltop, {"from": str(today), "to": str(today), "by": grain}).json()["analytics"]
    usual = hilltop.client(Role.ADMIN).get(BOOKED, {"by": grain}).json()["analytics"]

    assert answer["cells"] == []
    assert len(usual["cells"]) == {"day": 30, "week": 12, "month": 12}[grain]
    assert max(cell["to"] for cell in usual["cells"]) < str(today)


def test_departments_are_those_where_doctors_worked_longest(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        surgery, children = (Department.objects.create(name=name) for name in ("Surgery", "Children"))
        for provider_id, department, since in (
            (hilltop.doctor_id, surgery, "2020-01-01"), (hilltop.doctor_id, children, "2024-01-01"),
            (hilltop.other_doctor_id, children, "2024-01-01"),
        ):  # fmt: skip
            ProviderDepartment.objects.create(provider_id=provider_id, department=department, since=since)
        appointments(hilltop, TUESDAY, 25)
        appointments(hilltop, TUESDAY, 33, provider_id=hilltop.other_doctor_id)

    assert numbers(asked(hilltop, {"group": "department"})) == {str(surgery.id): 25, str(children.id): 33}


def test_a_doctor_learns_nothing_of_others_patients_from_a_total(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        mine, theirs = patients(2)
        assign(by=hilltop.who[Role.ADMIN], patient_id=mine.id, provider_id=hilltop.doctor_id, now=clock.now())
        for whose, number in ((mine, 12), (theirs, 40)):
            appointments(hilltop, TUESDAY, number, patient_ids=[whose.id] * number,
                         provider_id=hilltop.other_doctor_id)  # fmt: skip

    assert numbers(asked(hilltop, role=Role.DOCTOR)) == {None: 12}
    assert numbers(asked(hilltop)) == {None: 52}


@pytest.mark.parametrize("at", ["2026-04-01T10:00", TUESDAY, "2026-04-30T10:00"])
def test_a_doctor_is_not_told_which_other_doctors_there_are(hilltop: Clinic, at: str) -> None:
    with inside(hilltop.id):
        Provider.objects.update(recorded_at=datetime(2026, 4, 1, tzinfo=BERLIN))
        appointments(hilltop, at, 25)

    assert numbers(asked(hilltop, {"group": "doctor"}, role=Role.DOCTOR)) == {str(hilltop.doctor_id): 25}
    assert numbers(asked(hilltop, {"group": "doctor"})).keys() == {str(hilltop.doctor_id), str(hilltop.other_doctor_id)}


def test_next_door_nothing_is_counted(hilltop: Clinic, riverside: Clinic) -> None:
    with inside(hilltop.id):
        appointments(hilltop, TUESDAY, 25)

    assert numbers(asked(riverside)) == {None: None}


@pytest.mark.parametrize(
    ("role", "path", "status", "code"),
    [
        (Role.PATIENT, BOOKED, 403, "not-permitted"),
        (Role.RECEPTIONIST, BOOKED, 403, "not-permitted"),
        (Role.LAB, BOOKED, 403, "not-permitted"),
        (Role.LAB, f"{BOOKED}/export", 403, "not-permitted"),
        (Role.ADMIN, "/api/analytics/appointments.wasted", 404, "not-found"),
    ],
)
def test_who_may_not_is_told_nothing(hilltop: Clinic, role: Role, path: str, status: int, code: str) -> None:
    assert problem(asked(hilltop, role=role, path=path)) == (status, code)


def test_who_may_not_is_refused_before_anything_is_counted(hilltop: Clinic) -> None:
    today = str(clock.now().astimezone(BERLIN).date())

    assert problem(asked(hilltop, {"from": today, "to": today}, role=Role.LAB)) == (403, "not-permitted")
    with inside(hilltop.id):
        for read in (read_metric, export_metric):
            with pytest.raises(NotPermitted):
                read(hilltop.who[Role.PATIENT], "appointments.booked", Asked(), clock.now())
        with pytest.raises(NotPermitted):
            metrics_for(hilltop.who[Role.PATIENT])


def test_who_may_only_read_takes_nothing_out(hilltop: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    decide, admin = Policy.decide, hilltop.who[Role.ADMIN]
    monkeypatch.setattr(
        Policy, "decide", lambda by, what, action: Scope.NONE if action == "export" else decide(by, what, action)
    )

    with inside(hilltop.id):
        read_metric(admin, "appointments.booked", Asked(), clock.now())
        with pytest.raises(NotPermitted):
            export_metric(admin, "appointments.booked", Asked(), clock.now())


@pytest.mark.parametrize(
    "query",
    [
        {"by": "hour"},
        {"group": "laboratory"},
        {"from": "2026-05-01", "to": "2026-04-01"},
        {"from": "2024-01-01"},
        {"from": "yesterday"},
    ],
)
def test_what_cannot_be_told_is_refused_and_not_echoed(hilltop: Clinic, query: dict[str, str]) -> None:
    answer = asked(hilltop, query)

    assert problem(answer) == (422, "invalid")
    assert "yesterday" not in answer.content.decode()


def test_a_metric_of_months_is_told_of_no_shorter_time(hilltop: Clinic) -> None:
    assert asked(hilltop, {"by": "week"}, path="/api/analytics/patients.active").status_code == 422


def test_a_file_says_the_same_and_taking_it_out_is_an_event(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        appointments(hilltop, TUESDAY, 25)
        appointments(hilltop, WEDNESDAY, 4, provider_id=hilltop.other_doctor_id)
    seen = asked(hilltop, {"by": "day", "group": "doctor"}).json()["analytics"]["cells"]

    taken = asked(hilltop, {"by": "day", "group": "doctor", "format": "csv"}, path=f"{BOOKED}/export")

    rows = list(csv.DictReader(io.StringIO(taken.content.decode())))
    assert [row["value"] for row in rows] == ["" if cell["value"] is None else str(cell["value"]) for cell in seen]
    assert {row["request_id"] for row in rows} == {taken.headers["X-Request-Id"]}
    assert {row["as_of"] for row in rows} != {""}
    told = ("by", "group", "asked_from", "asked_to", "time_zone", "threshold", "organization", "taken_by")
    who = str(hilltop.who[Role.ADMIN].account_id)
    assert {tuple(row[name] for name in told) for row in rows} == {
        ("day", "doctor", "2026-04-01", "2026-04-30", "Europe/Berlin", "11", "Hilltop", who)
    }
    assert taken.headers["Content-Disposition"] == 'attachment; filename="appointments.booked.csv"'
    [event] = events(hilltop)
    assert (event.action, event.outcome, event.subjects) == ("analytics.exported", "success", [])
    assert str(event.account_id) == who
    with inside(hilltop.id):
        [said] = said_by(Trail(hilltop.id), [event])
    assert said["details"] == {"metric": "appointments.booked", "by": "day", "group": "doctor", "rows": len(rows),
                               "from": "2026-04-01", "to": "2026-04-30"}  # fmt: skip


def test_more_numbers_than_anybody_reads_are_refused_in_whatever_form(
    hilltop: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two doctors on thirty days are sixty numbers."""
    with inside(hilltop.id):
        for provider_id in (hilltop.doctor_id, hilltop.other_doctor_id):
            appointments(hilltop, TUESDAY, 1, provider_id=provider_id)
    query = {"by": "day", "group": "doctor"}

    statuses = []
    for most in (60, 59):
        monkeypatch.setattr(queries, "MOST_ROWS", most)
        statuses += [asked(hilltop, query, path=path).status_code for path in (BOOKED, f"{BOOKED}/export")]

    assert statuses == [200, 200, 422, 422]
    assert [event.action for event in events(hilltop) if event.outcome == "success"] == ["analytics.exported"]


def test_what_comes_late_is_told_from_then_on(hilltop: Clinic) -> None:
    heard, stamps = [], []
    for number in (25, 7):
        with inside(hilltop.id):
            appointments(hilltop, TUESDAY, number)
        answer = asked(hilltop)
        heard.append(numbers(answer))
        stamps.append(answer.json()["analytics"]["as_of"])

    assert heard == [{None: 25}, {None: 32}]
    assert stamps[0] < stamps[1]


def test_the_second_factor_is_shown_again_where_the_organization_wants_it(hilltop: Clinic) -> None:
    def taken(shown: timedelta | None) -> Any:
        member = Membership.objects.select_related("account").get(id=hilltop.who[Role.ADMIN].membership_id or NIL)
        mfa_at = None if shown is None else clock.now() - shown
        opened = begin(by=Caller(), account=member.account, membership=member, mfa_at=mfa_at, now=clock.now())
        return Client(headers={"authorization": f"Bearer {opened.access}"}).get(f"{BOOKED}/export", APRIL)

    late, never = timedelta(minutes=5, seconds=2), None
    assert [taken(shown).status_code for shown in (late, never)] == [200, 200]
    wanted = {"policies": {"exports_step_up": True}}
    change_organization(by=OPERATOR, organization_id=hilltop.id, changes=wanted, now=clock.now())
    before = len([event for event in events(hilltop) if event.outcome == "success"])

    refused = [problem(taken(shown)) for shown in (late, never)]

    assert refused == [(401, "step-up-required")] * 2
    assert len([event for event in events(hilltop) if event.outcome == "success"]) == before
    assert taken(timedelta(0)).status_code == 200
    assert asked(hilltop).status_code == 200


def test_a_name_that_a_spreadsheet_would_compute_is_told_as_text(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        department = Department.objects.create(name="=1+1")
        ProviderDepartment.objects.create(
            provider_id=hilltop.doctor_id, department=department, since="2020-01-01", until=None
        )
        appointments(hilltop, TUESDAY, 1)

    taken = asked(hilltop, {"group": "department"}, path=f"{BOOKED}/export").content.decode()

    assert "'=1+1" in taken


def test_reading_is_no_event(hilltop: Clinic) -> None:
    asked(hilltop)

    assert events(hilltop) == []


def test_what_takes_too_long_is_given_up_and_the_calls_after_it_are_as_before(
    hilltop: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The query for the doctors is the slow one."""
    limits: list[Any] = []

    def slow(by: Caller) -> list[Served]:
        with cursor(CLINICAL) as session:
            session.execute("SHOW statement_timeout")
            limits.append(session.fetchone())
            session.execute("SELECT pg_sleep(%s)", [seconds])
        return []

    monkeypatch.setattr(groups, "doctors_served", slow)
    monkeypatch.setattr(queries, "SECONDS", 1)
    seconds = 5
    refused = asked(hilltop, path=f"{BOOKED}/export")
    seconds = 0
    after = asked(hilltop)

    assert problem(refused) == (503, "analytics-too-slow")
    assert refused.headers["Retry-After"] == "1"
    assert limits == [("1s",), ("1s",)]
    assert after.status_code == 200
    assert [event.outcome for event in events(hilltop)] == ["failure"]


def test_what_counting_may_take_holds_for_nothing_else_of_the_same_transaction(hilltop: Clinic) -> None:
    limits: list[Any] = []
    with inside(hilltop.id), cursor(CLINICAL) as session:
        for seconds in (0, 5):
            try:
                with hurried(CLINICAL, 1, TooSlow):
                    session.execute("SELECT pg_sleep(%s)", [seconds])
            except TooSlow:
                limits.append("too slow")
            session.execute("SHOW statement_timeout")
            limits.append(session.fetchone()[0])

    assert limits == ["1min", "too slow", "1min"]
