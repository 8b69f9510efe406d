"""`GET /audit` and its export: the trail for those who answer for it."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header
from ninja import Query, Router
from pydantic import AwareDatetime, BaseModel, Field

from chiron.audit.exports import export_trail
from chiron.audit.formats import FORMS, Name
from chiron.audit.queries import OpenedEvent, Wanted, read_trail
from chiron.kernel.access import Call, Proof, needs
from chiron.kernel.problems import refusals
from chiron.kernel.schemas import PageQuery

router = Router(tags=["audit"])


class TrailQuery(BaseModel):
    source: Literal["organization", "platform"] = Field(
        "organization", description="The organization's own events, or its sign-ins and memberships on the platform."
    )
    account_id: UUID | None = Field(None, description="Only what this account did.")
    patient_id: UUID | None = Field(None, description="Only what touched this patient's data.")
    action: str | None = Field(None, max_length=100, description="Only this action, as in `patient.read`.")
    outcome: Literal["success", "denied", "failure"] | None = None
    since: AwareDatetime | None = Field(None, alias="from", description="Not before this instant.")
    until: AwareDatetime | None = Field(None, alias="to", description="Before this instant.")

    def wanted(self) -> Wanted:
        return Wanted(**self.model_dump(include=set(TrailQuery.model_fields)))


class AuditQuery(PageQuery, TrailQuery):
    pass


class EventOut(BaseModel):
    id: UUID
    at: datetime
    account_id: UUID | None
    on_behalf_of: UUID | None
    session_id: UUID | None
    roles: list[str]
    action: str
    resource: str
    resource_id: UUID | None
    subjects: list[UUID]
    purpose: str
    outcome: str
    request_id: str
    address: str
    device: str
    details: dict[str, Any]


class EventsEnvelope(BaseModel):
    events: list[EventOut]
    next: str | None


@router.get("/audit", response={200: EventsEnvelope})
@needs("audit", "read")
def read_audit(request: Call, query: Query[AuditQuery]) -> EventsEnvelope:
    """What was done in the organization, newest first. Reading it is an event as well."""
    found = read_trail(request.caller, query.wanted(), query)
    return EventsEnvelope(events=[shown(opened) for opened in found.rows], next=found.next)


BYTES = {"schema": {"type": "string", "format": "binary"}}
DOWNLOAD: dict[str, Any] = {
    "responses": {
        200: {
            "description": "The events, as a download",
            "content": {form.content_type.partition(";")[0]: BYTES for form in FORMS.values()},
        }
    }
}


class ExportQuery(TrailQuery):
    format: Name = Field("csv", description="A table, lines of JSON, or lines of FHIR AuditEvents (IHE BALP).")


@router.get("/audit/export", response=refusals(403), openapi_extra=DOWNLOAD)
@needs("audit", "export", proof=Proof.FRESH)
def export_audit(request: Call, query: Query[ExportQuery]) -> StreamingHttpResponse:
    """All events that were asked for, newest first, as a file. Needs a second factor just shown, and is an event."""
    form = FORMS[query.format]
    events = export_trail(request.caller, query.wanted(), query.format)
    name = content_disposition_header(as_attachment=True, filename=f"audit.{form.ending}")
    headers = {"Content-Disposition": name, "Content-Type": form.content_type, "Cache-Control": "no-store"}
    return StreamingHttpResponse(form.written(events), headers=headers)


def shown(opened: OpenedEvent) -> EventOut:
    event, said = opened.event, opened.said
    return EventOut(
        id=event.id,
        at=event.at,
        account_id=event.account_id,
        on_behalf_of=event.on_behalf_of,
        session_id=event.session_id,
        roles=event.roles,
        action=event.action,
        resource=event.resource,
        resource_id=event.resource_id,
        subjects=event.subjects,
        purpose=event.purpose,
        outcome=event.outcome,
        request_id=event.request_id,
        address=said.get("address", ""),
        device=said.get("device", ""),
        details=said.get("details") or {},
    )
