"""What other apps may use of interop."""

from chiron.interop.errors import Refused
from chiron.interop.fhir.bundle import Bundle, parse_bundle, read_bundle
from chiron.interop.fhir.files import import_all
from chiron.interop.fhir.importing import import_bundle
from chiron.interop.fhir.report import Report, Tally
from chiron.interop.fhir.telling import Outcome

__all__ = [
    "Bundle",
    "Outcome",
    "Refused",
    "Report",
    "Tally",
    "import_all",
    "import_bundle",
    "parse_bundle",
    "read_bundle",
]
