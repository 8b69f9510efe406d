"""Health records and the annotations on them, over HTTP."""

from typing import Annotated
from uuid import UUID

from django.http import HttpResponse
from ninja import Body, Query, Router, Status

from chiron.kernel import clock
from chiron.kernel.access import Call, creates, needs
from chiron.kernel.problems import refusals
from chiron.kernel.schemas import PageQuery
from chiron.kernel.versions import created, etag, if_match
from chiron.records import queries, shapes
from chiron.records.services.annotate import annotate
from chiron.records.services.write import amend_record, enter_in_error, restore_version, write_record

router = Router(tags=["records"])


@router.get("/records", response={200: shapes.RecordList, **refusals(404)})
@needs("records", "read")
def list_records(request: Call, filters: Query[shapes.RecordQuery], page: Query[PageQuery]) -> shapes.RecordList:
    """The timeline of all whom you may see, latest first; of one patient with `patient`."""
    rows, cursor = queries.list_records(request.caller, filters.filters(), page)
    return shapes.RecordList(records=[shapes.RecordOut.of(record, text) for record, text in rows], next=cursor)


@router.post("/records", response={201: shapes.RecordEnvelope, **refusals(404, 409)})
@needs("records", "create")
@creates
def create_record(request: Call, body: shapes.NewRecord, response: HttpResponse) -> Status[shapes.RecordEnvelope]:
    """State something about a patient."""
    patient, statement = queries.patient_to_write_about(request.caller, body.patient_id), body.statement()
    record = write_record(by=request.caller, patient=patient, statement=statement, now=clock.now())
    shown = shapes.RecordEnvelope.of(record, statement)
    return created(response, f"/api/records/{record.id}", shown, record.version)


@router.get("/records/{uuid:record_id}", response={200: shapes.RecordEnvelope, **refusals(404)})
@needs("records", "read")
def read_record(request: Call, record_id: UUID, response: HttpResponse) -> shapes.RecordEnvelope:
    """One record, with its original document."""
    stated = queries.read_record(request.caller, record_id)
    etag(response, stated.record.version)
    return shapes.RecordEnvelope.of(stated.record, stated.statement)


@router.put("/records/{uuid:record_id}", response={200: shapes.RecordEnvelope, **refusals(404, 409, 412)})
@needs("records", "update")
def amend(request: Call, record_id: UUID, body: shapes.RecordChanges, response: HttpResponse) -> shapes.RecordEnvelope:
    """Let a record say something else; what it said before is kept as a version."""
    stated = amend_record(
        by=request.caller,
        record=queries.record_for(request.caller, record_id, "update"),
        changes=body.said(),
        if_match=if_match(request),
        reason=body.reason,
        now=clock.now(),
    )
    etag(response, stated.record.version)
    return shapes.RecordEnvelope.of(stated.record, stated.statement)


@router.delete("/records/{uuid:record_id}", response={204: None, **refusals(404, 412)})
@needs("records", "delete")
def withdraw(request: Call, record_id: UUID, body: Annotated[shapes.Withdrawal | None, Body()] = None) -> Status[None]:
    """Withdraw a record as entered in error: it is kept, and no longer listed unless its status is asked for."""
    enter_in_error(
        by=request.caller,
        record=queries.record_for(request.caller, record_id, "delete"),
        if_match=if_match(request),
        reason=body.reason if body else "",
        now=clock.now(),
    )
    return Status(204, None)


@router.get("/records/{uuid:record_id}/versions", response={200: shapes.VersionList, **refusals(404)})
@needs("records", "read")
def list_versions(request: Call, record_id: UUID, page: Query[PageQuery]) -> shapes.VersionList:
    """Everything that a record has said, latest first, the present version included."""
    record = queries.record_for(request.caller, record_id)
    versions, cursor = queries.list_versions(request.caller, record, page)
    return shapes.VersionList(versions=[shapes.VersionOut.of(version) for version in versions], next=cursor)


@router.get("/records/{uuid:record_id}/diff", response={200: shapes.DiffEnvelope, **refusals(404)}, by_alias=True)
@needs("records", "read")
def compare_versions(request: Call, record_id: UUID, asked: Query[shapes.DiffQuery]) -> shapes.DiffEnvelope:
    """Where two versions of a record differ, place by place."""
    record = queries.record_for(request.caller, record_id)
    found = queries.compare_versions(request.caller, record, asked.before, asked.after)
    return shapes.DiffEnvelope.of(found)


@router.post(
    "/records/{uuid:record_id}/versions/{int:version}/restore",
    response={200: shapes.RecordEnvelope, **refusals(404, 409, 412)},
)
@needs("records", "update")
def restore(
    request: Call,
    record_id: UUID,
    version: int,
    response: HttpResponse,
    body: Annotated[shapes.Withdrawal | None, Body()] = None,
) -> shapes.RecordEnvelope:
    """Let a record say again what one of its versions said, as a new version."""
    by, reason = request.caller, body.reason if body else ""
    record = queries.record_for(by, record_id, "update")
    stated = restore_version(
        by=by, record=record, version=version, if_match=if_match(request), reason=reason, now=clock.now()
    )
    etag(response, stated.record.version)
    return shapes.RecordEnvelope.of(stated.record, stated.statement)


@router.get("/records/{uuid:record_id}/annotations", response={200: shapes.AnnotationList, **refusals(404)})
@needs("annotations", "read")
def list_annotations(request: Call, record_id: UUID, page: Query[PageQuery]) -> shapes.AnnotationList:
    """The remarks on a record that are meant for you, latest first."""
    record = queries.record_for(request.caller, record_id, "read", resource="annotations")
    rows, cursor = queries.list_annotations(request.caller, record, page)
    return shapes.AnnotationList(annotations=[shapes.AnnotationOut.of(row) for row in rows], next=cursor)


@router.post("/records/{uuid:record_id}/add_annotation", response={201: shapes.AnnotationEnvelope, **refusals(404)})
@needs("annotations", "create")
@creates
def add_annotation(
    request: Call, record_id: UUID, body: shapes.NewAnnotation, response: HttpResponse
) -> Status[shapes.AnnotationEnvelope]:
    """Remark on a record."""
    return annotated(request, record_id, body, response)


@router.post("/doctors/annotations", response={201: shapes.AnnotationEnvelope, **refusals(404)}, tags=["doctors"])
@needs("annotations", "create")
@creates
def annotate_as_doctor(
    request: Call, body: shapes.AnnotationOnRecord, response: HttpResponse
) -> Status[shapes.AnnotationEnvelope]:
    """Remark on a record of one of your patients."""
    return annotated(request, body.record_id, body, response)


def annotated(
    request: Call, record_id: UUID, body: shapes.NewAnnotation, response: HttpResponse
) -> Status[shapes.AnnotationEnvelope]:
    by, passage = request.caller, body.target.passage() if body.target else None
    record = queries.record_for(by, record_id, "create", resource="annotations", lock=passage is not None)
    remark = annotate(
        by=by, record=record, content=body.content, visibility=body.visibility, passage=passage, now=clock.now()
    )
    shown = shapes.AnnotationEnvelope(annotation=shapes.AnnotationOut.of(remark))
    return created(response, f"/api/records/{record_id}/annotations", shown)
