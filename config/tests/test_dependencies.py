"""A database, storage or mail server that is dead, silent or slow: said so in bounded time, and no door opens (R7)."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from select import select
from threading import Event, Thread
from time import monotonic
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.mail.backends.base import BaseEmailBackend
from django.db import connections
from django.test import Client, override_settings

from chiron.files.tests.factories import PNG
from chiron.identity.public import Role
from chiron.identity.revocations import revocations
from chiron.postgres.backend.deadline import Deadline
from chiron.registry.models import Department
from chiron.tenancy.public import inside
from config.startup import SECONDS_TO_ANSWER
from tests.town import PASSWORD, Clinic

MOST = 10
JSON = "application/json"


class Relay:
    """Stands between us and a server, and passes on what both say until it is told to fall silent or to hang up."""

    def __init__(self, host: str, port: int) -> None:
        self._server = (host, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.silent, self._ended = Event(), Event()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._thread = Thread(target=self._pass_on)
        self._thread.start()

    def hang_up(self) -> None:
        """Cut every connection off."""
        for pair in self._pairs:
            for side in pair:
                with suppress(OSError):
                    side.shutdown(socket.SHUT_RDWR)

    def end(self) -> None:
        self._ended.set()
        self._thread.join()
        for each in (self._listener, *(side for pair in self._pairs for side in pair)):
            each.close()

    def _pass_on(self) -> None:
        while not self._ended.is_set():
            other = {a: b for one, two in self._pairs for a, b in ((one, two), (two, one))}
            for ready in select([self._listener, *other], [], [], 0.02)[0]:
                if ready is self._listener:
                    client = self._listener.accept()[0]
                    self._pairs.append((client, socket.create_connection(self._server)))
                elif not self.silent.is_set():
                    self._forward(ready, other[ready])

    def _forward(self, one: socket.socket, other: socket.socket) -> None:
        said = b""
        with suppress(OSError):
            said = one.recv(65536)
            other.sendall(said)
        if not said:
            self._pairs = [pair for pair in self._pairs if one not in pair]
            one.close()
            other.close()


@contextmanager
def relayed(alias: str) -> Iterator[Relay]:
    """This thread's connection to that database goes through a relay while the block lasts."""
    connection = connections[alias]
    before = {name: connection.settings_dict[name] for name in ("HOST", "PORT")}
    relay = Relay("127.0.0.1", int(before["PORT"]))
    connection.close()
    connection.settings_dict.update(HOST="127.0.0.1", PORT=str(relay.port))
    try:
        yield relay
    finally:
        connection.close()
        connection.settings_dict.update(before)
        relay.end()


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that takes requests."""
    monkeypatch.setattr(Deadline, "seconds", SECONDS_TO_ANSWER)


def departments(clinic: Clinic) -> int:
    with inside(clinic.id):
        return Department.objects.count()


def refused_in_time(ask: Callable[[], Any]) -> float:
    """How long the 503 took, which says when to try again."""
    began = monotonic()
    answer = ask()
    took = monotonic() - began
    assert (answer.status_code, answer.json()["type"].endswith("unavailable")) == (503, True)
    assert int(answer.headers["Retry-After"]) >= 1
    assert took < MOST
    return took


@pytest.mark.parametrize("how", ["hangs up", pytest.param("falls silent", marks=pytest.mark.stress)])
@pytest.mark.parametrize("alias", ["accounts", "clinical"])
def test_a_database_that_breaks_off_in_the_middle_is_a_503_in_bounded_time(
    alias: str, how: str, lakeside: Clinic, waiting: None, shown: Callable[[str, str], None]
) -> None:
    admin, body = lakeside.client(Role.ADMIN), {"name": "Heart"}
    with relayed(alias) as relay:
        assert admin.get("/api/departments").status_code == 200
        revocations.take_effect()
        assert admin.get("/api/departments").status_code == 200
        revocations.take_effect()
        relay.silent.set()
        if how == "hangs up":
            relay.hang_up()
        took = refused_in_time(lambda: admin.post("/api/departments", body, content_type=JSON))

    assert departments(lakeside) == 0
    assert admin.post("/api/departments", body, content_type=JSON).status_code == 201
    shown(
        "R7", f"an open connection to a database of which the other side {how}: 503 after {took:.1f} s, nothing written"
    )


def test_who_was_signed_out_stays_out_while_nobody_can_be_asked(lakeside: Clinic, waiting: None) -> None:
    admin = lakeside.client(Role.ADMIN)
    with relayed("accounts") as relay:
        assert admin.post("/api/auth/logout").status_code == 204
        revocations.take_effect()
        relay.silent.set()
        relay.hang_up()

        assert admin.get("/api/departments").status_code == 503

    assert admin.get("/api/departments").status_code == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("login", {"username": "esi", "password": PASSWORD, "organization": "hilltop"}),
        ("refresh", {"refresh": "abc"}),
        ("password/reset", {"email": "esi@example.org"}),
        ("mfa/verify", {"challenge": "abc", "code": "123456"}),
        ("password/change", {"old_password": PASSWORD, "password": "nine calm lions"}),
    ],
)
def test_what_cannot_be_counted_is_not_tried(
    path: str, body: dict[str, str], hilltop: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def uncounted(*_: Any, **__: Any) -> None:
        from django.db import OperationalError

        raise OperationalError

    monkeypatch.setattr("chiron.identity.limits.cursor", uncounted)
    monkeypatch.setattr("chiron.identity.passwords.Argon2id.verify", lambda *_: tried.append("password"))

    answer = hilltop.client(Role.LAB).post(f"/api/auth/{path}", body, content_type=JSON)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert tried == []


def test_a_dead_storage_is_a_503_at_both_doors(hilltop: Clinic, tmp_path: Any) -> None:
    admin, note = hilltop.client(Role.ADMIN), {"record_type": "NOTE", "title": "Cough"}
    made = admin.post("/api/records", note | {"patient_id": str(hilltop.patient_id)}, content_type=JSON)
    address = f"/api/records/{made.json()['record']['id']}/attachments"
    kept = admin.post(address, {"file": SimpleUploadedFile("a.png", PNG)}).json()["attachment"]["id"]
    (tmp_path / "file").write_text("where a folder should be")
    dead = {"BACKEND": "chiron.files.backends.folder.Folder", "OPTIONS": {"location": tmp_path / "file"}}

    with override_settings(STORAGES={"sealed": dead}):
        refused_in_time(lambda: admin.get(f"/api/attachments/{kept}"))
        refused_in_time(lambda: admin.post(address, {"file": SimpleUploadedFile("a.png", PNG)}))

    assert admin.get(f"/api/attachments/{kept}").getvalue() == PNG


class Refusing(BaseEmailBackend):
    """A mail server out of reach."""

    def send_messages(self, messages: Any) -> int:
        raise OSError


def test_nobody_waits_for_a_mail_server(hilltop: Clinic) -> None:
    with override_settings(EMAIL_BACKEND=f"{__name__}.Refusing"):
        answer = Client().post("/api/auth/password/reset", {"email": "esi@example.org"}, content_type=JSON)

    assert answer.status_code == 202
