"""The ledger's copy outside the databases, beside the audit heads: what a restored backup does not know, it knows.

`erasures.jsonl` in `AUDIT_HEADS_DIR`, one line of JSON for each erasure, appended and flushed to the disk. Ship the
folder, as for the heads, to a place that no backup and nobody who may change the databases can turn back.
"""

import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings

from chiron.kernel.durable import sync
from chiron.vault.errors import LedgerBroken


def path() -> Path:
    """Where the copy lies."""
    return Path(settings.AUDIT_HEADS_DIR) / "erasures.jsonl"


def length() -> int:
    """How many whole lines it has."""
    return sum(1 for _ in lines())


def lines() -> Iterator[dict[str, Any]]:
    """Its lines, in order; one that a crash cut short is none yet. Raises LedgerBroken for what is no line of ours."""
    if not path().exists():
        return
    with path().open("rb") as file:
        for line in file:
            if not line.endswith(b"\n"):
                return
            try:
                said = orjson.loads(line)
            except orjson.JSONDecodeError:
                raise LedgerBroken from None
            if not isinstance(said, dict):
                raise LedgerBroken
            yield said


def append(lines_after: Callable[[int], Sequence[dict[str, object]]]) -> None:
    """Add the lines that come after those it has. Safe to run twice, and in several processes at once.

    Raises OSError when they cannot be kept; then the next call makes up for it.
    """
    folder = path().parent
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked() as handle:
        _cut_torn_end(handle)
        added = b"".join(orjson.dumps(line) + b"\n" for line in lines_after(length()))
        while added:
            added = added[os.write(handle, added) :]
        os.fsync(handle)
    sync(folder)


@contextmanager
def _locked() -> Iterator[int]:
    handle = os.open(path(), os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield handle
    finally:
        os.close(handle)


def _cut_torn_end(handle: int) -> None:
    content = path().read_bytes()
    os.ftruncate(handle, content.rfind(b"\n") + 1)
