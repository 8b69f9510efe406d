from datetime import datetime

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.records.models import Annotation, Record
from chiron.records.words import Visibility
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import patient_safe


def annotate(*, by: Caller, record: Record, content: str, visibility: Visibility, now: datetime) -> Annotation:
    """Remark on a record, which the caller has reached through `record_for`."""
    by.scope("annotations", "create")
    annotation = Annotation(
        record=record,
        author_account=by.account_id,
        author_provider_id=by.provider_id,
        visibility=visibility,
        recorded_at=now,
        updated_at=now,
    )
    safe = patient_safe(current_organization_id(), record.patient_id)
    annotation.content = safe.seal(annotation, "content", content)
    annotation.save(force_insert=True)
    audit.record(
        by, "annotation.created", resource="annotations", resource_id=annotation.id, subjects=[record.patient_id]
    )
    return annotation
