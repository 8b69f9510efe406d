"""What of a screening is sealed, and with whose key."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from chiron.screening.models import Screening
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import Safe, organization_safe, patient_safe

SEALED = ("inputs", "result", "decision_reason")


def safe_of(screening: Screening) -> Safe:
    """The safe of its patient; of an anonymous one the organization's."""
    organization_id = current_organization_id()
    if screening.patient_id is None:
        return organization_safe(organization_id)
    return patient_safe(organization_id, screening.patient_id)


def change(screening: Screening, now: datetime, sealed: Mapping[str, Any] | None = None, **clear: Any) -> None:
    """Write these columns of a screening that is locked, as its next version; what was sealed is sealed into that."""
    safe = safe_of(screening)
    said = {name: safe.open(screening, name) for name in SEALED} | dict(sealed or {})
    screening.version, screening.updated_at = screening.version + 1, now
    for name, value in clear.items():
        setattr(screening, name, value)
    for name, value in said.items():
        setattr(screening, name, None if value is None else safe.seal(screening, name, value))
    screening.save(force_update=True)
