"""Attaching files to records, and taking them back."""

from datetime import datetime
from uuid import UUID

from chiron.audit import public as audit
from chiron.files.public import Manifest, fitting_name, keep_file
from chiron.identity.public import Link, link_to
from chiron.kernel.access import Caller, Scope
from chiron.kernel.errors import NotPermitted
from chiron.kernel.ids import NIL
from chiron.kernel.versions import expect
from chiron.records.attachments import RESOURCE, Attached
from chiron.records.models import Attachment, Record
from chiron.records.services.write import must_be_open
from chiron.records.words import Status
from chiron.tenancy.public import current_organization_id, inside
from chiron.vault.public import patient_safe


def may_attach(*, by: Caller, record: Record) -> None:
    """Refuse a file for this record, reached through `record_for(..., resource="attachments")`, before it arrives.

    Who reaches only their own records (a patient) attaches only to what they wrote themselves.
    What is signed takes no more files. Raises NotPermitted, EnteredInError, RecordSigned.
    """
    if by.scope(RESOURCE, "create") is Scope.OWN and record.author_account != by.account_id:
        raise NotPermitted
    must_be_open(record)


def attach(*, by: Caller, record: Record, file_id: UUID, name: str, manifest: Manifest, now: datetime) -> Attached:
    """Attach a file that arrived whole to a record, reached through its door and locked, so that nobody signs it now.

    Raises NotPermitted, EnteredInError, RecordSigned, UploadAbandoned.
    """
    may_attach(by=by, record=record)
    safe = patient_safe(current_organization_id(), record.patient_id)
    file = keep_file(file_id=file_id, manifest=manifest, safe=safe)
    attachment = Attachment(
        record=record,
        file=file,
        author_account=by.account_id,
        author_provider_id=by.provider_id,
        changed_by=by.account_id,
        recorded_at=now,
        updated_at=now,
    )
    fitting = fitting_name(name, manifest.content_type)
    attachment.text = safe.seal(attachment, "text", {"name": fitting, "reason": ""})
    attachment.save(force_insert=True)
    audit.record(by, "attachment.created", resource=RESOURCE, resource_id=attachment.id, subjects=[record.patient_id])
    return Attached(attachment, fitting, manifest)


def link_attachment(*, by: Caller, attachment: Attachment, now: datetime) -> Link:
    """A link by which the caller alone reads an attachment, reached through `attachment_for`, for five minutes."""
    by.scope(RESOURCE, "read")
    subjects = [attachment.record.patient_id]
    audit.record(by, "attachment.linked", resource=RESOURCE, resource_id=attachment.id, subjects=subjects)
    return link_to(f"/api/attachments/{attachment.id}", by=by, now=now)


def withdraw_attachment(
    *, by: Caller, attachment: Attachment, if_match: int | None = None, reason: str = "", now: datetime
) -> None:
    """Take an attachment, reached through `attachment_for(..., "delete")`, back as entered in error: it is kept, no
    longer listed, and open to administrators only. A second time changes nothing. Raises StaleVersion.
    """
    by.scope(RESOURCE, "delete")
    expect(attachment, if_match)
    patient_id = attachment.record.patient_id
    if attachment.status != Status.ENTERED_IN_ERROR:
        safe = patient_safe(current_organization_id(), patient_id)
        name = safe.open(attachment, "text")["name"]
        attachment.version += 1
        attachment.status, attachment.changed_by, attachment.updated_at = Status.ENTERED_IN_ERROR, by.account_id, now
        attachment.text = safe.seal(attachment, "text", {"name": name, "reason": reason})
        attachment.save(force_update=True)
    audit.record(by, "attachment.withdrawn", resource=RESOURCE, resource_id=attachment.id, subjects=[patient_id])


def tell_of_damage(*, by: Caller, attachment: Attachment) -> None:
    """Record, in a transaction of its own, that a file which was being served turned out damaged or out of reach."""
    with inside(by.organization_id or NIL):
        subjects = [attachment.record.patient_id]
        audit.record(
            by, "attachment.damaged", resource=RESOURCE, resource_id=attachment.id, subjects=subjects, outcome="failure"
        )
