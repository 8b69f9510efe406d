"""Doors to attachments and reads of them: whoever does not reach the record reaches nothing that hangs on it."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from chiron.audit import public as audit
from chiron.files.public import Content, Manifest, manifest_of
from chiron.kernel.access import Caller, Scope
from chiron.kernel.errors import NotFound
from chiron.kernel.pagination import page as cut
from chiron.kernel.schemas import PageQuery
from chiron.records.models import Attachment, AttachmentQuerySet, Record
from chiron.records.queries import records_within
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import Safe, patient_safe, patient_safes

RESOURCE = "attachments"


@dataclass(frozen=True, slots=True)
class Attached:
    """An attachment, opened: what its file is called, and what it is."""

    attachment: Attachment
    name: str
    manifest: Manifest

    @classmethod
    def of(cls, attachment: Attachment, safe: Safe) -> "Attached":
        return cls(attachment, safe.open(attachment, "text")["name"], manifest_of(attachment.file, safe))


def attachment_for(by: Caller, id: UUID, action: str = "read") -> Attachment:
    """The door to one attachment, with its record and file; for a change the row is locked until the transaction ends.

    What was entered in error is open only to who reaches the whole organization. Raises NotFound.
    """
    attachments: AttachmentQuerySet = Attachment.objects.filter(record__in=records_within(by, action, RESOURCE))
    if by.scope(RESOURCE, action) is not Scope.ORGANIZATION:
        attachments = attachments.standing()
    if action == "delete":
        attachments = attachments.select_for_update(of=("self",))
    try:
        return attachments.select_related("record", "file").get(id=id)
    except Attachment.DoesNotExist:
        raise NotFound from None


def list_attachments(by: Caller, record: Record, page: PageQuery) -> tuple[list[Attached], str | None]:
    """The files that stand on a record, which the caller has reached through its door, latest first."""
    safe = patient_safe(current_organization_id(), record.patient_id)
    leaf = cut(Attachment.objects.standing().filter(record=record).select_related("file"), page)
    opened = [Attached.of(attachment, safe) for attachment in leaf.rows]
    audit.record(by, "attachment.listed", resource="records", resource_id=record.id, subjects=[record.patient_id])
    return opened, leaf.next


def every_attachment(by: Caller, page: PageQuery) -> tuple[list[Attached], str | None]:
    """The files on all records that the caller may see, latest first, those entered in error too."""
    within = Attachment.objects.filter(record__in=records_within(by, "read", RESOURCE))
    leaf = cut(within.select_related("record", "file"), page)
    subjects = list(dict.fromkeys(row.record.patient_id for row in leaf.rows))
    safes = patient_safes(current_organization_id(), subjects)
    audit.record(by, "attachment.listed", resource=RESOURCE, subjects=subjects)
    return [Attached.of(row, safes[row.record.patient_id]) for row in leaf.rows], leaf.next


def look_at_attachment(by: Caller, id: UUID) -> Attached:
    """What one attachment is called and what it is, without its bytes. Raises NotFound."""
    attachment = attachment_for(by, id)
    patient_id = attachment.record.patient_id
    attached = Attached.of(attachment, patient_safe(current_organization_id(), patient_id))
    audit.record(by, "attachment.listed", resource=RESOURCE, resource_id=id, subjects=[patient_id])
    return attached


def read_attachment(by: Caller, id: UUID) -> tuple[Attached, Content]:
    """One attachment and its bytes. That they were asked for is recorded before any of them is served.

    Raises NotFound, FileDamaged.
    """
    attachment, organization_id = attachment_for(by, id), current_organization_id()
    patient_id = attachment.record.patient_id
    attached = Attached.of(attachment, patient_safe(organization_id, patient_id))
    audit.record(by, "attachment.read", resource=RESOURCE, resource_id=id, subjects=[patient_id])
    return attached, Content(organization_id, attachment.file_id, attached.manifest)


def patients_of_attachments(ids: Collection[UUID]) -> list[UUID]:
    """Whom these attachments are about, for the audit trail of an attempt at them; it says nothing to any caller."""
    found = Attachment.objects.filter(id__in=ids).order_by("id")
    return list(found.values_list("record__patient_id", flat=True))
