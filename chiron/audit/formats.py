"""The forms in which a trail is taken out: a table, lines of JSON, and lines of FHIR AuditEvents."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import orjson

from chiron.audit.balp import audit_event
from chiron.audit.queries import OpenedEvent
from chiron.kernel.spreadsheets import inert

Name = Literal["csv", "ndjson", "fhir"]
COLUMNS = (
    "id", "at", "account_id", "on_behalf_of", "session_id", "roles", "action", "resource", "resource_id", "subjects",
    "purpose", "outcome", "request_id", "address", "device", "details",
)  # fmt: skip


def told(opened: OpenedEvent) -> dict[str, Any]:
    """An event as `GET /audit` shows it."""
    said = {"address": "", "device": "", "details": {}} | opened.said
    return {name: said[name] if name in said else getattr(opened.event, name) for name in COLUMNS}


def as_csv(events: Iterator[OpenedEvent]) -> Iterator[bytes]:
    """RFC 4180 with a header. A cell that a spreadsheet would compute begins with an apostrophe instead."""
    yield _row(list(COLUMNS))
    for opened in events:
        yield _row([_cell(value) for value in told(opened).values()])


def as_lines(events: Iterator[OpenedEvent]) -> Iterator[bytes]:
    """One JSON object a line."""
    for opened in events:
        yield orjson.dumps(told(opened), option=orjson.OPT_APPEND_NEWLINE)


def as_fhir(events: Iterator[OpenedEvent]) -> Iterator[bytes]:
    """One FHIR AuditEvent a line, as in a FHIR bulk export."""
    for opened in events:
        yield orjson.dumps(audit_event(opened), option=orjson.OPT_APPEND_NEWLINE)


@dataclass(frozen=True, slots=True)
class Form:
    """How a trail is written, what the answer calls it, and how the file ends."""

    written: Callable[[Iterator[OpenedEvent]], Iterator[bytes]]
    content_type: str
    ending: str


FORMS: dict[Name, Form] = {
    "csv": Form(as_csv, "text/csv; charset=utf-8", "csv"),
    "ndjson": Form(as_lines, "application/x-ndjson", "ndjson"),
    "fhir": Form(as_fhir, "application/fhir+ndjson", "fhir.ndjson"),
}


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case list():
            text = " ".join(map(str, value))
        case dict():
            text = orjson.dumps(value).decode() if value else ""
        case _:
            text = value.isoformat() if hasattr(value, "isoformat") else str(value)
    return inert(text)


def _row(cells: list[str]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(cells)
    return line.getvalue().encode()
