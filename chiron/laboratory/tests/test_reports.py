"""Reports: preliminary, released into the chart, amended, withdrawn."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import IntegrityError

from chiron.identity.public import Role
from chiron.kernel.db import CLINICAL, atomic
from chiron.kernel.ids import NIL, new_id
from chiron.laboratory.models import LaboratoryReport, Result, Specimen
from chiron.laboratory.rules import Found
from chiron.laboratory.services.reports import ReportSaid, change_report, release_report
from chiron.laboratory.tests.factories import (
    HEMOGLOBIN,
    PLATELETS,
    chart,
    counted,
    laboratory,
    register,
    registered,
    report,
    reported,
    step,
)
from chiron.notifications.public import Notification
from chiron.records.models import Record, RecordVersion
from chiron.records.services.ranges import RangeSaid, save_range
from chiron.records.services.sign import sign_record
from chiron.registry.tests.factories import call, ids, problem
from chiron.tenancy.public import inside
from tests.town import Clinic

SECOND, DAY = timedelta(seconds=1), timedelta(days=1)


@pytest.fixture
def specimen(hilltop: Clinic) -> str:
    """A specimen that was received at a laboratory where the technician works."""
    made: str = registered(hilltop, laboratory(hilltop, "Blood"))["id"]
    return made


def told(clinic: Clinic) -> list[tuple[str, str]]:
    """What the clinic's patient was told."""
    with inside(clinic.id):
        found = Notification.objects.filter(account_id=clinic.who[Role.PATIENT].account_id or NIL)
        return [(each.kind, each.resource) for each in found.order_by("id")]


def test_a_preliminary_report_is_seen_by_who_cares_and_not_by_the_patient(hilltop: Clinic, specimen: str) -> None:
    made = reported(hilltop, specimen)
    technician, doctor, patient = (hilltop.client(each) for each in (Role.LAB, Role.DOCTOR, Role.PATIENT))

    assert (made["state"], made["released_at"]) == ("preliminary", None)
    assert [(each["name"], each["flag"], each["record_id"]) for each in made["results"]] == [
        ("Hemoglobin", "L", None),
        ("Platelets", None, None),
    ]
    assert technician.get(f"/api/specimens/{specimen}").json()["specimen"]["state"] == "examined"
    assert doctor.get(f"/api/lab-reports/{made['id']}").json()["lab_report"] == made
    assert problem(patient.get(f"/api/lab-reports/{made['id']}")) == (404, "not-found")
    assert patient.get("/api/lab-reports").json()["lab_reports"] == []
    assert (chart(hilltop), told(hilltop)) == ([], [])


def test_a_released_report_stands_in_the_chart_and_the_patient_is_told_once(hilltop: Clinic, specimen: str) -> None:
    made = reported(hilltop, specimen)

    released = step(hilltop, made["id"], "release")

    body = released.json()["lab_report"]
    assert (released.status_code, released.headers["ETag"], body["state"]) == (200, '"2"', "final")
    assert body["released_by"] == str(hilltop.who[Role.LAB].account_id)
    assert chart(hilltop) == [("Hemoglobin", 9.9, "L"), ("Platelets", 210.0, None)]
    assert chart(hilltop, Role.DOCTOR) == chart(hilltop)
    assert told(hilltop) == [("result.shared", "records")]
    assert hilltop.client(Role.PATIENT).get(f"/api/lab-reports/{made['id']}").json()["lab_report"] == body
    with inside(hilltop.id):
        record = Record.objects.get(id=body["results"][0]["record_id"])
    assert (record.code_keys, record.quantity_code) == (["http://loinc.org|718-7"], "g/dL")
    assert record.occurred_at
    assert record.occurred_at.isoformat() == body["collected_at"]


def test_who_waited_for_a_lock_is_not_refused_for_a_clock_read_before(hilltop: Clinic, specimen: str) -> None:
    made, by, at = reported(hilltop, specimen), hilltop.who[Role.LAB], hilltop.renewed_at
    said = ReportSaid(found=[Found(code="777-3", name="Platelets", value=Decimal(210), unit="10*3/uL")])
    with inside(hilltop.id):
        received_at = Specimen.objects.get().received_at or at
        changed = change_report(by=by, report_id=UUID(made["id"]), said=said, if_match=1, now=received_at - SECOND)
        released = release_report(by=by, report_id=changed.id, if_match=2, now=received_at - SECOND)

    assert (changed.resulted_at, released.released_at) == (received_at, received_at)


def test_a_report_is_released_once(hilltop: Clinic, specimen: str) -> None:
    made = reported(hilltop, specimen)
    step(hilltop, made["id"], "release")

    again = step(hilltop, made["id"], "release")
    changed = call(hilltop.client(Role.LAB), "put", f"/lab-reports/{made['id']}", {"results": [PLATELETS]})

    assert [problem(each) for each in (again, changed)] == [(409, "report-not-preliminary")] * 2
    assert counted(hilltop)[2:] == (2, 2)


def test_a_preliminary_report_is_said_anew(hilltop: Clinic, specimen: str) -> None:
    made = reported(hilltop, specimen)

    changed = call(
        hilltop.client(Role.LAB), "put", f"/lab-reports/{made['id']}", {"results": [HEMOGLOBIN | {"value": 16}]}
    )

    [result] = changed.json()["lab_report"]["results"]
    assert (result["value"], result["flag"]) == (16.0, "H")
    assert counted(hilltop) == (1, 1, 1, 0)


def test_an_amended_report_replaces_in_the_chart_only_what_changed(hilltop: Clinic, specimen: str) -> None:
    made = reported(hilltop, specimen)
    before = step(hilltop, made["id"], "release").json()["lab_report"]["results"]
    again = [PLATELETS, HEMOGLOBIN | {"value": 13.9}]

    amended = step(hilltop, made["id"], "amend", results=again, reason="Read from the other tube")

    body = amended.json()["lab_report"]
    assert (amended.status_code, body["state"], body["reason"]) == (200, "amended", "Read from the other tube")
    assert [(each["name"], each["value"]) for each in body["results"]] == [("Platelets", 210.0), ("Hemoglobin", 13.9)]
    assert body["results"][0]["record_id"] == before[1]["record_id"]
    assert chart(hilltop) == [("Hemoglobin", 13.9, "N"), ("Platelets", 210.0, None)]
    assert chart(hilltop, status="entered-in-error") == [("Hemoglobin", 9.9, "L")]
    assert told(hilltop) == [("result.shared", "records")] * 2
    with inside(hilltop.id):
        assert RecordVersion.objects.filter(record=before[0]["record_id"]).count() == 2


def test_a_withdrawn_report_leaves_nothing_standing_in_the_chart(hilltop: Clinic, specimen: str) -> None:
    made = reported(hilltop, specimen)
    step(hilltop, made["id"], "release")

    withdrawn = step(hilltop, made["id"], "withdraw", reason="Tubes were swapped")
    again = step(hilltop, made["id"], "withdraw", reason="Twice")
    amended = step(hilltop, made["id"], "amend", results=[PLATELETS], reason="Too late")

    assert withdrawn.json()["lab_report"]["state"] == "withdrawn"
    assert [problem(each) for each in (again, amended)] == [(409, "report-withdrawn"), (409, "report-not-released")]
    assert chart(hilltop) == []
    assert len(chart(hilltop, status="entered-in-error")) == 2
    assert hilltop.client(Role.PATIENT).get("/api/lab-reports").json()["lab_reports"] == []


def test_what_a_doctor_signed_meanwhile_is_withdrawn_all_the_same(hilltop: Clinic, specimen: str) -> None:
    made = reported(hilltop, specimen, HEMOGLOBIN)
    [result] = step(hilltop, made["id"], "release").json()["lab_report"]["results"]
    with inside(hilltop.id):
        sign_record(
            by=hilltop.who[Role.ADMIN], record=Record.objects.get(id=result["record_id"]), now=hilltop.renewed_at
        )

    withdrawn = step(hilltop, made["id"], "withdraw", reason="Tubes were swapped")

    assert withdrawn.status_code == 200
    assert chart(hilltop) == []


def test_nothing_is_reported_of_what_never_came_or_was_rejected(hilltop: Clinic, specimen: str) -> None:
    blood = laboratory(hilltop, "Tissue")
    announced = registered(hilltop, blood, number="1", received_at=None)["id"]
    rejected = registered(hilltop, blood, number="2")["id"]
    call(hilltop.client(Role.LAB), "post", f"/specimens/{rejected}/reject", {"reason": "Clotted"})

    answers = [report(hilltop, each) for each in (announced, rejected)]

    assert [problem(each) for each in answers] == [(409, "specimen-not-received")] * 2
    assert [each.json()["state"] for each in answers] == ["registered", "rejected"]
    assert counted(hilltop) == (3, 0, 0, 0)


@pytest.mark.parametrize(
    ("result", "code"),
    [
        ({"code": "718-8"}, "invalid"),
        ({"unit": "gramme"}, "unit-unknown"),
        ({"unit": "mg"}, "unit-mismatch"),
        ({"low": 16, "high": 15}, "range-goes-downward"),
        ({"value": "NaN"}, "invalid"),
        ({"name": ""}, "invalid"),
        ({"value": "1_0"}, "invalid"),
        ({"value": "\u0661\u0660"}, "invalid"),
        ({"value": True}, "invalid"),
        ({"high": "1_5"}, "invalid"),
    ],
)
def test_a_result_that_makes_no_sense_is_refused_whole(
    result: dict[str, Any], code: str, hilltop: Clinic, specimen: str
) -> None:
    usual = RangeSaid(code="718-7", code_system="http://loinc.org", unit="g/dL")
    with inside(hilltop.id):
        save_range(by=hilltop.who[Role.ADMIN], range_id=None, said=usual, if_match=None, now=hilltop.renewed_at)

    answer = report(hilltop, specimen, PLATELETS, HEMOGLOBIN | result)

    assert problem(answer) == (422, code)
    assert counted(hilltop) == (1, 0, 0, 0)


def test_an_analyte_stands_once_and_a_report_is_not_empty(hilltop: Clinic, specimen: str) -> None:
    twice = report(hilltop, specimen, HEMOGLOBIN, HEMOGLOBIN | {"value": 10})
    empty = report(hilltop, specimen, results=[])
    too_early = report(hilltop, specimen, resulted_at="2026-05-04T08:59:59+02:00")

    assert [problem(each) for each in (twice, empty, too_early)] == [
        (422, "analyte-twice"), (422, "invalid"), (422, "invalid"),
    ]  # fmt: skip
    assert counted(hilltop) == (1, 0, 0, 0)


def test_a_technician_of_one_laboratory_sees_no_report_of_another(hilltop: Clinic, specimen: str) -> None:
    tissue = laboratory(hilltop, "Tissue", with_technician=False)
    elsewhere = registered(hilltop, tissue, role=Role.ADMIN)["id"]
    other = reported(hilltop, elsewhere, role=Role.ADMIN)["id"]
    own = reported(hilltop, specimen)["id"]
    technician = hilltop.client(Role.LAB)

    asked = [
        technician.get(f"/api/lab-reports/{other}"),
        call(technician, "put", f"/lab-reports/{other}", {"results": [PLATELETS]}),
        report(hilltop, elsewhere),
        step(hilltop, other, "release"),
        step(hilltop, other, "amend", results=[PLATELETS], reason="Not mine"),
        step(hilltop, other, "withdraw", reason="Not mine"),
    ]

    assert [problem(each) for each in asked] == [(404, "not-found")] * 6
    assert ids(technician.get("/api/lab-reports"), "lab_reports") == [UUID(own)]
    assert technician.get("/api/lab-reports", {"lab_id": str(tissue)}).json()["lab_reports"] == []
    assert counted(hilltop) == (2, 2, 4, 0)


def test_doctors_see_reports_of_their_patients_unless_a_record_is_kept_from_them(
    hilltop: Clinic, specimen: str
) -> None:
    made = reported(hilltop, specimen)["id"]
    strangers = register(hilltop, laboratory(hilltop, "Tissue"), patient_id=str(hilltop.other_patient_id))
    other = reported(hilltop, strangers.json()["specimen"]["id"])["id"]
    [first, _] = step(hilltop, made, "release").json()["lab_report"]["results"]
    doctor = hilltop.client(Role.DOCTOR)
    seen = ids(doctor.get("/api/lab-reports"), "lab_reports")

    call(hilltop.client(Role.ADMIN), "put", f"/records/{first['record_id']}",
         {"record_type": "LAB_RESULT", "title": "Hemoglobin", "labels": ["HIV"]})  # fmt: skip

    assert seen == [UUID(made)]
    assert ids(doctor.get("/api/lab-reports"), "lab_reports") == []
    assert [problem(doctor.get(f"/api/lab-reports/{each}")) for each in (made, other)] == [(404, "not-found")] * 2
    assert ids(hilltop.client(Role.PATIENT).get("/api/lab-reports"), "lab_reports") == [UUID(made)]


def test_only_the_laboratory_releases(hilltop: Clinic, specimen: str) -> None:
    made = reported(hilltop, specimen)["id"]

    answers = [step(hilltop, made, "release", role) for role in (Role.DOCTOR, Role.PATIENT, Role.RECEPTIONIST)]

    assert [problem(each) for each in answers] == [(403, "not-permitted")] * 3
    assert counted(hilltop)[3] == 0


def test_the_database_keeps_what_a_report_is(hilltop: Clinic, specimen: str) -> None:
    made = reported(hilltop, specimen)
    broken: dict[str, tuple[Any, dict[str, Any]]] = {
        "a_report_in_the_chart_was_released": (LaboratoryReport, {"state": "final"}),
        "a_preliminary_report_was_not_released": (LaboratoryReport, {"released_at": hilltop.renewed_at}),
        "a_report_is_as_sure_as_known": (LaboratoryReport, {"state": "maybe"}),
        "an_analyte_stands_once_in_a_report": (Result, {"code": "1"}),
        "the_range_of_a_result_goes_upward": (Result, {"low": 2, "high": 1}),
        "the_flag_of_a_result_is_known": (Result, {"flag": "X"}),
    }

    assert made["state"] == "preliminary"
    for name, (model, change) in broken.items():
        with inside(hilltop.id), pytest.raises(IntegrityError, match=name), atomic(CLINICAL):
            model.objects.update(**change)


def test_the_database_keeps_when_a_report_was_released_and_what_tells_of_it(hilltop: Clinic, specimen: str) -> None:
    made = reported(hilltop, specimen)
    results = step(hilltop, made["id"], "release").json()["lab_report"]["results"]
    broken: dict[str, tuple[Any, dict[str, Any]]] = {
        "a_report_is_released_after_its_results": (LaboratoryReport, {"resulted_at": hilltop.renewed_at + DAY}),
        "a_record_tells_of_one_result": (Result, {"record": results[0]["record_id"]}),
    }

    for name, (model, change) in broken.items():
        with inside(hilltop.id), pytest.raises(IntegrityError, match=name), atomic(CLINICAL):
            model.objects.update(**change)


def test_a_report_of_nothing_is_not_found(hilltop: Clinic, specimen: str) -> None:
    assert problem(report(hilltop, str(new_id()))) == (404, "not-found")
    assert counted(hilltop) == (1, 0, 0, 0)
