"""Where parts lie: the storage that the settings name `sealed`, spoken to in parts.

A storage may name the exceptions by which it says that an object is `missing`, or that it is out of reach (`faults`).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import storages

from chiron.files.errors import FileDamaged, StorageUnavailable
from chiron.kernel.log import logger

SEALED = "sealed"
PART_SIZE = 4 * 2**20
"""Bytes of a part before it is sealed; the last part of a file may be shorter. Part of the format (ADR 10)."""


def folder_of(organization_id: UUID, file_id: UUID) -> str:
    """Where the parts of a file lie: ids, and nothing that anybody sent."""
    return f"{organization_id.hex}/{file_id.hex}"


def put_part(folder: str, number: int, sealed: bytes) -> None:
    """Store a part; when this returns, it survives a crash. Raises StorageUnavailable."""
    name = _name(folder, number)
    with _reached() as storage:
        if storage.save(name, ContentFile(sealed)) != name:
            raise FileExistsError  # parts are written once


def get_part(folder: str, number: int, at_most: int) -> bytes:
    """A part as it is stored, no more than so many bytes of it. Raises FileDamaged where there is none,
    StorageUnavailable.
    """
    with _reached() as storage, storage.open(_name(folder, number), "rb") as part:
        content: bytes = part.read(at_most)
    return content


def remove_parts(folder: str) -> int:
    """Remove whatever is stored of a file; how many parts that were. Raises StorageUnavailable."""
    with _reached() as storage:
        try:
            _, names = storage.listdir(folder)
        except FileNotFoundError:
            return 0
        for name in names:
            storage.delete(f"{folder}/{name}")
    return len(names)


def folders_of(organization_id: UUID) -> list[str]:
    """The folders of an organization in which anything is stored. Raises StorageUnavailable."""
    with _reached() as storage:
        try:
            folders, _ = storage.listdir(organization_id.hex)
        except FileNotFoundError:
            return []
    return [f"{organization_id.hex}/{folder}" for folder in folders]


def is_in_reach() -> bool:
    """Whether the storage answers."""
    try:
        with _reached() as storage:
            storage.exists("a-name-that-is-never-given")
    except StorageUnavailable:
        return False
    return True


def _name(folder: str, number: int) -> str:
    return f"{folder}/{number:06}"


@contextmanager
def _reached() -> Iterator[Any]:
    storage = storages[SEALED]
    try:
        yield storage
    except getattr(storage, "missing", (FileNotFoundError,)):
        raise FileDamaged from None
    except getattr(storage, "faults", (OSError,)) as error:
        logger.error("storage_unavailable", kind=type(error).__name__)
        raise StorageUnavailable from None
