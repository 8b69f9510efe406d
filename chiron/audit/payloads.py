"""What an event says beyond its columns: sealed so that it goes when the patient whom it is about is erased."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from chiron.audit.models import Event
from chiron.audit.trails import Trail
from chiron.kernel.ids import NIL
from chiron.vault.public import KeyDestroyed, Safe, archive_patient_safes, archive_safe, patient_safes

ERASED = {"details": {"erased": True}}


def safe_for(trail: Trail, subjects: Sequence[UUID], details: dict[str, Any] | None) -> Safe:
    """The safe for an event's payload: of the one patient whom its details are about, else of the trail.

    The tree covers the digest of the ciphertext, so a destroyed key changes nothing in it.
    """
    if trail.organization_id is not None and details and len(subjects) == 1:
        safes = patient_safes(trail.organization_id, subjects)
        if subjects[0] in safes:
            return safes[subjects[0]]
    return _safe_of(trail)


def said_by(trail: Trail, events: Sequence[Event]) -> list[dict[str, Any]]:
    """What these events of a trail say, opened; of an erased patient's only that it was erased."""
    own = _safe_of(trail)
    subjects = {event.subjects[0] for event in events if len(event.subjects) == 1}
    safes = archive_patient_safes(trail.organization_id, subjects) if trail.organization_id and subjects else {}
    return [_said(event, own, safes) for event in events]


def _said(event: Event, own: Safe, safes: Any) -> dict[str, Any]:
    if not event.payload:
        return {}
    safe = own
    if not own.sealed(event.payload) and len(event.subjects) == 1:
        try:
            of_patient = safes[event.subjects[0]]
        except KeyDestroyed:
            return ERASED
        safe = of_patient if of_patient.sealed(event.payload) else own
    said: dict[str, Any] = safe.open(event, "payload")
    return said


def _safe_of(trail: Trail) -> Safe:
    return archive_safe(trail.organization_id or NIL)
