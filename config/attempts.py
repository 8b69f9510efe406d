"""What a refused request was about, as far as it named it by id: so the patients of it see who tried."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, RawPostDataException, UnreadablePostError

from chiron.kernel.errors import DomainError
from chiron.kernel.parsing import loads
from chiron.records.public import patients_of_attachments, patients_of_records
from chiron.screening.public import patients_of_screenings


def patients_of(request: HttpRequest, path: Mapping[str, str]) -> list[UUID]:
    """The patients named in path, query or body, themselves or by a record, attachment or screening of theirs."""
    said = [path, request.GET, _body(request)]
    records, attachments = list(ids_in(said, "record_id")), list(ids_in(said, "attachment_id"))
    by_record = patients_of_records(records) if records else []
    by_attachment = patients_of_attachments(attachments) if attachments else []
    screenings = list(ids_in(said, "screening_id"))
    by_screening = patients_of_screenings(screenings) if screenings else []
    return [*ids_in(said, "patient_id", "patient"), *by_record, *by_attachment, *by_screening]


def _body(request: HttpRequest) -> Mapping[str, Any]:
    if request.content_type == "application/x-www-form-urlencoded":
        return request.POST
    try:
        body = loads(request.body)
    except (DomainError, UnreadablePostError, RawPostDataException, RequestDataTooBig):
        return {}
    return body if isinstance(body, dict) else {}


def ids_in(said: list[Mapping[str, Any]], *names: str) -> Iterator[UUID]:
    """The ids that stand under these names; what is no id is passed by."""
    for name in names:
        for values in said:
            try:
                yield UUID(values[name])
            except (KeyError, ValueError, TypeError, AttributeError):
                continue
