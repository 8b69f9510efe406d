"""Numbers as a table to take out."""

import csv
import io

from chiron.analytics.queries import Answer
from chiron.analytics.tallies import THRESHOLD
from chiron.kernel.access import Caller
from chiron.kernel.spreadsheets import inert

COLUMNS = (
    "metric", "version", "unit", "from", "to", "group", "id", "name", "value", "counted", "masked", "threshold",
    "by", "asked_from", "asked_to", "time_zone", "as_of", "organization", "taken_by", "request_id",
)  # fmt: skip


def as_csv(answer: Answer, by: Caller) -> bytes:
    """RFC 4180 with a header. Each row says what was asked, when it was counted, and who took it out by which request,
    whose event tells the rest.
    """
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(COLUMNS)
    metric, asked = answer.metric, answer.asked
    mark = [
        THRESHOLD, asked.grain.value, asked.first, asked.last, answer.zone, answer.as_of.isoformat(),
        inert(answer.organization), by.account_id, by.request_id,
    ]  # fmt: skip
    for cell in answer.cells:
        table.writerow([
            metric.name, metric.version, metric.unit, cell.period.first, cell.period.last, asked.group.value,
            inert("" if cell.id is None else str(cell.id)), inert(cell.name), "" if cell.value is None else cell.value,
            "" if cell.counted is None else cell.counted, "yes" if cell.value is None else "no", *mark,
        ])  # fmt: skip
    return written.getvalue().encode()
