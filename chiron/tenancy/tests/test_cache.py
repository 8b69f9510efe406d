"""The shared cache against a real Valkey server: whatever becomes of it, answers are the same, in bounded time."""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

from chiron.tenancy import cache
from chiron.tenancy.public import NoOrganization, inside, worked_out
from config.settings.caches import SECONDS
from tests.town import Clinic
from tests.valkey import Valkey, shared_cache

NUMBERS = [1, 2, 3, 2]
Work = Callable[[int], list[int]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For all servers of this file, one after the other."""
    return tmp_path_factory.mktemp("valkey")


@pytest.fixture
def server(folder: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valkey]:
    """A server that this process is told of."""
    with shared_cache(folder, settings, monkeypatch) as server:
        yield server


@pytest.fixture
def worked() -> list[int]:
    """What was worked out."""
    return []


@pytest.fixture
def work(worked: list[int]) -> Work:
    """Something that takes long, say."""

    def work(number: int) -> list[int]:
        worked.append(number)
        return [number, number * number]

    return work


RIGHT = [[1, 1], [2, 4], [3, 9], [2, 4]]


def figures() -> dict[str, float]:
    """How often the server said what."""
    [family] = cache.SHARED_CACHE.collect()
    return {each.labels["outcome"]: each.value for each in family.samples if each.name.endswith("_total")}


def test_what_is_known_is_not_worked_out_again(server: Valkey, work: Work, worked: list[int], hilltop: Clinic) -> None:
    before = figures()

    with inside(hilltop.id):
        first, again = (worked_out("squares", work, NUMBERS) for _ in range(2))

    assert (first, again, worked) == (RIGHT, RIGHT, [1, 2, 3])
    grown = {outcome: number - before.get(outcome, 0) for outcome, number in figures().items()}
    assert (grown["hit"], grown["miss"], grown.get("failed", 0)) == (3, 3, 0)


def test_without_a_server_everything_is_worked_out(work: Work, worked: list[int], hilltop: Clinic) -> None:
    with inside(hilltop.id):
        assert [worked_out("squares", work, NUMBERS) for _ in range(2)] == [RIGHT, RIGHT]

    assert worked == [1, 2, 3] * 2


def test_what_one_organization_worked_out_the_other_does_not_find(
    server: Valkey, work: Work, worked: list[int], hilltop: Clinic, riverside: Clinic
) -> None:
    for clinic in (hilltop, riverside):
        with inside(clinic.id):
            assert worked_out("squares", work, [7]) == [[7, 49]]

    assert worked == [7, 7]
    owners = {key.decode().split(":")[1] for key in server.held()}
    assert owners == {hilltop.id.hex, riverside.id.hex}


@pytest.mark.parametrize("is_there", [True, False])
def test_without_an_organization_nothing_is_asked(is_there: bool, request: Any, work: Work) -> None:
    if is_there:
        request.getfixturevalue("server")

    with pytest.raises(NoOrganization):
        worked_out("squares", work, NUMBERS)


def test_another_name_or_another_question_is_another_key(server: Valkey, hilltop: Clinic) -> None:
    with inside(hilltop.id):
        asked = [worked_out(*each) for each in (
            ("squares", lambda number: number**2, [2]),
            ("cubes", lambda number: number**3, [2]),
            ("cubes", lambda number: number**3, [3]),
        )]  # fmt: skip

    assert asked == [[4], [8], [27]]


def test_what_is_kept_expires(server: Valkey, work: Work, hilltop: Clinic) -> None:
    with inside(hilltop.id):
        worked_out("squares", work, [1])

    [key] = server.held()
    assert 0 < server.ask(lambda client: client.ttl(key)) <= cache.LIFETIME


def test_neither_questions_nor_who_may_read_them_can_be_told_from_a_key(server: Valkey, hilltop: Clinic) -> None:
    with inside(hilltop.id):
        worked_out("length", len, ["Mrs Boateng"])

    [(key, value)] = server.held().items()
    assert b"Boateng" not in key + value


@pytest.mark.parametrize("forged", [b"", b"[1,1]", b"0" * 16 + b"[9,9]", b"\xff" * 40])
def test_what_somebody_else_wrote_there_is_not_believed(
    forged: bytes, server: Valkey, work: Work, hilltop: Clinic
) -> None:
    with inside(hilltop.id):
        worked_out("squares", work, [3])
        [key] = server.held()
        server.ask(lambda client: client.set(key, forged))

        assert worked_out("squares", work, [3]) == [[3, 9]]


def test_a_value_of_ours_is_believed_under_its_own_key_only(server: Valkey, work: Work, hilltop: Clinic) -> None:
    with inside(hilltop.id):
        worked_out("squares", work, [3, 4])
        (one, three), (other, four) = server.held().items()
        server.ask(lambda client: client.mset({one: four, other: three}))

        assert worked_out("squares", work, [3, 4]) == [[3, 9], [4, 16]]


FAULTS: dict[str, Callable[[Valkey], object]] = {
    "is not there": Valkey.kill,
    "is silent": Valkey.freeze,
    "says only errors": lambda server: server.ask(
        lambda client: client.acl_setuser("default", enabled=True, reset=True, nopass=True)
    ),
}


@pytest.mark.parametrize("was_connected", [True, False])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_fails_is_a_miss_in_bounded_time_and_is_then_left_alone(
    fault: str, was_connected: bool, server: Valkey, work: Work, hilltop: Clinic
) -> None:
    before = figures().get("failed", 0)
    with inside(hilltop.id):
        if was_connected:
            worked_out("squares", work, NUMBERS)
        FAULTS[fault](server)

        began = monotonic()
        answers = [worked_out("squares", work, NUMBERS) for _ in range(20)]
        took = monotonic() - began

    assert answers == [RIGHT] * 20
    assert took < 4 * SECONDS
    assert figures()["failed"] - before == 20 * 3


def test_a_server_that_comes_back_is_asked_again_after_a_rest(
    server: Valkey, work: Work, worked: list[int], hilltop: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr(cache, "rest", cache.Rest(lambda: clock[0]))
    with inside(hilltop.id):
        server.kill()
        worked_out("squares", work, [5])
        server.start()
        clock[0] = cache.REST - 1
        worked_out("squares", work, [5])
        assert server.held() == {}

        clock[0] = cache.REST
        worked_out("squares", work, [5])
        worked_out("squares", work, [5])

    assert worked == [5, 5, 5]
