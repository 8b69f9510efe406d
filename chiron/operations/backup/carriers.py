"""Files and audit heads as one stream (tar), made and read a piece at a time: a storage may be larger than a disk."""

import tarfile
from collections.abc import Iterable, Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, cast

from chiron.operations.backup.errors import Damaged
from chiron.operations.backup.places import Reading

Member = tuple[str, bytes]
BEING_WRITTEN = "new-"
END = bytes(2 * tarfile.BLOCKSIZE)


class Counted:
    """How many members passed, their bytes, and a digest over names and contents in their order."""

    def __init__(self) -> None:
        self.members, self.bytes, self._digest = 0, 0, sha256()

    def of(self, members: Iterable[Member]) -> Iterator[Member]:
        """The same members, counted as they pass."""
        for name, content in members:
            self.members += 1
            self.bytes += len(content)
            self._digest.update(f"{name} {sha256(content).hexdigest()}\n".encode())
            yield name, content

    def said(self) -> dict[str, Any]:
        """What was counted, for a manifest."""
        return {"members": self.members, "bytes": self.bytes, "sha256": self._digest.hexdigest()}


def packed(members: Iterable[Member]) -> Iterator[bytes]:
    """The members as a tar archive."""
    for name, content in members:
        about = tarfile.TarInfo(name)
        about.size = len(content)
        yield about.tobuf(tarfile.PAX_FORMAT)
        yield content
        yield bytes(-len(content) % tarfile.BLOCKSIZE)
    yield END


def unpacked(stream: Iterable[bytes]) -> Iterator[Member]:
    """The members of such an archive. Raises Damaged."""
    try:
        with tarfile.open(mode="r|", fileobj=cast(Any, Reading(stream))) as archive:
            for about in archive:
                content = archive.extractfile(about)
                yield about.name, (content or BytesIO()).read()
    except tarfile.TarError:
        raise Damaged("The files of the backup cannot be read.") from None


def bundles_in(folder: Path) -> Iterator[Member]:
    """The models of the screening that were put on the shelf here, which what they answered is made again from."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not name.parts[0].startswith(BEING_WRITTEN):
            yield name.as_posix(), path.read_bytes()


def heads_in(folder: Path) -> list[Member]:
    """The copies of audit heads and the ledger of erasures, as they are now: up to the last line that is whole."""
    found = []
    for path in sorted(folder.glob("*.jsonl")):
        content = path.read_bytes()
        found.append((path.name, content[: content.rfind(b"\n") + 1]))
    return found
