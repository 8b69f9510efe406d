"""Every way in which something goes wrong, with identifiers in whatever was sent and whatever broke."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DataError, IntegrityError, OperationalError
from django.http import UnreadablePostError
from django.test import Client

from chiron.files.tests.factories import PNG
from chiron.identity.public import Role
from tests.canary.identifiers import Planted
from tests.fuzz.cases import OPEN
from tests.matrix.operations import OPERATIONS, sent
from tests.matrix.world import Thing, Whose, World
from tests.town import Clinic

CALLERS = ("ADMIN", "DOCTOR", "PATIENT", "anonymous")
HEADERS = (
    "x-request-id", "if-match", "idempotency-key", "x-organization", "user-agent", "referer", "accept", "origin",
    "x-csrf-token", "x-device-token", "if-range",
)  # fmt: skip
CRASHES = (ZeroDivisionError, KeyError, DataError, IntegrityError, OperationalError, UnreadablePostError)
PLACES = ("config.operation.inside", "chiron.kernel.access.Policy.decide", "ninja.operation.Operation._get_values")
FREE = {"family", "title", "content", "reason", "name", "first_name", "last_name"}
Call = tuple[str, Client, str, str, dict[str, Any]]


def calls(world: World, planted: Planted) -> Iterator[Call]:
    """Each operation by each of some callers: what goes wrong, client, method, path, and how it is sent."""
    for name in (*OPERATIONS, *OPEN):
        for who in CALLERS:
            for what, path, how in _wrong(world, planted, name, who):
                yield what, world.clients[who], name.split(" ")[0], path, how


def _wrong(world: World, planted: Planted, name: str, who: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    row = OPERATIONS.get(name)
    thing_id = world.thing((row and row.thing) or Thing.PATIENT, Whose.MINE, who)
    pattern = name.split(" ")[1].replace("{version}", "1")
    body = row.body(world, thing_id) if row and row.body else OPEN.get(name)
    path, nobodys = _filled(pattern, str(thing_id)), _filled(pattern, "01a1fdd0-0000-7000-8000-000000000000")
    yield "as it should be", path, sent(_named(body, planted))
    yield "about nobody", nobodys, sent(_named(body, planted))
    yield "a path of words", _filled(pattern, quote(planted.next())), sent(body)
    names = ("name", "identifier", "birth_date", "cursor", "limit", "patient", "from", quote(planted.next()))
    yield "a query", path + "?" + "&".join(f"{each}={quote(planted.next())}" for each in names), sent(body)
    yield "headers", path, sent(body) | {"headers": {each: planted.next() for each in HEADERS}}
    yield "a stranger's token", path, sent(body) | {"headers": {"authorization": f"Bearer {planted.next()}"}}
    if body and "file" not in body:
        members = planted.instead_of(body)
        for wrong in (members, body | {planted.next(): planted.next()}, dict.fromkeys(body, [planted.next()])):
            yield "a body", path, sent(wrong)
        yield "half a body", path, {"data": orjson.dumps(members)[:-2], "content_type": "application/json"}
        yield "another media type", path, {"data": orjson.dumps(members), "content_type": planted.next()}


def _filled(pattern: str, value: str) -> str:
    return "/".join(value if part.startswith("{") else part for part in pattern.split("/"))


def _named(body: dict[str, Any] | None, planted: Planted) -> dict[str, Any] | None:
    """A body that fits, about a person of these names."""
    if body and "file" in body:
        return {"file": SimpleUploadedFile(planted.next(), PNG)}
    own = {key: planted.next() for key in body or () if key in FREE}
    if body and "email" in body:
        own["email"] = planted.next_of("e-mail")
    return {**body, **own} if body else body


@contextmanager
def crashing(place: str, kind: type[Exception], text: str) -> Iterator[None]:
    """While the block lasts, that place fails with a text that quotes an identifier, as texts of databases do."""

    def crash(*_: Any, **__: Any) -> None:
        raise kind(f"Key (family)=({text}) already exists")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(place, crash)
        yield


def furnish(clinic: Clinic, planted: Planted) -> None:
    """Patients, each with one identifier of each kind, and a record with a file."""
    admin, of = clinic.client(Role.ADMIN), planted.of_kind
    for turn in range(10):
        person = {
            "family": of["family name"][turn],
            "given": [of["given name"][turn]],
            "birth_date": of["birth date"][turn],
            "telecom": [
                {"system": "phone", "value": of["phone"][turn]},
                {"system": "email", "value": of["e-mail"][turn]},
            ],
            "address": [{"line": [of["address"][turn]]}],
            "identifiers": [
                {"system": "urn:mrn", "value": of["record number"][turn]},
                {"system": "urn:nation", "value": of["national id"][turn]},
            ],
        }
        patient = _made(admin.post("/api/patients", person, content_type="application/json"))["patient"]
        note = {"record_type": "NOTE", "title": of["note"][turn], "patient_id": patient["id"]}
        record = _made(admin.post("/api/records", note, content_type="application/json"))["record"]
        form = {"file": SimpleUploadedFile(of["file name"][turn], PNG)}
        _made(admin.post(f"/api/records/{record['id']}/attachments", form))


def _made(answer: Any) -> Any:
    assert answer.status_code == 201, answer.content
    return answer.json()


def administered(clinic: Clinic, planted: Planted) -> Iterator[Callable[[], Any]]:
    """What goes wrong in the administration: nobody's pages, wrong forms, no token, a template that fails."""
    browser = clinic.desk(Role.ADMIN)
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = browser.cookies
    patients = "/admin/registry/patient/"
    for _ in range(10):
        yield lambda: browser.get(f"{patients}{quote(planted.next())}/change/")
        yield lambda: browser.get(f"/admin/{quote(planted.next())}/")
        yield lambda: browser.post(f"{patients}add/", {"family": planted.next(), "sex": planted.next()})
        yield lambda: browser.post(patients, {"name": planted.next(), "birth_date": planted.next()})
        yield lambda: strict.post(f"{patients}{quote(planted.next())}/edit/", {"family": planted.next()})
        yield lambda: browser.post("/admin/login/", {"username": planted.next(), "password": planted.next()})
        yield lambda: Client(headers={"host": "evil.example"}).get(f"/admin/{quote(planted.next())}/")
    browser.raise_request_exception = False
    for place in ("django.template.base.VariableNode.render", "config.administration.inside"):
        for kind in CRASHES:
            with crashing(place, kind, planted.next()):
                yield lambda: browser.get(f"{patients}?q={quote(planted.next())}")
