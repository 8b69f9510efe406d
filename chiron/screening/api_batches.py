"""Files of blood counts, over HTTP."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header
from ninja import Query, Router, Status
from pydantic import BaseModel, Field

from chiron.kernel import clock
from chiron.kernel.access import Call, Receiving, creates, needs, receives
from chiron.kernel.problems import refusals
from chiron.kernel.schemas import PageQuery
from chiron.kernel.versions import created, etag
from chiron.screening.models import Batch, BatchRow
from chiron.screening.queries_batches import errors_as_csv, list_batches, list_errors, read_batch
from chiron.screening.receiving import receive_batch
from chiron.screening.services.batches import begin_batch
from chiron.screening.words import BatchState, DecimalMark, Delimiter, Encoding, Mode

router = Router(tags=["screening"])

ALL = "/screening/batches"
ONE = f"{ALL}/{{uuid:batch_id}}"
BYTES = {"type": "string", "format": "binary"}
FILE = {"type": "object", "required": ["file"], "properties": {"file": BYTES | {"examples": ["counts.csv"]}}}
SENT: dict[str, Any] = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": FILE}}}}
TABLE: dict[str, Any] = {
    "responses": {200: {"description": "The errors, as a download", "content": {"text/csv": {"schema": BYTES}}}}
}


class BatchQuery(BaseModel):
    mode: Mode = Mode.RESEARCH
    laboratory: UUID | None = Field(None, description="The laboratory that asks; without it, yours, if it is one.")
    encoding: Encoding | None = Field(None, description="Without it, what the byte order mark says, else UTF-8.")
    delimiter: Delimiter | None = Field(None, description="Without it, what the header has most of.")
    decimal: DecimalMark | None = Field(None, description="Without it, a point; beside other delimiters a comma, too.")


class BatchOut(BaseModel):
    id: UUID
    state: BatchState
    failure: str = Field(description="The code of the refusal that ended it.")
    mode: Mode
    laboratory_id: UUID | None
    made_by: UUID | None
    made_at: datetime
    finished_at: datetime | None
    rows: int
    done: int = Field(description="Rows that were looked at; each is one of the following.")
    classified: int
    abstained: int
    refused: int

    @classmethod
    def of(cls, row: Batch) -> "BatchOut":
        """The same, over HTTP."""
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class BatchEnvelope(BaseModel):
    batch: BatchOut


class BatchList(BaseModel):
    batches: list[BatchOut]
    next: str | None


class LineError(BaseModel):
    field: str
    error: str = Field(description="What is wrong; it never repeats what was sent.")


class RefusedLine(BaseModel):
    line: int = Field(description="As an editor counts them; the header is the first.")
    errors: list[LineError]

    @classmethod
    def of(cls, row: BatchRow) -> "RefusedLine":
        """The same, over HTTP."""
        return cls(line=row.line, errors=[LineError(field=field, error=why) for field, why in row.errors])


class RefusedLines(BaseModel):
    errors: list[RefusedLine]
    next: str | None


@router.post(ALL, response={201: BatchEnvelope, **refusals(404, 409, 413, 415)}, openapi_extra=SENT)
@needs("screening-batches", "create")
@creates
@receives(receive_batch)
def begin(request: Receiving, response: HttpResponse, asked: Query[BatchQuery]) -> Status[BatchEnvelope]:
    """Have the blood counts of a CSV file classified, sent as a form or as a body of `text/csv`.

    A file that is not understood is refused whole, by its columns; what is wrong with one row is said in the batch's
    errors. Every row is classified once, as if you had sent it alone.
    """
    got = request.received
    batch = begin_batch(
        by=request.caller, file_id=got.file_id, manifest=got.manifest, rows=got.rows, layout=got.layout,
        laboratory_id=asked.laboratory, mode=asked.mode, now=clock.now(),
    )  # fmt: skip
    return created(response, f"/api{ALL}/{batch.id}", BatchEnvelope(batch=BatchOut.of(batch)), batch.version)


@router.get(ALL, response=BatchList)
@needs("screening-batches", "read")
def list_all(request: Call, query: Query[PageQuery]) -> BatchList:
    """Files of blood counts that you or your laboratory sent, the latest first."""
    found = list_batches(request.caller, query)
    return BatchList(batches=[BatchOut.of(each) for each in found.rows], next=found.next)


@router.get(ONE, response={200: BatchEnvelope, **refusals(404)})
@needs("screening-batches", "read")
def read_one(request: Call, response: HttpResponse, batch_id: UUID) -> BatchEnvelope:
    """How far a file has come. Its screenings are in the history."""
    batch = read_batch(request.caller, batch_id)
    etag(response, batch.version)
    return BatchEnvelope(batch=BatchOut.of(batch))


@router.get(f"{ONE}/errors", response={200: RefusedLines, **refusals(404)})
@needs("screening-batches", "read")
def read_errors(request: Call, batch_id: UUID, query: Query[PageQuery]) -> RefusedLines:
    """The lines of a file that were refused, and why; what they said is not repeated."""
    found = list_errors(request.caller, batch_id, query)
    return RefusedLines(errors=[RefusedLine.of(each) for each in found.rows], next=found.next)


@router.get(f"{ONE}/errors.csv", response=refusals(404), openapi_extra=TABLE)
@needs("screening-batches", "read")
def read_errors_as_csv(request: Call, batch_id: UUID) -> StreamingHttpResponse:
    """The same as a table, with a row for each error."""
    pieces = errors_as_csv(request.caller, batch_id)
    name = content_disposition_header(as_attachment=True, filename="errors.csv")
    headers = {"Content-Disposition": name, "Content-Type": "text/csv; charset=utf-8", "Cache-Control": "no-store"}
    return StreamingHttpResponse(pieces, headers=headers)
