"""What is typed in the administration of the registry; each form stands before one verb of the API."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django import forms

from chiron.identity.public import change_membership
from chiron.kernel.errors import NotFound
from chiron.kernel.forms import Act, Lines, Moment, choices, shaped
from chiron.kernel.schemas import PageQuery
from chiron.registry import queries, queries_people
from chiron.registry.calling import active_providers, provider_names
from chiron.registry.doors import department_for, patient_for, patient_within, provider_for
from chiron.registry.models import Claim, Department, Sex
from chiron.registry.queries import Opened
from chiron.registry.rules import Person
from chiron.registry.services import glass, patients, people
from chiron.registry.shapes import DepartmentIn, PatientIn, PatientPatch, ProviderIn, patched

ALL = PageQuery(limit=200)


def typed_addresses(addresses: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Addresses as the form shows them: the lines of one in one part."""
    return [each | {"line": ", ".join(each.get("line", []))} for each in addresses]


def said_addresses(typed: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
    """Addresses as the API takes them."""
    return [{**each, "line": [line for line in each["line"].split(", ") if line]} for each in typed]


class PersonAct(Act):
    """What is said of everybody who has a name."""

    family = forms.CharField(label="Family name", max_length=100)
    given = Lines("name", label="Given names")
    prefix = forms.CharField(label="Title", max_length=100, required=False)  # type: ignore[assignment]
    telecom = Lines("system", "value", "use", label="Contacts")


class PatientAct(PersonAct):
    """What is said of a patient."""

    other_names = Lines("name", label="Other names")
    birth_date = forms.CharField(max_length=10, required=False, help_text="1980, 1980-05 or 1980-05-17.")
    birth_estimated = forms.BooleanField(required=False)
    sex = forms.ChoiceField(choices=Sex.choices, initial=Sex.UNKNOWN)
    language = forms.CharField(max_length=100, required=False)
    address = Lines("line", "postal_code", "city", "state", "country", label="Addresses")
    identifiers = Lines("system", "value", "kind", label="Numbers")
    deceased = forms.BooleanField(required=False)
    deceased_at = Moment(required=False)
    active = forms.BooleanField(required=False, initial=True)


class Register(PatientAct):
    slug, label, need, creates = "add", "Register a patient", ("patients", "create"), True

    def perform(self, now: datetime) -> UUID:
        said = self.typed()
        entry = shaped(PatientIn, said | {"address": said_addresses(said["address"])}).entry()
        return patients.create_patient(by=self.by, entry=entry, now=now).id


class ChangePatient(PatientAct):
    slug, label, need = "edit", "Change the patient", ("patients", "update")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        self.found = found = self._found(looked_at)
        patient, person = found.patient, found.person
        numbers = [dict(zip(("system", "value", "kind"), each, strict=True)) for each in found.identifiers]
        clear = ("birth_estimated", "sex", "deceased", "deceased_at", "active")
        return {
            **{name: getattr(person, name) for name in Person.__slots__},
            **{name: getattr(patient, name) for name in clear},
            "address": typed_addresses(person.address),
            "birth_date": str(found.born or ""),
            "identifiers": numbers,
            "version": patient.version,
        }  # fmt: skip

    def perform(self, now: datetime) -> UUID:
        said = self.changed()
        if "address" in said:
            said["address"] = said_addresses(said["address"])
        entry = patched(self.found, shaped(PatientPatch, said))
        version = self.cleaned_data["version"]
        return patients.change_patient(by=self.by, patient_id=self.row_id, entry=entry, if_match=version, now=now).id

    def _found(self, looked_at: bool) -> Opened:
        if looked_at:
            return queries.read_patient(self.by, self.row_id)
        return queries.opened(patient_for(self.by, self.row_id, "update", lock=True))


class Assign(Act):
    slug, label, need = "assign", "Assign a provider", ("assignments", "create")

    provider = forms.ChoiceField()

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        patient_within(self.by, self.by.scope(*self.need), self.row_id)
        return {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(str(each.id), f"{person.display} · {each.role}") for each, person in active_providers(self.by)]
        self.fields["provider"].choices = choices(known, "choose")  # type: ignore[attr-defined]

    def perform(self, now: datetime) -> UUID:
        provider_id = UUID(self.cleaned_data["provider"])
        people.assign(by=self.by, patient_id=self.row_id, provider_id=provider_id, now=now)
        return self.row_id


class EndAssignment(Act):
    slug, label, need = "end", "End an assignment", ("assignments", "delete")

    provider = forms.ChoiceField()

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        patient_within(self.by, self.by.scope(*self.need), self.row_id)
        return {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = queries_people.assignments_of(self.by, self.row_id, ALL).rows
        names = provider_names(self.by, [each.provider_id for each in rows if each.until is None])
        known = [(str(id), name) for id, name in names.items()]
        self.fields["provider"].choices = choices(known, "choose")  # type: ignore[attr-defined]

    def perform(self, now: datetime) -> UUID:
        provider_id = UUID(self.cleaned_data["provider"])
        people.end_assignment(by=self.by, patient_id=self.row_id, provider_id=provider_id, now=now)
        return self.row_id


class LinkAccount(Act):
    slug, label, need = "link", "Confirm an account", ("patients", "link")

    claim = forms.ChoiceField(
        help_text="Who registered and says to be somebody; confirmed, they see this patient's data."
    )

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        patient_for(self.by, self.row_id, "link")
        return {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        waiting = [each for each in queries.open_claims(self.by, ALL).rows if each[0].kind == Claim.Kind.PATIENT]
        known = [(str(claim.account_id), " ".join(filter(None, said.values()))) for claim, said in waiting]
        self.fields["claim"].choices = choices(known, "choose")  # type: ignore[attr-defined]

    def perform(self, now: datetime) -> UUID:
        account_id = UUID(self.cleaned_data["claim"])
        return patients.link_account(by=self.by, patient_id=self.row_id, account_id=account_id, now=now).id


class Approve(Act):
    slug, label, need = "approve", "Approve the doctor", ("memberships", "update")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        self.claim, _ = queries.read_claim(self.by, self.row_id)
        if self.claim.kind != Claim.Kind.DOCTOR:
            raise NotFound
        return {}

    def perform(self, now: datetime) -> None:
        """The doctor's provider is made of the claim, which is thereby settled."""
        change_membership(by=self.by, membership_id=self.claim.membership_id, approved=True, now=now)


class Acknowledge(Act):
    slug, label, need = "acknowledge", "I have looked at this", ("break-glass", "acknowledge")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        if looked_at:
            glass.read_broken_glass(self.by, self.row_id)
        return {}

    def perform(self, now: datetime) -> UUID:
        return glass.acknowledge(by=self.by, glass_id=self.row_id, now=now).glass.id


class ProviderAct(PersonAct):
    """What is said of a provider."""

    role = forms.CharField(max_length=40, initial="doctor")
    specialty = forms.CharField(max_length=100, required=False)
    active = forms.BooleanField(required=False, initial=True)

    def shape(self) -> ProviderIn:
        return shaped(ProviderIn, self.typed())


class AddProvider(ProviderAct):
    slug, label, need, creates = "add", "Add a provider", ("providers", "create"), True

    def perform(self, now: datetime) -> UUID:
        said = self.shape()
        made = people.create_provider(
            by=self.by, person=said.person(), role=said.role, specialty=said.specialty, active=said.active, now=now
        )
        return made.id


class ChangeProvider(ProviderAct):
    slug, label, need = "edit", "Change the provider", ("providers", "update")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        provider, self.person = self._known(looked_at)
        clear = {name: getattr(provider, name) for name in ("role", "specialty", "active", "version")}
        return clear | {name: getattr(self.person, name) for name in Person.__slots__}

    def perform(self, now: datetime) -> UUID:
        said = self.shape()
        changed = {name: value for name, value in said.model_dump().items() if name in self.changed()}
        person = replace(self.person, **{name: changed[name] for name in Person.__slots__ if name in changed})
        people.change_provider(
            by=self.by, provider_id=self.row_id, person=person, role=said.role, specialty=said.specialty,
            active=said.active, if_match=self.cleaned_data["version"], now=now,
        )  # fmt: skip
        return self.row_id

    def _known(self, looked_at: bool) -> queries_people.Known:
        if looked_at:
            return queries_people.read_provider(self.by, self.row_id)
        return queries_people.opened_providers([provider_for(self.by, self.row_id, "update", lock=True)])[0]


class DepartmentAct(Act):
    """A department, said whole."""

    name = forms.CharField(max_length=100)
    kind = forms.ChoiceField(choices=Department.Kind.choices, initial=Department.Kind.DEPARTMENT)
    parent_id = forms.ChoiceField(label="Belongs to", required=False)
    active = forms.BooleanField(required=False, initial=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(str(each.id), each.name) for each in queries_people.all_departments(self.by)]
        self.fields["parent_id"].choices = choices(known, "nothing")  # type: ignore[attr-defined]

    def perform(self, now: datetime) -> UUID:
        said = self.cleaned_data
        shape = shaped(
            DepartmentIn,
            {"name": said["name"], "kind": said["kind"], "parent_id": said["parent_id"] or None,
             "active": said["active"]},
        )  # fmt: skip
        own = None if self.creates else self.row_id
        return people.save_department(
            by=self.by, department_id=own, **shape.model_dump(), if_match=said["version"], now=now
        ).id


class AddDepartment(DepartmentAct):
    slug, label, need, creates = "add", "Add a department", ("departments", "create"), True


class ChangeDepartment(DepartmentAct):
    slug, label, need = "edit", "Change the department", ("departments", "update")

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        row = department_for(self.by, self.row_id)
        said = {"name": row.name, "kind": row.kind, "parent_id": str(row.parent_id or ""), "active": row.active}
        return said | {"version": row.version}


class RemoveDepartment(Act):
    slug, label, need, grave = "remove", "Remove the department", ("departments", "delete"), True

    def said(self, *, looked_at: bool) -> dict[str, Any]:
        return {"version": department_for(self.by, self.row_id).version}

    def perform(self, now: datetime) -> None:
        people.remove_department(by=self.by, department_id=self.row_id, if_match=self.cleaned_data["version"])
