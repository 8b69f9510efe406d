"""The trail as people read it: filtered, opened, and itself on the trail."""

import re

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.tenancy.public import inside
from tests.town import Clinic

EVENTS, PATIENTS = "/admin/audit/event/", "/admin/registry/patient/"


@pytest.fixture
def browser(hilltop: Clinic) -> Client:
    return hilltop.desk(Role.ADMIN)


def actions(page: str) -> list[str]:
    """The second cell of each row."""
    return re.findall(r'data-label="Action">\s*<span>([^<]+)</span>', page)


def latest(clinic: Clinic) -> Event:
    with inside(clinic.id):
        return Event.objects.using("clinical").latest("id")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("action=patient.read", ["patient.read"]),
        ("outcome=denied", ["providers.read"]),
        ("action=patient.read&outcome=denied", []),
        ("since=2999-01-01T00:00", []),
        ("until=2001-01-01T00:00", []),
    ],
)
def test_the_trail_is_narrowed_by_what_is_in_clear(
    asked: str, found: list[str], browser: Client, hilltop: Clinic, riverside: Clinic
) -> None:
    browser.get(f"{PATIENTS}{hilltop.patient_id}/change/")
    browser.get(f"/admin/registry/provider/{riverside.doctor_id}/change/")

    page = browser.get(f"{EVENTS}?{asked}").content.decode()

    assert actions(page) == found
    assert latest(hilltop).action == "audit.read"


def test_one_patients_events_are_found_and_that_patient_is_told(browser: Client, hilltop: Clinic) -> None:
    browser.get(f"{PATIENTS}{hilltop.patient_id}/change/")
    browser.get(f"{PATIENTS}{hilltop.other_patient_id}/change/")

    page = browser.get(f"{EVENTS}?patient_id={hilltop.other_patient_id}").content.decode()

    assert actions(page).count("patient.read") == 1
    assert latest(hilltop).subjects == [hilltop.other_patient_id]


def test_an_admin_reads_who_it_was_and_a_privacy_officer_only_which_account(browser: Client, hilltop: Clinic) -> None:
    browser.get(PATIENTS)

    admin, officer = (page.get(EVENTS).content.decode() for page in (browser, hilltop.desk(Role.PRIVACY_OFFICER)))

    rows = [page[page.index("<tbody") :] for page in (admin, officer)]
    assert ["hilltop-admin" in each for each in rows] == [True, False]
    assert str(hilltop.who[Role.ADMIN].account_id) in rows[1]


def test_one_event_is_opened_and_that_is_an_event(browser: Client, hilltop: Clinic) -> None:
    browser.post(PATIENTS, {"name": "Mensah"})
    searched = latest(hilltop)

    page = browser.get(f"{EVENTS}{searched.id}/change/").content.decode()

    assert "patient.searched" in page
    assert "&quot;name&quot;: &quot;Mensah&quot;" in page
    read = latest(hilltop)
    assert (read.action, read.resource_id, read.subjects) == ("audit.read", searched.id, searched.subjects)


def test_sign_ins_are_read_from_the_platforms_trail_and_only_ones_own(
    browser: Client, hilltop: Clinic, riverside: Clinic
) -> None:
    page = browser.get(f"{EVENTS}?source=platform").content.decode()

    assert "session.opened" in actions(page)
    assert str(riverside.who[Role.ADMIN].account_id) not in page


def test_the_list_takes_the_same_queries_however_long_it_is(browser: Client, hilltop: Clinic) -> None:
    taken = []
    for _ in range(3):
        browser.get(PATIENTS)
        with (
            CaptureQueriesContext(connections["clinical"]) as clinical,
            CaptureQueriesContext(connections["accounts"]) as accounts,
        ):
            browser.get(EVENTS)
        taken.append((len(clinical), len(accounts)))

    assert len(set(taken)) == 1, taken


@pytest.mark.parametrize("asked", ["account_id=x", "outcome=x", "since=x", "cursor=x"])
def test_what_cannot_be_read_is_refused(asked: str, browser: Client) -> None:
    assert browser.get(f"{EVENTS}?{asked}").status_code == 422
