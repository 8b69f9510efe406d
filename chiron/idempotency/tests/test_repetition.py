"""Calls that are made again, many at once or because the answer was lost: one effect and one answer (promise R2)."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connections

from chiron.identity.public import Role
from chiron.registry.models import Patient
from chiron.tenancy.public import inside
from tests.town import Clinic, add_person, drop_organization, make_clinic

CALLERS = 50
IN_FLIGHT = "/problems/request-in-flight"
Shown = Callable[[str, str], None]
at_both_sizes = pytest.mark.parametrize("times", [10, pytest.param(200, marks=pytest.mark.stress)])


@pytest.fixture
def neighbour(django_db_setup: None, django_db_blocker: Any) -> Iterator[Clinic]:
    """Another clinic where everything commits."""
    with django_db_blocker.unblock():
        clinic = make_clinic(None)
        yield clinic
        drop_organization(clinic.organization)


def ask(clinic: Clinic, key: str, *, family: str = "Owusu", role: Role = Role.ADMIN) -> Any:
    return clinic.client(role).post(
        "/api/patients", {"family": family, "given": [key]}, content_type="application/json",
        headers={"idempotency-key": key},
    )  # fmt: skip


def patients(clinic: Clinic) -> int:
    with inside(clinic.id):
        return Patient.objects.count()


@at_both_sizes
def test_fifty_equal_calls_at_once_have_one_effect_and_one_answer(
    lakeside: Clinic, neighbour: Clinic, times: int, shown: Shown
) -> None:
    add_person(lakeside, Role.RECEPTIONIST)
    together = Barrier(CALLERS)
    next_door = patients(neighbour)

    def caller(_: int) -> list[Any]:
        answers = []
        try:
            for number in range(times):
                together.wait(60)
                answers.append(ask(lakeside, f"k-{number}"))
        finally:
            connections.close_all()
        return answers

    with ThreadPoolExecutor(CALLERS) as pool:
        rounds = list(zip(*pool.map(caller, range(CALLERS)), strict=True))

    assert patients(lakeside) == times
    in_flight = 0
    for number, answers in enumerate(rounds):
        first = {answer.content for answer in answers if answer.status_code == 201}
        refused = [answer for answer in answers if answer.status_code != 201]
        assert len(first) == 1
        assert {(each.status_code, each.json()["type"]) for each in refused} <= {(409, IN_FLIGHT)}
        assert {ask(lakeside, f"k-{number}").content} == first
        in_flight += len(refused)
    others = [ask(lakeside, f"k-{number}", family="Mensah").status_code for number in range(times)]
    strangers = [ask(lakeside, f"k-{number}", role=Role.RECEPTIONIST) for number in range(times)]
    strangers += [ask(neighbour, f"k-{number}") for number in range(times)]
    assert others == [422] * times
    assert not any("Idempotency-Replayed" in answer.headers for answer in strangers)
    assert (patients(lakeside), patients(neighbour) - next_door) == (2 * times, times)
    shown(
        "R2",
        f"{CALLERS} equal calls at once, {times} times: {times} effects, each with one answer; {in_flight:,} told that"
        f" the first was under way (409), {len(others)} with another body refused (422), {len(strangers)} of another"
        " account or organization under the same keys: 0 read the answer",
    )


@at_both_sizes
def test_an_answer_lost_after_the_commit_is_given_again(lakeside: Clinic, times: int, shown: Shown) -> None:
    lost = []

    def lose(request: Any, response: Any, seconds: float) -> None:
        lost.append(response.content)
        raise ConnectionResetError

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("chiron.kernel.middleware._finish", lose)
        for number in range(times):
            with pytest.raises(ConnectionResetError):
                ask(lakeside, f"k-{number}")
    assert patients(lakeside) == times

    again = [ask(lakeside, f"k-{number}") for number in range(times)]

    assert [answer.content for answer in again] == lost
    assert {(answer.status_code, answer.headers["Idempotency-Replayed"]) for answer in again} == {(201, "true")}
    assert patients(lakeside) == times
    shown("R2", f"{times} answers lost after the commit and asked for again: {times} the same, 0 effects twice")
