"""Reading the trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from chiron.audit.models import Event
from chiron.audit.payloads import said_by
from chiron.audit.services import record
from chiron.audit.trails import PLATFORM, Trail
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound, NotPermitted
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.tenancy.public import current_organization_id


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events are asked for; what is None does not matter. `since` is included, `until` is not."""

    source: Literal["organization", "platform"] = "organization"
    account_id: UUID | None = None
    patient_id: UUID | None = None
    action: str | None = None
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> dict[str, Any]:
        asked = {
            "account_id": self.account_id,
            "subjects__contains": [self.patient_id] if self.patient_id else None,
            "action": self.action,
            "outcome": self.outcome,
            "at__gte": self.since,
            "at__lt": self.until,
        }
        return {name: value for name, value in asked.items() if value is not None}


@dataclass(frozen=True, slots=True)
class OpenedEvent:
    """An event and what its payload says."""

    event: Event
    said: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Access:
    """One time somebody touched a patient's data, as the patient may see it."""

    id: UUID
    at: datetime
    account_id: UUID | None
    roles: list[str]
    action: str
    resource: str
    resource_id: UUID | None
    purpose: str
    outcome: str


def read_trail(by: Caller, wanted: Wanted, query: PageQuery) -> Page[OpenedEvent]:
    """Events of the caller's organization, newest first, opened; reading them is an event itself.

    The source `platform` has the organization's sign-ins and memberships, which are kept in `accounts`.
    """
    by.scope("audit", "read")
    organization_id = current_organization_id()
    if organization_id != by.organization_id:
        raise NotPermitted
    trail = PLATFORM if wanted.source == "platform" else Trail(organization_id)
    conditions = wanted.conditions() | {"organization_id": organization_id}
    found = page(Event.objects.using(trail.alias).filter(**conditions), query)
    opened = [OpenedEvent(*each) for each in zip(found.rows, said_by(trail, found.rows), strict=True)]
    asked = {name: str(value) for name, value in conditions.items() if name != "organization_id"}
    subjects = [wanted.patient_id] if wanted.patient_id else []
    record(by, "audit.read", resource="audit", subjects=subjects, payload={"source": wanted.source, **asked})
    return Page(opened, found.next)


def read_event(by: Caller, event_id: UUID) -> OpenedEvent:
    """One event of the caller's organization, opened; reading it is an event itself. Raises NotFound."""
    by.scope("audit", "read")
    event = Event.objects.using("clinical").filter(id=event_id, organization_id=current_organization_id()).first()
    if event is None:
        raise NotFound
    record(by, "audit.read", resource="audit", resource_id=event.id, subjects=event.subjects)
    return OpenedEvent(event, *said_by(Trail(current_organization_id()), [event]))


def read_platform_trail(by: Caller, query: PageQuery) -> Page[Event]:
    """The platform's own trail, newest first, its payloads closed: for its operator."""
    by.scope("platform-audit", "read")
    return page(Event.objects.using(PLATFORM.alias).defer("payload"), query)


def read_platform_event(by: Caller, event_id: UUID) -> OpenedEvent:
    """One event of the platform's trail, its payload closed: for its operator. Raises NotFound."""
    by.scope("platform-audit", "read")
    event = Event.objects.using(PLATFORM.alias).filter(id=event_id).first()
    if event is None:
        raise NotFound
    return OpenedEvent(event, {})


def access_log(organization_id: UUID, patient_id: UUID, query: PageQuery) -> Page[Access]:
    """Who touched this patient's data, newest first. The caller must have passed the patient's door, and records it."""
    events = Event.objects.using("clinical").filter(organization_id=organization_id, subjects__contains=[patient_id])
    found = page(events.defer("payload", "mac"), query)
    return Page([_access(event) for event in found.rows], found.next)


def _access(event: Event) -> Access:
    return Access(
        id=event.id,
        at=event.at,
        account_id=event.account_id,
        roles=event.roles,
        action=event.action,
        resource=event.resource,
        resource_id=event.resource_id,
        purpose=event.purpose,
        outcome=event.outcome,
    )
