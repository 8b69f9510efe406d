"""Audit heads and the ledger of erasures after a restore: what was published since the backup is kept, and named."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from chiron.audit.public import Copy, OutOfReach, bucket
from chiron.operations.backup.carriers import Member
from chiron.operations.backup.errors import BackupRefused

LEDGER = "erasures.jsonl"


@dataclass(frozen=True, slots=True)
class Heads:
    """The folder that goes with the restored databases; by trail, how many events are in it and how many were published
    before what came after the backup was lost.
    """

    folder: Path
    lost: dict[str, dict[str, int]]


def stage(members: Sequence[Member], live: Path) -> Heads:
    """Write the heads of the backup to a folder beside the live one, with the longer of the two ledgers.

    The live folder is not touched. Raises BackupRefused where one ledger is not the beginning of the other.
    """
    folder = live.with_name(f"{live.name}.restoring")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    lost = {}
    for name, content in [(LEDGER, b""), *members]:
        published = _content(live / name)
        if name == LEDGER:
            continue
        (folder / name).write_bytes(content)
        trail, size = name.removesuffix(".jsonl"), _size(content)
        known = max(_size(published), _size_in_bucket(trail))
        if known > size:
            lost[trail] = {"restored": size, "published": known}
    if ledger := _longer(dict(members).get(LEDGER, b""), _content(live / LEDGER)):
        (folder / LEDGER).write_bytes(ledger)
    return Heads(folder, lost)


def _longer(one: bytes, other: bytes) -> bytes:
    shorter, longer = sorted((one, other), key=len)
    if not longer.startswith(shorter):
        raise BackupRefused(
            "The ledger of erasures in the backup and the one here are not of one installation: put back the one that "
            "was shipped elsewhere (docs/how-to/erase.md)."
        )
    return longer


def _content(path: Path) -> bytes:
    content = path.read_bytes() if path.exists() else b""
    return content[: content.rfind(b"\n") + 1]


def _size_in_bucket(trail: str) -> int:
    """How many events the last head in the bucket speaks for; 0 without one that answers."""
    place = bucket()
    try:
        copies = place.copies(trail) if place else ()
        return max((each.size for each in copies if isinstance(each, Copy)), default=0)
    except OutOfReach:
        return 0


def _size(heads: bytes) -> int:
    """How many events the last head speaks for."""
    lines = heads.splitlines()
    return int(orjson.loads(lines[-1])["size"]) if lines else 0
