"""A small application behind the bridge: it sends what is large, and counts what it is sent."""

from collections.abc import Iterable, Iterator
from typing import Any

from chiron.operations.bridge import Bridge

PART = bytes(256 * 1024)
PARTS = 1024


class Down:
    """256 MB, made part by part."""

    streaming = True

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(PARTS):
            yield PART


def large(environ: dict[str, Any], start: Any) -> Iterable[bytes]:
    start("200 OK", [("Content-Type", "application/octet-stream")])
    if environ["REQUEST_METHOD"] == "GET":
        return Down()
    count = 0
    while part := environ["wsgi.input"].read(len(PART)):
        count += len(part)
    return [str(count).encode()]


application = Bridge(large, threads=1)
