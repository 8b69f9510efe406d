"""Files as they are stored, sealed, for whoever carries all of them elsewhere and back; nothing is opened."""

from collections.abc import Iterator
from uuid import UUID

from chiron.files.errors import FileDamaged
from chiron.files.storage import PART_SIZE, folder_of, get_part, put_part
from chiron.vault.public import OVERHEAD


def sealed_parts(organization_id: UUID, file_id: UUID, size: int) -> Iterator[tuple[str, bytes]]:
    """The parts of a stored file of that size, each with its name. Raises FileDamaged where one is not there,
    StorageUnavailable.
    """
    folder = folder_of(organization_id, file_id)
    for number in range((size - 1) // PART_SIZE + 1):
        yield f"{folder}/{number:06}", get_part(folder, number, PART_SIZE + OVERHEAD + 1)


def has_sealed_part(name: str) -> bool:
    """Whether a part of that name is stored. Raises StorageUnavailable."""
    folder, _, number = name.rpartition("/")
    return _stored(folder, int(number)) is not None


def put_sealed_part(name: str, content: bytes) -> None:
    """Store a part where it was, and read it back; one that is there already must be the same.

    Raises FileDamaged where another is there, or another is read, StorageUnavailable.
    """
    folder, _, number = name.rpartition("/")
    if (found := _stored(folder, int(number))) is None:
        put_part(folder, int(number), content)
        found = _stored(folder, int(number))
    if found != content:
        raise FileDamaged


def _stored(folder: str, number: int) -> bytes | None:
    try:
        return get_part(folder, number, PART_SIZE + OVERHEAD + 1)
    except FileDamaged:
        return None
