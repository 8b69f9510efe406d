"""Writing events: in the transaction of what they tell of, so that neither exists without the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal
from uuid import UUID

from chiron.audit.canonical import event_bytes
from chiron.audit.models import Event
from chiron.audit.payloads import safe_for
from chiron.audit.signing import mac_of
from chiron.audit.trails import PLATFORM, Trail
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.postgres.at_commit import at_commit
from chiron.tenancy.public import current_organization_id

DEVICE_LENGTH = 300

OutcomeWord = Literal["success", "denied", "failure"]


def record(
    by: Caller,
    action: str,
    *,
    resource: str = "",
    resource_id: UUID | None = None,
    subjects: Iterable[UUID] = (),
    outcome: OutcomeWord = "success",
    payload: dict[str, Any] | None = None,
) -> None:
    """Record in the current organization's trail what was done; it commits or vanishes with the current transaction.

    `action` is `<resource>.<verb in the past>`, as in `patient.read`; `subjects` are the ids of the patients whose data
    it touched. `payload` is sealed together with the caller's address and device; where it is about one patient, with
    the key of that patient, so that it is erased with them. An event that cannot be written is an
    error of the whole transaction.
    """
    about = {"resource": resource, "resource_id": resource_id, "subjects": list(dict.fromkeys(subjects))}
    organization_id = current_organization_id()
    event = _event(by, organization_id, action=action, outcome=outcome, **about)
    _write(Trail(organization_id), event, by, payload)


def record_platform(
    by: Caller,
    action: str,
    *,
    resource: str = "",
    resource_id: UUID | None = None,
    subjects: Iterable[UUID] = (),
    outcome: OutcomeWord = "success",
    payload: dict[str, Any] | None = None,
) -> None:
    """The same in the platform's trail, in the current transaction on `accounts`: sign-ins, memberships, organizations.

    The event belongs to the caller's organization where the caller has one.
    """
    about = {"resource": resource, "resource_id": resource_id, "subjects": list(dict.fromkeys(subjects))}
    event = _event(by, by.organization_id, action=action, outcome=outcome, **about)
    _write(PLATFORM, event, by, payload)


def _event(by: Caller, organization_id: UUID | None, **about: Any) -> Event:
    return Event(
        at=now(),
        organization_id=organization_id,
        account_id=by.account_id,
        on_behalf_of=by.on_behalf_of,
        session_id=by.session_id,
        roles=sorted(by.roles),
        purpose=by.purpose,
        request_id=by.request_id,
        **about,
    )


def _write(trail: Trail, event: Event, by: Caller, details: dict[str, Any] | None) -> None:
    """The one place where an event goes to the database, sealed and authenticated before."""
    said = {"address": by.address, "device": by.device[:DEVICE_LENGTH], "details": details}
    if any(said.values()):
        safe = safe_for(trail, event.subjects, details)
        event.payload = safe.seal(event, "payload", {name: value for name, value in said.items() if value})
    event.mac = mac_of(trail.id, event_bytes(event))
    at_commit(event, using=trail.alias)
