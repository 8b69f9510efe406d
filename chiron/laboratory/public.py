"""The only way into the laboratory for other apps."""

from chiron.laboratory.doors import specimen_for, specimens_within
from chiron.laboratory.models import LaboratoryReport, Specimen
from chiron.laboratory.queries import patients_of_reports, patients_of_specimens
from chiron.laboratory.rules import Found, SpecimenSaid
from chiron.laboratory.services.reports import ReportSaid, create_report, release_report
from chiron.laboratory.services.specimens import receive_specimen, register_specimen, reject_specimen
from chiron.laboratory.words import EXAMINABLE

__all__ = [
    "EXAMINABLE",
    "Found",
    "LaboratoryReport",
    "ReportSaid",
    "Specimen",
    "SpecimenSaid",
    "create_report",
    "patients_of_reports",
    "patients_of_specimens",
    "receive_specimen",
    "register_specimen",
    "reject_specimen",
    "release_report",
    "specimen_for",
    "specimens_within",
]
