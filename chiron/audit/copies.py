"""Copies of the heads outside the database: what was published cannot be taken back there.

One file for each trail in `AUDIT_HEADS_DIR`, one line of JSON for each head, appended and flushed to the disk. A copy
is worth as much as it is out of reach of who may change the database: ship the folder to a write-once store.
"""

from __future__ import annotations

import fcntl
import json
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings

from chiron.audit.canonical import instant
from chiron.audit.heads import SignedHead
from chiron.kernel.durable import sync

TAIL = 4096  # more than the longest line


class UnreadableCopy(ValueError):
    """A line that was never written by us, or not to its end."""


def path_of(trail_name: str) -> Path:
    return Path(settings.AUDIT_HEADS_DIR) / f"{trail_name}.jsonl"


def append(trail_name: str, heads_after: Callable[[int], Iterable[SignedHead]]) -> None:
    """Copy the heads that are larger than the last copied one. Safe to run twice, and in several processes at once.

    Raises OSError when the copy cannot be kept; then the next call makes up for it.
    """
    path = path_of(trail_name)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    is_new = not path.exists()
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        lines = b"".join(line_of(head) for head in heads_after(_last_size(handle)))
        while lines:
            lines = lines[os.write(handle, lines) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    if is_new:
        sync(path.parent)


def length_of(trail_name: str) -> int:
    """How long the file of a trail is now, in bytes."""
    path = path_of(trail_name)
    return path.stat().st_size if path.exists() else 0


def size_said(content: bytes) -> int:
    """How many events the last of these copies speaks for that is readable; 0 where none is."""
    read = (read_line(line, "") for line in reversed(content.splitlines()))
    return next((head.size for head in read if isinstance(head, SignedHead)), 0)


def copied(trail_name: str, until: int) -> Iterator[SignedHead | UnreadableCopy]:
    """The copies within the first `until` bytes of the file, in its order.

    A last line that was cut short by a crash is no copy yet.
    """
    if not until:
        return
    with path_of(trail_name).open("rb") as file:
        for number, line in enumerate(file, 1):
            until -= len(line)
            if until < 0 or not line.endswith(b"\n"):
                return
            yield read_line(line, f"line {number}")


def _last_size(handle: int) -> int:
    """The size of the last copied head; a line without an end is cut away."""
    length = os.fstat(handle).st_size
    tail = os.pread(handle, TAIL, max(0, length - TAIL))
    torn = len(tail) - tail.rfind(b"\n") - 1
    if torn:
        os.ftruncate(handle, length - torn)
    lines = tail[: len(tail) - torn].splitlines()
    last = read_line(lines[-1], "the last line") if lines else None
    if isinstance(last, UnreadableCopy):
        raise OSError("the last copied head is unreadable; run `audit verify`")
    return last.size if last else 0


def line_of(head: SignedHead) -> bytes:
    """A head as it is copied."""
    content = {
        "trail": str(head.trail),
        "size": head.size,
        "root": head.root.hex(),
        "previous": head.previous.hex(),
        "at": instant(head.at),
        "signature": b64encode(head.signature).decode(),
    }
    return json.dumps(content).encode() + b"\n"


def read_line(line: bytes, place: str) -> SignedHead | UnreadableCopy:
    """The head that a line is a copy of."""
    try:
        content = json.loads(line)
        head = SignedHead(
            trail=UUID(content["trail"]),
            size=int(content["size"]),
            root=bytes.fromhex(content["root"]),
            previous=bytes.fromhex(content["previous"]),
            at=datetime.fromisoformat(content["at"]),
            signature=b64decode(content["signature"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return UnreadableCopy(f"{place} is not a head")
    is_plausible = 0 < head.size < 2**63 and head.at.tzinfo is not None
    return head if is_plausible else UnreadableCopy(f"{place} is not a head")
