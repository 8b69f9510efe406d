"""What a process keeps open: in order, nothing twice, bounded, closed in time; with rows and rights made up here."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from uuid import UUID

import pytest

from chiron.identity.public import Snapshot, Verified
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.errors import TooManyRequests, Unavailable
from chiron.kernel.ids import new_id
from chiron.notifications import streams as kept
from chiron.notifications.following import AT_ONCE
from chiron.notifications.stream import BUFFER, Stream
from chiron.notifications.streams import Streams
from chiron.notifications.wire import BEAT, Told
from tests.listening import parsed

HILLTOP, RIVERSIDE, AMA, KOFI = new_id(), new_id(), new_id(), new_id()
SOON = 0.02


@pytest.fixture(autouse=True)
def _at_a_faster_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nobody listens: wake-ups are made here."""

    async def listen(hear: Callable[[str], None], connected: Callable[[], None]) -> None:
        connected()
        await asyncio.Event().wait()

    monkeypatch.setattr(kept, "listen", listen)
    monkeypatch.setattr(kept, "WATCH_EVERY", SOON)
    monkeypatch.setattr(kept, "PAUSE", SOON)


@dataclass
class Rows:
    """Notifications, as a database would have them: how many each account of each organization has."""

    many: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    asked: list[tuple[UUID, dict[UUID, int]]] = field(default_factory=list)
    snapshot: Snapshot | None = field(default_factory=Snapshot)
    is_away: bool = False

    def after(self, organization_id: UUID, last: Mapping[UUID, int]) -> list[Told]:
        self.asked.append((organization_id, dict(last)))
        if self.is_away:
            raise Unavailable
        return [
            Told(account, number, new_id(), "appointment.booked", "appointments", new_id(), now(), None)
            for account, since in last.items()
            for number in range(since + 1, self.many.get((organization_id, account), 0) + 1)[:AT_ONCE]
        ]

    def taken_back(self) -> Snapshot:
        if self.snapshot is None:
            raise Unavailable
        return self.snapshot


class Reader:
    """Somebody who reads a stream to its end."""

    def __init__(self, streams: Streams, account: UUID = AMA, organization: UUID = HILLTOP, **of: Any) -> None:
        caller = Caller(account_id=account, organization_id=organization, session_id=new_id(), membership_id=new_id())
        verified = Verified(caller, 1, of.get("until", time.time() + 60))
        self.stream, self.text, self._streams = Stream(verified, of.get("last", 0)), b"", streams
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for part in self._streams.follow(self.stream):
            self.text += part

    @property
    def numbers(self) -> list[int]:
        return [each.number for each in parsed(self.text) if "id" in each.fields]

    async def reason(self) -> str:
        """Why the stream ended, once it has."""
        await asyncio.wait_for(self.task, 5)
        last = parsed(self.text)[-1]
        assert last.fields["event"] == "end"
        return str(last.data["reason"])


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(**given: Any) -> None:
        async def run_and_leave() -> None:
            await test(**given)
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()
                await asyncio.wait((task,))

        asyncio.run(run_and_leave())

    return run


async def until(happened: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not happened():
            await asyncio.sleep(0.001)


def over(rows: Rows) -> Streams:
    return Streams(rows.after, rows.taken_back)


def woken(streams: Streams, organization: UUID = HILLTOP, account: UUID = AMA) -> None:
    streams._hear(f"{organization} {account}")


@in_a_loop
async def test_what_was_told_before_the_stream_was_kept_comes_first_and_in_order() -> None:
    rows = Rows({(HILLTOP, AMA): 7})
    streams = over(rows)
    other = Reader(streams, KOFI)
    await until(lambda: rows.asked)

    reader = Reader(streams, last=4)
    await until(lambda: len(reader.numbers) == 3)
    rows.many[HILLTOP, AMA] = 9
    woken(streams)
    await until(lambda: len(reader.numbers) == 5)

    assert (reader.numbers, other.numbers) == ([5, 6, 7, 8, 9], [])


@in_a_loop
async def test_a_wake_up_that_comes_twice_tells_nothing_twice() -> None:
    rows = Rows({(HILLTOP, AMA): 3})
    streams = over(rows)
    reader = Reader(streams)

    for _ in range(50):
        woken(streams)
        await asyncio.sleep(0)
    rows.many[HILLTOP, AMA] = 4
    woken(streams)
    await until(lambda: 4 in reader.numbers)

    assert reader.numbers == [1, 2, 3, 4]


@in_a_loop
async def test_a_wake_up_that_is_lost_costs_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "LOOK_EVERY", 2 * SOON)
    rows = Rows()
    streams = over(rows)
    reader = Reader(streams)
    await until(lambda: rows.asked)

    rows.many[HILLTOP, AMA] = 2

    await until(lambda: reader.numbers == [1, 2])


@in_a_loop
async def test_more_than_is_read_at_once_comes_whole() -> None:
    rows = Rows({(HILLTOP, AMA): 3 * AT_ONCE})
    streams = over(rows)
    reader = Reader(streams)

    await until(lambda: len(reader.numbers) == 3 * AT_ONCE)

    assert reader.numbers == list(range(1, 3 * AT_ONCE + 1))


@in_a_loop
async def test_streams_of_one_account_that_are_not_equally_far_are_told_what_each_lacks() -> None:
    rows = Rows({(HILLTOP, AMA): 6})
    streams = over(rows)

    readers = [Reader(streams, last=last) for last in (0, 3, 6)]
    rows.many[HILLTOP, AMA] = 7
    woken(streams)
    await until(lambda: all(7 in each.numbers for each in readers))

    assert [each.numbers for each in readers] == [[1, 2, 3, 4, 5, 6, 7], [4, 5, 6, 7], [7]]


@in_a_loop
async def test_accounts_of_one_organization_are_asked_for_together_and_told_their_own() -> None:
    rows = Rows({(HILLTOP, AMA): 2, (HILLTOP, KOFI): 1, (RIVERSIDE, AMA): 5})
    streams = over(rows)

    here, other, there = Reader(streams), Reader(streams, KOFI), Reader(streams, AMA, RIVERSIDE)
    await until(lambda: len(here.numbers + other.numbers + there.numbers) == 8)

    assert [here.numbers, other.numbers, there.numbers] == [[1, 2], [1], [1, 2, 3, 4, 5]]
    assert (HILLTOP, {AMA: 0, KOFI: 0}) in rows.asked
    assert all(set(asked) <= {AMA, KOFI} if place == HILLTOP else set(asked) == {AMA} for place, asked in rows.asked)


@in_a_loop
async def test_of_others_a_process_asks_nothing() -> None:
    rows = Rows({(HILLTOP, KOFI): 5})
    streams = over(rows)
    reader = Reader(streams)
    await until(lambda: rows.asked)
    rows.asked.clear()

    woken(streams, account=KOFI)
    woken(streams, RIVERSIDE)
    await asyncio.sleep(5 * SOON)

    assert (rows.asked, reader.numbers) == ([], [])


@in_a_loop
async def test_a_database_that_is_away_is_asked_again() -> None:
    rows = Rows({(HILLTOP, AMA): 2}, is_away=True)
    streams = over(rows)
    reader = Reader(streams)
    await until(lambda: len(rows.asked) > 2)

    rows.is_away = False

    await until(lambda: reader.numbers == [1, 2])


@in_a_loop
async def test_a_stream_ends_with_its_token() -> None:
    reader = Reader(over(Rows()), until=time.time() + 3 * SOON)

    assert await reader.reason() == "expired"


@pytest.mark.parametrize("what", ["session", "rights", "organization"])
@in_a_loop
async def test_a_stream_ends_with_what_it_stands_on(what: str) -> None:
    rows = Rows()
    streams = over(rows)
    reader, other = Reader(streams), Reader(streams, KOFI, RIVERSIDE)
    caller = reader.stream.verified.caller
    await until(lambda: rows.asked)

    rows.snapshot = {
        "session": Snapshot(sessions=frozenset([caller.session_id or AMA])),
        "rights": Snapshot(versions={caller.membership_id or AMA: 2}),
        "organization": Snapshot(suspended=frozenset([HILLTOP])),
    }[what]

    assert await reader.reason() == "revoked"
    assert not other.task.done()


@in_a_loop
async def test_nobody_stays_whom_nobody_can_vouch_for() -> None:
    assert await Reader(over(Rows(snapshot=None))).reason() == "unavailable"


@in_a_loop
async def test_a_server_that_leaves_sends_everybody_to_others_at_different_moments() -> None:
    streams = over(Rows())
    readers = [Reader(streams, new_id()) for _ in range(20)]
    await asyncio.sleep(0)

    streams.is_leaving = lambda: True

    assert {await each.reason() for each in readers} == {"leaving"}
    assert len({parsed(each.text)[-1].fields["retry"] for each in readers}) > 5


@in_a_loop
async def test_a_reader_who_leaves_too_much_is_sent_away_with_nothing_half_told() -> None:
    rows = Rows()
    streams = over(rows)
    reader = Reader(streams)
    await until(lambda: rows.asked)

    for number in range(1, 2000):
        reader.stream.tell(number, b"id: %d\ndata: 1\n\n" % number + b":" * 100)

    assert await reader.reason() == "slow"
    assert reader.numbers == []
    assert len(reader.text) < BUFFER


@in_a_loop
async def test_a_quiet_stream_shows_that_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "BEAT_EVERY", SOON)

    reader = Reader(over(Rows()))

    await until(lambda: reader.text.count(BEAT) > 2)


@in_a_loop
async def test_an_account_has_ten_streams_and_no_more_until_one_ends() -> None:
    streams = over(Rows())
    readers = [Reader(streams) for _ in range(10)]
    await asyncio.sleep(0)

    with pytest.raises(TooManyRequests):
        streams.must_have_room((HILLTOP, AMA))
    for place in ((HILLTOP, KOFI), (RIVERSIDE, AMA)):
        streams.must_have_room(place)
    readers[0].task.cancel()
    await asyncio.wait((readers[0].task,))
    streams.must_have_room((HILLTOP, AMA))


@in_a_loop
async def test_a_process_has_as_many_as_it_can_bear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "OF_A_PROCESS", 2)
    streams = over(Rows())
    assert [Reader(streams, new_id()) for _ in range(2)]
    await asyncio.sleep(0)

    with pytest.raises(Unavailable):
        streams.must_have_room((HILLTOP, AMA))


@in_a_loop
async def test_where_no_stream_is_left_nothing_is_kept_running() -> None:
    streams = over(Rows())
    readers = [Reader(streams), Reader(streams, KOFI)]
    await asyncio.sleep(SOON)

    for reader in readers:
        reader.task.cancel()
        await asyncio.wait((reader.task,))
    await asyncio.sleep(SOON)

    assert asyncio.all_tasks() == {asyncio.current_task()}


@in_a_loop
async def test_a_bug_sends_everybody_away_and_the_next_stream_starts_anew() -> None:
    rows, answers = Rows({(HILLTOP, AMA): 1}), [KeyError("a bug")]

    def after(organization_id: UUID, last: Mapping[UUID, int]) -> list[Told]:
        if answers:
            raise answers.pop()
        return rows.after(organization_id, last)

    streams = Streams(after, rows.taken_back)

    assert await Reader(streams).reason() == "unavailable"
    reader = Reader(streams)
    await until(lambda: reader.numbers == [1])
