"""No file that anybody sends runs in a browser, breaks a server or leaves something behind (promise F2)."""

import time
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chiron.files.models import File
from chiron.files.tests.corpus import PAGES, kept, refused
from chiron.files.tests.factories import archive
from chiron.identity.public import Role
from chiron.records.models import Attachment
from chiron.tenancy.public import inside
from tests.hostile.forms import FORMS
from tests.hostile.values import STRANGE_TEXTS, is_problem

DISGUISES = ("scan.pdf", "page.html", "picture.svg", "setup.exe")


@pytest.fixture
def address(hilltop: Any) -> str:
    """Where files of one record are sent."""
    body = {"record_type": "NOTE", "title": "Cough", "patient_id": str(hilltop.patient_id)}
    answer = hilltop.client(Role.ADMIN).post("/api/records", body, content_type="application/json")
    return f"/api/records/{answer.json()['record']['id']}/attachments"


def send(client: Client, address: str, name: str, content: bytes) -> Any:
    return client.post(address, {"file": SimpleUploadedFile(name, content, "text/html")})


def test_three_hundred_hostile_files_are_refused_under_any_name_and_leave_nothing(hilltop: Any, address: str) -> None:
    admin, wrong, slowest, corpus = hilltop.client(Role.ADMIN), {}, 0.0, list(refused())

    for number, (trick, content) in enumerate(corpus):
        began = time.monotonic()
        answer = send(admin, address, DISGUISES[number % len(DISGUISES)], content)
        slowest = max(slowest, time.monotonic() - began)
        if not (answer.status_code == 415 and is_problem(answer)):
            wrong[trick] = answer.status_code

    assert wrong == {}
    assert (len(corpus) >= 300, slowest < 10) == (True, True)
    with inside(hilltop.id):
        assert (Attachment.objects.count(), File.objects.count()) == (0, 0)


@pytest.mark.parametrize(("trick", "content_type", "content"), list(kept()), ids=lambda value: str(value)[:20])
@pytest.mark.parametrize("name", DISGUISES)
def test_a_file_that_is_kept_is_served_inert(
    name: str, trick: str, content_type: str, content: bytes, hilltop: Any, address: str
) -> None:
    admin = hilltop.client(Role.ADMIN)
    attachment = send(admin, address, name, content).json()["attachment"]

    answer = admin.get(f"/api/attachments/{attachment['id']}", headers={"accept": "text/html"})

    assert answer.getvalue() == content
    assert answer.headers["Content-Type"].split(";")[0] == attachment["content_type"] == content_type
    assert answer.headers["Content-Disposition"].startswith("attachment; filename")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert not attachment["name"].endswith((".html", ".svg", ".exe"))


@pytest.mark.parametrize(
    "name", [*STRANGE_TEXTS.values(), *map(bytes.decode, PAGES.values()), "a\r\nX: y", "%00", "CON"]
)
def test_no_name_breaks_a_header_or_comes_back_in_a_refusal(name: str, hilltop: Any, address: str) -> None:
    admin, boundary = hilltop.client(Role.ADMIN), b"--b\r\nContent-Disposition: form-data; name=file; filename="
    quoted = b'"' + name.encode("utf-8", "surrogatepass").replace(b'"', b"%22") + b'"'
    form = boundary + quoted + b"\r\n\r\nSeen today.\r\n--b--\r\n"

    answer = admin.generic("POST", address, form, "multipart/form-data; boundary=b")

    assert answer.status_code in (201, 400, 422)
    if answer.status_code == 201:
        served = admin.get(f"/api/attachments/{answer.json()['attachment']['id']}")
        assert served.getvalue() == b"Seen today."
        assert served.headers["Content-Disposition"].startswith("attachment; filename")
        assert "X" not in served.headers
    else:
        assert is_problem(answer)


@pytest.mark.parametrize("trick", FORMS)
def test_no_form_makes_a_5xx_or_leaves_something(trick: str, hilltop: Any, address: str) -> None:
    said, form = FORMS[trick]

    for media_type in (said, "multipart/form-data", "multipart/form-data; boundary=\xff"):
        answer = hilltop.client(Role.ADMIN).generic("POST", address, form, media_type)

        assert answer.status_code in (400, 413, 415, 422)
        assert is_problem(answer)
    with inside(hilltop.id):
        assert (Attachment.objects.count(), File.objects.count()) == (0, 0)


def test_a_form_without_a_length_is_refused(hilltop: Any, address: str) -> None:
    sent = {"CONTENT_TYPE": "multipart/form-data; boundary=b"}
    answer = hilltop.client(Role.ADMIN).generic("POST", address, b"", **sent)

    assert answer.status_code == 422
    assert is_problem(answer)


def test_an_archive_of_a_version_to_come_is_refused(hilltop: Any, address: str) -> None:
    today = archive(("[Content_Types].xml", b"x"), ("word/document.xml", b"x"))
    member = today.index(b"PK\x01\x02")
    to_come = today[: member + 6] + b"\xff" + today[member + 7 :]

    assert send(hilltop.client(Role.ADMIN), address, "a.docx", today).status_code == 201
    assert send(hilltop.client(Role.ADMIN), address, "a.docx", to_come).status_code == 415
