"""What somebody who treats makes of a screening. Nobody's data is learned from it: nothing that trains reads it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from chiron.audit import public as audit
from chiron.identity.public import accounts_of
from chiron.kernel.access import Caller
from chiron.kernel.errors import invalid
from chiron.kernel.versions import expect
from chiron.notifications.public import Kind, notify
from chiron.screening.doors import screening_for
from chiron.screening.errors import Abstained, NotDecided, NotForPatients
from chiron.screening.models import Screening
from chiron.screening.queries import hide_confirmations, subjects_of
from chiron.screening.sealing import change
from chiron.screening.words import Decision, Mode, Outcome
from chiron.tenancy.public import current_organization_id


def decide(
    *, by: Caller, screening_id: UUID, decision: Decision, reason: str, if_match: int | None, now: datetime
) -> Screening:
    """Accept an answer or override it, which takes a reason; a later decision takes the place of an earlier one.

    Each stays in the audit trail with its reason. Raises NotFound, StaleVersion, Abstained where the model
    abstained, Invalid for an override without a reason.
    """
    screening = screening_for(by, screening_id, "decide", lock=True)
    expect(screening, if_match)
    if screening.outcome == Outcome.ABSTAINED:
        raise Abstained
    if decision is Decision.OVERRIDDEN and not reason:
        raise invalid("is needed to override an answer", "body", "reason")
    said = {"decision": decision, "decided_by": by.account_id, "decided_at": now}
    change(screening, now, {"decision_reason": reason or None}, **said)
    _record(by, "screening.decided", screening, {"decision": decision, "reason": reason})
    hide_confirmations(by, [screening])
    return screening


def release(*, by: Caller, screening_id: UUID, if_match: int | None, now: datetime) -> Screening:
    """Let the patient read a screening, and tell them. A second time changes nothing.

    No patient meets a machine's answer alone: what the model answered must be decided before.
    Raises NotFound, StaleVersion, NotDecided, NotForPatients for what is anonymous or was made for research.
    """
    screening = screening_for(by, screening_id, "release", lock=True)
    expect(screening, if_match)
    if screening.patient_id is None or screening.mode == Mode.RESEARCH:
        raise NotForPatients
    if screening.outcome == Outcome.CLASSIFIED and screening.decision == Decision.NONE:
        raise NotDecided
    if screening.released_at is None:
        change(screening, now, released_by=by.account_id, released_at=now)
        told = accounts_of(current_organization_id(), patients=[screening.patient_id])
        notify(kind=Kind.RESULT_SHARED, to=told, resource="screenings", resource_id=screening.id, now=now)
    _record(by, "screening.released", screening)
    hide_confirmations(by, [screening])
    return screening


def _record(by: Caller, action: str, screening: Screening, payload: dict[str, Any] | None = None) -> None:
    subjects = subjects_of([screening])
    audit.record(
        by, action, resource="screenings", resource_id=screening.id, subjects=subjects, payload=payload
    )  # fmt: skip
