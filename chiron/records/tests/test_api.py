"""Records over HTTP: who is let in, what is answered, what is refused."""

from typing import Any
from uuid import UUID

import orjson
import pytest
from django.test import Client

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.ids import new_id
from chiron.records.models import Annotation, Record, RecordVersion
from chiron.tenancy.public import inside

JSON = "application/json"
DOCUMENT = {"resourceType": "Observation", "extension": [{"url": "http://x", "valueDecimal": 7.2}], "unknown": None}
RESULT: dict[str, Any] = {
    "record_type": "LAB_RESULT",
    "title": "Hemoglobin A1c",
    "description": "Fasting.",
    "clinical_status": "final",
    "codes": [{"system": "http://loinc.org", "code": "4548-4", "display": "Hemoglobin A1c"}],
    "occurred_at": "2026-05-04T09:00:00+02:00",
    "quantity": {"value": 7.2, "unit": "%", "code": "%"},
    "reference_range": {"low": 4, "high": 5.6},
    "content": DOCUMENT,
}


def make(clinic: Any, role: Role = Role.DOCTOR, **changes: Any) -> Any:
    body = {"record_type": "NOTE", "title": "Cough", "description": "Since Monday"} | changes
    if role is not Role.PATIENT:
        body.setdefault("patient_id", str(clinic.patient_id))
    answer = clinic.client(role).post("/api/records", body, content_type=JSON)
    assert answer.status_code == 201, answer.content
    return answer.json()["record"]


def count(clinic: Any) -> tuple[int, int, int]:
    with inside(clinic.id):
        return Record.objects.count(), RecordVersion.objects.count(), Annotation.objects.count()


def calls(record_id: object, patient_id: object) -> list[tuple[str, str, dict[str, Any] | None]]:
    """Every operation on records, in a form that would succeed for who may."""
    new = {"record_type": "NOTE", "title": "Cough", "description": "", "patient_id": str(patient_id)}
    return [
        ("get", "/api/records", None),
        ("post", "/api/records", new),
        ("get", f"/api/records/{record_id}", None),
        ("put", f"/api/records/{record_id}", {"title": "Whooping cough"}),
        ("delete", f"/api/records/{record_id}", None),
        ("get", f"/api/records/{record_id}/versions", None),
        ("get", f"/api/records/{record_id}/annotations", None),
        ("post", f"/api/records/{record_id}/add_annotation", {"content": "Better"}),
        ("post", "/api/doctors/annotations", {"record_id": str(record_id), "content": "Better"}),
    ]


def send(client: Client, method: str, path: str, body: dict[str, Any] | None) -> Any:
    return client.generic(method.upper(), path, b"" if body is None else orjson.dumps(body), content_type=JSON)


def statuses(client: Client, record_id: object, patient_id: object) -> list[int]:
    return [send(client, *call).status_code for call in calls(record_id, patient_id)]


EVENTS = [
    "record.listed",
    "record.created",
    "record.read",
    "record.updated",
    "record.withdrawn",
    "record.versions_read",
    "annotation.listed",
    "annotation.created",
    "annotation.created",
]


@pytest.mark.parametrize(("number", "action"), list(enumerate(EVENTS)))
def test_every_call_is_one_event_about_the_patient(hilltop: Any, number: int, action: str) -> None:
    record = make(hilltop)
    with inside(hilltop.id):
        before = set(Event.objects.using("clinical").values_list("id", flat=True))

    send(hilltop.client(Role.DOCTOR), *calls(record["id"], hilltop.patient_id)[number])

    with inside(hilltop.id):
        [event] = Event.objects.using("clinical").exclude(id__in=before)
    assert (event.action, event.outcome, event.subjects) == (action, "success", [hilltop.patient_id])
    assert event.account_id == hilltop.who[Role.DOCTOR].account_id


def test_nobody_is_let_in_without_a_token(hilltop: Any, client: Client) -> None:
    record = make(hilltop)
    before = count(hilltop)

    assert statuses(client, record["id"], hilltop.patient_id) == [401] * 9
    assert count(hilltop) == before


@pytest.mark.parametrize("role", [Role.LAB, Role.RECEPTIONIST, Role.BILLER, Role.PRIVACY_OFFICER, Role.RESEARCHER])
def test_roles_that_have_no_business_with_records_are_refused(hilltop: Any, role: Role) -> None:
    record = make(hilltop)
    before = count(hilltop)

    assert statuses(hilltop.client(role), record["id"], hilltop.patient_id) == [403] * 9
    assert count(hilltop) == before


def test_records_next_door_do_not_exist(hilltop: Any, riverside: Any) -> None:
    record = make(hilltop)
    before = count(hilltop), count(riverside)

    listed, *others = statuses(riverside.client(Role.DOCTOR), record["id"], hilltop.patient_id)

    assert (listed, others) == (200, [404] * 8)
    assert riverside.client(Role.ADMIN).get("/api/records").json()["records"] == []
    assert (count(hilltop), count(riverside)) == before


def test_a_doctor_who_is_not_assigned_finds_nothing_and_the_attempt_is_recorded(hilltop: Any) -> None:
    record = make(hilltop, Role.ADMIN, patient_id=str(hilltop.other_patient_id))
    before = count(hilltop)

    listed, *others = statuses(hilltop.client(Role.DOCTOR), record["id"], hilltop.other_patient_id)

    assert (listed, others) == (200, [404] * 8)
    assert hilltop.client(Role.DOCTOR).get("/api/records").json()["records"] == []
    assert hilltop.client(Role.DOCTOR).get(f"/api/records?patient={hilltop.other_patient_id}").status_code == 404
    assert count(hilltop) == before
    with inside(hilltop.id):
        denials = Event.objects.using("clinical").filter(outcome="denied", resource_id=UUID(record["id"]))
        assert sorted(denials.values_list("action", flat=True)) == [
            "annotations.create",
            "annotations.read",
            "records.delete",
            "records.read",
            "records.read",
            "records.update",
        ]


def test_a_doctor_states_a_result_and_reads_it_again(hilltop: Any) -> None:
    doctor = hilltop.client(Role.DOCTOR)
    body = RESULT | {"patient_id": str(hilltop.patient_id), "encounter_id": str(new_id())}

    answer = doctor.post("/api/records", body, content_type=JSON)

    record = answer.json()["record"]
    assert (answer.status_code, answer.headers["ETag"]) == (201, '"1"')
    assert answer.headers["Location"] == f"/api/records/{record['id']}"
    assert record == body | {
        "id": record["id"],
        "status": "active",
        "resource_type": "",
        "occurred_at": "2026-05-04T07:00:00+00:00",
        "occurred_precision": "instant",
        "occurred_end": None,
        "author": {
            "account_id": str(hilltop.who[Role.DOCTOR].account_id),
            "provider_id": str(hilltop.doctor_id),
        },
        "labels": [],
        "flag": "H",
        "signed_at": None,
        "addendum_to": None,
        "recorded_at": record["recorded_at"],
        "updated_at": record["recorded_at"],
        "version": 1,
    }
    read = doctor.get(f"/api/records/{record['id']}/")
    assert (read.status_code, read.headers["ETag"], read.json()) == (200, '"1"', answer.json())


def test_a_list_shows_the_words_but_not_the_document(hilltop: Any) -> None:
    record = make(hilltop, **RESULT)

    listed = hilltop.client(Role.DOCTOR).get("/api/records").json()

    del record["content"]
    assert listed == {"records": [record], "next": None}


def test_lists_narrow_by_the_contracts_parameters(hilltop: Any) -> None:
    make(hilltop, **RESULT)
    note = make(hilltop, occurred_at="2026-06-01T00:00:00Z")
    doctor = hilltop.client(Role.DOCTOR)

    def ids(query: str) -> list[str]:
        return [record["id"] for record in doctor.get(f"/api/records?{query}").json()["records"]]

    assert ids("type=NOTE") == ids("from=2026-06-01T00:00:00Z") == [note["id"]]
    assert ids("from=2026-06-01") == ids("from=2026-06-01&to=2026-06-01") == [note["id"]]
    assert ids("from=2026-06-02") == ids("to=2026-05-03") == []
    assert ids(f"patient={hilltop.patient_id}&to=2026-06-01T00:00:00Z&type=NOTE") == []
    assert len(ids(f"patient={hilltop.patient_id}")) == 2
    assert len(ids("limit=1")) == 1


@pytest.mark.parametrize(
    "query",
    [
        "from=2026-06-01T00:00:00",
        "from=2026-02-30",
        "to=1066-10-14",
        "type=NONSENSE",
        "patient=7",
        "limit=0",
        "limit=201",
        "cursor=x",
        "status=x",
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(hilltop: Any, query: str) -> None:
    answer = hilltop.client(Role.DOCTOR).get(f"/api/records?{query}")

    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")


def test_a_patient_sees_their_own_records_and_writes_about_themselves(hilltop: Any) -> None:
    doctors = make(hilltop)
    make(hilltop, Role.ADMIN, patient_id=str(hilltop.other_patient_id))
    own = make(hilltop, Role.PATIENT)
    patient = hilltop.client(Role.PATIENT)

    listed = patient.get("/api/records").json()["records"]

    assert {record["id"] for record in listed} == {own["id"], doctors["id"]}
    assert own["patient_id"] == str(hilltop.patient_id)
    assert patient.put(f"/api/records/{own['id']}", {"title": "Better"}, content_type=JSON).status_code == 200
    assert patient.put(f"/api/records/{doctors['id']}", {"title": "Better"}, content_type=JSON).status_code == 403
    assert patient.delete(f"/api/records/{own['id']}").status_code == 403


def test_a_patient_does_not_write_about_another(hilltop: Any) -> None:
    body = {"record_type": "NOTE", "title": "Cough", "patient_id": str(hilltop.other_patient_id)}

    answer = hilltop.client(Role.PATIENT).post("/api/records", body, content_type=JSON)

    assert (answer.status_code, count(hilltop)) == (404, (0, 0, 0))


def test_staff_must_say_whom_a_record_is_about(hilltop: Any) -> None:
    answer = hilltop.client(Role.DOCTOR).post("/api/records", {"record_type": "NOTE", "title": "x"}, content_type=JSON)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/patient-not-named")
    assert count(hilltop) == (0, 0, 0)


@pytest.mark.parametrize(
    "wrong",
    [
        {"record_type": "NONSENSE"},
        {"title": ""},
        {"title": None},
        {"title": "x" * 301},
        {"occurred_at": "2026-05-04T09:00:00"},
        {"occurred_at": "0001-01-01T00:00:00+14:00"},
        {"quantity": {"value": "NaN"}},
        {"quantity": {"value": "1_0", "unit": "mmol/L"}},
        {"quantity": {"value": 1e99}},
        {"quantity": {"unit": "%"}},
        {"codes": [{"code": ""}]},
        {"encounter_id": "x"},
        {"content": []},
        {"surprise": 1},
        {"occurred_at": "2026-05-04T09:00:00Z", "occurred_end": "2026-05-03T09:00:00Z"},
        {"reference_range": {"low": 2, "high": 1}},
    ],
)
def test_what_makes_no_sense_is_refused_without_an_echo(hilltop: Any, wrong: dict[str, Any]) -> None:
    record = make(hilltop)
    body = {"record_type": "NOTE", "title": "secretly", "patient_id": str(hilltop.patient_id)} | wrong

    made = hilltop.client(Role.DOCTOR).post("/api/records", body, content_type=JSON)
    del body["patient_id"]
    changed = hilltop.client(Role.DOCTOR).put(f"/api/records/{record['id']}", body, content_type=JSON)

    assert (made.status_code, changed.status_code) == (422, 422)
    assert b"secretly" not in made.content + changed.content
    assert count(hilltop) == (1, 0, 0)


def test_a_put_changes_what_it_names_and_keeps_the_rest_and_the_past(hilltop: Any) -> None:
    record = make(hilltop, **RESULT)
    doctor, path = hilltop.client(Role.DOCTOR), f"/api/records/{record['id']}"

    answer = doctor.put(path, {"title": "A1c", "quantity": None, "reason": "mislabelled"}, content_type=JSON)

    changed = answer.json()["record"]
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"2"')
    different = {"title": "A1c", "quantity": None, "flag": None, "version": 2, "updated_at": changed["updated_at"]}
    assert changed == record | different
    versions = doctor.get(f"{path}/versions").json()
    assert [(v["version"], v["title"], v["reason"], v["status"]) for v in versions["versions"]] == [
        (2, "A1c", "mislabelled", "active"),
        (1, "Hemoglobin A1c", "", "active"),
    ]
    assert versions["next"] is None
    assert doctor.get(f"{path}/versions?limit=1").json()["versions"] == versions["versions"][:1]
    assert versions["versions"][1]["changed_by"] == str(hilltop.who[Role.DOCTOR].account_id)


def test_a_stale_tag_changes_nothing(hilltop: Any) -> None:
    record = make(hilltop)
    doctor, path = hilltop.client(Role.DOCTOR), f"/api/records/{record['id']}"
    doctor.put(path, {"title": "Croup"}, content_type=JSON, headers={"If-Match": '"1"'})

    stale = [
        doctor.put(path, {"title": "Asthma"}, content_type=JSON, headers={"If-Match": '"1"'}),
        doctor.delete(path, headers={"If-Match": '"1"'}),
    ]

    assert [answer.status_code for answer in stale] == [412, 412]
    assert doctor.get(path).json()["record"]["title"] == "Croup"


def test_deleting_keeps_the_record_but_lists_it_no_more(hilltop: Any) -> None:
    record = make(hilltop)
    doctor, path = hilltop.client(Role.DOCTOR), f"/api/records/{record['id']}"

    answer = send(doctor, "delete", path, {"reason": "wrong patient"})

    assert (answer.status_code, answer.content) == (204, b"")
    assert doctor.get("/api/records").json()["records"] == []
    listed = doctor.get("/api/records?status=entered-in-error").json()["records"]
    assert [each["id"] for each in listed] == [record["id"]]
    assert doctor.get(path).json()["record"]["status"] == "entered-in-error"
    reasons = [version["reason"] for version in doctor.get(f"{path}/versions").json()["versions"]]
    assert reasons == ["wrong patient", ""]
    refused = doctor.put(path, {"title": "Croup"}, content_type=JSON)
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/entered-in-error")
    assert doctor.delete(path).status_code == 204


def test_creating_twice_with_one_key_creates_once(hilltop: Any) -> None:
    doctor = hilltop.client(Role.DOCTOR)
    body = {"record_type": "NOTE", "title": "Cough", "patient_id": str(hilltop.patient_id)}
    again = {"content_type": JSON, "headers": {"Idempotency-Key": "one"}}

    first, second = (doctor.post("/api/records", body, **again) for _ in range(2))
    other = doctor.post("/api/records", body | {"title": "Croup"}, **again)

    assert (first.status_code, second.status_code, other.status_code) == (201, 201, 422)
    assert second.json() == first.json()
    assert count(hilltop) == (1, 0, 0)


@pytest.mark.parametrize("path", ["/api/records/{id}/add_annotation", "/api/doctors/annotations/"])
def test_a_doctor_annotates_and_the_care_team_reads(hilltop: Any, path: str) -> None:
    record = make(hilltop)
    body = {"content": "Ask about smoking"} | ({"record_id": record["id"]} if "doctors" in path else {})

    answer = hilltop.client(Role.DOCTOR).post(path.format(id=record["id"]), body, content_type=JSON)

    annotation = answer.json()["annotation"]
    assert answer.status_code == 201
    assert annotation == {
        "id": annotation["id"],
        "record_id": record["id"],
        "content": "Ask about smoking",
        "visibility": "care_team",
        "author": {
            "account_id": str(hilltop.who[Role.DOCTOR].account_id),
            "provider_id": str(hilltop.doctor_id),
        },
        "created_at": annotation["created_at"],
        "target": None,
    }
    listed = hilltop.client(Role.ADMIN).get(f"/api/records/{record['id']}/annotations").json()
    assert listed == {"annotations": [annotation], "next": None}
    hidden = hilltop.client(Role.PATIENT).get(f"/api/records/{record['id']}/annotations").json()
    assert hidden == {"annotations": [], "next": None}


def test_an_annotation_for_the_patient_is_shown_to_the_patient(hilltop: Any) -> None:
    record = make(hilltop)
    body = {"content": "Come again on Friday", "visibility": "patient"}
    hilltop.client(Role.DOCTOR).post(f"/api/records/{record['id']}/add_annotation", body, content_type=JSON)

    shown = hilltop.client(Role.PATIENT).get(f"/api/records/{record['id']}/annotations").json()["annotations"]

    assert [each["content"] for each in shown] == ["Come again on Friday"]


@pytest.mark.parametrize("wrong", [{"content": ""}, {}, {"content": "x", "visibility": "everybody"}])
def test_an_annotation_without_sense_is_refused(hilltop: Any, wrong: dict[str, Any]) -> None:
    record = make(hilltop)

    answer = hilltop.client(Role.DOCTOR).post(f"/api/records/{record['id']}/add_annotation", wrong, content_type=JSON)

    assert (answer.status_code, count(hilltop)) == (422, (1, 0, 0))


def test_versions_are_compared_and_restored_over_http(hilltop: Any) -> None:
    doctor = hilltop.client(Role.DOCTOR)
    body = {"record_type": "NOTE", "title": "Cough", "patient_id": str(hilltop.patient_id)}
    record = doctor.post("/api/records", body, content_type="application/json").json()["record"]
    path = f"/api/records/{record['id']}"
    doctor.put(path, {"title": "Cold"}, content_type="application/json")

    diff = doctor.get(f"{path}/diff")
    restored = doctor.post(f"{path}/versions/1/restore", {"reason": "It was right"}, content_type="application/json")
    whole = doctor.get(f"{path}/diff?from=1&to=3")

    assert diff.json() == {
        "from": 1, "to": 2,
        "differences": [{"op": "replace", "path": "/title", "before": "Cough", "after": "Cold"}],
    }  # fmt: skip
    assert (restored.status_code, restored.headers["ETag"], restored.json()["record"]["title"]) == (200, '"3"', "Cough")
    assert whole.json() == {"from": 1, "to": 3, "differences": []}
    assert doctor.get(f"{path}/diff?from=9").status_code == 404
    assert doctor.get(f"{path}/diff?from=0").status_code == 422


def test_a_record_is_signed_added_to_and_withdrawn_with_a_reason(hilltop: Any) -> None:
    doctor, path = hilltop.client(Role.DOCTOR), f"/api/records/{make(hilltop)['id']}"

    stale = doctor.post(f"{path}/sign", headers={"If-Match": '"2"'})
    signed = doctor.post(f"{path}/sign", headers={"If-Match": '"1"'})
    refused = [
        send(doctor, "put", path, {"title": "Whooping cough"}),
        send(doctor, "post", f"{path}/versions/1/restore", None),
        send(doctor, "post", f"{path}/sign", None),
        send(doctor, "delete", path, None),
    ]
    added = send(doctor, "post", f"{path}/addenda", {"content": "Since Sunday"})
    checked = hilltop.client(Role.PATIENT).get(f"{path}/signature").json()["signature"]
    withdrawn = send(doctor, "delete", path, {"reason": "Another patient's"})

    assert (stale.status_code, signed.status_code, added.status_code, withdrawn.status_code) == (412, 201, 201, 204)
    assert [(answer.status_code, answer.json()["type"]) for answer in refused] == [
        (409, "/problems/record-signed"),
        (409, "/problems/record-signed"),
        (409, "/problems/record-signed"),
        (422, "/problems/reason-required"),
    ]
    assert checked == signed.json()["signature"]
    assert (checked["verified"], checked["verdict"], checked["version"]) == (True, "intact", 1)
    assert doctor.get(path).json()["record"]["signed_at"] == checked["signed_at"]
    assert doctor.get(f"/api/records?addendum_to={path[-36:]}").json()["records"][0]["description"] == "Since Sunday"


def test_words_are_annotated_and_followed(hilltop: Any) -> None:
    doctor, record = hilltop.client(Role.DOCTOR), make(hilltop)
    path = f"/api/records/{record['id']}"
    target = {"field": "description", "start": 6, "end": 12, "quote": "Monday"}

    made = send(doctor, "post", f"{path}/add_annotation", {"content": "Which?", "target": target})
    refused = send(doctor, "post", f"{path}/add_annotation", {"content": "Which?", "target": target | {"start": 5}})
    send(doctor, "put", path, {"description": "Cough since Monday"})

    assert made.json()["annotation"]["target"] == target | {"orphaned": False}
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/quote-not-there")
    [listed] = doctor.get(f"{path}/annotations").json()["annotations"]
    assert listed["target"] == target | {"start": 12, "end": 18, "orphaned": False}
