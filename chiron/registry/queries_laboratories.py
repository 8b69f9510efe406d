"""Reads of laboratories, and of who works there."""

from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.registry.doors import laboratories_within, laboratory_for
from chiron.registry.models import Laboratory, LaboratoryStaff


def list_laboratories(by: Caller, query: PageQuery) -> Page[Laboratory]:
    """A page of the laboratories the caller reaches, the newest first."""
    return page(laboratories_within(by, by.scope("laboratories", "read")), query)


def staff_of(by: Caller, laboratory_id: UUID, query: PageQuery) -> Page[LaboratoryStaff]:
    """Who works and worked at a laboratory, the latest first. Raises NotFound."""
    by.scope("laboratory-staff", "read")
    laboratory = laboratory_for(by, laboratory_id)
    found = page(LaboratoryStaff.objects.filter(laboratory=laboratory), query)
    audit.record(by, "laboratory-staff.listed", resource="laboratory-staff", resource_id=laboratory.id)
    return found
