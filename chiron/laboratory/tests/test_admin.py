"""The administration of the laboratory: shown and moved on as through the API, and who works there."""

from typing import Any
from uuid import UUID

import pytest
from django.test import Client

from chiron.identity.public import Account, Role
from chiron.kernel.ids import NIL
from chiron.laboratory.tests.factories import chart, laboratory, registered, reported
from chiron.registry.models import LaboratoryStaff
from chiron.tenancy.public import inside
from tests.desk import faults, filled
from tests.town import Clinic

SPECIMENS, REPORTS = "/admin/laboratory/specimen/", "/admin/laboratory/laboratoryreport/"
LABORATORIES = "/admin/registry/laboratory/"


@pytest.fixture
def browser(hilltop: Clinic) -> Client:
    return hilltop.desk(Role.ADMIN)


@pytest.fixture
def blood(hilltop: Clinic) -> UUID:
    return laboratory(hilltop, "Blood")


def acted(browser: Client, address: str, **said: Any) -> int:
    return browser.post(address, filled(browser.get(address), **said)).status_code


def test_a_specimen_is_found_by_its_number_received_and_rejected(browser: Client, hilltop: Clinic, blood: UUID) -> None:
    specimen = registered(hilltop, blood, received_at=None)["id"]
    registered(hilltop, blood, number="27-1")

    found = browser.post(SPECIMENS, {"number": "26-004711"}).content.decode()
    received = acted(browser, f"{SPECIMENS}{specimen}/receive/")
    rejected = acted(browser, f"{SPECIMENS}{specimen}/reject/", reason="Clotted")
    shown = browser.get(f"{SPECIMENS}{specimen}/change/").content.decode()

    assert ("26-004711" in found, "27-1" in found, "Mensah" in found) == (True, False, True)
    assert (received, rejected) == (302, 302)
    assert ("Clotted" in shown, "Blood specimen" in shown, f"{specimen}/receive/" in shown) == (True, True, False)


def test_a_specimen_does_not_come_before_it_is_collected(browser: Client, hilltop: Clinic, blood: UUID) -> None:
    specimen = registered(hilltop, blood, received_at=None)["id"]
    address = f"{SPECIMENS}{specimen}/receive/"

    refused = browser.post(address, filled(browser.get(address), received_at="2026-05-03T00:00:00"))

    assert (refused.status_code, list(faults(refused))) == (422, ["received_at"])


def test_a_report_is_released_and_taken_back(browser: Client, hilltop: Clinic, blood: UUID) -> None:
    report = reported(hilltop, registered(hilltop, blood)["id"])["id"]

    released = acted(browser, f"{REPORTS}{report}/release/")
    standing = chart(hilltop)
    withdrawn = acted(browser, f"{REPORTS}{report}/withdraw/", reason="Swapped")
    listed = browser.get(REPORTS, {"state": "withdrawn"}).content.decode()
    shown = browser.get(f"{REPORTS}{report}/change/").content.decode()

    assert (released, withdrawn) == (302, 302)
    assert ([name for name, _, _ in standing], chart(hilltop)) == (["Hemoglobin", "Platelets"], [])
    assert "withdrawn" in listed
    assert all(word in shown for word in ("9.9 g/dL", "718-7", "12–15.5", "Swapped", "Mensah"))


def test_who_works_at_a_laboratory_is_said_at_its_page(browser: Client, hilltop: Clinic) -> None:
    tissue = laboratory(hilltop, "Tissue", with_technician=False)
    account_id = hilltop.who[Role.LAB].account_id or NIL
    name, page = Account.objects.get(id=account_id).username, f"{LABORATORIES}{tissue}/"

    added = acted(browser, f"{page}staff/", account=str(account_id))
    shown = browser.get(f"{page}change/").content.decode()
    twice = browser.post(f"{page}staff/", filled(browser.get(f"{page}staff/"), account=str(account_id)))
    left = acted(browser, f"{page}leave/", account=str(account_id))

    assert (added, twice.status_code, left) == (302, 409, 302)
    assert name in shown
    with inside(hilltop.id):
        assert LaboratoryStaff.objects.exclude(until=None).count() == 1
