"""Receiving a file: told, sealed and stored a part at a time while it arrives."""

from hashlib import sha256
from uuid import UUID

from chiron.files.errors import EmptyFile
from chiron.files.inspection import Inspector
from chiron.files.manifest import Manifest
from chiron.files.storage import PART_SIZE, folder_of, put_part
from chiron.kernel.errors import BodyTooLarge
from chiron.vault.public import PartsSafe


class Receiver:
    """Takes the bytes of one file in pieces of any size and keeps at most a part of them in memory.

    Nothing of it can be read before `finish`, and nothing at all if that is never called.
    """

    def __init__(self, organization_id: UUID, file_id: UUID, *, at_most: int) -> None:
        self._at_most = at_most
        self._folder = folder_of(organization_id, file_id)
        self._parts = PartsSafe(organization_id, file_id)
        self._inspector = Inspector()
        self._digest = sha256()
        self._waiting = bytearray()
        self._number = 0
        self.size = 0

    def write(self, piece: bytes) -> None:
        """Take the next bytes. Raises BodyTooLarge, UnsupportedFile, StorageUnavailable."""
        self.size += len(piece)
        if self.size > self._at_most:
            raise BodyTooLarge
        self._waiting += piece
        while len(self._waiting) > PART_SIZE:  # one part stays: only the end tells which is the last
            part = bytes(self._waiting[:PART_SIZE])
            del self._waiting[:PART_SIZE]
            self._store(part, last=False)

    def finish(self) -> Manifest:
        """All has arrived: what must be kept to open the file.

        Raises EmptyFile, UnsupportedFile, StorageUnavailable.
        """
        if not self.size:
            raise EmptyFile
        self._store(bytes(self._waiting), last=True)
        return Manifest(self.size, self._inspector.kind.content_type, self._digest.hexdigest(), self._parts.secret)

    def _store(self, part: bytes, *, last: bool) -> None:
        self._inspector.look_at(part, last=last)
        self._digest.update(part)
        put_part(self._folder, self._number, self._parts.seal(self._number, part, last=last))
        self._number += 1
