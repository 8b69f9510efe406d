"""The administration of those who treat, and of where they work."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin

from chiron.kernel.access import Caller
from chiron.kernel.cells import Table, Tag, short
from chiron.kernel.forms import Dressed
from chiron.kernel.pages import Listed, Page, Shown
from chiron.kernel.schemas import PageQuery
from chiron.registry import queries_people
from chiron.registry.admin_forms import (
    AddDepartment,
    AddProvider,
    ChangeDepartment,
    ChangeProvider,
    RemoveDepartment,
)
from chiron.registry.doors import department_for
from chiron.registry.models import Department, Provider

STANDING = {True: Tag("active", "good"), False: Tag("inactive")}


class SeekProvider(Dressed):
    name = forms.CharField(required=False, max_length=100)


@admin.register(Provider)
class ProviderPage(Page):
    resource, id_name = "providers", "provider_id"
    title, group, icon, place = "Providers", "Registry", "stethoscope", 11
    heads = ("Name", "Role", "Specialty", "State", "Added")
    seek, seeks_by = SeekProvider, "post"
    acts = (AddProvider, ChangeProvider)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = queries_people.list_providers(by, query, name=asked["name"])
        rows = [
            (self.link(person.display, row.id), row.role, row.specialty, STANDING[row.active], row.recorded_at)
            for row, person in found.rows
        ]
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        provider, person = queries_people.read_provider(by, row_id)
        work = queries_people.work_of(by, row_id, PageQuery())
        rows = [(each.department.name, each.since, each.until) for each in work.rows]
        facts = [
            ("Name", person.display), ("Role", provider.role), ("Specialty", provider.specialty),
            ("Contacts", "\n".join(f"{each.get('system', '')} {each.get('value', '')}" for each in person.telecom)),
            ("State", STANDING[provider.active]), ("Added", provider.recorded_at), ("Changed", provider.updated_at),
            ("Id", str(provider.id)),
        ]  # fmt: skip
        return Shown(f"Provider {short(row_id)}", facts, [Table(("Department", "Since", "Until"), rows, "Works in")])


@admin.register(Department)
class DepartmentPage(Page):
    resource, id_name = "departments", "department_id"
    title, group, icon, place = "Departments", "Registry", "account_tree", 12
    heads = ("Name", "Kind", "Belongs to", "State")
    acts = (AddDepartment, ChangeDepartment, RemoveDepartment)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = queries_people.list_departments(by, query)
        rows = [
            (self.link(row.name, row.id), row.kind, row.parent.name if row.parent else None, STANDING[row.active])
            for row in found.rows
        ]
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        row = department_for(by, row_id)
        above = row.parent.name if row.parent else None
        facts = [("Name", row.name), ("Kind", row.kind), ("Belongs to", above), ("State", STANDING[row.active]),
                 ("Added", row.recorded_at), ("Changed", row.updated_at), ("Id", str(row.id))]  # fmt: skip
        return Shown(f"Department {short(row_id)}", facts)
