"""Two at once: committed for real, in an organization of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connections

from chiron.identity.public import Role
from chiron.registry.models import Assignment, Identifier, Patient, ProviderDepartment
from chiron.registry.tests.factories import AMA, call, problem, registered
from chiron.tenancy.public import inside
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


def test_eight_who_turn_the_tree_around_at_once_never_close_a_circle(lakeside: Clinic) -> None:
    admin = lakeside.client(Role.ADMIN)
    ids = [call(admin, "post", "/departments", {"name": f"D{n}"}).json()["department"]["id"] for n in range(AT_ONCE)]

    answers = at_once(
        lambda n: call(admin, "put", f"/departments/{ids[n]}", {"name": f"D{n}", "parent_id": ids[(n + 1) % AT_ONCE]})
    )

    assert outcomes(answers, (422, "invalid")) == (7, 1)
