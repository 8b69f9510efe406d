"""Keys turn while others read and write, and whoever turns them may be killed at any moment (E3)."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import connections

from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.operations.tests.turning import fill, left_behind, shut
from chiron.records.models import Record
from chiron.tenancy.public import inside
from chiron.vault import keyring, settling
from chiron.vault.envelope import key_id_of
from chiron.vault.models import PatientKey
from chiron.vault.public import (
    Watch,
    forget_keys,
    master_key,
    organization_keys_by_master,
    patient_safe,
    turn_patients,
)
from tests.ground import environment_of_tests
from tests.serving import Serving, serving
from tests.town import Clinic, renew_tokens

ROTATE = """
import sys
import django
django.setup()
from django.core.management import call_command
print("begun", flush=True)
call_command("keys", "rotate", *sys.argv[1:])
"""
JSON = {"Content-Type": "application/json"}


def write(clinic: Clinic, record_id: Any, safe: Any) -> None:
    """What a verb does that has its safe already."""
    with inside(clinic.id):
        record = Record.objects.select_for_update().get(id=record_id)
        record.version += 1
        record.text = safe.seal(record, "text", {"title": "late", "description": "", "reason": ""})
        record.content = None
        record.save()


def a_record(clinic: Clinic) -> Record:
    with inside(clinic.id):
        return Record.objects.order_by("id")[0]


def elsewhere(act: Callable[[], Any]) -> Any:
    """Do it in another thread, with connections of its own."""

    def acting() -> Any:
        try:
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other:
        return other.submit(acting).result(60)


@pytest.fixture
def clinic(lakeside: Clinic, monkeypatch: pytest.MonkeyPatch) -> Clinic:
    monkeypatch.setattr(keyring, "seconds", time.monotonic)
    fill(lakeside, patients=0)
    return lakeside


def test_a_writer_who_read_the_older_key_before_the_switch_is_waited_for(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "SETTLED", 0.0)
    record, waited, went_on = a_record(clinic), threading.Event(), threading.Event()

    def write_late() -> None:
        with inside(clinic.id):
            Record.objects.get(id=record.id)
            safe = patient_safe(clinic.id, record.patient_id)
            begun.set()
            assert waited.wait(30)
            write(clinic, record.id, safe)
        went_on.set()

    begun = threading.Event()
    late = threading.Thread(target=elsewhere, args=[write_late])
    late.start()
    assert begun.wait(30)
    turned = turn_patients(
        clinic.id, now=now(), record=lambda turned: None, watch=Watch(waiting=lambda left: waited.set())
    )
    late.join()

    assert went_on.is_set()
    assert turned.rows > 0
    assert (left_behind(clinic.id), shut(clinic.id), a_record(clinic).version) == (0, [], record.version + 1)


def test_a_writer_whose_process_does_not_know_the_newer_key_yet_leaves_nothing_behind(clinic: Clinic) -> None:
    record = a_record(clinic)
    older = key_id_of(record.text)
    written = list[Any]()

    def write_late() -> Any:
        write(clinic, record.id, safe)
        return key_id_of(a_record(clinic).text)

    def write_once(done: int, total: int) -> None:
        if done == total and not written:
            written.append(elsewhere(write_late))

    safe = patient_safe(clinic.id, record.patient_id)
    turn_patients(clinic.id, now=now(), record=lambda turned: None, watch=Watch(looked=write_once))

    assert written == [older]
    assert key_id_of(a_record(clinic).text) != older
    assert (left_behind(clinic.id), shut(clinic.id)) == (0, [])


class Load:
    """Three readers and a writer who go on until they are stopped: how many calls they made, and those that failed."""

    def __init__(self, server: Serving, clinic: Clinic, patients: list[str]) -> None:
        self.server, self.clinic, self.patients = server, clinic, patients
        self.calls, self.failed, self.stopped = 0, list[str](), threading.Event()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        sent = None if body is None else json.dumps(body)
        answer = self.server.call(method, path, self.clinic.tokens[Role.ADMIN], sent, JSON if sent else {}, seconds=30)
        said = answer.read()
        self.calls += 1
        if answer.status not in (200, 201):
            self.failed.append(f"{method} {path.partition('?')[0]} {answer.status} {said[:300]!r}")
        return said

    def read(self, dice: Random) -> None:
        patient = dice.choice(self.patients)
        self.call("GET", f"/api/patients/{patient}")
        self.call("GET", f"/api/records?patient_id={patient}&limit=20")
        self.call("GET", "/api/patients?name=men")
        self.call("GET", "/api/providers")
        self.call("GET", "/api/audit?limit=5")

    def write(self, dice: Random) -> None:
        patient = dice.choice(self.patients)
        body = {"record_type": "NOTE", "title": "Gait", "description": "Walks."}
        record = json.loads(self.call("POST", "/api/records", body | {"patient_id": patient}))["record"]["id"]
        self.call("PUT", f"/api/records/{record}", body | {"reason": "typing error"})
        self.call("PATCH", f"/api/patients/{patient}", {"birth_date": f"19{dice.randrange(10, 99)}-02-03"})
        self.call("POST", "/api/patients", {"family": "Mensah", "given": [f"Kofi{dice.randrange(10**6)}"]})

    def go_on(self, number: int) -> None:
        dice = Random(number)
        while not self.stopped.is_set():
            try:
                if number == 0:
                    self.write(dice)
                else:
                    self.read(dice)
            except (OSError, ValueError, KeyError) as error:
                self.failed.append(f"{type(error).__name__}")


@contextmanager
def under_load(server: Serving, clinic: Clinic, patients: list[str]) -> Iterator[Load]:
    load = Load(server, clinic, patients)
    with ThreadPoolExecutor(4) as people:
        working = [people.submit(load.go_on, number) for number in range(4)]
        try:
            yield load
        finally:
            load.stopped.set()
        for each in working:
            each.result()


@contextmanager
def rotating(*options: str, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """A process that has begun to rotate."""
    process = subprocess.Popen(
        [sys.executable, "-c", ROTATE, *options], cwd=settings.BASE_DIR, text=True, stdout=subprocess.PIPE,
        env=environment_of_tests(settings.DATABASE_PREFIX) | environment, stderr=subprocess.PIPE,
    )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "begun\n"
            yield process
        finally:
            process.kill()


def finish(*options: str, **environment: str) -> None:
    with rotating(*options, **environment) as process:
        said, complaint = process.communicate(timeout=120)
    assert process.returncode == 0, complaint
    assert "0 " in said


@pytest.mark.parametrize(("kills", "patients", "kinds"), [(3, 2, 1), pytest.param(50, 20, 4, marks=pytest.mark.stress)])
def test_whoever_turns_the_keys_may_be_killed_and_nobody_notices(
    kills: int, patients: int, kinds: int, lakeside: Clinic, shown: Callable[[str, str], None]
) -> None:
    dice, everybody = Random(kills), fill(lakeside, patients)
    first, second = settings.MASTER_ENCRYPTION_KEY, Fernet.generate_key().decode()
    there = {"MASTER_ENCRYPTION_KEY": second, "MASTER_ENCRYPTION_PREVIOUS_KEYS": first}
    back = {"MASTER_ENCRYPTION_KEY": first, "MASTER_ENCRYPTION_PREVIOUS_KEYS": second}
    theirs = ["--organization", lakeside.organization.slug]
    runs = [([*theirs, "--patients"], back), (theirs, back), (list[str](), there), (list[str](), back)][:kinds]
    finished = 0

    with serving(**back) as server, under_load(server, lakeside, everybody) as load:
        for number in range(kills):
            options, environment = runs[number % 4 % kinds if number % 2 else 0]
            with rotating(*options, **environment) as process:
                threading.Event().wait(dice.choice([0.02, 0.1, 0.3, 0.6, 2.5]) * dice.random())
                process.kill()
            for options, environment in runs if number == kills - 1 else runs[:1] if number % 10 == 9 else []:
                finish(*options, **environment)
                finished += 1
            renew_tokens(lakeside)

    forget_keys()
    generations = PatientKey.objects.filter(organization_id=lakeside.id).values_list("generation", flat=True)
    unreadable, left = shut(lakeside.id), left_behind(lakeside.id)
    assert load.failed == []
    assert (unreadable, left) == ([], 0)
    assert set(organization_keys_by_master()) == {master_key().id}
    assert max(generations) > 1
    shown(
        "E3",
        f"{kills} rotating processes killed under {load.calls:,} calls of readers and a writer: {len(load.failed)}"
        f" failed, {len(unreadable)} values unreadable; {finished} runs let finish left {left} values on an older key",
    )
