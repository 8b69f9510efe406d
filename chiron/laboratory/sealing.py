"""Putting what is sealed into rows and getting it out again."""

from typing import cast

from chiron.laboratory.models import LaboratoryReport, Specimen
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import Safe, exact_index, patient_safe


def index_of(number: str) -> bytes:
    """By what a specimen's number is found, and unique at its laboratory."""
    return exact_index(current_organization_id(), "specimen-number", number)


def number_of(specimen: Specimen, safe: Safe) -> str:
    """Under which number the laboratory knows a specimen."""
    return cast("str", safe.open(specimen, "number"))


def reason_of(row: Specimen | LaboratoryReport, safe: Safe) -> str:
    """Why a specimen was rejected, or a report amended or withdrawn."""
    return cast("str", safe.open(row, "reason") or "")


def raised(specimen: Specimen, reason: str | None) -> None:
    """Raise the version, and seal again under it what stays as it is."""
    safe = patient_safe(current_organization_id(), specimen.patient_id)
    number = number_of(specimen, safe)
    specimen.version += 1
    specimen.number = safe.seal(specimen, "number", number)
    specimen.reason = safe.seal(specimen, "reason", reason) if reason else None


def raised_report(report: LaboratoryReport, reason: str | None) -> None:
    """Raise the version of a report that came with its specimen."""
    report.version += 1
    safe = patient_safe(current_organization_id(), report.specimen.patient_id)
    report.reason = safe.seal(report, "reason", reason) if reason else None
