"""Changing a record so that what it said before stays readable."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from chiron.records.entries import Statement
from chiron.records.models import Record, RecordVersion
from chiron.records.sealing import inscribe, statement_of, text_of, version_of
from chiron.records.words import Status
from chiron.vault.public import Safe


@dataclass(frozen=True, slots=True)
class Change:
    """What a change makes of a record beside its words: its status, why, by whom and when."""

    status: Status
    reason: str
    account_id: UUID | None
    now: datetime


def advance(record: Record, statement: Statement, safe: Safe, change: Change) -> list[RecordVersion]:
    """Bring a row (unsaved) to its next version; answers the versions (unsaved) that must be kept with it.

    A record that never changed is its own first version, so that one is kept with the second.
    """
    kept = []
    if record.version == 1:
        kept.append(version_of(record, statement_of(record, safe), safe, reason=text_of(record, safe).reason))
    record.version += 1
    record.updated_at, record.changed_by, record.status = change.now, change.account_id, change.status
    inscribe(record, statement, safe, reason=change.reason)
    kept.append(version_of(record, statement, safe, reason=change.reason))
    return kept
