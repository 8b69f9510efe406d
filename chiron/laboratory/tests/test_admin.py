"""The administration of the laboratory: shown and moved on as through the API, and who works there."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from chiron.identity.public import Account, Membership, Role
from chiron.kernel.ids import NIL
from chiron.laboratory.models import LaboratoryReport, Specimen
from chiron.laboratory.tests.factories import chart, counted, laboratory, registered, reported, step
from chiron.registry.models import LaboratoryStaff
from chiron.registry.tests.factories import last_event
from chiron.tenancy.public import inside
from tests.desk import faults, filled
from tests.town import Clinic

SPECIMENS, REPORTS = "/admin/laboratory/specimen/", "/admin/laboratory/laboratoryreport/"
LABORATORIES = "/admin/registry/laboratory/"


COLLECTED, RECEIVED = "2026-05-04T08:15:00", "2026-05-04T09:00:00"
BLOOD_COUNT = "718-7 | Hemoglobin | 9.90 | g/dL | 12 | 15.5\n777-3 | Platelets | 210 | 10*3/uL"


@pytest.fixture
def browser(hilltop: Clinic) -> Client:
    return hilltop.desk(Role.ADMIN)


@pytest.fixture
def blood(hilltop: Clinic) -> UUID:
    return laboratory(hilltop, "Blood")


def acted(browser: Client, address: str, **said: Any) -> int:
    with timezone.override("Europe/Berlin"):  # the clock on which the form's page showed what it sends again
        sent = filled(browser.get(address), **said)
    return browser.post(address, sent).status_code


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


def typed_specimen(clinic: Clinic, laboratory_id: UUID, **changed: str) -> dict[str, str]:
    patient = {"lab_id": str(laboratory_id), "patient_id": str(clinic.patient_id)}
    return patient | {"number": "26-0815", "collected_at": COLLECTED, "received_at": RECEIVED} | changed


def test_a_specimen_is_registered_reported_and_released_at_the_pages(
    browser: Client, hilltop: Clinic, blood: UUID
) -> None:
    typed = typed_specimen(hilltop, blood)
    made = browser.post(f"{SPECIMENS}add/", filled(browser.get(f"{SPECIMENS}add/"), **typed))
    registering = last_event(hilltop).action
    with inside(hilltop.id):
        specimen = Specimen.objects.get()

    said = acted(browser, f"{SPECIMENS}{specimen.id}/report/", results=BLOOD_COUNT)
    reporting = last_event(hilltop).action
    with inside(hilltop.id):
        report = LaboratoryReport.objects.get()
    released = acted(browser, f"{REPORTS}{report.id}/release/")
    page = browser.get(f"{SPECIMENS}{specimen.id}/change/").content.decode()

    assert (made.status_code, made.headers["Location"]) == (302, f"{SPECIMENS}{specimen.id}/change/")
    assert (said, released) == (302, 302)
    assert (registering, reporting) == ("specimen.registered", "laboratory-report.created")
    assert (specimen.registered_by, report.reported_by) == (hilltop.who[Role.ADMIN].account_id,) * 2
    assert specimen.kind == {"system": "http://snomed.info/sct", "code": "119297000", "display": "Blood specimen"}
    assert (specimen.collected_at.isoformat(), specimen.state) == ("2026-05-04T06:15:00+00:00", "received")
    assert chart(hilltop) == [("Hemoglobin", 9.9, "L"), ("Platelets", 210, None)]
    assert ("26-0815" in page, f"{report.id}/change/" in page) == (True, True)


@pytest.mark.parametrize(
    ("typed", "status", "where", "why"),
    [
        ({"number": ""}, 422, "number", "This field is required."),
        ({"lab_id": ""}, 422, "lab_id", "This field is required."),
        ({"patient_id": str(uuid4())}, 422, "patient_id", "Nobody here has this id."),
        ({"patient_id": "Ama"}, 422, "patient_id", "Enter a valid UUID."),
        ({"received_at": "2026-05-04T08:00:00"}, 422, "received_at", "is before what must come first"),
        ({"collected_at": "2199-01-01T00:00:00", "received_at": ""}, 422, "collected_at", "is in the future"),
        ({"number": "26-004711"}, 409, "__all__", "Another specimen of that laboratory has that number."),
    ],
)
def test_why_a_specimen_is_not_registered_is_said_where_it_was_typed(
    typed: dict[str, str], status: int, where: str, why: str, browser: Client, hilltop: Clinic, blood: UUID
) -> None:
    registered(hilltop, blood)
    before = counted(hilltop)

    sent = {**filled(browser.get(f"{SPECIMENS}add/"), **typed_specimen(hilltop, blood)), **typed}
    refused = browser.post(f"{SPECIMENS}add/", sent)

    assert (refused.status_code, faults(refused), counted(hilltop)) == (status, {where: [why]}, before)


@pytest.mark.parametrize(
    ("results", "why"),
    [
        ("", "This field is required."),
        ("718-8 | Hemoglobin | 9.9 | g/dL", "is not valid (line 1, code)"),
        ("718-7 | Hemoglobin | 9.9 | g/dL\n777-3 | Platelets | many | 10*3/uL", "is not valid (line 2, value)"),
        ("718-7 | Hemoglobin | 9.9", "is required (line 1, unit)"),
    ],
)
def test_of_results_the_line_at_fault_is_named(
    results: str, why: str, browser: Client, hilltop: Clinic, blood: UUID
) -> None:
    address = f"{SPECIMENS}{registered(hilltop, blood)['id']}/report/"
    before = counted(hilltop)

    refused = browser.post(address, filled(browser.get(address), results=results))

    assert (refused.status_code, faults(refused), counted(hilltop)) == (422, {"results": [why]}, before)


def test_nothing_is_reported_of_a_specimen_that_did_not_come(browser: Client, hilltop: Clinic, blood: UUID) -> None:
    specimen = registered(hilltop, blood, received_at=None)["id"]
    address = f"{SPECIMENS}{specimen}/report/"
    before = counted(hilltop)

    offered = browser.get(f"{SPECIMENS}{specimen}/change/").content.decode()
    refused = browser.post(address, filled(browser.get(address), results=BLOOD_COUNT))

    assert (address in offered, counted(hilltop)) == (False, before)
    assert (refused.status_code, faults(refused)) == (
        409,
        {"__all__": ["Nothing is reported of a specimen that was not received, or was rejected."]},
    )


def test_a_report_is_changed_before_it_is_released_and_amended_after(
    browser: Client, hilltop: Clinic, blood: UUID
) -> None:
    report = reported(hilltop, registered(hilltop, blood)["id"])
    page = f"{REPORTS}{report['id']}/"
    stale = filled(browser.get(f"{page}edit/"))
    known = browser.get(f"{page}edit/").context["form"]["results"].value()

    changed = acted(browser, f"{page}edit/", results="718-7 | Hemoglobin | 9.7 | g/dL | 12 | 15.5")
    again = browser.post(f"{page}edit/", stale)
    step(hilltop, report["id"], "release")
    offered = browser.get(f"{page}change/").content.decode()
    amended = acted(browser, f"{page}amend/", results="718-7 | Hemoglobin | 10.10 | g/dL", reason="Read anew")

    assert known.splitlines() == [
        "718-7 | Hemoglobin | 9.9 | g/dL | 12 | 15.5", "777-3 | Platelets | 210 | 10*3/uL"
    ]  # fmt: skip
    assert (changed, amended) == (302, 302)
    assert (again.status_code, list(faults(again))) == (412, ["__all__"])
    assert (f"{page}edit/" in offered, f"{page}amend/" in offered) == (False, True)
    assert chart(hilltop) == [("Hemoglobin", 10.1, None)]
    with inside(hilltop.id):
        standing = LaboratoryReport.objects.get()
    assert (standing.state, standing.resulted_at) == ("amended", datetime.fromisoformat(report["resulted_at"]))


def test_only_who_may_reaches_the_forms_and_no_form_leads_to_another_organization(
    browser: Client, hilltop: Clinic, riverside: Clinic, blood: UUID
) -> None:
    specimen = registered(hilltop, blood)["id"]
    report = reported(hilltop, specimen)["id"]
    forms = (f"{SPECIMENS}{specimen}/report/", f"{REPORTS}{report}/edit/", f"{REPORTS}{report}/amend/")
    stranger, officer = riverside.desk(Role.ADMIN), hilltop.desk(Role.PRIVACY_OFFICER)
    before = counted(hilltop)

    assert [stranger.post(each, {"results": BLOOD_COUNT}).status_code for each in forms] == [404] * 3
    denied = [officer.post(each, {"results": BLOOD_COUNT}).status_code for each in (*forms, f"{SPECIMENS}add/")]
    assert denied == [403] * 4
    assert Client().post(f"{SPECIMENS}add/", {}).status_code == 302
    assert stranger.get(f"{SPECIMENS}add/").content.decode().count(str(blood)) == 0
    assert counted(hilltop) == before


def test_somebody_is_employed_at_a_laboratory_at_once(browser: Client, hilltop: Clinic, blood: UUID) -> None:
    address = f"{LABORATORIES}{blood}/employ/"
    yaa = {"username": "yaa", "email": "yaa@example.org", "password": "seven tired donkeys"}

    made = acted(browser, address, **yaa)
    unknown = browser.post(address, {"username": "kofi", "email": "kofi@example.org"})
    again = browser.post(address, yaa)
    shown = browser.get(f"{LABORATORIES}{blood}/change/").content.decode()

    member = Membership.objects.get(account__username="yaa")
    assert (made, member.roles, "yaa" in shown) == (302, ["LAB"], True)
    assert faults(unknown) == {"username": ["is nobody's who has an account; a password makes one"]}
    assert (again.status_code, "seven tired" in again.content.decode()) == (409, False)
    with inside(hilltop.id):
        assert LaboratoryStaff.objects.filter(account_id=member.account_id, until=None).count() == 1
        assert LaboratoryStaff.objects.count() == 2
