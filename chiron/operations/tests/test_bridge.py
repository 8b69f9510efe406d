"""The bridge hands requests to a WSGI application and its answers back, at the pace of the slower side."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterable, Iterator
from functools import wraps
from threading import Event
from typing import Any

import pytest

from chiron.kernel.headers import BARE
from chiron.kernel.live import Live
from chiron.operations.bridge import SMALL, WAITING_AT_MOST, Bridge, ClientGone, ClientSilent

Environ = dict[str, Any]
TEXT = [("Content-Type", "text/plain")]


def in_a_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    @wraps(test)
    def run(**given: Any) -> None:
        asyncio.run(test(**given))

    return run


class Client:
    """Asks a bridge once, and keeps what it is sent."""

    def __init__(self, *parts: bytes, method: str = "POST", **scope: Any) -> None:
        headers = scope.pop("headers", [(b"content-length", str(sum(map(len, parts))).encode())])
        self.scope = {"type": "http", "method": method, "path": "/", "query_string": b"", "http_version": "1.1"} | {
            "scheme": "http", "headers": headers, "client": ("127.0.0.1", 5), "server": ("here", 80), **scope
        }  # fmt: skip
        self.parts, self.asked, self.sent = list(parts), 0, list[dict[str, Any]]()
        self.goes_away = asyncio.Event()

    async def ask(self, bridge: Callable[..., Awaitable[None]]) -> "Client":
        await asyncio.wait_for(bridge(self.scope, self.receive, self.send), 20)
        return self

    async def receive(self) -> dict[str, Any]:
        self.asked += 1
        if self.parts:
            part = self.parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": bool(self.parts)}
        await self.goes_away.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)

    @property
    def answer(self) -> tuple[int, bytes]:
        return self.sent[0]["status"], b"".join(each["body"] for each in self.sent[1:])


class Streamed:
    """A streaming response, as Django makes them; it knows whether it was closed."""

    streaming = True

    def __init__(self, parts: Iterable[bytes]) -> None:
        self.parts, self.closed = parts, Event()

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.parts)

    def close(self) -> None:
        self.closed.set()


def echo(environ: Environ, start: Any) -> list[bytes]:
    start("201 Created", [*TEXT, ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")])
    return [environ["wsgi.input"].read(), b"!"]


@in_a_loop
async def test_a_small_body_goes_in_and_an_answer_comes_out_in_one_piece() -> None:
    client = await Client(b"one ", b"two").ask(Bridge(echo, threads=1))

    assert client.answer == (201, b"one two!")
    assert len(client.sent) == 2
    assert client.sent[0]["headers"] == [
        (b"content-type", b"text/plain"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")
    ]  # fmt: skip


@in_a_loop
async def test_the_environment_says_what_was_asked() -> None:
    seen: Environ = {}

    def look(environ: Environ, start: Any) -> list[bytes]:
        seen.update(environ)
        return echo(environ, start)

    headers = [(b"x-one", b"1"), (b"x-one", b"2"), (b"cookie", b"a=1"), (b"cookie", b"b=2"), (b"x_one", b"3"),
               (b"content-type", b"text/plain"), (b"host", b"clinic.example")]  # fmt: skip
    await Client(method="GET", path="/é", query_string=b"a=%20", headers=headers).ask(Bridge(look, threads=1))

    assert (seen["REQUEST_METHOD"], seen["PATH_INFO"], seen["QUERY_STRING"]) == ("GET", "/Ã©", "a=%20")
    assert (seen["HTTP_X_ONE"], seen["HTTP_COOKIE"], seen["CONTENT_TYPE"]) == ("1,2", "a=1; b=2", "text/plain")
    assert (seen["HTTP_HOST"], seen["REMOTE_ADDR"], seen["SERVER_PORT"]) == ("clinic.example", "127.0.0.1", "80")
    assert (seen["SERVER_PROTOCOL"], seen["wsgi.url_scheme"]) == ("HTTP/1.1", "http")


@in_a_loop
async def test_a_large_body_is_fetched_only_as_it_is_read() -> None:
    asked: list[int] = []

    def first_bytes(environ: Environ, start: Any) -> list[bytes]:
        asked.append(client.asked)
        first = environ["wsgi.input"].read(10)
        asked.append(client.asked)
        start("200 OK", TEXT)
        return [first]

    client = Client(*[bytes([number]) * SMALL for number in range(20)])
    await client.ask(Bridge(first_bytes, threads=1))

    assert client.answer == (200, bytes(10))
    assert asked == [0, 1]
    assert len(client.parts) == 19


@in_a_loop
async def test_a_large_body_arrives_whole() -> None:
    parts = [bytes([number]) * (SMALL + number) for number in range(5)]

    client = await Client(*parts, b"", b"end").ask(Bridge(echo, threads=1))

    assert client.answer == (201, b"".join(parts) + b"end!")


@in_a_loop
async def test_who_expects_to_be_told_to_continue_is_told_when_the_body_is_read() -> None:
    def refuse(environ: Environ, start: Any) -> list[bytes]:
        start("413 Too Large", TEXT)
        return [b""]

    headers = [(b"expect", b"100-continue"), (b"content-length", b"3")]
    refused = await Client(b"one", headers=headers).ask(Bridge(refuse, threads=1))
    taken = await Client(b"one", headers=headers).ask(Bridge(echo, threads=1))

    assert (refused.asked, refused.answer) == (0, (413, b""))
    assert (taken.asked, taken.answer) == (1, (201, b"one!"))


@in_a_loop
async def test_a_client_that_goes_away_while_it_sends_is_an_error_of_reading() -> None:
    errors: list[Exception] = []

    def read(environ: Environ, start: Any) -> list[bytes]:
        try:
            environ["wsgi.input"].read()
        except OSError as error:
            errors.append(error)
            raise
        raise AssertionError

    client = Client(b"x" * SMALL, headers=[(b"content-length", b"9999999")])
    client.parts.append(b"")
    client.receive = vanishing(client)  # type: ignore[method-assign, assignment]
    await client.ask(Bridge(read, threads=1))

    assert [type(each) for each in errors] == [ClientGone]
    assert client.sent == []


def vanishing(client: Client) -> Callable[[], Awaitable[dict[str, Any]]]:
    async def receive() -> dict[str, Any]:
        if len(client.parts) > 1:
            return {"type": "http.request", "body": client.parts.pop(0), "more_body": True}
        return {"type": "http.disconnect"}

    return receive


@in_a_loop
async def test_a_stream_is_sent_part_by_part_as_the_client_takes_it() -> None:
    made: list[int] = []
    taken: list[int] = []

    def parts() -> Iterator[bytes]:
        for number in range(5):
            made.append(number)
            yield b"part"

    content = Streamed(parts())

    def stream(environ: Environ, start: Any) -> Streamed:
        start("200 OK", TEXT)
        return content

    client = Client(method="GET", headers=[])
    send = client.send

    async def slowly(message: dict[str, Any]) -> None:
        taken.append(len(made))
        await send(message)

    client.send = slowly  # type: ignore[method-assign]
    await client.ask(Bridge(stream, threads=1))

    assert client.answer == (200, b"part" * 5)
    assert taken == [0, 1, 2, 3, 4, 5, 5]
    assert content.closed.is_set()


@in_a_loop
async def test_streams_that_nobody_takes_leave_room_for_everybody_else() -> None:
    stopped = asyncio.Event()

    def stream(environ: Environ, start: Any) -> Any:
        start("200 OK", TEXT)
        return Streamed(iter([b"part"] * 3)) if environ["PATH_INFO"] == "/film" else [b"whole"]

    async def never(message: dict[str, Any]) -> None:
        await stopped.wait()
        raise ConnectionError

    bridge = Bridge(stream, threads=1)
    slow = [Client(path="/film", method="GET", headers=[]) for _ in range(WAITING_AT_MOST)]
    for each in slow:
        each.send = never  # type: ignore[method-assign]
    asking = [asyncio.create_task(each.ask(bridge)) for each in slow]
    while bridge._leaving._value:
        await asyncio.sleep(0)

    late = await Client(path="/film", method="GET", headers=[]).ask(bridge)
    other = await Client(method="GET", headers=[]).ask(bridge)

    assert (late.sent[0]["status"], dict(late.sent[0]["headers"])[b"retry-after"]) == (503, b"5")
    assert other.answer == (200, b"whole")
    stopped.set()
    await asyncio.gather(*asking, return_exceptions=True)


@in_a_loop
async def test_a_client_that_goes_away_ends_its_stream() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"more"

    content = Streamed(endless())

    def stream(environ: Environ, start: Any) -> Streamed:
        start("200 OK", TEXT)
        return content

    client = Client(method="GET", headers=[])
    send = client.send

    async def three_times(message: dict[str, Any]) -> None:
        await send(message)
        if len(client.sent) == 3:
            client.goes_away.set()
            await asyncio.Event().wait()

    client.send = three_times  # type: ignore[method-assign]
    await client.ask(Bridge(stream, threads=1))

    assert content.closed.is_set()
    assert len(client.sent) == 3


@in_a_loop
async def test_a_stream_of_which_only_the_head_is_asked_is_not_made() -> None:
    def never() -> Iterator[bytes]:
        raise AssertionError
        yield b""

    content = Streamed(never())

    def stream(environ: Environ, start: Any) -> Streamed:
        start("200 OK", [("Content-Length", "1000")])
        return content

    client = await Client(method="HEAD", headers=[]).ask(Bridge(stream, threads=1))

    assert client.answer == (200, b"")
    assert client.sent[0]["headers"] == [(b"content-length", b"1000")]
    assert content.closed.is_set()


@in_a_loop
async def test_a_slow_client_keeps_nobody_waiting() -> None:
    bridge = Bridge(echo, threads=1)
    headers = [(b"content-length", b"999999")]
    slow = [Client(headers=headers) for _ in range(WAITING_AT_MOST)]
    waiting = [asyncio.create_task(each.ask(bridge)) for each in slow]
    while not all(each.asked for each in slow):
        await asyncio.sleep(0)

    quick = await Client(b"quick").ask(bridge)

    assert quick.answer == (201, b"quick!")
    for each in slow:
        each.goes_away.set()
    await asyncio.gather(*waiting)
    assert (await Client(b"again").ask(bridge)).answer == (201, b"again!")


@in_a_loop
async def test_however_many_slow_clients_keep_nobody_waiting() -> None:
    bridge = Bridge(echo, threads=1)
    slow = [Client(headers=[(b"content-length", b"999999")]) for _ in range(3 * WAITING_AT_MOST)]
    waiting = [asyncio.create_task(each.ask(bridge)) for each in slow]
    while sum(each.asked for each in slow) < WAITING_AT_MOST:
        await asyncio.sleep(0)

    quick = await Client(b"quick").ask(bridge)

    assert quick.answer == (201, b"quick!")
    for each in slow:
        each.goes_away.set()
    await asyncio.gather(*waiting)


@in_a_loop
async def test_a_client_that_falls_silent_while_it_sends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chiron.operations.bridge.PATIENCE", 0.05)
    errors: list[Exception] = []

    def read(environ: Environ, start: Any) -> list[bytes]:
        try:
            environ["wsgi.input"].read()
        except OSError as error:
            errors.append(error)
        start("400 Bad Request", TEXT)
        return [b""]

    small = await Client(headers=[(b"content-length", b"9")]).ask(Bridge(read, threads=1))
    large = await Client(headers=[(b"content-length", b"999999")]).ask(Bridge(read, threads=1))

    assert (small.answer, large.answer) == ((408, b""), (400, b""))
    assert [type(each) for each in errors] == [ClientSilent]


@in_a_loop
async def test_what_the_bridge_answers_itself_has_the_headers_of_every_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    broken_off = Client(headers=[(b"content-length", b"9")])
    broken_off.goes_away.set()
    gone = await broken_off.ask(Bridge(echo, threads=1))
    monkeypatch.setattr("chiron.operations.bridge.PATIENCE", 0.05)
    silent = await Client(headers=[(b"content-length", b"9")]).ask(Bridge(echo, threads=1))

    for client, status in ((gone, 400), (silent, 408)):
        assert client.answer == (status, b"")
        headers = {name.decode(): value.decode() for name, value in client.sent[0]["headers"]}
        assert headers == {name.lower(): value for name, value in BARE.items()} | {"connection": "close"}


@in_a_loop
async def test_a_client_that_takes_nothing_ends_its_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chiron.operations.bridge.PATIENCE", 0.05)
    content = Streamed([b"part"] * 9)

    def stream(environ: Environ, start: Any) -> Streamed:
        start("200 OK", TEXT)
        return content

    async def never(message: dict[str, Any]) -> None:
        await asyncio.Event().wait()

    client = Client(method="GET", headers=[])
    client.send = never  # type: ignore[method-assign]
    await client.ask(Bridge(stream, threads=1))

    assert content.closed.is_set()


@in_a_loop
async def test_an_application_that_fails_is_an_error_for_the_server() -> None:
    def fail(environ: Environ, start: Any) -> list[bytes]:
        raise ZeroDivisionError

    bridge = Bridge(fail, threads=1)

    with pytest.raises(ZeroDivisionError):
        await Client(b"x").ask(bridge)
    with pytest.raises(ZeroDivisionError):
        await Client(b"x").ask(bridge)


class Source:
    """What follows an answer that stays open: parts that are given one by one."""

    def __init__(self) -> None:
        self.parts: asyncio.Queue[bytes] = asyncio.Queue()
        self.ended = asyncio.Event()

    async def follow(self) -> AsyncGenerator[bytes, None]:
        try:
            while part := await self.parts.get():
                yield part
        finally:
            self.ended.set()

    def application(self, environ: Environ, start: Any) -> Live:
        answer = Live(b"first ", self.follow, content_type="text/plain")
        start("200 OK", TEXT)
        return answer


@in_a_loop
async def test_an_answer_that_goes_on_needs_no_thread_meanwhile() -> None:
    source, quiet, client = Source(), Source(), Client(method="GET")
    applications = {"/": source.application, "/quiet": quiet.application, "/other": echo}
    bridge = Bridge(lambda environ, start: applications[environ["PATH_INFO"]](environ, start), threads=1)
    asking = [client, *(Client(method="GET", path="/quiet") for _ in range(99))]

    open_ones = [asyncio.create_task(each.ask(bridge)) for each in asking]
    other = await Client(b"hello", path="/other").ask(bridge)
    for part in (b"second ", b"third"):
        source.parts.put_nowait(part)
        await until_sent(client, part)
    for each in (source, *[quiet] * 99):
        each.parts.put_nowait(b"")
    await asyncio.gather(*open_ones)

    assert other.answer == (201, b"hello!")
    assert client.answer == (200, b"first second third")
    assert [each["more_body"] for each in client.sent[1:]] == [True, True, True, False]


@in_a_loop
async def test_who_leaves_an_answer_that_goes_on_ends_it() -> None:
    source, client = Source(), Client(method="GET")
    asking = asyncio.create_task(client.ask(Bridge(source.application, threads=1)))
    await until_sent(client, b"first ")

    client.goes_away.set()

    await asyncio.wait_for(source.ended.wait(), 5)
    await asking
    assert client.answer == (200, b"first ")


@in_a_loop
async def test_a_server_that_is_cut_short_ends_what_goes_on() -> None:
    source, client = Source(), Client(method="GET")
    asking = asyncio.create_task(client.ask(Bridge(source.application, threads=1)))
    await until_sent(client, b"first ")

    asking.cancel()

    await asyncio.wait_for(source.ended.wait(), 5)


@in_a_loop
async def test_who_takes_nothing_of_an_answer_that_goes_on_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stuck(Client):
        async def send(self, message: dict[str, Any]) -> None:
            await super().send(message)
            if len(self.sent) > 2:
                await asyncio.Event().wait()

    monkeypatch.setattr("chiron.operations.bridge.PATIENCE", 0.1)
    source, client = Source(), Stuck(method="GET")
    source.parts.put_nowait(b"second")

    await client.ask(Bridge(source.application, threads=1))

    assert source.ended.is_set()
    assert client.answer == (200, b"first second")


async def until_sent(client: Client, part: bytes) -> None:
    """Wait until the client was sent this."""
    async with asyncio.timeout(5):
        while not any(each.get("body") == part for each in client.sent):
            await asyncio.sleep(0)


@in_a_loop
async def test_it_lives_and_ends_with_its_server() -> None:
    told = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return next(told)

    async def send(message: dict[str, Any]) -> None:
        sent.append(message["type"])

    await Bridge(echo, threads=1)({"type": "lifespan"}, receive, send)

    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
