"""Short ways to say what the tests of screening say often."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from chiron.files.tests.factories import arrived
from chiron.kernel.access import Caller
from chiron.kernel.ids import new_id
from chiron.screening.answering import NOTHING
from chiron.screening.batch_file import rows_of
from chiron.screening.models import Batch, Screening
from chiron.screening.services.batches import begin_batch
from chiron.screening.shapes import COUNT
from chiron.screening.words import Mode, Outcome
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import organization_safe, patient_safe

NOW = datetime(2031, 3, 3, 12, tzinfo=UTC)
"""A Monday."""
FEATURES = (13.5, 40.0, 4.5, 88.9, 30.0, 33.8, 13.0, 6.0, 250.0, 3.5, 1.8, 0.5, 0.15, 0.05, 45.0, 1.0)
HASH = "0" * 64


RESULT: dict[str, Any] = {
    "outcome": Outcome.CLASSIFIED,
    "mode": Mode.RESEARCH,
    "banner": None,
    "notice": "This is screening, not diagnosis.",
    **NOTHING,
    "reasons": [],
    "recommendation": "",
    "indices": [],
    "model": {"id": "0", "name": "0", "version": "0", "content_hash": HASH, "state": "research-only"},
    "input_hash": HASH,
}
"""An answer that says nothing."""


def screened(
    patient_id: UUID | None = None, *, result: str = orjson.dumps(RESULT).decode(), inputs: Any = None, **said: Any
) -> Screening:
    """A screening that is there, made by nobody and no bundle; must be called inside the organization."""
    said = {
        "id": new_id(),
        "patient_id": patient_id,
        "made_at": NOW,
        "recorded_at": NOW,
        "mode": Mode.RESEARCH,
        "bundle_hash": HASH,
        "bundle_version": "0",
        "outcome": Outcome.CLASSIFIED,
        "result_class": "NORMAL",
        "risk_class": "uninformative",
        "p_normal": 0.9,
        "p_borderline": 0.08,
        "p_deficient": 0.02,
        "features": list(FEATURES),
        "sex": "female",
        "age": 45,
        "input_hash": HASH,
    } | said
    row = Screening(**said)
    organization_id = current_organization_id()
    safe = patient_safe(organization_id, patient_id) if patient_id else organization_safe(organization_id)
    row.inputs, row.result = safe.seal(row, "inputs", inputs or {}), safe.seal(row, "result", result)
    row.save(force_insert=True)
    return row


def counts_of(rows: int, *more: str) -> bytes:
    """A file of blood counts of unnamed people, each a year older than the one before, and then these lines."""
    heads = [f"{name} [{each['unit']}]" for name, each in COUNT.items()]
    values = [str(each["value"]) for each in COUNT.values()]
    lines = [["age", "sex", *heads], *([str(30 + row % 40), "female", *values] for row in range(rows))]
    return "".join(f"{line}\r\n" for line in [*map(",".join, lines), *more]).encode()


def batch_of(laboratory_id: UUID | None, by: Caller, content: bytes | None = None) -> Batch:
    """A file of blood counts that was sent, inside the organization."""
    file, receiver = arrived(content or counts_of(1))
    return begin_batch(
        by=by, file_id=file.id, manifest=receiver.finish(), rows=sum(1 for _ in rows_of([content or counts_of(1)])),
        laboratory_id=laboratory_id, mode=Mode.RESEARCH, now=NOW,
    )  # fmt: skip
