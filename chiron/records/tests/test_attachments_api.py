"""Files on records over HTTP: in by a form, out whole or in ranges, and to nobody but who may see the record."""

from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import storages
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chiron.audit.models import Event
from chiron.files.models import File
from chiron.files.storage import PART_SIZE
from chiron.files.tests.factories import PDF, parts_of, pdf_of
from chiron.identity.public import Role
from chiron.kernel.headers import USUAL
from chiron.records.models import Attachment
from chiron.records.services.write import enter_in_error
from chiron.records.tests.factories import TEN, Ward
from chiron.tenancy.public import inside

NAME = "Befund Müller.pdf"


@pytest.fixture
def record_id(hilltop: Any) -> str:
    """A note that Hilltop's doctor wrote about her patient."""
    body = {"record_type": "NOTE", "title": "Cough", "patient_id": str(hilltop.patient_id)}
    answer = hilltop.client(Role.DOCTOR).post("/api/records", body, content_type="application/json")
    return str(answer.json()["record"]["id"])


def send(client: Client, record_id: str, content: bytes = PDF, name: str = NAME, key: str = "") -> Any:
    form = {"file": SimpleUploadedFile(name, content, "text/html")}
    return client.post(f"/api/records/{record_id}/attachments", form, headers={"idempotency-key": key} if key else {})


def sent(client: Client, record_id: str, content: bytes = PDF, name: str = NAME) -> dict[str, Any]:
    answer = send(client, record_id, content, name)
    assert answer.status_code == 201, answer.content
    attachment: dict[str, Any] = answer.json()["attachment"]
    return attachment


def stored(hilltop: Any) -> tuple[int, int]:
    """How many attachments there are, and how many files."""
    with inside(hilltop.id):
        return Attachment.objects.count(), File.objects.count()


def every_part(hilltop: Any) -> list[Path]:
    """Everything that lies in the storage for Hilltop; what other tests left there is nobody's any more."""
    storage: Any = storages["sealed"]
    return list(Path(storage.path(hilltop.id.hex)).rglob("*"))


def test_a_file_is_attached_listed_and_read_again(hilltop: Any, record_id: str) -> None:
    doctor = hilltop.client(Role.DOCTOR)

    answer = send(doctor, record_id)

    attachment = answer.json()["attachment"]
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"/api/attachments/{attachment['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert attachment | {"id": "", "created_at": "", "author": {}} == {
        "id": "",
        "record_id": record_id,
        "name": NAME,
        "content_type": "application/pdf",
        "size": len(PDF),
        "sha256": sha256(PDF).hexdigest(),
        "status": "active",
        "author": {},
        "created_at": "",
        "version": 1,
    }
    assert attachment["author"]["provider_id"] == str(hilltop.doctor_id)
    assert doctor.get(f"/api/records/{record_id}/attachments").json() == {"attachments": [attachment], "next": None}
    assert doctor.get(f"/api/attachments/{attachment['id']}").getvalue() == PDF


def test_a_file_is_served_inert(hilltop: Any, record_id: str) -> None:
    attachment = sent(hilltop.client(Role.DOCTOR), record_id)

    answer = hilltop.client(Role.PATIENT).get(f"/api/attachments/{attachment['id']}")

    assert answer.status_code == 200
    assert {name: answer.headers[name] for name in answer.headers if name != "X-Request-Id"} == {
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-store",
        "Content-Disposition": "attachment; filename*=utf-8''Befund%20M%C3%BCller.pdf",
        "Content-Length": str(len(PDF)),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Content-Type": "application/pdf",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "ETag": '"1"',
        "Permissions-Policy": USUAL["Permissions-Policy"],
        "Referrer-Policy": "same-origin",
        "Server": "chiron",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


@pytest.mark.parametrize(
    ("asked", "status", "span"),
    [
        ({"range": "bytes=10-19"}, 206, (10, 19)),
        ({"range": f"bytes={PART_SIZE - 3}-{PART_SIZE + 3}"}, 206, (PART_SIZE - 3, PART_SIZE + 3)),
        ({"range": "bytes=-7"}, 206, (PART_SIZE + 93, PART_SIZE + 99)),
        ({"range": "bytes=0-"}, 206, (0, PART_SIZE + 99)),
        ({"range": "bytes=5-6", "if-range": '"1"'}, 206, (5, 6)),
        ({"range": "bytes=5-6", "if-range": '"2"'}, 200, None),
        ({"range": "bytes=5-6", "if-range": "Mon, 04 May 2026 09:00:00 GMT"}, 200, None),
        ({"range": "bytes=0-1,5-6"}, 200, None),
        ({"range": "lines=0-1"}, 200, None),
    ],
)
def test_a_range_is_answered_as_the_standard_says(
    asked: dict[str, str], status: int, span: tuple[int, int] | None, hilltop: Any, record_id: str
) -> None:
    content = pdf_of(PART_SIZE + 100)
    doctor = hilltop.client(Role.DOCTOR)
    attachment = sent(doctor, record_id, content)

    answer = doctor.get(f"/api/attachments/{attachment['id']}", headers=asked)

    first, last = span or (0, len(content) - 1)
    assert answer.status_code == status
    assert answer.getvalue() == content[first : last + 1]
    assert answer.headers["Content-Length"] == str(last - first + 1)
    assert answer.headers.get("Content-Range") == (f"bytes {first}-{last}/{len(content)}" if span else None)


def test_a_range_behind_the_end_is_a_416(hilltop: Any, record_id: str) -> None:
    doctor = hilltop.client(Role.DOCTOR)
    attachment = sent(doctor, record_id)

    answer = doctor.get(f"/api/attachments/{attachment['id']}", headers={"range": f"bytes={len(PDF)}-"})

    assert (answer.status_code, answer.json()["type"]) == (416, "/problems/range-not-satisfiable")
    assert answer.headers["Content-Range"] == f"bytes */{len(PDF)}"


@pytest.mark.parametrize(
    ("content", "name", "content_type", "kept"),
    [
        (PDF, "../../etc/passwd", "application/pdf", "passwd.pdf"),
        (b"echo gone", "run.bat", "text/plain", "run.bat.txt"),
        (b"a;b\n1;2\n", "results.csv", "text/plain", "results.csv"),
        (PDF, "photo\u202egpj.exe", "application/pdf", "photogpj.exe.pdf"),
    ],
)
def test_what_a_file_is_and_how_it_ends_is_told_by_its_content(
    content: bytes, name: str, content_type: str, kept: str, hilltop: Any, record_id: str
) -> None:
    attachment = sent(hilltop.client(Role.DOCTOR), record_id, content, name)

    assert (attachment["content_type"], attachment["name"]) == (content_type, kept)


@pytest.mark.parametrize(
    "content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"MZ\x90\x00" + bytes(99), b"a\x00b"]
)
def test_a_refused_kind_is_a_415_and_nothing_remains(content: bytes, hilltop: Any, record_id: str) -> None:
    answer = send(hilltop.client(Role.DOCTOR), record_id, content, "report.pdf")

    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/unsupported-file")
    assert stored(hilltop) == (0, 0)


def test_a_refusal_after_parts_were_stored_removes_them(hilltop: Any, record_id: str, settings: Any) -> None:
    settings.ATTACHMENT_MAX_BYTES = PART_SIZE + 100
    before = set(every_part(hilltop))

    answer = send(hilltop.client(Role.DOCTOR), record_id, pdf_of(PART_SIZE + 101))

    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")
    assert (stored(hilltop), set(every_part(hilltop)) - before) == ((0, 0), set())


def test_a_form_longer_than_any_file_is_refused_by_its_length(hilltop: Any, record_id: str, settings: Any) -> None:
    settings.LARGE_BODIES = {r"/api/records/[^/]+/attachments": 1000}

    answer = send(hilltop.client(Role.DOCTOR), record_id, pdf_of(2000))

    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")
    assert stored(hilltop) == (0, 0)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"file": "no file"},
        {"other": SimpleUploadedFile("a.pdf", PDF)},
        {"file": [SimpleUploadedFile("a.pdf", PDF), SimpleUploadedFile("b.pdf", PDF)]},
        {"file": SimpleUploadedFile("a.pdf", PDF), "note": "hello"},
    ],
)
def test_a_form_of_anything_but_one_file_is_refused(form: dict[str, Any], hilltop: Any, record_id: str) -> None:
    answer = hilltop.client(Role.DOCTOR).post(f"/api/records/{record_id}/attachments", form)

    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, ["body", "file"])
    assert stored(hilltop) == (0, 0)


def test_an_empty_file_is_refused(hilltop: Any, record_id: str) -> None:
    answer = send(hilltop.client(Role.DOCTOR), record_id, b"")

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/empty-file")
    assert stored(hilltop) == (0, 0)


@pytest.mark.parametrize("media_type", ["application/json", "application/pdf", "", "text/plain"])
def test_what_is_no_form_is_refused(media_type: str, hilltop: Any, record_id: str) -> None:
    path = f"/api/records/{record_id}/attachments"

    answer = hilltop.client(Role.DOCTOR).generic("POST", path, b"{}", media_type)

    assert (answer.status_code, answer.json()["type"]) == (415, "/problems/not-a-form")
    assert stored(hilltop) == (0, 0)


@pytest.mark.parametrize("lost", [1, 30, 70])
def test_a_form_that_breaks_off_leaves_nothing(lost: int, hilltop: Any, record_id: str) -> None:
    form = b"--b\r\nContent-Disposition: form-data; name=file; filename=a.pdf\r\n\r\n" + PDF + b"\r\n--b--\r\n"
    arrived: dict[str, Any] = {"wsgi.input": BytesIO(form[:-lost])}

    answer = hilltop.client(Role.DOCTOR).generic(
        "POST", f"/api/records/{record_id}/attachments", form, "multipart/form-data; boundary=b", **arrived
    )

    assert (answer.status_code, answer.json()["type"]) == (400, "/problems/malformed")
    assert stored(hilltop) == (0, 0)


def test_the_same_key_attaches_once_and_another_file_under_it_is_refused(hilltop: Any, record_id: str) -> None:
    doctor, key = hilltop.client(Role.DOCTOR), "one-of-mine"
    first = send(doctor, record_id, key=key)

    again, other = send(doctor, record_id, key=key), send(doctor, record_id, pdf_of(500), key=key)
    renamed = send(doctor, record_id, name="b.pdf", key=key)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert [answer.json()["type"] for answer in (other, renamed)] == ["/problems/idempotency-key-reused"] * 2
    assert stored(hilltop) == (1, 1)


def test_who_may_not_see_the_record_sees_no_file_of_it(hilltop: Any, riverside: Any, record_id: str) -> None:
    attachment = sent(hilltop.client(Role.DOCTOR), record_id)
    addresses = [f"/api/attachments/{attachment['id']}", f"/api/records/{record_id}/attachments"]

    refused = {
        who: [client.get(address).status_code for address in addresses]
        for who, client in {
            "nobody": Client(),
            "laboratory": hilltop.client(Role.LAB),
            "privacy officer": hilltop.client(Role.PRIVACY_OFFICER),
            "next door": riverside.client(Role.ADMIN),
            "doctor next door": riverside.client(Role.DOCTOR),
        }.items()
    }

    assert refused == {
        "nobody": [401, 401],
        "laboratory": [403, 403],
        "privacy officer": [403, 403],
        "next door": [404, 404],
        "doctor next door": [404, 404],
    }


def test_a_patient_attaches_to_what_they_wrote_and_to_nothing_else(hilltop: Any, record_id: str) -> None:
    patient = hilltop.client(Role.PATIENT)
    body = {"record_type": "NOTE", "title": "My diary"}
    own = patient.post("/api/records", body, content_type="application/json").json()["record"]["id"]

    answers = send(patient, own), send(patient, record_id)

    assert [answer.status_code for answer in answers] == [201, 403]
    assert stored(hilltop) == (1, 1)


def test_nothing_is_attached_to_a_record_entered_in_error(hilltop: Any, record_id: str) -> None:
    doctor = hilltop.client(Role.DOCTOR)
    assert doctor.delete(f"/api/records/{record_id}").status_code == 204

    answer = send(doctor, record_id)

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/entered-in-error")
    assert stored(hilltop) == (0, 0)


def test_nothing_is_attached_to_a_signed_record(hilltop: Any, record_id: str) -> None:
    doctor = hilltop.client(Role.DOCTOR)
    signed = doctor.post(f"/api/records/{record_id}/sign")
    assert signed.status_code == 201, signed.content

    answer = send(doctor, record_id)

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/record-signed")
    assert stored(hilltop) == (0, 0)


def test_what_labels_hide_hides_its_files(hilltop: Any) -> None:
    admin, doctor = hilltop.client(Role.ADMIN), hilltop.client(Role.DOCTOR)
    body = {"record_type": "NOTE", "title": "x", "patient_id": str(hilltop.patient_id), "labels": ["PSY"]}
    record_id = admin.post("/api/records", body, content_type="application/json").json()["record"]["id"]
    attachment = sent(admin, record_id)

    addresses = [f"/api/attachments/{attachment['id']}", f"/api/records/{record_id}/attachments"]
    assert [doctor.get(address).status_code for address in addresses] == [404, 404]
    assert [doctor.delete(addresses[0]).status_code, send(doctor, record_id).status_code] == [404, 404]
    assert stored(hilltop) == (1, 1)


def test_a_record_withdrawn_while_its_file_arrives_gets_none(
    ward: Ward, hilltop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = ward.write(by=ward.ama)

    def receive(*_: Any) -> str:
        enter_in_error(by=ward.ama, record=record, now=TEN)
        return NAME

    monkeypatch.setattr("chiron.records.receiving.receive_form", lambda request, write: (write(PDF), receive())[1])
    answer = send(hilltop.client(Role.ADMIN), str(record.id))

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/entered-in-error")
    assert (Attachment.objects.count(), File.objects.count()) == (0, 0)


def test_a_withdrawn_file_is_kept_unlisted_and_open_to_administrators_only(hilltop: Any, record_id: str) -> None:
    doctor, admin = hilltop.client(Role.DOCTOR), hilltop.client(Role.ADMIN)
    address = f"/api/attachments/{sent(doctor, record_id)['id']}"
    assert doctor.delete(address, headers={"if-match": '"7"'}).status_code == 412

    answer = doctor.delete(address, {"reason": "Of somebody else"}, content_type="application/json")

    assert answer.status_code == 204
    assert doctor.get(f"/api/records/{record_id}/attachments").json()["attachments"] == []
    assert [hilltop.client(role).get(address).status_code for role in (Role.DOCTOR, Role.PATIENT)] == [404, 404]
    assert admin.get(address).getvalue() == PDF
    assert [doctor.delete(address).status_code, admin.delete(address).status_code] == [404, 204]
    with inside(hilltop.id):
        assert Attachment.objects.get().version == 2


def test_each_step_leaves_its_event(hilltop: Any, record_id: str) -> None:
    doctor = hilltop.client(Role.DOCTOR)
    address = f"/api/attachments/{sent(doctor, record_id)['id']}"
    doctor.get(f"/api/records/{record_id}/attachments")
    doctor.get(address)
    doctor.delete(address)

    with inside(hilltop.id):
        events = Event.objects.using("clinical").filter(action__startswith="attachment.").order_by("id")
        told = [(event.action, event.subjects) for event in events]

    steps = ["attachment.created", "attachment.listed", "attachment.read", "attachment.withdrawn"]
    assert told == [(step, [hilltop.patient_id]) for step in steps]


def test_a_file_damaged_at_its_beginning_is_an_error_and_an_event_and_never_bytes(hilltop: Any, record_id: str) -> None:
    doctor = hilltop.client(Role.DOCTOR)
    attachment = sent(doctor, record_id)
    with inside(hilltop.id):
        [part] = parts_of(Attachment.objects.get().file_id)
        sealed = part.read_bytes()
        part.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))

    answer = doctor.get(f"/api/attachments/{attachment['id']}")

    assert (answer.status_code, answer.json()["type"]) == (500, "/problems/file-damaged")
    with inside(hilltop.id):
        event = Event.objects.using("clinical").latest("id")
    assert (event.action, event.outcome, event.subjects) == ("attachments.read", "failure", [hilltop.patient_id])


def test_a_file_damaged_further_on_breaks_off_and_leaves_an_event(hilltop: Any, record_id: str) -> None:
    doctor, content = hilltop.client(Role.DOCTOR), pdf_of(2 * PART_SIZE)
    attachment = sent(doctor, record_id, content)
    with inside(hilltop.id):
        parts_of(Attachment.objects.get().file_id)[1].unlink()

    served: list[bytes] = []
    answer = doctor.get(f"/api/attachments/{attachment['id']}")
    with pytest.raises(Exception, match="damaged"):
        served.extend(answer.streaming_content)

    assert (answer.status_code, b"".join(served)) == (200, content[:PART_SIZE])
    assert answer.headers["Content-Length"] == str(2 * PART_SIZE)
    with inside(hilltop.id):
        event = Event.objects.using("clinical").latest("id")
    assert (event.action, event.outcome, event.subjects) == ("attachment.damaged", "failure", [hilltop.patient_id])
