"""The administration of laboratories, and of who works there."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin

from chiron.identity.public import EMAIL, USERNAME, Role, account_names, accounts_with
from chiron.kernel.access import Caller
from chiron.kernel.cells import Table, Tag, short
from chiron.kernel.errors import NotFound, invalid
from chiron.kernel.forms import Act, choices, shaped
from chiron.kernel.pages import Listed, Page, Shown, may
from chiron.kernel.schemas import PageQuery
from chiron.registry import queries_laboratories as queries
from chiron.registry.doors import laboratory_for
from chiron.registry.models import Laboratory
from chiron.registry.services import laboratories
from chiron.registry.shapes_laboratories import LaboratoryIn
from chiron.tenancy.public import current_organization_id

STANDING = {True: Tag("active", "good"), False: Tag("inactive")}
ALL = PageQuery(limit=200)


class LaboratoryAct(Act):
    """A laboratory, said whole."""

    name = forms.CharField(max_length=100)
    code = forms.CharField(max_length=40)
    active = forms.BooleanField(required=False, initial=True)

    def perform(self, now: datetime) -> UUID:
        said = self.cleaned_data
        shape = shaped(LaboratoryIn, {"name": said["name"], "code": said["code"], "active": said["active"]})
        own = None if self.creates else self.row_id
        return laboratories.save_laboratory(
            by=self.by, laboratory_id=own, **shape.model_dump(), if_match=said["version"], now=now
        ).id


class AddLaboratory(LaboratoryAct):
    slug, label, need, creates = "add", "Add a laboratory", ("laboratories", "create"), True


class ChangeLaboratory(LaboratoryAct):
    slug, label, need = "edit", "Change the laboratory", ("laboratories", "update")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        row = laboratory_for(self.by, self.row_id)
        return {"name": row.name, "code": row.code, "active": row.active, "version": row.version}


class StaffAct(Act):
    """Somebody who works at the laboratory, or will."""

    account = forms.ChoiceField()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(str(id), name) for id, name in account_names(self.by, self.accounts()).items()]
        self.fields["account"].choices = choices(known, "choose")  # type: ignore[attr-defined]

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        laboratory_for(self.by, self.row_id)
        return {}

    def accounts(self) -> list[UUID]:
        """Those to choose from."""
        raise NotImplementedError


class AddStaff(StaffAct):
    slug, label, need = "staff", "Add somebody who works here", ("laboratory-staff", "create")

    def accounts(self) -> list[UUID]:
        return accounts_with(Role.LAB, current_organization_id())

    def perform(self, now: datetime) -> UUID:
        account_id = UUID(self.cleaned_data["account"])
        laboratories.add_staff(by=self.by, laboratory_id=self.row_id, account_id=account_id, now=now)
        return self.row_id


class Employ(Act):
    slug, label, need = "employ", "Employ somebody here", ("memberships", "create")

    username = forms.RegexField(USERNAME, max_length=100, label="User name")
    email = forms.RegexField(EMAIL, max_length=254, label="E-mail address")
    password = forms.CharField(
        required=False, max_length=200, strip=False,
        help_text="Makes a new account. Empty for who has one, with this name and address.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        laboratory_for(self.by, self.row_id)
        return {}

    def perform(self, now: datetime) -> UUID:
        said = {name: self.cleaned_data[name] for name in ("username", "email")}
        password = self.cleaned_data["password"] or None
        try:
            laboratories.employ_at(by=self.by, laboratory_id=self.row_id, password=password, **said, now=now)
        except NotFound:
            raise invalid("is nobody's who has an account; a password makes one", "body", "username") from None
        return self.row_id


class EndStaff(StaffAct):
    slug, label, need = "leave", "Somebody works here no more", ("laboratory-staff", "delete")

    def accounts(self) -> list[UUID]:
        return [each.account_id for each in queries.staff_of(self.by, self.row_id, ALL).rows if each.until is None]

    def perform(self, now: datetime) -> UUID:
        account_id = UUID(self.cleaned_data["account"])
        laboratories.end_staff(by=self.by, laboratory_id=self.row_id, account_id=account_id, now=now)
        return self.row_id


@admin.register(Laboratory)
class LaboratoryPage(Page):
    resource, id_name = "laboratories", "laboratory_id"
    title, group, icon, place = "Laboratories", "Registry", "science", 13
    heads = ("Name", "Code", "State")
    acts = (AddLaboratory, ChangeLaboratory, Employ, AddStaff, EndStaff)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = queries.list_laboratories(by, query)
        rows = [(self.link(row.name, row.id), row.code, STANDING[row.active]) for row in found.rows]
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        row = laboratory_for(by, row_id)
        facts = [("Name", row.name), ("Code", row.code), ("State", STANDING[row.active]), ("Added", row.recorded_at),
                 ("Changed", row.updated_at), ("Id", str(row.id))]  # fmt: skip
        tables = [_staff(by, row_id)] if may(by, "laboratory-staff", "read") else []
        return Shown(f"Laboratory {short(row_id)}", facts, tables)


def _staff(by: Caller, laboratory_id: UUID) -> Table:
    found = queries.staff_of(by, laboratory_id, PageQuery()).rows
    names = account_names(by, [each.account_id for each in found])
    rows = [(names.get(each.account_id, each.account_id), each.since, each.until) for each in found]
    return Table(("Account", "Since", "Until"), rows, "Works here")
