"""Changing a record so that what it said before stays readable."""

from datetime import datetime
from uuid import UUID

from chiron.records.entries import Statement
from chiron.records.models import Record, RecordVersion
from chiron.records.sealing import inscribe, statement_of, text_of, version_of
from chiron.records.words import Status
from chiron.vault.public import Safe


def advance(
    record: Record,
    statement: Statement,
    safe: Safe,
    *,
    status: Status,
    reason: str,
    by_account: UUID | None,
    now: datetime,
) -> list[RecordVersion]:
    """Bring a row (unsaved) to its next version; answers the versions (unsaved) that must be kept with it.

    A record that never changed is its own first version, so that one is kept with the second.
    """
    kept = []
    if record.version == 1:
        kept.append(version_of(record, statement_of(record, safe), safe, reason=text_of(record, safe).reason))
    record.version += 1
    record.updated_at, record.changed_by, record.status = now, by_account, status
    inscribe(record, statement, safe, reason=reason)
    kept.append(version_of(record, statement, safe, reason=reason))
    return kept
