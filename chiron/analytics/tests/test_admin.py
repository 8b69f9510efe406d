"""The numbers in the administration: drawings, the table, the file, and what the first page shows of them."""

import re
from datetime import timedelta
from typing import Any

import pytest

from chiron.analytics import queries
from chiron.analytics.errors import TooSlow
from chiron.analytics.tests.factories import appointments
from chiron.analytics.tests.test_api import TUESDAY, WEDNESDAY, events
from chiron.identity.models import Session
from chiron.identity.public import Role
from chiron.identity.services.organizations import change_organization
from chiron.kernel.clock import now
from chiron.scheduling.words import Status
from chiron.tenancy.public import inside
from tests.town import OPERATOR, Clinic

NUMBERS = "/admin/analytics/figure/"
APRIL = {"metric": "appointments.booked", "since": "2026-04-01", "until": "2026-05-31"}


def opened(clinic: Clinic, query: dict[str, str], role: Role = Role.ADMIN, path: str = NUMBERS) -> Any:
    return clinic.desk(role).get(path, APRIL | query)


def test_a_metric_is_drawn_and_its_numbers_are_written_beside(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        appointments(hilltop, TUESDAY, 1234)

    page = opened(hilltop, {}).content.decode()

    assert 'aria-label="Appointments booked by month. 2026-04: 1,234; 2026-05: masked"' in page
    assert page.count("<title>2026-04: 1,234</title>") == page.count("<title>2026-05: masked</title>") == 1
    assert re.findall(r"\b(?:1,234|1234|masked)\b", re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL))[-3:] == [
        "1,234", "1234", "masked",
    ]  # fmt: skip
    assert events(hilltop) == []


def test_shares_are_a_line_that_breaks_where_something_is_masked(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        for at in (TUESDAY, "2026-05-05T10:00", "2026-03-03T10:00", "2026-01-06T10:00"):
            appointments(hilltop, at, 30)
            appointments(hilltop, at, 30, status=Status.NO_SHOW)

    page = opened(hilltop, {"metric": "appointments.no_show_rate", "since": "2026-01-01"}).content.decode()

    runs = re.findall(r'<polyline class="chiron-run" points="([^"]+)"', page)
    assert [len(run.split()) for run in runs] == [1, 3]
    assert "2026-01: 50.0 %; 2026-02: masked; 2026-03: 50.0 %" in page


def test_each_doctor_of_whom_something_is_told_has_a_drawing(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        appointments(hilltop, TUESDAY, 25)
        appointments(hilltop, WEDNESDAY, 26, provider_id=hilltop.other_doctor_id)

    page = opened(hilltop, {"group": "doctor"}).content.decode()

    assert page.count('<svg class="chiron-plot"') == 2
    assert "Appointments booked by month: Kwame Osei" in page


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"by": "week", "metric": "patients.active"}, 422),
        ({"since": "2026-06-01", "until": "2026-05-01"}, 422),
        ({"group": "type"}, 422),
        ({"metric": "nonsense"}, 422),
        ({"since": "9999-12-31"}, 422),
        ({}, 200),
    ],
)
def test_what_cannot_be_shown_is_said_at_its_field(hilltop: Clinic, query: dict[str, str], status: int) -> None:
    answer = opened(hilltop, query)

    assert answer.status_code == status
    assert ("<svg" in answer.content.decode()) is False


def test_the_file_is_the_one_of_the_api_and_an_event(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        appointments(hilltop, TUESDAY, 25)

    taken = opened(hilltop, {}, path=f"{NUMBERS}file/")

    assert taken.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert "appointments.booked,1,appointments,2026-04-01,2026-04-30,none,,,25,25,no" in taken.content.decode()
    assert [event.action for event in events(hilltop)] == ["analytics.exported"]


def test_a_file_is_for_who_just_signed_in_with_a_second_factor_where_the_organization_wants_it(
    hilltop: Clinic,
) -> None:
    wanted = {"policies": {"exports_step_up": True}}
    change_organization(by=OPERATOR, organization_id=hilltop.id, changes=wanted, now=now())
    desk = hilltop.desk(Role.ADMIN)
    session = Session.objects.filter(id=desk.session["session"])
    statuses = []

    for mfa_at in (None, now() - timedelta(minutes=5, seconds=2), now()):
        session.update(mfa_at=mfa_at)
        statuses.append(desk.get(f"{NUMBERS}file/", APRIL).status_code)

    assert statuses == [401, 401, 200]
    assert [event.outcome for event in events(hilltop)] == ["denied", "denied", "success"]
    assert desk.get(NUMBERS, APRIL).status_code == 200


def test_who_answers_for_privacy_alone_counts_nothing(hilltop: Clinic) -> None:
    assert opened(hilltop, {}, Role.PRIVACY_OFFICER).status_code == 403
    assert opened(hilltop, {}, Role.PRIVACY_OFFICER, f"{NUMBERS}file/").status_code == 403


def test_pages_say_that_counting_took_too_long_and_show_the_rest(
    hilltop: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: object) -> Any:
        raise TooSlow

    monkeypatch.setattr(queries, "months_of", slow)

    numbers, first = opened(hilltop, {}), hilltop.desk(Role.ADMIN).get("/admin/")

    assert (numbers.status_code, first.status_code) == (503, 200)
    assert "takes too long" in numbers.content.decode()
    assert "takes too long" in first.content.decode()
    assert "Events of the last 30 days" in first.content.decode()
