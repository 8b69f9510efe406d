"""What other apps may use of audit."""

from chiron.audit.bucket import Copy, NotLocked, OutOfReach, bucket
from chiron.audit.canonical import Part, together
from chiron.audit.copies import size_said
from chiron.audit.figures import events_by_day
from chiron.audit.findings import Finding, Kind, Report
from chiron.audit.last import last_head
from chiron.audit.queries import Access, access_log
from chiron.audit.sealer import Sealer
from chiron.audit.sealing import lag, seal
from chiron.audit.services import record, record_platform
from chiron.audit.signing import signer
from chiron.audit.verification import verify
from chiron.audit.waiting import Watch

__all__ = [
    "Access",
    "Copy",
    "Finding",
    "Kind",
    "NotLocked",
    "OutOfReach",
    "Part",
    "Report",
    "Sealer",
    "Watch",
    "access_log",
    "bucket",
    "events_by_day",
    "lag",
    "last_head",
    "record",
    "record_platform",
    "seal",
    "signer",
    "size_said",
    "together",
    "verify",
]
