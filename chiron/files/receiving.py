"""Receiving a file: told, sealed and stored a part at a time while it arrives."""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from typing_extensions import override

from chiron.files.errors import EmptyFile
from chiron.files.inspection import Inspector
from chiron.files.manifest import Manifest
from chiron.files.storage import PART_SIZE, folder_of, put_part
from chiron.kernel.errors import BodyTooLarge
from chiron.vault.public import PartsSafe


@dataclass(frozen=True, slots=True)
class Examined:
    """What a file is; `sha256` is that of the whole, in hexadecimal."""

    size: int
    content_type: str
    sha256: str


class Examiner:
    """Takes the bytes of one file in pieces of any size, stores nothing, and keeps at most a part of them in memory."""

    def __init__(self, *, at_most: int) -> None:
        self._at_most = at_most
        self._inspector = Inspector()
        self._digest = sha256()
        self._waiting = bytearray()
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Take the next bytes. Raises BodyTooLarge, UnsupportedFile, and what storing a part raises."""
        self.size += len(piece)
        if self.size > self._at_most:
            raise BodyTooLarge
        self._waiting += piece
        while len(self._waiting) > PART_SIZE:  # one part stays: only the end tells which is the last
            part = bytes(self._waiting[:PART_SIZE])
            del self._waiting[:PART_SIZE]
            self._take(part, last=False)

    def examined(self) -> Examined:
        """All has arrived: what it is. Raises EmptyFile, UnsupportedFile, and what storing a part raises."""
        if not self.size:
            raise EmptyFile
        self._take(bytes(self._waiting), last=True)
        return Examined(self.size, self._inspector.kind.content_type, self._digest.hexdigest())

    def _take(self, part: bytes, *, last: bool) -> None:
        self._inspector.look_at(part, last=last)
        self._digest.update(part)


class Receiver(Examiner):
    """Stores the bytes of one file, sealed, as they arrive.

    Nothing of it can be read before `finish`, and nothing at all if that is never called.
    """

    def __init__(self, organization_id: UUID, file_id: UUID, *, at_most: int) -> None:
        super().__init__(at_most=at_most)
        self._folder = folder_of(organization_id, file_id)
        self._parts = PartsSafe(organization_id, file_id)
        self._number = 0

    def finish(self) -> Manifest:
        """All has arrived: what must be kept to open the file.

        Raises EmptyFile, UnsupportedFile, StorageUnavailable.
        """
        found = self.examined()
        return Manifest(found.size, found.content_type, found.sha256, self._parts.secret)

    @override
    def _take(self, part: bytes, *, last: bool) -> None:
        super()._take(part, last=last)
        put_part(self._folder, self._number, self._parts.seal(self._number, part, last=last))
        self._number += 1
