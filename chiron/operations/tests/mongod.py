"""A stand-in for a MongoDB server, as far as a reader needs one: real BSON in real messages, over a loopback socket.

No server can be installed from a registry of packages. It speaks OP_MSG, and OP_QUERY for the first greeting, and knows
hello, ping, listCollections, aggregate to count, find by `_id` and getMore (MongoDB's wire protocol, version 21).
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer
from threading import Thread
from typing import Any

import bson
from bson import ObjectId

OP_REPLY, OP_QUERY, OP_MSG = 1, 2004, 2013
HEADER = struct.Struct("<iiii")
HELLO = {
    "ismaster": True, "isWritablePrimary": True, "helloOk": True, "minWireVersion": 0, "maxWireVersion": 21,
    "maxBsonObjectSize": 2**24, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000, "ok": 1.0,
}  # fmt: skip
Json = dict[str, Any]


class Mongod(ThreadingTCPServer):
    """Answers for one database. After ``dies_after`` answers it hangs up, again and again."""

    allow_reuse_address, daemon_threads, block_on_close = True, True, False

    def __init__(self, collections: dict[str, list[Json]], page: int, dies_after: int) -> None:
        super().__init__(("127.0.0.1", 0), Conversation)
        self.collections, self.page, self.left = collections, page, dies_after
        self.asked: list[Json] = []
        self.cursors: dict[int, list[Json]] = {}

    def answer(self, command: Json) -> Json:
        """What such a server says."""
        name = next(iter(command))
        self.asked.append(command)
        return getattr(self, f"on_{name.lower()}", self.on_anything)(command)

    def on_anything(self, command: Json) -> Json:
        return {"ok": 1.0}

    def on_hello(self, command: Json) -> Json:
        return HELLO

    on_ismaster = on_hello

    def on_listcollections(self, command: Json) -> Json:
        names = [{"name": name, "type": "collection"} for name in self.collections]
        return {"cursor": {"id": 0, "ns": "x.$cmd.listCollections", "firstBatch": names}, "ok": 1.0}

    def on_aggregate(self, command: Json) -> Json:
        """Counts, whatever it is asked."""
        return self._page("firstBatch", len(self.cursors) + 1, [{"n": len(self.collections[command["aggregate"]])}])

    def on_find(self, command: Json) -> Json:
        after = command.get("filter", {}).get("_id", {}).get("$gt")
        file = command.get("filter", {}).get("files_id", {}).get("$eq")
        by = next(iter(command["sort"]))
        documents = sorted(self.collections.get(command["find"], []), key=lambda each: _order(each[by]))
        documents = [each for each in documents if file is None or each["files_id"] == file]
        found = [each for each in documents if after is None or _is_greater(each["_id"], after)]
        return self._page("firstBatch", len(self.cursors) + 1, found[: command.get("limit") or None])

    def on_getmore(self, command: Json) -> Json:
        return self._page("nextBatch", command["getMore"], self.cursors[command["getMore"]])

    def _page(self, name: str, cursor: int, found: list[Json]) -> Json:
        self.cursors[cursor] = found[self.page :]
        more = cursor if self.cursors[cursor] else 0
        return {"cursor": {"id": bson.Int64(more), "ns": "x.y", name: found[: self.page]}, "ok": 1.0}


def _order(value: Any) -> tuple[int, Any]:
    """The comparison order of BSON's types: all numbers are one, then texts, then ids."""
    kinds: tuple[Any, ...] = ((int, float), str, dict, bytes, ObjectId)
    return next(number for number, kind in enumerate(kinds) if isinstance(value, kind)), value


def _is_greater(value: Any, after: Any) -> bool:
    """Type bracketing: a comparison in a query finds values of its own type and no others."""
    return _order(value)[0] == _order(after)[0] and bool(value > after)


class Conversation(BaseRequestHandler):
    """One connection."""

    server: Mongod

    def handle(self) -> None:
        while header := self._read(HEADER.size):
            length, request, _, opcode = HEADER.unpack(header)
            body = self._read(length - HEADER.size)
            command = bson.decode(self._document(opcode, body))
            if self.server.left == 0 and "find" in command:
                return
            self.server.left -= "find" in command
            reply = bson.encode(self.server.answer(command))
            if opcode == OP_QUERY:
                content, kind = struct.pack("<iqii", 0, 0, 0, 1) + reply, OP_REPLY
            else:
                content, kind = struct.pack("<iB", 0, 0) + reply, OP_MSG
            self.request.sendall(HEADER.pack(HEADER.size + len(content), 0, request, kind) + content)

    def _document(self, opcode: int, body: bytes) -> bytes:
        if opcode == OP_QUERY:  # flags, the collection's name, two numbers
            return body[body.index(b"\0", 4) + 9 :]
        return body[5:]  # flags, and the kind of the only section

    def _read(self, size: int) -> bytes:
        found = b""
        while len(found) < size:
            part = self.request.recv(size - len(found))
            if not part:
                return b""
            found += part
        return found


@contextmanager
def mongod(collections: dict[str, list[Json]], *, page: int = 2, dies_after: int = -1) -> Iterator[tuple[str, Mongod]]:
    """One that listens, and its address; its database is called version1."""
    with Mongod(collections, page, dies_after) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"mongodb://127.0.0.1:{server.server_address[1]}/version1", server
        finally:
            server.shutdown()
            thread.join()
