"""Small files of every kind, a way to store one, and a look at what lies in the storage."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from django.core.files.storage import storages

from chiron.files.manifest import manifest_of
from chiron.files.models import File
from chiron.files.reading import Content
from chiron.files.receiving import Receiver
from chiron.files.services import begin_file, keep_file
from chiron.files.storage import folder_of
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import Safe

NINE = datetime(2026, 5, 4, 9, tzinfo=UTC)
PDF = b"%PDF-1.7\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
MEBIBYTE = 2**20


def archive(*members: tuple[str, bytes], stored: bool = False) -> bytes:
    file = BytesIO()
    with ZipFile(file, "w", ZIP_STORED if stored else ZIP_DEFLATED) as packed:
        for name, content in members:
            packed.writestr(name, content)
    return file.getvalue()


def office(part: str, *more: tuple[str, bytes]) -> bytes:
    return archive(("[Content_Types].xml", b"<Types/>"), (part, b"<xml/>"), *more)


def open_document(what: str) -> bytes:
    return archive(("mimetype", f"application/vnd.oasis.opendocument.{what}".encode()), ("a.xml", b""), stored=True)


def pdf_of(size: int) -> bytes:
    """A document of that many bytes, no two parts of which are alike."""
    numbered = b"".join(b"%07d\n" % line for line in range(size // 8 + 1))
    return (PDF + numbered)[:size]


def arrived(content: bytes, *, piece: int = 65_536) -> tuple[File, Receiver]:
    """A file of the current organization that came in pieces of that many bytes, and is not kept yet."""
    file = begin_file(now=NINE)
    receiver = Receiver(current_organization_id(), file.id, at_most=64 * MEBIBYTE)
    for begin in range(0, len(content), piece):
        receiver.write(content[begin : begin + piece])
    return file, receiver


def store(content: bytes, safe: Safe, *, piece: int = 65_536) -> File:
    """A file of the current organization, kept."""
    file, receiver = arrived(content, piece=piece)
    return keep_file(file_id=file.id, manifest=receiver.finish(), safe=safe)


def opened(file: File, safe: Safe) -> Content:
    return Content(current_organization_id(), file.id, manifest_of(File.objects.get(id=file.id), safe))


def parts_of(file_id: UUID, organization_id: UUID | None = None) -> list[Path]:
    """The files on the disk that hold the parts of a file, in their order."""
    storage: Any = storages["sealed"]
    folder = Path(storage.path(folder_of(organization_id or current_organization_id(), file_id)))
    return sorted(folder.iterdir()) if folder.exists() else []
