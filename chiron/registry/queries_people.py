"""Reads of those who treat, where they work, and whom they care for."""

from collections.abc import Sequence
from uuid import UUID

from chiron.audit import public as audit
from chiron.kernel.access import Caller
from chiron.kernel.pagination import Page, page
from chiron.kernel.schemas import PageQuery
from chiron.registry.doors import patient_within, patients_within, provider_for
from chiron.registry.models import Assignment, Department, Provider, ProviderDepartment
from chiron.registry.rules import Person
from chiron.registry.sealing import person_of
from chiron.registry.searching import fitting, named, next_of
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import matches, organization_safe

Known = tuple[Provider, Person]


def read_provider(by: Caller, provider_id: UUID, *, role: str | None = None) -> Known:
    """One provider, or one of that role. Raises NotFound."""
    provider = provider_for(by, provider_id, role=role)
    audit.record(by, "provider.read", resource="providers", resource_id=provider.id)
    return opened_providers([provider])[0]


def list_providers(by: Caller, query: PageQuery, *, name: str = "", role: str | None = None) -> Page[Known]:
    """A page of providers, all or those of a role, the newest first; by name where asked."""
    by.scope("providers", "read")
    providers = Provider.objects.filter(role=role) if role else Provider.objects.all()
    if name:
        rows = named(providers, name)
        found = fitting(
            lambda after: list(next_of(rows, after)),
            query,
            opened_providers,
            lambda known: matches(name, *known[1].names),
        )
    else:
        leaf = page(providers, query)
        found = Page(opened_providers(leaf.rows), leaf.next)
    audit.record(by, "provider.listed", resource="providers", payload={"name": name} if name else None)
    return found


def list_departments(by: Caller, query: PageQuery) -> Page[Department]:
    """A page of departments, sites and locations, the newest first."""
    by.scope("departments", "read")
    return page(Department.objects.select_related("parent"), query)


def all_departments(by: Caller) -> list[Department]:
    """Every department, site and location, by name: one to choose from. Raises NotPermitted."""
    by.scope("departments", "read")
    return list(Department.objects.order_by("name", "id"))


def work_of(by: Caller, provider_id: UUID, query: PageQuery) -> Page[ProviderDepartment]:
    """Where a provider works and worked, the latest entry first. Raises NotFound."""
    provider = provider_for(by, provider_id)
    return page(ProviderDepartment.objects.filter(provider=provider).select_related("department"), query)


def assignments_of(by: Caller, patient_id: UUID, query: PageQuery) -> Page[Assignment]:
    """Who cares and cared for a patient, the latest first. Raises NotFound."""
    patient = patient_within(by, by.scope("assignments", "read"), patient_id)
    found = page(Assignment.objects.filter(patient=patient), query)
    audit.record(by, "assignment.listed", resource="assignments", subjects=[patient.id])
    return found


def carers_of(patient_id: UUID) -> list[UUID]:
    """The providers who care for a patient now, for those who tell them something: it says nothing to any caller."""
    return list(Assignment.objects.filter(patient=patient_id, until=None).values_list("provider_id", flat=True))


def list_assignments(by: Caller, query: PageQuery, *, standing: bool = False) -> Page[Assignment]:
    """A page of who cares for whom, the latest first; only what has not ended where asked."""
    assignments = Assignment.objects.filter(patient__in=patients_within(by, by.scope("assignments", "read")))
    found = page(assignments.filter(until=None) if standing else assignments, query)
    subjects = [each.patient_id for each in found.rows]
    audit.record(by, "assignment.listed", resource="assignments", subjects=subjects)
    return found


def opened_providers(providers: Sequence[Provider]) -> list[Known]:
    """Providers with their details opened, by one key however many they are."""
    safe = organization_safe(current_organization_id())
    return [(each, person_of(each, safe)) for each in providers]
