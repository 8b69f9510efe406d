"""Screenings taken out as a file: read page by page while it is sent, so that memory does not grow with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.ids import NIL
from chiron.kernel.pagination import page
from chiron.kernel.schemas import PageQuery
from chiron.screening.blood.analytes import ANALYTES
from chiron.screening.errors import TooManyToExport
from chiron.screening.models import Screening
from chiron.screening.queries import LATEST_FIRST, Sought, hide_confirmations, sought_within
from chiron.screening.sheets import FORMS, Cells, Form, Mark, Name
from chiron.tenancy.public import current_organization_id, inside, organization_for_id

MOST_ROWS = 100_000
AT_A_TIME = 200
PLAIN = (
    "id", "made_at", "patient_id", "laboratory_id", "made_by", "mode", "bundle_version", "bundle_hash", "outcome",
    "result_class", "risk_class", "p_normal", "p_borderline", "p_deficient", "reasons", "age", "sex", "decision",
    "decided_at", "released_at", "confirmed_value", "confirmed_at", "input_hash",
)  # fmt: skip
HEADS = {"result_class": "class", "confirmed_value": "confirmed_value [pg/mL]"}
COLUMNS = (*(HEADS.get(name, name) for name in PLAIN), *(f"{each.name} [{each.unit}]" for each in ANALYTES.values()))


@dataclass(frozen=True, slots=True)
class Export:
    """A file on its way: what it is called, of which type it is, and its bytes."""

    form: Form
    pieces: Iterator[bytes]


def export_screenings(*, by: Caller, sought: Sought, name: Name, now: datetime) -> Export:
    """The screenings that were asked for, as far as the caller reaches them, the latest first. It is one event.

    No names, no reasons of decisions: who needs those opens the screening. No later result that the caller may not
    read. What is made meanwhile is not in it. Each page is read in a short transaction of its own, which a slow reader
    does not keep open, and what the caller does not reach any more by then is not in it either. Raises TooManyToExport.
    """
    asked = sought_within(by, "export", sought).filter(recorded_at__lt=now).order_by()
    number = asked[: MOST_ROWS + 1].count()
    if number > MOST_ROWS:
        raise TooManyToExport(limit=MOST_ROWS)
    subjects = asked.exclude(patient=None).values_list("patient_id", flat=True).distinct()
    said = {key: str(value) for key, value in sought.conditions().items()} | {"format": name, "rows": number}
    audit.record(by, "screening.exported", resource="screenings", subjects=subjects, payload=said)
    organization = organization_for_id(current_organization_id())
    mark = Mark(organization.name, str(by.account_id or NIL), now)
    form = FORMS[name]
    return Export(form, form.written(mark, COLUMNS, _rows(by, sought, now)))


def _rows(by: Caller, sought: Sought, now: datetime) -> Iterator[Cells]:
    cursor: str | None = None
    while True:
        with inside(by.organization_id or NIL):
            asked = sought_within(by, "export", sought).filter(recorded_at__lt=now)
            found = page(asked, PageQuery(limit=AT_A_TIME, cursor=cursor), LATEST_FIRST)
            hide_confirmations(by, found.rows)
        yield from map(_cells, found.rows)
        if found.next is None:
            return
        cursor = found.next


def _cells(row: Screening) -> Cells:
    measured = row.features[: len(ANALYTES)] or [None] * len(ANALYTES)  # an erasure may have left none
    return [*(getattr(row, name) for name in PLAIN), *measured]
