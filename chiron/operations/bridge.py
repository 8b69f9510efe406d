"""One port for requests that are answered and for streams that stay open: an ASGI application around the WSGI one.

The WSGI application runs in threads. What is small passes in one piece each way; a large body is read, and a stream
sent, part by part, at the pace of the slower side, and nothing of it is collected here. An answer that goes on leaves
its thread and is kept open without one.
"""

import asyncio
import io
import sys
import threading
from collections.abc import Awaitable, Callable, Collection, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, nullcontext, suppress
from typing import Any, TypeVar

from chiron.kernel.headers import BARE
from chiron.kernel.live import Follow, Live

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
WSGI = Callable[..., Iterable[bytes]]
Result = TypeVar("Result")

SMALL = 64 * 1024
WAITING_AT_MOST = 8
"""Threads beyond those that work, each with its database connections, for bodies that arrive; as many for streams."""
OWN = [(name.lower().encode(), value.encode()) for name, value in BARE.items()]
TRY_LATER = [*OWN, (b"retry-after", b"5"), (b"content-length", b"0")]
NOT_HERE = [*OWN, (b"content-length", b"0")]
BROKEN_OFF = [*OWN, (b"connection", b"close")]
PATIENCE, SLOWEST = 30.0, 4 * 1024
"""Seconds that a client is waited for, and bytes by which it earns back one of them."""


class ClientGone(ConnectionError):
    """The client went away, or fell silent, before its request was read or its answer sent."""


class ClientSilent(ClientGone):
    """The client sent nothing, or took nothing, for too long."""


class Bridge:
    """Answers ASGI requests through a WSGI application; an answer that goes on (`Live`) goes on in the event loop.

    At most ``threads`` requests are worked on at a time. While one waits for its client another takes its turn, so that
    slow clients keep nobody waiting but each other: of bodies that are read as they arrive, so many at a time that a
    thread remains for everybody else, and as many streams, beyond which the answer is 503. A client that goes away ends
    its stream: the iterable is closed; so does one that takes or sends less than `SLOWEST` bytes a second for longer
    than `PATIENCE`. Where ``only`` names addresses, there is nothing at others.
    """

    def __init__(self, wsgi: WSGI, threads: int, only: Collection[str] = ()) -> None:
        self._wsgi, self._only = wsgi, only
        room = threads + 2 * WAITING_AT_MOST
        self._pool = ThreadPoolExecutor(room, "request")
        self._room = asyncio.Semaphore(room)  # whoever has a turn must find a thread
        self._leaving = threading.BoundedSemaphore(WAITING_AT_MOST)
        self._arriving = asyncio.Semaphore(WAITING_AT_MOST)
        self._turns = asyncio.Semaphore(threads)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The entry that ASGI servers call."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif self._only and scope["type"] == "http" and scope["path"].rstrip("/") not in self._only:
            await send({"type": "http.response.start", "status": 404, "headers": NOT_HERE})
            await send(body_message(b""))
        elif scope["type"] == "http":
            await self._answer(environ_of(scope), Exchange(receive, send, self._turns, self._leaving))
        else:
            await send({"type": "websocket.close"})

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                self._pool.shutdown(wait=False)
                return

    async def _answer(self, environ: dict[str, Any], exchange: "Exchange") -> None:
        with suppress(ClientGone):
            environ["wsgi.input"] = body = await exchange.body_in_time(environ)
            arriving = self._arriving if isinstance(body, io.BufferedReader) else nullcontext()
            async with arriving, self._room, self._turns:
                rest = await exchange.loop.run_in_executor(self._pool, exchange.run, self._wsgi, environ)
            for message in rest:
                await exchange.send(message)
            if exchange.follow:
                await exchange.go_on(exchange.follow)
        exchange.end()


class Exchange:
    """One request and its answer, between the event loop and the thread in which the WSGI application runs."""

    def __init__(
        self, receive: Receive, send: Send, turns: asyncio.Semaphore, leaving: threading.BoundedSemaphore
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.send = send
        self._receive, self._turns, self._leaving = receive, turns, leaving
        self._all_read = False
        self._gone: asyncio.Task[None] | None = None
        self._started: Message = {}
        self._patience = PATIENCE
        self.follow: Follow | None = None

    async def body(self, environ: dict[str, Any]) -> io.BufferedIOBase:
        """The request's body as a file: in memory where it is small, else one that waits for more when it is read.

        Who asks by ``Expect: 100-continue`` is told to continue when the body is first read, and never if it is not.
        """
        length = environ.get("CONTENT_LENGTH", "" if "HTTP_TRANSFER_ENCODING" in environ else "0")
        if length == "0":
            return io.BytesIO()
        if "HTTP_EXPECT" in environ or not length.isdigit() or int(length) > SMALL:
            return io.BufferedReader(Body(self), SMALL)
        parts = []
        while part := await self.next_part():
            parts.append(part)
        return io.BytesIO(b"".join(parts))

    async def body_in_time(self, environ: dict[str, Any]) -> io.BufferedIOBase:
        """The same; who is too slow with a small one, or breaks it off, is told so (408, 400). Raises ClientGone."""
        try:
            return await self.body(environ)
        except ClientGone as gone:
            status = 408 if isinstance(gone, ClientSilent) else 400
            await self.send({"type": "http.response.start", "status": status, "headers": BROKEN_OFF})
            await self.send(body_message(b""))
            raise

    async def next_part(self) -> bytes:
        """More of the body; nothing at its end. Raises ClientGone."""
        part = b""
        while not part and not self._all_read:
            began = self.loop.time()
            try:
                async with asyncio.timeout(self._patience):
                    message = await self._receive()
            except TimeoutError:
                raise ClientSilent from None
            if message["type"] == "http.disconnect":
                raise ClientGone
            self._all_read = not message.get("more_body", False)
            part = message.get("body", b"")
            self._moved(len(part), began)
        return part

    def _moved(self, size: int, began: float) -> None:
        """So many bytes passed after a wait: what it took is lost of the patience, and what they earn comes back."""
        self._patience = min(PATIENCE, self._patience - (self.loop.time() - began) + size / SLOWEST)

    def run(self, wsgi: WSGI, environ: dict[str, Any]) -> list[Message]:
        """Call the application, in a thread; gives the messages that are left to send: all where it did not stream."""
        content = wsgi(environ, self._start)
        try:
            if isinstance(content, Live):
                self.follow = content.follow
                return [self._started, body_message(content.content, more=True)]
            if not getattr(content, "streaming", not isinstance(content, list)):
                return [self._started, body_message(b"".join(content))]
            if not self._leaving.acquire(blocking=False):
                return [{"type": "http.response.start", "status": 503, "headers": TRY_LATER}, body_message(b"")]
            try:
                return self._stream(content if environ["REQUEST_METHOD"] != "HEAD" else ())
            finally:
                self._leaving.release()
        finally:
            if hasattr(content, "close"):
                content.close()

    def _stream(self, content: Iterable[bytes]) -> list[Message]:
        self.wait_for(self._send_part(self._started))
        for part in content:
            self.wait_for(self._send_part(body_message(part, more=True)))
        return [body_message(b"")]

    async def go_on(self, follow: Follow) -> None:
        """Send what follows, each part once the client has taken the one before. Raises ClientGone."""
        gone = self._watched()
        async with aclosing(follow()) as parts:
            while True:
                coming = asyncio.ensure_future(anext(parts, b""))
                try:
                    await asyncio.wait((coming, gone), return_when=asyncio.FIRST_COMPLETED)
                finally:
                    if is_cut := not coming.done():
                        coming.cancel()
                        await asyncio.wait((coming,))
                if is_cut:
                    raise ClientGone
                if not (part := coming.result()):
                    break
                await self._send_part(body_message(part, more=True))
        await self.send(body_message(b""))

    def wait_for(self, what: Awaitable[Result]) -> Result:
        """Have the event loop do this for a thread, which waits and meanwhile leaves its turn to another."""
        return asyncio.run_coroutine_threadsafe(self._without_turn(what), self.loop).result()

    def end(self) -> None:
        """Watch the client no longer."""
        if self._gone:
            self._gone.cancel()

    def _start(self, status: str, headers: list[tuple[str, str]], error: object = None) -> None:
        """PEP 3333's ``start_response``, without the ``write`` that it should give."""
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self._started = {"type": "http.response.start", "status": int(status[:3]), "headers": encoded}

    async def _without_turn(self, what: Awaitable[Result]) -> Result:
        self._turns.release()
        try:
            return await what
        finally:
            await self._turns.acquire()

    async def _send_part(self, message: Message) -> None:
        """Send it once the client takes it. Raises ClientGone."""
        gone = self._watched()
        sending = asyncio.ensure_future(self.send(message))
        began, both = self.loop.time(), (sending, gone)
        await asyncio.wait(both, timeout=self._patience, return_when=asyncio.FIRST_COMPLETED)
        if gone.done() or not sending.done():
            sending.cancel()
            raise ClientGone if gone.done() else ClientSilent
        await sending
        self._moved(len(message.get("body", b"")), began)

    def _watched(self) -> "asyncio.Task[None]":
        """What ends when the client goes away."""
        self._gone = self._gone or self.loop.create_task(self._until_gone())
        return self._gone

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass


class Body(io.RawIOBase):
    """A request's body that is fetched when it is read, in the thread of the WSGI application."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange, self._left = exchange, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        if not self._left:
            self._left = memoryview(self._exchange.wait_for(self._exchange.next_part()))
        size = min(len(target), len(self._left))
        target[:size], self._left = self._left[:size], self._left[size:]
        return size


def body_message(part: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": part, "more_body": more}


def environ_of(scope: Scope) -> dict[str, Any]:
    """PEP 3333's environment of a request. A header that comes twice is one with both values.

    A header with an underscore in its name is left out: it could not be told from the one with a hyphen.
    """
    client, server = scope.get("client") or ("", 0), scope.get("server") or ("", 0)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode().decode("latin-1"),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw, value in scope["headers"]:
        if b"_" in raw:
            continue
        name = raw.decode("latin-1").upper().replace("-", "_")
        key = name if name in ("CONTENT_LENGTH", "CONTENT_TYPE") else f"HTTP_{name}"
        text = value.decode("latin-1")
        environ[key] = f"{environ[key]}{'; ' if name == 'COOKIE' else ','}{text}" if key in environ else text
    return environ
