"""Reading a stored file, whole or a range of it, a part at a time."""

from collections.abc import Iterator
from hashlib import sha256
from uuid import UUID

from chiron.files.errors import FileDamaged
from chiron.files.manifest import Manifest
from chiron.files.ranges import Span, whole
from chiron.files.storage import PART_SIZE, folder_of, get_part
from chiron.kernel.log import logger
from chiron.vault.public import OVERHEAD, OpeningFailed, PartsSafe


class Content:
    """The bytes of one stored file. It holds the file's own key, so never keep it beyond its request."""

    def __init__(self, organization_id: UUID, file_id: UUID, manifest: Manifest) -> None:
        self.size = manifest.size
        self.content_type = manifest.content_type
        self._sha256 = manifest.sha256
        self._file_id = file_id
        self._folder = folder_of(organization_id, file_id)
        self._parts = PartsSafe(organization_id, file_id, manifest.key)

    def read(self, span: Span | None = None) -> Iterator[bytes]:
        """The bytes of the span (else all), in pieces of at most 4 MiB.

        Each part is authenticated before any of it is given out. Of the whole file the last part is kept back until the
        SHA-256 of everything is that of the file stored, so that nobody receives a damaged file whole.
        Raises FileDamaged, StorageUnavailable, at any piece.
        """
        span = span or whole(self.size)
        if span == whole(self.size):
            return self._whole()
        return self._span(span)

    def _whole(self) -> Iterator[bytes]:
        digest = sha256()
        for number in range(self._last + 1):
            part = self._part(number)
            digest.update(part)
            if number == self._last and digest.hexdigest() != self._sha256:
                raise self._damaged()
            yield part

    def _span(self, span: Span) -> Iterator[bytes]:
        for number in range(span.first // PART_SIZE, span.last // PART_SIZE + 1):
            begins = number * PART_SIZE
            yield self._part(number)[max(span.first - begins, 0) : span.last - begins + 1]

    @property
    def _last(self) -> int:
        return (self.size - 1) // PART_SIZE

    def _part(self, number: int) -> bytes:
        length = min(PART_SIZE, self.size - number * PART_SIZE)
        try:
            sealed = get_part(self._folder, number, length + OVERHEAD + 1)
            part = self._parts.open(number, sealed, last=number == self._last)
        except (FileDamaged, OpeningFailed):
            raise self._damaged() from None
        if len(part) != length:
            raise self._damaged()
        return part

    def _damaged(self) -> FileDamaged:
        logger.error("file_damaged", file=str(self._file_id))
        return FileDamaged()
