"""The life of a file's row: received, then stored or abandoned."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from chiron.audit import public as audit
from chiron.files.errors import StorageUnavailable, UploadAbandoned
from chiron.files.manifest import Manifest, sealed
from chiron.files.models import File, State
from chiron.files.storage import folder_of, folders_of, remove_parts
from chiron.kernel.access import Caller
from chiron.tenancy.public import all_organizations, inside
from chiron.vault.public import Safe

LONGEST = timedelta(hours=24)
"""How long a file may take to arrive before it is swept."""


def begin_file(*, now: datetime) -> File:
    """A file of the current organization that begins to arrive; it must be committed before its first part is stored.

    Whoever receives it ends with `keep_file` or `drop_file`. A process that dies before leaves it to `sweep`.
    """
    return File.objects.create(begun_at=now)


def keep_file(*, file_id: UUID, manifest: Manifest, safe: Safe) -> File:
    """Make a file that arrived readable, in the current transaction. Raises UploadAbandoned where it was swept."""
    file = File.objects.select_for_update().filter(id=file_id, state=State.RECEIVING).first()
    if file is None:
        raise UploadAbandoned
    file.state, file.size, file.content_type = State.STORED, manifest.size, manifest.content_type
    file.manifest = sealed(manifest, file, safe)
    file.save(force_update=True)
    return file


def drop_file(*, organization_id: UUID, file_id: UUID) -> None:
    """Remove what arrived of a file that came to nothing; a file that is stored stays. What cannot be removed now is
    swept later.
    """
    with inside(organization_id):
        if not File.objects.filter(id=file_id, state=State.RECEIVING).update(state=State.ABANDONED):
            return
    try:
        remove_parts(folder_of(organization_id, file_id))
    except StorageUnavailable:
        return
    with inside(organization_id):
        File.objects.filter(id=file_id, state=State.ABANDONED).delete()


def stored_files(organization_id: UUID) -> int:
    """How many files an organization has."""
    with inside(organization_id):
        return File.objects.filter(state=State.STORED).count()


def erase_files(file_ids: Collection[UUID]) -> None:
    """Leave of these files of the current organization only that there were any. Their bytes open for nobody."""
    erased = File.objects.filter(id__in=file_ids)
    erased.update(state=State.ERASED, manifest=None, size=None, content_type="")


def remove_erased(organization_id: UUID, file_ids: Collection[UUID]) -> int:
    """Remove the bytes of erased files; how many parts those were. Safe to repeat. Raises StorageUnavailable."""
    return sum(remove_parts(folder_of(organization_id, file_id)) for file_id in file_ids)


@dataclass(frozen=True, slots=True)
class Swept:
    """How many files will not arrive any more, and how many parts of them were removed."""

    files: int
    parts: int


def remove_files(organization_id: UUID) -> int:
    """Remove everything that is stored for an organization whose schema is gone; how many parts that were.

    Safe to repeat. Raises StorageUnavailable.
    """
    return sum(remove_parts(folder) for folder in folders_of(organization_id))


def sweep_everywhere(*, begun_before: datetime) -> Swept:
    """Sweep every organization, one after the other. Raises StorageUnavailable."""
    swept = [
        sweep(by=Caller(device="sweep_files"), organization_id=organization.id, begun_before=begun_before)
        for organization in all_organizations()
    ]
    return Swept(sum(each.files for each in swept), sum(each.parts for each in swept))


def sweep(*, by: Caller, organization_id: UUID, begun_before: datetime) -> Swept:
    """Abandon the files of an organization that began to arrive before that and never did, and remove their parts.

    The row of such a file goes when nothing of it is left to remove, in the next sweep at the earliest: the process
    that receives it may still be alive and store one more part. Safe to repeat and to interrupt.
    Raises StorageUnavailable.
    """
    with inside(organization_id):
        late = File.objects.filter(state__in=[State.RECEIVING, State.ABANDONED], begun_at__lt=begun_before)
        late.filter(state=State.RECEIVING).update(state=State.ABANDONED)
        ids = list(late.values_list("id", flat=True))
    parts = {file_id: remove_parts(folder_of(organization_id, file_id)) for file_id in ids}
    with inside(organization_id):
        gone = [file_id for file_id, removed in parts.items() if not removed]
        File.objects.filter(id__in=gone, state=State.ABANDONED).delete()
        swept = Swept(len(ids), sum(parts.values()))
        if ids:
            about = {"files": swept.files, "parts": swept.parts}
            audit.record(by, "file.swept", resource="files", payload=about)
    return swept
