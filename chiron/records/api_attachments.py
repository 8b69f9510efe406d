"""Files on records, over HTTP."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpResponse
from django.http.response import HttpResponseBase
from ninja import Body, Query, Router, Status

from chiron.files.public import serve
from chiron.kernel import clock
from chiron.kernel.access import Call, Receiving, creates, needs, receives
from chiron.kernel.problems import refusals
from chiron.kernel.schemas import PageQuery
from chiron.kernel.versions import created, if_match
from chiron.records import shapes
from chiron.records.attachments import RESOURCE, attachment_for, list_attachments, read_attachment
from chiron.records.queries import record_for
from chiron.records.receiving import receive_file
from chiron.records.services.attach import attach, link_attachment, tell_of_damage, withdraw_attachment

router = Router(tags=["attachments"])

BYTES = {"type": "string", "format": "binary"}
FILE = {"type": "object", "required": ["file"], "properties": {"file": BYTES | {"examples": ["report.pdf"]}}}
FORM: dict[str, Any] = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FILE}}}}
RANGE = {
    "name": "Range",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "One range of bytes; several are answered by the whole file.",
    "example": "bytes=0-1023",
}
LINK = {
    "name": "link",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "maxLength": 4096},
    "description": "In place of a token: what `POST /api/attachments/{id}/link` gave.",
}
DOWNLOAD: dict[str, Any] = {
    "parameters": [LINK, RANGE],
    "responses": {
        200: {"description": "The file, as a download", "content": {"*/*": {"schema": BYTES}}},
        206: {"description": "The range asked for", "content": {"*/*": {"schema": BYTES}}},
    },
}


@router.get("/records/{uuid:record_id}/attachments", response={200: shapes.AttachmentList, **refusals(404)})
@needs(RESOURCE, "read")
def list_files(request: Call, record_id: UUID, page: Query[PageQuery]) -> shapes.AttachmentList:
    """The files on a record, latest first; what was entered in error is left out."""
    record = record_for(request.caller, record_id, "read", resource=RESOURCE)
    rows, cursor = list_attachments(request.caller, record, page)
    return shapes.AttachmentList(attachments=[shapes.AttachmentOut.of(row) for row in rows], next=cursor)


@router.post(
    "/records/{uuid:record_id}/attachments",
    response={201: shapes.AttachmentEnvelope, **refusals(404, 409, 413, 415)},
    openapi_extra=FORM,
)
@needs(RESOURCE, "create")
@creates
@receives(receive_file)
def attach_file(request: Receiving, record_id: UUID, response: HttpResponse) -> Status[shapes.AttachmentEnvelope]:
    """Attach a file to a record. Its type is told by its content; what no clinic needs to send is refused."""
    by, got = request.caller, request.received
    record = record_for(by, record_id, "create", resource=RESOURCE, lock=True)
    attached = attach(
        by=by, record=record, file_id=got.file_id, name=got.name, manifest=got.manifest, now=clock.now()
    )  # fmt: skip
    shown = shapes.AttachmentEnvelope(attachment=shapes.AttachmentOut.of(attached))
    return created(response, f"/api/attachments/{attached.attachment.id}", shown, attached.attachment.version)


@router.get("/attachments/{uuid:attachment_id}", response=refusals(404, 416), openapi_extra=DOWNLOAD)
@needs(RESOURCE, "read")
def read_file(request: Call, attachment_id: UUID) -> HttpResponseBase:
    """The bytes of a file, whole or a range of them, always as a download that no browser runs."""
    attached, content = read_attachment(request.caller, attachment_id)
    damaged = partial(tell_of_damage, by=request.caller, attachment=attached.attachment)
    etag = f'"{attached.attachment.version}"'
    return serve(request, content, name=attached.name, etag=etag, damaged=damaged)


@router.post("/attachments/{uuid:attachment_id}/link", response={201: shapes.LinkEnvelope, **refusals(404)})
@needs(RESOURCE, "read")
def make_link(request: Call, attachment_id: UUID, response: HttpResponse) -> Status[shapes.LinkEnvelope]:
    """An address for players and downloads, which send no token: yours alone, to this file, for five minutes."""
    link = link_attachment(
        by=request.caller, attachment=attachment_for(request.caller, attachment_id), now=clock.now()
    )  # fmt: skip
    shown = shapes.LinkEnvelope(link=shapes.LinkOut(url=link.url, expires_at=link.expires_at))
    return created(response, link.url, shown)


@router.delete("/attachments/{uuid:attachment_id}", response={204: None, **refusals(404, 412)})
@needs(RESOURCE, "delete")
def withdraw_file(
    request: Call, attachment_id: UUID, body: Annotated[shapes.Withdrawal | None, Body()] = None
) -> Status[None]:
    """Take a file back as entered in error: it is kept, no longer listed, and open to administrators only."""
    withdraw_attachment(
        by=request.caller,
        attachment=attachment_for(request.caller, attachment_id, "delete"),
        if_match=if_match(request),
        reason=body.reason if body else "",
        now=clock.now(),
    )
    return Status(204, None)
