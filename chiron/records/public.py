"""The only way into records for other apps."""

from chiron.records.entries import Code, Imported, Outcomes, Quantity, RecordEntry, ReferenceRange, Statement
from chiron.records.words import Precision, RecordType, Status

__all__ = [
    "Code",
    "Imported",
    "Outcomes",
    "Precision",
    "Quantity",
    "RecordEntry",
    "RecordType",
    "ReferenceRange",
    "Statement",
    "Status",
]
