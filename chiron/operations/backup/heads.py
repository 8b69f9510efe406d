"""Audit heads and the ledger of erasures after a restore: what was published since the backup is kept, and named."""

import glob
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chiron.audit.public import Copy, OutOfReach, bucket, size_said
from chiron.operations.backup.carriers import Member
from chiron.operations.backup.errors import BackupRefused

LEDGER = "erasures.jsonl"
BEFORE = "_before_"


@dataclass(frozen=True, slots=True)
class Heads:
    """The folder that goes with the restored databases; by trail, how many events are in it and how many were published
    before what came after the backup was lost.
    """

    folder: Path
    lost: dict[str, dict[str, int]]


def stage(members: Sequence[Member], live: Path) -> Heads:
    """Write the heads of the backup to a folder beside the live one, with the longest of all ledgers that there are.

    A restore that was killed may have left the last one to a folder that gave up its name, or to its own: these count,
    and are not touched before. Raises BackupRefused where one ledger is not the beginning of another.
    """
    folder = live.with_name(f"{live.name}.restoring")
    former = sorted(live.parent.glob(f"{glob.escape(live.name)}{BEFORE}*"))
    ledger = dict(members).get(LEDGER, b"")
    for each in (live, *former, folder):
        ledger = _longer(ledger, each / LEDGER)
    published_in = live if live.exists() or not former else former[-1]
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    lost = {}
    for name, content in members:
        if name == LEDGER:
            continue
        (folder / name).write_bytes(content)
        trail, size = name.removesuffix(".jsonl"), size_said(content)
        known = max(size_said(_content(published_in / name)), _size_in_bucket(trail))
        if known > size:
            lost[trail] = {"restored": size, "published": known}
    if ledger:
        (folder / LEDGER).write_bytes(ledger)
    return Heads(folder, lost)


def _longer(ledger: bytes, path: Path) -> bytes:
    shorter, longer = sorted((ledger, _content(path)), key=len)
    if not longer.startswith(shorter):
        raise BackupRefused(
            f"The ledger of erasures in the backup and {path} are not of one installation: put back the one that was "
            "shipped elsewhere (docs/how-to/erase.md)."
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
