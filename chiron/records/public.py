"""The only way into records for other apps."""

from chiron.records.attachments import patients_of_attachments
from chiron.records.entries import Code, Imported, Outcomes, Quantity, RecordEntry, ReferenceRange, Statement
from chiron.records.figures import Written, WrittenBy, written_by, written_since
from chiron.records.models import Record
from chiron.records.queries import patients_of_records, record_for, records_within
from chiron.records.rules import must_make_sense
from chiron.records.services.appointments import follow_appointment, record_appointment
from chiron.records.services.arrivals import FileArrival, admit_file, settled_files
from chiron.records.services.flag import flagged
from chiron.records.services.imports import import_records
from chiron.records.services.results import record_results, withdraw_results
from chiron.records.services.write import write_record
from chiron.records.words import Flag, Precision, RecordType, Sensitivity, Status

__all__ = [
    "Code",
    "FileArrival",
    "Flag",
    "Imported",
    "Outcomes",
    "Precision",
    "Quantity",
    "Record",
    "RecordEntry",
    "RecordType",
    "ReferenceRange",
    "Sensitivity",
    "Statement",
    "Status",
    "Written",
    "WrittenBy",
    "admit_file",
    "flagged",
    "follow_appointment",
    "import_records",
    "must_make_sense",
    "patients_of_attachments",
    "patients_of_records",
    "record_appointment",
    "record_for",
    "record_results",
    "records_within",
    "settled_files",
    "withdraw_results",
    "write_record",
    "written_by",
    "written_since",
]
