"""The administration of the registry: patients, who cares for them, and who looked without being assigned."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.urls import reverse

from chiron.identity.public import account_names
from chiron.kernel.access import Caller
from chiron.kernel.cells import Link, Table, Tag, short
from chiron.kernel.forms import Dressed
from chiron.kernel.pages import Listed, Page, Shown, may
from chiron.kernel.schemas import PageQuery
from chiron.registry import admin_laboratories, admin_people, queries, queries_people
from chiron.registry.admin_forms import (
    Acknowledge,
    Approve,
    Assign,
    ChangePatient,
    EndAssignment,
    LinkAccount,
    Register,
)
from chiron.registry.calling import patient_link, patient_names, provider_names
from chiron.registry.models import Assignment, BrokenGlass, Claim, Patient
from chiron.registry.queries import Opened, Sought
from chiron.registry.services.glass import list_broken_glass, read_broken_glass

STANDING = {True: Tag("active", "good"), False: Tag("inactive")}
WAITING = Tag("not yet", "warn")
CARE_HEADS = ("Provider", "Since", "Until")


class SeekPatient(Dressed):
    name = forms.CharField(required=False, max_length=100)
    birth_date = forms.CharField(required=False, max_length=10, label="Born")
    identifier = forms.CharField(required=False, max_length=400, label="Number")


@admin.register(Patient)
class PatientPage(Page):
    resource, id_name = "patients", "patient_id"
    title, group, icon, place = "Patients", "Registry", "personal_injury", 10
    heads = ("Name", "Born", "Sex", "Numbers", "State", "Registered")
    seek, seeks_by = SeekPatient, "post"
    acts = (Register, ChangePatient, Assign, EndAssignment, LinkAccount)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        sought = Sought(asked["name"], asked["birth_date"], asked["identifier"], place="body")
        scope = by.scope("patients", "search" if sought else "read")
        found = queries.list_patients(by, scope, query, sought)
        return Listed([self._row(each) for each in found.rows], found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        found = queries.read_patient(by, row_id)
        tables = [self._care(by, row_id)] if may(by, "assignments", "read") else []
        records = Link("Records of this patient", f"{reverse('admin:records_record_changelist')}?patient={row_id}")
        log = Link("Who looked at this patient", f"{reverse('admin:audit_event_changelist')}?patient_id={row_id}")
        closed = (ChangePatient.slug, Assign.slug, LinkAccount.slug) if found.patient.replaced_by_id else ()
        return Shown(f"Patient {short(row_id)}", _facts(found), tables, [records, log], closed=closed)

    def _row(self, found: Opened) -> tuple[Any, ...]:
        patient = found.patient
        numbers = ", ".join(value for _, value, _ in found.identifiers)
        name = self.link(found.person.display, patient.id)
        return (name, found.born, patient.sex, numbers, STANDING[patient.active], patient.recorded_at)

    def _care(self, by: Caller, patient_id: UUID) -> Table:
        found = queries_people.assignments_of(by, patient_id, PageQuery())
        names = provider_names(by, [each.provider_id for each in found.rows])
        rows = [(names.get(each.provider_id), each.since, each.until) for each in found.rows]
        return Table(CARE_HEADS, rows, "Cared for by")


def _facts(found: Opened) -> list[tuple[str, Any]]:
    patient, person = found.patient, found.person
    died = patient.deceased_at or ("yes" if patient.deceased else None)
    return [
        ("Name", person.display),
        ("Other names", ", ".join(person.other_names)),
        ("Born", f"{found.born}{' (estimated)' if patient.birth_estimated else ''}" if found.born else None),
        ("Sex", patient.sex),
        ("Died", died),
        ("Language", person.language),
        ("Contacts", "\n".join(f"{each.get('system', '')} {each.get('value', '')}" for each in person.telecom)),
        ("Addresses", "\n".join(_address(each) for each in person.address)),
        ("Numbers", "\n".join(f"{value} ({system})" for system, value, _ in found.identifiers)),
        ("State", STANDING[patient.active]),
        ("Merged into", patient.replaced_by_id),
        ("Registered", patient.recorded_at),
        ("Changed", patient.updated_at),
        ("Id", str(patient.id)),
    ]


def _address(address: dict[str, Any]) -> str:
    parts = [*address.get("line", []), address.get("postal_code"), address.get("city"), address.get("country")]
    return ", ".join(str(part) for part in parts if part)


class SeekAssignment(Dressed):
    standing = forms.BooleanField(required=False, label="Only those that stand")


@admin.register(Assignment)
class AssignmentPage(Page):
    resource, title, group, icon, place = "assignments", "Assignments", "Registry", "diversity_1", 14
    heads = ("Patient", "Provider", "Since", "Until")
    seek = SeekAssignment

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = queries_people.list_assignments(by, query, standing=asked["standing"])
        patients = patient_names(by, [each.patient_id for each in found.rows])
        providers = provider_names(by, [each.provider_id for each in found.rows])
        rows = [
            (patient_link(each.patient_id, patients), providers.get(each.provider_id), each.since, each.until)
            for each in found.rows
        ]
        return Listed(rows, found.next)


@admin.register(Claim)
class ClaimPage(Page):
    resource, id_name = "claims", "claim_id"
    title, group, icon, place = "Claims", "Registry", "how_to_reg", 15
    heads = ("Says to be", "Born", "As", "Since")
    acts = (Approve,)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = queries.open_claims(by, query)
        rows = [
            (self.link(_claimant(said), claim.id), said["birth_date"], Tag(claim.kind), claim.recorded_at)
            for claim, said in found.rows
        ]
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        claim, said = queries.read_claim(by, row_id)
        facts = [("Says to be", _claimant(said)), ("Born", said["birth_date"]), ("As", Tag(claim.kind)),
                 ("Since", claim.recorded_at), ("Account", str(claim.account_id))]  # fmt: skip
        closed = () if claim.kind == Claim.Kind.DOCTOR else (Approve.slug,)
        return Shown(f"Claim {short(row_id)}", facts, closed=closed)


def _claimant(said: dict[str, str]) -> str:
    return f"{said['first_name']} {said['last_name']}".strip()


class SeekGlass(Dressed):
    waiting = forms.BooleanField(required=False, label="Only those nobody looked at")


@admin.register(BrokenGlass)
class GlassPage(Page):
    resource, id_name = "break-glass", "glass_id"
    title, group, icon, place = "Break-glass", "Oversight", "e911_emergency", 30
    heads = ("When", "Patient", "Provider", "Reason", "Looked at")
    seek = SeekGlass
    acts = (Acknowledge,)

    def listed(self, by: Caller, asked: dict[str, Any], query: PageQuery) -> Listed:
        found = list_broken_glass(by, query, waiting=asked["waiting"])
        patients = patient_names(by, [each.glass.patient_id for each in found.rows])
        providers = provider_names(by, [each.glass.provider_id for each in found.rows])
        rows = [
            (self.link(each.glass.since, each.glass.id), patient_link(each.glass.patient_id, patients),
             providers.get(each.glass.provider_id), each.reason, each.seen.at if each.seen else WAITING)
            for each in found.rows
        ]  # fmt: skip
        return Listed(rows, found.next)

    def shown(self, by: Caller, row_id: UUID) -> Shown:
        found = read_broken_glass(by, row_id)
        row, seen = found.glass, found.seen
        patient = patient_link(row.patient_id, patient_names(by, [row.patient_id]))
        accounts = account_names(by, [row.account_id, seen.account_id if seen else None])
        facts = [
            ("When", row.since), ("Until", row.until), ("Patient", patient), ("Patient's id", str(row.patient_id)),
            ("Provider", provider_names(by, [row.provider_id]).get(row.provider_id)),
            ("Account", accounts.get(row.account_id, row.account_id)), ("Reason", found.reason),
            ("Looked at", seen.at if seen else WAITING),
            ("By the account", accounts.get(seen.account_id, seen.account_id) if seen else None),
        ]  # fmt: skip
        return Shown(f"Break-glass {short(row_id)}", facts, closed=(Acknowledge.slug,) if seen else ())


__all__ = ["admin_laboratories", "admin_people"]
