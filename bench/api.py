"""Four paths of the API, each against its floor: a bare function that does the same duties by hand (bench.floor).

Both are called in this process, one after the other, as a WSGI server would call them; what is compared is processor
time, of this process and of its PostgreSQL backends.
"""

import io
import os
import sys
from collections.abc import Callable
from contextlib import redirect_stderr
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from bench.floor import Floor
from bench.ground import Cost, alternating, measured, ratio

PATIENTS, RECORDS = 200, 60
NAME = "Bench"


@dataclass(frozen=True)
class Scene:
    """A doctor with a token, the patient whose records are many, and everybody found by the name."""

    organization_id: UUID
    provider_id: UUID
    patient_id: UUID
    token: str


def measure(rounds: int = 9, calls: int = 200, patients: int = PATIENTS) -> None:
    """Measure in the installation that stands, and print the ratios."""
    from chiron.kernel import log
    from config.wsgi import application

    scene = make_scene(patients)
    floor = Floor(scene.organization_id, scene.provider_id)
    print(f"API, {rounds} alternating rounds of {calls} calls; 1 is as good as the floor")
    print(f"  {'':22}processor time             wall time")
    with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):
        log.configure()
        for name, environ, by_hand in paths(scene, floor):
            own, hand = caller(application, environ), caller(by_hand, environ)
            same(name, own(), hand())
            pairs = alternating(rounds, round_of(own, calls, product()), round_of(hand, calls, floor.backends))
            print(f"  {name:22}{ratio(pairs, 'processor'):27}{ratio(pairs, 'wall')}")


def paths(scene: Scene, floor: Floor) -> list[tuple[str, dict[str, Any], Callable[..., list[bytes]]]]:
    """What is measured: its name, the request, and the floor's answer to it."""
    patient = f"/api/patients/{scene.patient_id}"
    said = {"record_type": "NOTE", "title": "Cough", "description": "Since Monday. " * 20}
    note = orjson.dumps(said | {"patient_id": str(scene.patient_id)})
    fifty, named = f"patient={scene.patient_id}&limit=50", f"name={NAME}&limit=20"
    return [
        ("GET patient", request(scene, "GET", patient), floor.read_patient),
        ("GET 50 records", request(scene, "GET", "/api/records", fifty), floor.list_records),
        ("search by name", request(scene, "GET", "/api/patients", named), floor.search_patients),
        ("POST record", request(scene, "POST", "/api/records", body=note), floor.write_record),
    ]


def request(scene: Scene, method: str, path: str, query: str = "", body: bytes = b"") -> dict[str, Any]:
    """A WSGI environment."""
    return {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "SCRIPT_NAME": "",
        "SERVER_NAME": "localhost", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_USER_AGENT": "bench", "HTTP_AUTHORIZATION": f"Bearer {scene.token}", "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)), "bench.body": body, "wsgi.url_scheme": "http", "wsgi.errors": sys.stderr,
        "wsgi.version": (1, 0), "wsgi.multithread": False, "wsgi.multiprocess": True, "wsgi.run_once": False,
    }  # fmt: skip


def caller(application: Callable[..., Any], environ: dict[str, Any]) -> Callable[[], tuple[str, bytes]]:
    """Calls the application once; status and body."""

    def call() -> tuple[str, bytes]:
        started: list[str] = []
        fresh = environ | {"wsgi.input": io.BytesIO(environ["bench.body"])}
        answer = application(fresh, lambda status, headers, exc=None: started.append(status))
        content = b"".join(answer)
        if hasattr(answer, "close"):
            answer.close()
        return started[0], content

    return call


def round_of(call: Callable[[], object], calls: int, backends: tuple[int, ...]) -> Callable[[], Cost]:
    """A round of so many calls."""

    def run() -> Cost:
        with measured(*backends) as costs:
            for _ in range(calls):
                call()
        return costs[0]

    return run


def product() -> tuple[int, ...]:
    """The PostgreSQL backends of the product's connections."""
    from django.db import connections

    return tuple(connections[alias].connection.info.backend_pid for alias in ("accounts", "clinical"))


def same(name: str, own: tuple[str, bytes], hand: tuple[str, bytes]) -> None:
    """Stop where both do not say the same: then one of them did not do its work."""
    said, expected = ({**orjson.loads(content)} for _, content in (own, hand))
    if own[0][:3] != hand[0][:3] or shape(said) != shape(expected):
        raise SystemExit(f"{name}: the product answers {own[0]} {said}, the floor {hand[0]} {expected}")


OWN_TO_EACH = (
    "id", "recorded_at", "updated_at", "occurred_at", "next", "starts_at", "ends_at", "health_record_id",
)  # fmt: skip


def shape(value: Any) -> Any:
    """What a document says, without ids and instants of what each made for itself."""
    if isinstance(value, dict):
        return {name: shape(each) for name, each in value.items() if name not in OWN_TO_EACH}
    return [shape(each) for each in value] if isinstance(value, list) else value


def make_scene(patients: int, slug: str = "bench") -> Scene:
    """A clinic with so many patients, twenty of whom share a name."""
    from chiron.identity.public import Account, Membership, Role, begin, create_organization
    from chiron.kernel.access import Caller
    from chiron.kernel.clock import now
    from chiron.records.public import RecordType, Statement, write_record
    from chiron.registry.public import Entry, Person, assign, create_patient, create_provider
    from chiron.tenancy.public import inside

    organization = create_organization(by=Caller(operator=True), slug=slug, name="Bench", time_zone="UTC")
    admin = Caller(organization_id=organization.id, roles=frozenset({Role.ADMIN}))
    person = Person(family="Osei", given=["Kwame"])
    made: list[Any] = []
    with inside(organization.id):
        doctor = create_provider(by=admin, person=person, role="doctor", specialty="", active=True, now=now())
        for number in range(patients):
            family = NAME if number % 10 == 0 else f"Family{number}"
            who = Person(family=family, given=["Ama"], telecom=[{"system": "phone", "value": "020", "use": ""}])
            entry = Entry(person=who, identifiers=[("urn:mrn", str(number), "MR")])
            made.append(create_patient(by=admin, entry=entry, now=now()))
            assign(by=admin, patient_id=made[-1].id, provider_id=doctor.id, now=now())
        for number in range(RECORDS):
            said = Statement(record_type=RecordType.NOTE, title=f"Cough {number}", description="Since Monday. " * 20)
            write_record(by=admin, patient=made[-1], statement=said, now=now())
    account = Account(username=slug)
    account.set_unusable_password()
    account.save(force_insert=True)
    membership = Membership(
        account=account, organization=organization, roles=["DOCTOR"], approved_at=now(), provider_id=doctor.id
    )
    membership.save(force_insert=True)
    token = begin(by=Caller(), account=account, membership=membership, now=now()).access
    return Scene(organization.id, doctor.id, made[-1].id, token)
