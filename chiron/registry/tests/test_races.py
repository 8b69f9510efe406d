"""Two at once: committed for real, in an organization of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event
from typing import Any

import pytest
from django.conf import settings
from django.db import connections

from chiron.identity.public import Role
from chiron.kernel import clock
from chiron.kernel.ids import new_id
from chiron.registry.models import Assignment, Identifier, Patient, Provider, ProviderDepartment
from chiron.registry.public import Entry, PatientSeen, Person, import_patients
from chiron.registry.services import imports
from chiron.registry.tests.factories import AMA, call, join, problem, registered
from chiron.tenancy.public import inside
from tests.server import connect
from tests.town import Clinic

AT_ONCE = 8


def at_once(act: Callable[[int], Any]) -> list[Any]:
    """What each of eight gets who do it at the same moment."""
    barrier = Barrier(AT_ONCE)

    def one(number: int) -> Any:
        barrier.wait()
        try:
            return act(number)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


def outcomes(answers: list[Any], refusal: tuple[int, str]) -> tuple[int, int]:
    """How many succeeded, and how many were refused so."""
    refused = [answer for answer in answers if answer.status_code >= 400]
    assert {problem(answer) for answer in refused} <= {refusal}
    return len(answers) - len(refused), len(refused)


def test_one_identifier_goes_to_one_of_eight(lakeside: Clinic) -> None:
    admin = lakeside.client(Role.ADMIN)

    answers = at_once(lambda number: call(admin, "post", "/patients", AMA | {"family": f"Owusu{number}"}))

    assert outcomes(answers, (409, "identifier-taken")) == (1, 7)
    with inside(lakeside.id):
        assert (Patient.objects.count(), Identifier.objects.count()) == (1, 1)


def test_two_identifiers_in_any_order_never_wait_in_a_circle(lakeside: Clinic) -> None:
    admin = lakeside.client(Role.ADMIN)
    pair = [{"system": "urn:a", "value": "1"}, {"system": "urn:b", "value": "2"}]

    answers = at_once(lambda n: call(admin, "post", "/patients", AMA | {"identifiers": pair if n % 2 else pair[::-1]}))

    assert outcomes(answers, (409, "identifier-taken")) == (1, 7)


def test_one_version_is_changed_by_one_of_eight(lakeside: Clinic) -> None:
    admin, patient = lakeside.client(Role.ADMIN), registered(lakeside, role=Role.ADMIN)
    path = f"/patients/{patient['id']}"

    answers = at_once(lambda n: call(admin, "patch", path, {"family": f"Owusu{n}"}, **{"if-match": '"1"'}))

    assert outcomes(answers, (412, "stale-version")) == (1, 7)
    [winner] = [answer.json()["patient"]["family"] for answer in answers if answer.status_code == 200]
    assert call(admin, "get", path).json()["patient"]["family"] == winner


def test_a_doctor_is_assigned_once_by_eight(lakeside: Clinic) -> None:
    admin, patient = lakeside.client(Role.ADMIN), registered(lakeside, role=Role.ADMIN)
    doctor = call(admin, "post", "/doctors", {"family": "Asante"}).json()["doctor"]["id"]

    answers = at_once(lambda _: call(admin, "post", f"/patients/{patient['id']}/assignments", {"doctor_id": doctor}))

    assert outcomes(answers, (409, "already-assigned")) == (1, 7)
    with inside(lakeside.id):
        assert Assignment.objects.count() == 1


def test_a_provider_joins_a_department_once_by_eight(lakeside: Clinic) -> None:
    admin = lakeside.client(Role.ADMIN)
    doctor = call(admin, "post", "/doctors", {"family": "Asante"}).json()["doctor"]["id"]
    ward = call(admin, "post", "/departments", {"name": "Surgery"}).json()["department"]["id"]

    answers = at_once(lambda _: call(admin, "post", f"/providers/{doctor}/departments", {"department_id": ward}))

    assert outcomes(answers, (409, "works-there-already")) == (1, 7)
    with inside(lakeside.id):
        assert ProviderDepartment.objects.count() == 1


def test_nobody_joins_a_department_that_is_being_removed(lakeside: Clinic) -> None:
    admin = lakeside.client(Role.ADMIN)
    doctor = call(admin, "post", "/doctors", {"family": "Asante"}).json()["doctor"]["id"]
    ward = call(admin, "post", "/departments", {"name": "Surgery"}).json()["department"]["id"]
    joining = {"department_id": ward}

    answers = at_once(
        lambda n: (
            call(admin, "post", f"/providers/{doctor}/departments", joining)
            if n % 2
            else admin.delete(f"/api/departments/{ward}")
        )
    )

    removed = [answer.status_code for answer in answers[::2]]
    joined = [answer.status_code for answer in answers[1::2]]
    with inside(lakeside.id):
        works = ProviderDepartment.objects.count()
    assert (sorted(removed), sorted(joined), works) in (
        ([204, 404, 404, 404], [404] * 4, 0),
        ([409] * 4, [201, 409, 409, 409], 1),
    )


def brought(clinic: Clinic, numbers: list[str], said: str) -> Any:
    """What an import of these patients, in this order, comes to."""
    seen = [
        PatientSeen(Entry(person=Person(family="Owusu"), identifiers=[("urn:mrn", number, "")]), said.encode())
        for number in numbers
    ]
    with inside(clinic.id):
        return [outcome for _, outcome in import_patients(by=clinic.who[Role.ADMIN], seen=seen, now=clock.now())]


def test_imports_of_the_same_patients_in_any_order_never_wait_in_a_circle(lakeside: Clinic) -> None:
    numbers = [str(number) for number in range(12)]

    created = at_once(lambda n: brought(lakeside, numbers if n % 2 else numbers[::-1], f'{{"n":{n}}}'))
    updated = at_once(lambda n: brought(lakeside, numbers if n % 2 else numbers[::-1], f'{{"m":{n}}}'))

    assert sorted(created) == [["created"] * 12] + [["updated"] * 12] * 7
    assert updated == [["updated"] * 12] * 8
    with inside(lakeside.id):
        assert Patient.objects.count() == 12


def test_who_came_while_an_import_waited_is_locked_in_order(lakeside: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn that is held must not wait for rows: the second import has it when the first has made its patients."""
    began = {said: Event() for said in (b"first", b"second")}
    one_patient = imports._import_patient

    def slowly(seen: PatientSeen, *rest: Any) -> Any:
        done = one_patient(seen, *rest)
        if seen.original in began and not began[seen.original].is_set():
            began[seen.original].set()
            until_somebody_waits()  # the second for its turn; the third for a row, and it may hold another
        return done

    def after(said: bytes, *what: Any) -> Any:
        began[said].wait(10)
        try:
            return brought(lakeside, *what)
        finally:
            connections.close_all()

    monkeypatch.setattr(imports, "_import_patient", slowly)
    with ThreadPoolExecutor(2) as pool:
        second = pool.submit(after, b"first", ["2", "1"], "second")
        third = pool.submit(after, b"second", ["1", "2"], "third")
        first = brought(lakeside, ["1", "2"], "first")

        assert [first, second.result(), third.result()] == [["created"] * 2, ["updated"] * 2, ["updated"] * 2]


def until_somebody_waits() -> None:
    """Wait until one of this worker's transactions waits for another."""
    clinical, moment = settings.DATABASES["clinical"], Event()
    with connect(clinical, clinical["NAME"]) as other:
        waiting = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        for _ in range(200):
            if other.execute(waiting).fetchone() is not None:
                return
            moment.wait(0.05)
    raise AssertionError("nobody waits")


def test_changing_a_patient_and_importing_it_never_wait_in_a_circle(lakeside: Clinic) -> None:
    admin = lakeside.client(Role.ADMIN)
    said = AMA | {"identifiers": [{"system": "urn:mrn", "value": "1"}]}
    path = f"/patients/{registered(lakeside, role=Role.ADMIN, **said)['id']}"

    def act(number: int) -> Any:
        if number % 2:
            return call(admin, "put", path, said).status_code
        return brought(lakeside, ["1"], f'{{"id":"{new_id()}"}}')

    for _ in range(5):
        outcomes = at_once(act)

        assert outcomes[::2] == [["updated"]] * 4
        assert outcomes[1::2] == [200] * 4


def claimant(clinic: Clinic) -> str:
    return str(join(clinic, "PATIENT", f"p{new_id().hex}")["user"]["id"])


def test_one_account_is_linked_to_one_of_eight_patients(lakeside: Clinic) -> None:
    admin, body = lakeside.client(Role.ADMIN), {"account_id": claimant(lakeside)}
    people = [registered(lakeside, role=Role.ADMIN, identifiers=[])["id"] for _ in range(AT_ONCE)]

    answers = at_once(lambda n: call(admin, "post", f"/patients/{people[n]}/link", body))

    assert outcomes(answers, (409, "already-linked")) == (1, 7)


def test_one_patient_is_linked_to_one_of_eight_accounts(lakeside: Clinic) -> None:
    admin, patient = lakeside.client(Role.ADMIN), registered(lakeside, role=Role.ADMIN)
    accounts = [claimant(lakeside) for _ in range(AT_ONCE)]

    answers = at_once(lambda n: call(admin, "post", f"/patients/{patient['id']}/link", {"account_id": accounts[n]}))

    assert outcomes(answers, (409, "already-linked")) == (1, 7)
    assert len(admin.get("/api/claims").json()["claims"]) == 7


def test_a_doctor_approved_by_eight_is_one_provider(lakeside: Clinic) -> None:
    admin = lakeside.client(Role.ADMIN)
    account = join(lakeside, "DOCTOR", f"d{new_id().hex}")["user"]["id"]
    [waiting] = [each for each in admin.get("/api/memberships").json()["memberships"] if each["user"]["id"] == account]

    answers = at_once(lambda _: call(admin, "patch", f"/memberships/{waiting['id']}", {"approved": True}))

    assert {answer.status_code for answer in answers} == {200}
    with inside(lakeside.id):
        [provider] = Provider.objects.values_list("id", flat=True)
    after = call(admin, "get", f"/memberships/{waiting['id']}").json()["membership"]
    assert after["user"]["provider_id"] == str(provider)


def test_eight_who_turn_the_tree_around_at_once_never_close_a_circle(lakeside: Clinic) -> None:
    admin = lakeside.client(Role.ADMIN)
    ids = [call(admin, "post", "/departments", {"name": f"D{n}"}).json()["department"]["id"] for n in range(AT_ONCE)]

    answers = at_once(
        lambda n: call(admin, "put", f"/departments/{ids[n]}", {"name": f"D{n}", "parent_id": ids[(n + 1) % AT_ONCE]})
    )

    assert outcomes(answers, (422, "invalid")) == (7, 1)


def test_nobody_is_assigned_to_who_is_just_leaving(lakeside: Clinic) -> None:
    admin = lakeside.client(Role.ADMIN)
    patients = [registered(lakeside, role=Role.ADMIN, identifiers=[])["id"] for _ in range(AT_ONCE)]
    doctor = call(admin, "post", "/doctors", {"family": "Asante"}).json()["doctor"]["id"]

    def act(number: int) -> Any:
        if number % 2:
            return call(admin, "put", f"/doctors/{doctor}", {"family": "Asante", "active": False})
        return call(admin, "post", f"/patients/{patients[number]}/assignments", {"doctor_id": doctor})

    codes = {answer.status_code for answer in at_once(act)}

    assert codes <= {200, 201, 404, 409}
    with inside(lakeside.id):
        cared_for = Assignment.objects.filter(provider_id=doctor, until=None).exists()
        assert Provider.objects.get(id=doctor).active is cared_for


def test_two_who_leave_to_each_other_do_not_wait_in_a_circle(lakeside: Clinic) -> None:
    admin = lakeside.client(Role.ADMIN)
    pair = [call(admin, "post", "/doctors", {"family": "Asante"}).json()["doctor"]["id"] for _ in range(2)]

    def act(number: int) -> Any:
        one, other = pair if number % 2 else pair[::-1]
        return call(admin, "put", f"/doctors/{one}?reassign_to={other}", {"family": "Asante", "active": False})

    answers = at_once(act)

    assert {answer.status_code for answer in answers} <= {200, 422}
    with inside(lakeside.id):
        assert Provider.objects.filter(active=True).count() == 1
