"""The trail as a file: all of it, in bounded memory, harmless to spreadsheets, and in FHIR."""

import csv
import io
import json
from base64 import b64decode
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from chiron.audit import exports
from chiron.audit.models import Event
from chiron.audit.public import record, record_platform
from chiron.audit.queries import Wanted
from chiron.audit.tests.factories import ALICE, BRUNO, doctor, officer, read_patient
from chiron.identity.public import Role
from chiron.kernel.db import atomic
from chiron.kernel.ids import new_id
from chiron.tenancy.public import inside

CLARA = UUID("01900000-0000-7000-8000-00000000c1a7")


def taken(clinic: Any, form: str, role: Role = Role.PRIVACY_OFFICER, **asked: Any) -> bytes:
    answer = clinic.client(role).get("/api/audit/export", {"format": form} | asked)
    assert answer.status_code == 200, answer.content
    return b"".join(answer.streaming_content)


def lines(content: bytes) -> list[Any]:
    return [json.loads(line) for line in content.splitlines()]


def told(clinic: Any, action: str, **more: Any) -> None:
    with inside(clinic.id):
        record(doctor(clinic.id, address="192.0.2.7", device="Firefox", request_id="r-1"), action, **more)


def test_lines_of_json_say_what_the_list_says(hilltop: Any) -> None:
    told(hilltop, "patient.read", resource="patients", resource_id=BRUNO, subjects=[BRUNO])
    told(hilltop, "patient.searched", payload={"query": "bru"})

    listed = hilltop.client(Role.ADMIN).get("/api/audit", {"account_id": str(ALICE)}).json()["events"]
    exported = lines(taken(hilltop, "ndjson", account_id=str(ALICE)))

    assert [{**each, "at": None} for each in exported] == [{**each, "at": None} for each in listed]
    assert [each["action"] for each in exported] == ["patient.searched", "patient.read"]


def test_taking_the_trail_out_is_an_event_that_says_what_was_asked_for(hilltop: Any) -> None:
    taken(hilltop, "csv", patient_id=str(BRUNO), outcome="success")

    [event, *_] = lines(taken(hilltop, "ndjson", action="audit.exported"))[1:]
    assert event["subjects"] == [str(BRUNO)]
    assert event["details"] == {
        "subjects__contains": f"[{BRUNO!r}]", "outcome": "success", "source": "organization", "format": "csv",
    }  # fmt: skip


def test_the_filters_are_those_of_the_list(hilltop: Any) -> None:
    told(hilltop, "patient.read", subjects=[BRUNO])
    told(hilltop, "patient.read", subjects=[CLARA])
    told(hilltop, "patient.updated", subjects=[BRUNO], outcome="denied")

    def found(**asked: Any) -> list[str]:
        return [each["action"] for each in lines(taken(hilltop, "ndjson", account_id=str(ALICE), **asked))]

    assert found(patient_id=str(BRUNO)) == ["patient.updated", "patient.read"]
    assert found(outcome="denied") == ["patient.updated"]
    assert found(action="patient.read") == ["patient.read", "patient.read"]
    assert found(to="2020-01-01T00:00:00Z") == []


def test_many_events_come_in_several_pages_each_once(hilltop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "AT_A_TIME", 3)
    for _ in range(7):
        told(hilltop, "patient.read")

    ids = [each["id"] for each in lines(taken(hilltop, "ndjson", action="patient.read", account_id=str(ALICE)))]

    assert len(set(ids)) == len(ids) == 7


def test_no_transaction_is_open_while_a_reader_takes_its_time(fresh_organization: Any) -> None:
    read_patient(fresh_organization.id, 2)
    with inside(fresh_organization.id):
        events = exports.export_trail(officer(fresh_organization.id), Wanted(), "csv")

    next(events)

    assert not connections["clinical"].in_atomic_block
    assert len(list(events)) == 2


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_a_formula(hilltop: Any, begins: str) -> None:
    formula = f"{begins}HYPERLINK(1)"
    with inside(hilltop.id):
        record(doctor(hilltop.id, address="192.0.2.7", device=formula, request_id=formula), "patient.read")

    header, row = csv.reader(io.StringIO(taken(hilltop, "csv", account_id=str(ALICE)).decode(), newline=""))

    cells = dict(zip(header, row, strict=True))
    assert (cells["device"], cells["request_id"]) == (f"'{formula}", f"'{formula}")
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in row)


def test_a_table_says_lists_by_words(hilltop: Any) -> None:
    told(hilltop, "patient.read", subjects=[BRUNO, CLARA], payload={"query": 'a "b", c'})

    header, row = csv.reader(io.StringIO(taken(hilltop, "csv", account_id=str(ALICE)).decode()))

    cells = dict(zip(header, row, strict=True))
    assert (cells["subjects"], cells["roles"]) == (f"{BRUNO} {CLARA}", "DOCTOR")
    assert (cells["details"], cells["on_behalf_of"]) == ('{"query":"a \\"b\\", c"}', "")


BALP = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit."


@pytest.mark.parametrize(
    ("action", "subjects", "letter", "interaction", "profile"),
    [
        ("patient.read", [BRUNO], "R", "read", "PatientRead"),
        ("record.created", [BRUNO], "C", "create", "PatientCreate"),
        ("record.updated", [BRUNO], "U", "update", "PatientUpdate"),
        ("record.withdrawn", [BRUNO], "D", "delete", "PatientDelete"),
        ("record.listed", [BRUNO], "E", "search-type", "PatientQuery"),
        ("patient.searched", [], "E", "search-type", "Query"),
        ("provider.read", [], "R", "read", "Read"),
        ("patient.read", [BRUNO, CLARA], "R", "read", None),
        ("glass.acknowledged", [BRUNO], "E", "operation", None),
    ],
)
def test_a_fhir_event_has_the_shape_of_its_pattern(
    hilltop: Any, action: str, subjects: list[UUID], letter: str, interaction: str, profile: str | None
) -> None:
    about = new_id()
    told(hilltop, action, resource="records", resource_id=about, subjects=subjects, payload={"query": "bru"})

    [event] = lines(taken(hilltop, "fhir", account_id=str(ALICE)))

    assert (event["resourceType"], event["action"], event["outcome"]) == ("AuditEvent", letter, "0")
    assert event.get("meta", {"profile": [None]})["profile"] == [f"{BALP}{profile}" if profile else None]
    assert event["type"]["code"] == "rest"
    assert [each["code"] for each in event["subtype"]] == [interaction, action]
    assert event["recorded"].endswith("Z")
    assert event["source"]["observer"]["identifier"]["value"]
    client, server, user = event["agent"]
    reads = ("110152", "110153")
    assert tuple(each["type"]["coding"][0]["code"] for each in (client, server)) == (
        reads if letter == "R" else reads[::-1]
    )
    assert (client["network"], client["who"]["identifier"]["value"]) == (
        {"address": "192.0.2.7", "type": "2"},
        "Firefox",
    )
    assert server["network"]["type"] == "5"
    assert (user["who"]["identifier"]["value"], user["requestor"]) == (f"urn:uuid:{ALICE}", True)
    assert (user["role"], user["purposeOfUse"][0]["coding"][0]["code"]) == ([{"text": "DOCTOR"}], "TREAT")
    patients = [each for each in event["entity"] if each["type"]["code"] == "1"]
    assert [each["what"]["reference"] for each in patients] == [f"Patient/{each}" for each in subjects]
    assert {each["role"]["code"] for each in patients} <= {"1"}
    data, transaction = event["entity"][len(patients) :]
    if interaction == "search-type":
        assert (data["role"]["code"], json.loads(b64decode(data["query"]))) == ("24", {"query": "bru"})
    else:
        assert (data["role"]["code"], data["what"]["identifier"]["value"]) == ("4", f"records/{about}")
    assert (transaction["type"]["code"], transaction["what"]["identifier"]["value"]) == ("XrequestId", "r-1")


@pytest.mark.parametrize(("outcome", "code"), [("denied", "4"), ("failure", "8")])
def test_what_was_refused_claims_no_pattern(hilltop: Any, outcome: Any, code: str) -> None:
    told(hilltop, "patients.read", subjects=[BRUNO], outcome=outcome)

    [event] = lines(taken(hilltop, "fhir", account_id=str(ALICE)))

    assert (event["outcome"], event["outcomeDesc"], "meta" in event) == (code, outcome, False)


def test_sign_ins_are_those_of_the_organization_and_of_the_sort_that_fhir_knows(hilltop: Any) -> None:
    with atomic("accounts"):
        record_platform(doctor(hilltop.id), "session.opened")
        record_platform(doctor(new_id()), "session.opened")

    [event] = lines(taken(hilltop, "fhir", source="platform", account_id=str(ALICE)))

    assert (event["type"]["code"], event["subtype"][0]["code"]) == ("110114", "110122")
    assert event["source"]["site"] == str(hilltop.id)


def test_another_organization_takes_out_nothing_of_it(hilltop: Any, riverside: Any) -> None:
    told(hilltop, "patient.read", subjects=[BRUNO])

    for source in ("organization", "platform"):
        assert str(BRUNO) not in taken(riverside, "ndjson", source=source).decode()


def test_a_refused_export_sends_nothing_and_is_recorded(hilltop: Any) -> None:
    answer = hilltop.client(Role.DOCTOR).get("/api/audit/export")

    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-permitted")
    with inside(hilltop.id):
        newest = Event.objects.using("clinical").latest("id")
    assert (newest.action, newest.outcome) == ("audit.export", "denied")
