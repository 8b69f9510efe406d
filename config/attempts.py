"""What a refused request was about, as far as it named it by id: so the patients of it see who tried."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import UUID

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, RawPostDataException, UnreadablePostError

from chiron.kernel.errors import DomainError
from chiron.kernel.parsing import loads
from chiron.laboratory.public import patients_of_reports, patients_of_specimens
from chiron.records.public import patients_of_attachments, patients_of_records
from chiron.screening.public import patients_of_screenings

THEIRS: Mapping[str, Callable[[list[UUID]], list[UUID]]] = {
    "record_id": patients_of_records,
    "attachment_id": patients_of_attachments,
    "specimen_id": patients_of_specimens,
    "report_id": patients_of_reports,
    "screening_id": patients_of_screenings,
}
"""Under which name something of a patient stands, and whose it is."""


def patients_of(request: HttpRequest, path: Mapping[str, str]) -> list[UUID]:
    """The patients named in path, query or body, themselves or by something of theirs."""
    said = [path, request.GET, _body(request)]
    found = [*ids_in(said, "patient_id", "patient")]
    for name, whose in THEIRS.items():
        ids = list(ids_in(said, name))
        found += whose(ids) if ids else []
    return found


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
