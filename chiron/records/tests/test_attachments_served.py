"""Large files through a real server: in little memory, broken off by damage, and none half there after a crash."""

import hashlib
import http.client
import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.core.files.storage import storages

from chiron.audit.models import Event
from chiron.files.models import File, State
from chiron.files.services import sweep
from chiron.files.storage import PART_SIZE
from chiron.files.tests.factories import parts_of
from chiron.identity.public import Role
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.records.models import Attachment
from chiron.tenancy.public import inside
from tests.serving import Serving, memory, serving
from tests.town import Clinic
from tests.waiting import until

HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="film.mp4"\r\n\r\n'
TAIL = b"\r\n--b--\r\n"
FILM = b"\x00\x00\x00\x18ftypmp42"
BLOCK = Random(7).randbytes(2**20)
MEBIBYTE = 2**20


def film(size: int) -> Iterator[bytes]:
    """A film of so many bytes, no two MiB of it alike, a piece at a time."""
    yield FILM
    left, number = size - len(FILM), 0
    while left:
        piece = (number.to_bytes(8) + BLOCK)[: min(left, MEBIBYTE)]
        yield piece
        left, number = left - len(piece), number + 1


def digest(pieces: Iterator[bytes]) -> str:
    whole = hashlib.sha256()
    for piece in pieces:
        whole.update(piece)
    return whole.hexdigest()


def form_of(size: int) -> tuple[dict[str, str], Iterator[bytes]]:
    def pieces() -> Iterator[bytes]:
        yield HEAD
        yield from film(size)
        yield TAIL

    length = len(HEAD) + size + len(TAIL)
    return {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(length)}, pieces()


def read_in_pieces(answer: Any) -> Iterator[bytes]:
    while piece := answer.read(MEBIBYTE):
        yield piece


def new_record(server: Serving, token: str) -> str:
    """A note about a new patient, by HTTP."""
    patient = server.call("POST", "/api/patients", token, json.dumps({"family": "Mensah", "given": ["Kofi"]}), JSON)
    patient_id = json.loads(patient.read())["patient"]["id"]
    body = {"record_type": "NOTE", "title": "Gait", "patient_id": patient_id}
    return str(json.loads(server.call("POST", "/api/records", token, json.dumps(body), JSON).read())["record"]["id"])


JSON = {"Content-Type": "application/json"}


@pytest.fixture
def server(lakeside: Clinic) -> Iterator[Serving]:
    with serving() as server:
        yield server


def upload(server: Serving, clinic: Clinic, record_id: str, size: int) -> dict[str, Any]:
    headers, pieces = form_of(size)
    token = clinic.tokens[Role.ADMIN]
    answer = server.call("POST", f"/api/records/{record_id}/attachments", token, pieces, headers)
    assert answer.status == 201, answer.read()
    attachment: dict[str, Any] = json.loads(answer.read())["attachment"]
    return attachment


@pytest.mark.parametrize(
    ("size", "most"), [(51_200_000, 60), pytest.param(1_024_000_000, 100, marks=pytest.mark.stress)]
)
def test_a_large_file_passes_in_and_out_in_little_memory(
    size: int, most: int, server: Serving, lakeside: Clinic
) -> None:
    token, record_id = lakeside.tokens[Role.ADMIN], new_record(server, lakeside.tokens[Role.ADMIN])
    upload(server, lakeside, record_id, 1000)
    [worker] = server.workers()
    before = memory(worker, "VmRSS")

    attachment = upload(server, lakeside, record_id, size)
    answer = server.call("GET", f"/api/attachments/{attachment['id']}", token)
    served = digest(read_in_pieces(answer))
    grown = memory(worker, "VmHWM") - before

    assert attachment["size"] == size
    assert served == attachment["sha256"] == digest(film(size))
    assert grown < most


def test_a_range_in_the_middle_of_a_large_file_is_served_alone(server: Serving, lakeside: Clinic) -> None:
    token, size = lakeside.tokens[Role.ADMIN], 5 * PART_SIZE
    attachment = upload(server, lakeside, new_record(server, token), size)
    first = 2 * PART_SIZE + 77

    answer = server.call(
        "GET", f"/api/attachments/{attachment['id']}", token, headers={"Range": f"bytes={first}-{first + 9}"}
    )

    assert (answer.status, answer.headers["Content-Range"]) == (206, f"bytes {first}-{first + 9}/{size}")
    assert answer.read() == b"".join(film(size))[first : first + 10]


def test_damage_further_on_ends_the_connection_before_the_end(server: Serving, lakeside: Clinic) -> None:
    token = lakeside.tokens[Role.ADMIN]
    attachment = upload(server, lakeside, new_record(server, token), 3 * PART_SIZE)
    with inside(lakeside.id):
        part = parts_of(Attachment.objects.get().file_id)[2]
    sealed = part.read_bytes()
    part.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))

    answer = server.call("GET", f"/api/attachments/{attachment['id']}", token)
    with closing(answer), pytest.raises(http.client.IncompleteRead) as broken:
        answer.read()

    assert broken.value.partial == b"".join(film(3 * PART_SIZE))[: 2 * PART_SIZE]
    with inside(lakeside.id):
        assert Event.objects.using("clinical").filter(action="attachment.damaged", outcome="failure").count() == 1


def test_a_sender_who_goes_away_leaves_nothing(server: Serving, lakeside: Clinic) -> None:
    token = lakeside.tokens[Role.ADMIN]

    with half_sent(server, token, new_record(server, token), 3 * PART_SIZE, pause_at=2 * PART_SIZE):
        until(lambda: stored_parts(lakeside) == 1)

    until(lambda: (stored_parts(lakeside), rows(lakeside)) == (0, []))


@pytest.mark.parametrize("crashes", [2, pytest.param(30, marks=pytest.mark.stress)])
def test_a_crash_leaves_whole_files_or_none(crashes: int, lakeside: Clinic) -> None:
    dice, kept = Random(3), dict[str, str]()
    token, size, record_id = lakeside.tokens[Role.ADMIN], 2 * PART_SIZE + 5, ""

    for number in range(crashes):
        with serving() as server:
            record_id = record_id or new_record(server, token)
            whole = upload(server, lakeside, record_id, size)
            kept[whole["id"]] = whole["sha256"]
            pause_at = dice.randrange(1000, size) if number else PART_SIZE + 2 * MEBIBYTE
            before = stored_parts(lakeside)
            with half_sent(server, token, record_id, size, pause_at=pause_at):
                if number == 0:
                    until_more_than(before, lakeside)
                server.kill()

    assert 1 <= rows(lakeside).count(State.RECEIVING) <= crashes
    by = Caller(organization_id=lakeside.id)
    assert sweep(by=by, organization_id=lakeside.id, begun_before=now()).parts >= 1
    sweep(by=by, organization_id=lakeside.id, begun_before=now())
    assert (rows(lakeside), stored_parts(lakeside)) == ([State.STORED] * crashes, 3 * crashes)
    with serving() as server:
        listed = json.loads(server.call("GET", f"/api/records/{record_id}/attachments", token).read())
        assert {each["id"] for each in listed["attachments"]} == set(kept)
        for id, sha256 in kept.items():
            assert digest(read_in_pieces(server.call("GET", f"/api/attachments/{id}", token))) == sha256


@contextmanager
def half_sent(server: Serving, token: str, record_id: str, size: int, *, pause_at: int) -> Iterator[None]:
    """A form of which so many bytes were sent; the sender goes away at the end of the block."""
    headers, pieces = form_of(size)
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.putrequest("POST", f"/api/records/{record_id}/attachments")
    for name, value in (headers | {"Authorization": f"Bearer {token}"}).items():
        connection.putheader(name, value)
    connection.endheaders()
    left = pause_at
    for piece in pieces:
        connection.send(piece[:left])
        left -= min(left, len(piece))
    try:
        yield
    finally:
        connection.close()


def rows(clinic: Clinic) -> list[str]:
    """The states of the clinic's files."""
    with inside(clinic.id):
        return list(File.objects.values_list("state", flat=True))


def stored_parts(clinic: Clinic) -> int:
    """How many parts lie in the storage for a clinic."""
    storage: Any = storages["sealed"]
    return sum(1 for path in Path(storage.path(clinic.id.hex)).rglob("*") if path.is_file())


def until_more_than(before: int, clinic: Clinic) -> None:
    until(lambda: stored_parts(clinic) > before)
