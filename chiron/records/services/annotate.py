from datetime import datetime

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.records.anchors import Passage
from chiron.records.errors import QuoteNotThere
from chiron.records.models import Annotation, Record
from chiron.records.queries import Remark
from chiron.records.sealing import anchor_of, text_of
from chiron.records.services.anchor import words
from chiron.records.services.telling import tell_of_remark
from chiron.records.words import Visibility
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import patient_safe


def annotate(
    *, by: Caller, record: Record, content: str, visibility: Visibility, passage: Passage | None = None, now: datetime
) -> Remark:
    """Remark on a record, which the caller has reached through `record_for`, or on some words of it.

    For words the record must be locked, so that nobody changes them before they are quoted. Raises QuoteNotThere.
    """
    by.scope("annotations", "create")
    safe = patient_safe(current_organization_id(), record.patient_id)
    if passage is not None and not passage.stands_in(words(text_of(record, safe))[passage.part]):
        raise QuoteNotThere
    annotation = Annotation(
        record=record,
        author_account=by.account_id,
        author_provider_id=by.provider_id,
        visibility=visibility,
        recorded_at=now,
        updated_at=now,
    )
    annotation.content = safe.seal(annotation, "content", content)
    annotation.save(force_insert=True)
    if passage is not None:
        anchor_of(annotation.id, record.version, passage, safe).save(force_insert=True)
    tell_of_remark(by, record, visibility, now)
    audit.record(
        by, "annotation.created", resource="annotations", resource_id=annotation.id, subjects=[record.patient_id]
    )
    return Remark(annotation, content, passage)
