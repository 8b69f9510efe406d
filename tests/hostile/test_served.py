"""The hostile files and forms, sent to a real server: in bounded memory and time, and nothing of them runs (F2)."""

import json
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chiron.files.models import File
from chiron.files.tests.corpus import kept, refused
from chiron.identity.public import Role
from chiron.records.models import Attachment
from chiron.tenancy.public import inside
from tests.hostile.forms import FORMS, MULTIPART, NAMES, form
from tests.serving import Serving, memory, serving
from tests.town import Clinic

MOST_MEMORY, MOST_SECONDS = 200, 10
INERT = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
RAW = {
    "a body shorter than it says": (b"Content-Length: 5000\r\n", b"--b\r\n"),
    "a body longer than it says": (
        b"Content-Length: 5\r\n",
        form(b"Content-Disposition: form-data; name=file\r\n\r\nx"),
    ),
    "two lengths": (b"Content-Length: 5\r\nContent-Length: 6\r\n", b"--b--\r\n"),
    "a length below nothing": (b"Content-Length: -5\r\n", b"--b--\r\n"),
    "a length of words": (b"Content-Length: five\r\n", b"--b--\r\n"),
    "a length of four exabytes": (b"Content-Length: 4611686018427387904\r\n", b"--b--\r\n"),
    "a length beyond numbers": (b"Content-Length: " + b"9" * 40 + b"\r\n", b"--b--\r\n"),
    "chunks": (b"Transfer-Encoding: chunked\r\n", b"5\r\n--b--\r\n0\r\n\r\n"),
    "chunks and a length": (b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", b"5\r\n--b--\r\n0\r\n\r\n"),
    "a chunk of no size": (b"Transfer-Encoding: chunked\r\n", b"zz\r\n--b--\r\n0\r\n\r\n"),
    "chunks in chunks": (b"Transfer-Encoding: chunked, chunked\r\n", b"0\r\n\r\n"),
    "a packed body": (b"Content-Encoding: gzip\r\nContent-Length: 7\r\n", b"\x1f\x8b\x08\x00\x00\x00\x00"),
}


@pytest.fixture
def server(lakeside: Clinic) -> Iterator[Serving]:
    with serving() as server:
        yield server


@pytest.fixture
def address(lakeside: Clinic, server: Serving) -> str:
    """Where files of one record are sent."""
    patient = _json(server, lakeside, "/api/patients", {"family": "Mensah"})["patient"]
    note = {"record_type": "NOTE", "title": "Cough", "patient_id": patient["id"]}
    record = _json(server, lakeside, "/api/records", note)["record"]
    return f"/api/records/{record['id']}/attachments"


def _json(server: Serving, clinic: Clinic, path: str, body: dict[str, Any]) -> Any:
    token, sent = clinic.tokens[Role.ADMIN], {"Content-Type": "application/json"}
    answer = server.call("POST", path, token, json.dumps(body), sent)
    assert answer.status == 201
    return json.loads(answer.read())


def test_the_corpus_is_refused_or_served_inert_in_bounded_memory_and_time(
    server: Serving, address: str, lakeside: Clinic, shown: Callable[[str, str], None]
) -> None:
    token, [worker] = lakeside.tokens[Role.ADMIN], server.workers()
    before, slowest, wrong, ids = memory(worker, "VmRSS"), 0.0, {}, dict[str, bytes]()
    files = [(trick, content, 415) for trick, content in refused()] + [
        (trick, content, 201) for trick, _, content in kept()
    ]

    for trick, content, due in files:
        began = time.monotonic()
        answer = server.call("POST", address, token, _file(content), {"Content-Type": MULTIPART})
        told = json.loads(answer.read())
        slowest = max(slowest, time.monotonic() - began)
        if answer.status != due:
            wrong[trick] = answer.status
        elif due == 201:
            ids[told["attachment"]["id"]] = content
    for id, content in ids.items():
        answer = server.call("GET", f"/api/attachments/{id}", token, headers={"Accept": "text/html"})
        headers = dict(answer.getheaders())
        told = {name: headers.get(name.lower()) or headers.get(name) for name in INERT}
        if answer.read() != content or told != INERT or not _download(headers):
            wrong[id] = headers

    grown = memory(worker, "VmHWM") - before
    assert wrong == {}
    assert (slowest < MOST_SECONDS, grown < MOST_MEMORY) == (True, True)
    assert _children(worker) == []
    with inside(lakeside.id):
        assert (Attachment.objects.count(), File.objects.count()) == (len(ids), len(ids))
    shown(
        "F2",
        f"{len(files)} hostile files to a real server: {len(files) - len(ids)} refused, {len(ids)} served only as "
        f"downloads in a sandbox; at most {max(grown, 0)} MB of memory and {slowest:.2f} s for one",
    )


def _file(content: bytes) -> bytes:
    return form(b'Content-Disposition: form-data; name="file"; filename="scan.html"\r\n\r\n' + content)


def _download(headers: dict[str, str]) -> bool:
    lower = {name.lower(): value for name, value in headers.items()}
    return lower["content-disposition"].startswith("attachment; filename") and "html" not in lower["content-type"]


def _children(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def test_no_form_and_no_length_makes_a_5xx_or_leaves_something(server: Serving, address: str, lakeside: Clinic) -> None:
    token, wrong = lakeside.tokens[Role.ADMIN], {}

    for trick, (media_type, body) in FORMS.items():
        answer = server.call("POST", address, token, body, {"Content-Type": media_type})
        if answer.status not in (400, 413, 415, 422) or not answer.read().startswith(b'{"type":"/problems/'):
            wrong[trick] = answer.status
    for trick, (lengths, body) in RAW.items():
        statuses = _sent_raw(server, address, token, lengths, body)
        if not statuses or not set(statuses) <= {b"400", b"408", b"411", b"413", b"422"}:
            wrong[trick] = statuses

    assert wrong == {}
    assert server.call("GET", "/health/live").status == 200
    with inside(lakeside.id):
        assert (Attachment.objects.count(), File.objects.filter(state="stored").count()) == (0, 0)


def _sent_raw(server: Serving, address: str, token: str, lengths: bytes, body: bytes) -> list[bytes]:
    """The statuses of all answers to what is sent; who says too much or too little sends nothing more."""
    head = f"POST {address} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n"
    head += f"Content-Type: {MULTIPART}\r\n"
    with socket.create_connection(("127.0.0.1", server.port), timeout=40) as sender:
        sender.sendall(head.encode() + lengths + b"\r\n" + body)
        if b"5000" in lengths:
            sender.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: sender.recv(65536), b""))
    return [each.split(b" ")[0] for each in answer.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_leads_nowhere_and_lies_to_nobody(name: str, hilltop: Clinic) -> None:
    admin, note = hilltop.client(Role.ADMIN), {"record_type": "NOTE", "title": "Cough"}
    body = note | {"patient_id": str(hilltop.patient_id)}
    record = admin.post("/api/records", body, content_type="application/json").json()["record"]
    quoted = name.encode().replace(b'"', b"%22")
    sent = form(b'Content-Disposition: form-data; name="file"; filename="' + quoted + b'"\r\n\r\nSeen today.')

    answer = admin.generic("POST", f"/api/records/{record['id']}/attachments", sent, MULTIPART)

    if answer.status_code != 201:
        assert answer.status_code in (400, 422)
        return
    attachment = answer.json()["attachment"]
    kept_as = attachment["name"]
    assert not set(kept_as) & set('/\\:\x00\r\n"<>\u202e')
    assert len(kept_as) <= 255
    assert kept_as.endswith(".txt")
    assert kept_as.strip(".") not in ("", "txt")
    assert not kept_as.startswith("CON")
    served = admin.get(f"/api/attachments/{attachment['id']}")
    assert served.getvalue() == b"Seen today."
    assert "Set-Cookie" not in served.headers
