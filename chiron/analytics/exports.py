"""Numbers as a table to take out."""

import csv
import io

from chiron.analytics.queries import Answer
from chiron.analytics.tallies import THRESHOLD
from chiron.kernel.spreadsheets import inert

COLUMNS = (
    "metric", "version", "unit", "from", "to", "group", "id", "name", "value", "counted", "masked", "time_zone",
    "as_of", "threshold", "request_id",
)  # fmt: skip


def as_csv(answer: Answer, request_id: str) -> bytes:
    """RFC 4180 with a header. Each row says when it was counted, and by its request in which event it was taken out."""
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(COLUMNS)
    metric, asked = answer.metric, answer.asked
    for cell in answer.cells:
        table.writerow([
            metric.name, metric.version, metric.unit, cell.period.first, cell.period.last, asked.group.value,
            inert("" if cell.id is None else str(cell.id)), inert(cell.name), "" if cell.value is None else cell.value,
            "" if cell.counted is None else cell.counted, "yes" if cell.value is None else "no", answer.zone,
            answer.as_of.isoformat(), THRESHOLD, request_id,
        ])  # fmt: skip
    return written.getvalue().encode()
