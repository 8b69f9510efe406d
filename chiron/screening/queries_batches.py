"""Reads of batches: how far they have come, and why lines were refused."""

import csv
import io
from collections.abc import Iterator
from uuid import UUID

from django.db.models import Q, QuerySet

from chiron.audit import public as audit
from chiron.kernel.access import Caller, Scope
from chiron.kernel.errors import NotFound
from chiron.kernel.ids import NIL
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.registry.public import laboratories_of
from chiron.screening.models import Batch, BatchRow

LINES = ("line",)


def batches_within(by: Caller) -> "QuerySet[Batch]":
    """All, or those that the caller sent or that were sent for the caller's laboratories."""
    if by.scope("screening-batches", "read") is Scope.ORGANIZATION:
        return Batch.objects.all()
    return Batch.objects.filter(Q(made_by=by.account_id or NIL) | Q(laboratory__in=laboratories_of(by)))


def list_batches(by: Caller, query: PageQuery) -> Page[Batch]:
    """A page of batches, the latest first."""
    found = page(batches_within(by), query)
    audit.record(by, "screening-batch.listed", resource="screening-batches")
    return found


def read_batch(by: Caller, batch_id: UUID) -> Batch:
    """One batch. Raises NotFound."""
    batch = batches_within(by).filter(id=batch_id).first()
    if batch is None:
        raise NotFound
    audit.record(by, "screening-batch.read", resource="screening-batches", resource_id=batch.id)
    return batch


def list_errors(by: Caller, batch_id: UUID, query: PageQuery) -> Page[BatchRow]:
    """A page of the lines of a batch that were refused, in their order. Raises NotFound."""
    return page(_refused(read_batch(by, batch_id)), query, LINES)


def errors_as_csv(by: Caller, batch_id: UUID) -> Iterator[bytes]:
    """All of them as a table, a line for each error. Raises NotFound."""
    rows = list(_refused(read_batch(by, batch_id)).order_by(*LINES))
    return _written(rows)


def _refused(batch: Batch) -> "QuerySet[BatchRow]":
    return BatchRow.objects.filter(batch=batch, screening=None)


def _written(rows: list[BatchRow]) -> Iterator[bytes]:
    yield b"line,field,error\r\n"
    for row in rows:
        lines = io.StringIO()
        csv.writer(lines).writerows([row.line, field, why] for field, why in row.errors)
        yield lines.getvalue().encode()
