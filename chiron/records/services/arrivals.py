"""Files that come from an older system: each as a document of its patient, with the file attached to it."""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from chiron.audit import public as audit
from chiron.files.public import Content, FileDamaged, Manifest, manifest_of
from chiron.kernel.access import Caller
from chiron.records.entries import Statement
from chiron.records.models import Attachment, Record
from chiron.records.sealing import inscribe, text_of
from chiron.records.services.attach import attach
from chiron.records.words import RecordType
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import patient_safe, patient_safes


@dataclass(frozen=True, slots=True)
class FileArrival:
    """A document as the older system had it; ``sha256`` is that of its bytes, in hexadecimal."""

    id: UUID
    patient_id: UUID
    title: str
    size: int
    sha256: str
    recorded_at: datetime


def admit_file(*, by: Caller, arrival: FileArrival, file_id: UUID, manifest: Manifest, now: datetime) -> None:
    """A new document of a patient with a file that arrived whole, and an event of each. Raises UploadAbandoned."""
    by.scope("records", "create")
    record = Record(
        id=arrival.id, patient_id=arrival.patient_id, author_account=by.account_id, changed_by=by.account_id,
        recorded_at=arrival.recorded_at, updated_at=now,
    )  # fmt: skip
    statement = Statement(record_type=RecordType.DOCUMENT, title=arrival.title)
    inscribe(record, statement, patient_safe(current_organization_id(), arrival.patient_id))
    record.save(force_insert=True)
    audit.record(by, "record.created", resource="records", resource_id=record.id, subjects=[arrival.patient_id])
    attach(by=by, record=record, file_id=file_id, name=arrival.title, manifest=manifest, now=now)


def settled_files(ids: list[UUID]) -> dict[UUID, tuple[FileArrival, bool]]:
    """Those of these documents that stand with a file, and whether they were changed since; not for callers.

    Every byte of the files is read and opened. Where one is missing or damaged, the digest is empty.
    Raises StorageUnavailable.
    """
    organization_id = current_organization_id()
    found = (
        Attachment.objects.filter(record_id__in=ids, file__manifest__isnull=False)
        .select_related("record", "file")
        .order_by("-id")
    )
    first = {row.record_id: row for row in found}
    safes = patient_safes(organization_id, {row.record.patient_id for row in first.values()})
    settled = {}
    for record_id, row in first.items():
        safe = safes[row.record.patient_id]
        manifest = manifest_of(row.file, safe)
        arrival = FileArrival(
            id=record_id,
            patient_id=row.record.patient_id,
            title=text_of(row.record, safe).title,
            size=manifest.size,
            sha256=_digest_of(Content(organization_id, row.file_id, manifest)),
            recorded_at=row.record.recorded_at,
        )
        settled[record_id] = arrival, max(row.version, row.record.version) > 1
    return settled


def _digest_of(content: Content) -> str:
    digest = sha256()
    try:
        for piece in content.read():
            digest.update(piece)
    except FileDamaged:
        return ""
    return digest.hexdigest()
