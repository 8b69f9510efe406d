"""A clinic with a row in most tables that seal, and what tests of rotations ask about it."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from chiron.files.tests.factories import PDF
from chiron.identity.public import Role
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.errors import DomainError
from chiron.operations.mock.filling import fill_clinic
from chiron.tenancy.public import inside
from chiron.vault.census import at_home, home_of, sealed_tables
from chiron.vault.envelope import key_id_of
from chiron.vault.models import PatientKey
from chiron.vault.public import forget_keys, key_states, organization_safe, patient_safe
from tests.town import Clinic


def fill(clinic: Clinic, patients: int) -> list[str]:
    """A made-up clinic, and one patient with everything that the API makes; the ids of all patients, that one first."""
    admin = clinic.client(Role.ADMIN)
    patient_id = str(post(admin, "/api/patients", {"family": "Mensah", "given": ["Kofi"]})["patient"]["id"])
    body = {"record_type": "NOTE", "title": "Gait", "description": "Walks well again.", "patient_id": patient_id}
    record = post(admin, "/api/records", body)["record"]
    address = f"/api/records/{record['id']}"
    changed = {"title": "Gait", "description": "Walks well.", "record_type": "NOTE", "reason": "typing error"}
    assert admin.put(address, changed, "application/json", headers={"If-Match": '"1"'}).status_code == 200
    words = {"field": "description", "start": 0, "end": 5, "quote": "Walks"}
    remark = {"content": "Since when?", "target": words}
    post(admin, f"{address}/add_annotation", remark)
    answer = admin.post(f"{address}/attachments", {"file": SimpleUploadedFile("scan.pdf", PDF)})
    assert answer.status_code == 201, answer.content
    post(admin, f"{address}/sign", {})
    again = {"Idempotency-Key": "a-note-of-a-rotation"}
    answer = admin.post("/api/records", body, "application/json", headers=again)
    assert answer.status_code == 201
    by = Caller(organization_id=clinic.id, roles=frozenset({Role.ADMIN}), device="rotation")
    for _ in fill_clinic(by=by, organization_id=clinic.id, seed=1, patients=patients, now=now()):
        pass
    others = PatientKey.objects.filter(organization_id=clinic.id).exclude(patient_id=patient_id)
    return [patient_id, *map(str, others.values_list("patient_id", flat=True))]


def post(client: Client, address: str, body: Any) -> Any:
    answer = client.post(address, json.dumps(body), content_type="application/json")
    assert answer.status_code == 201, (address, answer.content)
    return answer.json()


def sealed_values(organization_id: UUID) -> Iterator[tuple[Any, str]]:
    """Every sealed value that a rotation may touch, as a row and the name of its column."""
    alias = home_of(organization_id)
    for model, columns in sealed_tables(alias):
        with at_home(organization_id):
            rows = list(model._base_manager.using(alias).all())
        yield from ((row, column) for row in rows for column in columns if getattr(row, column) is not None)


def shut(organization_id: UUID) -> list[str]:
    """The sealed values that do not open for those whose they are."""
    forget_keys()
    owners = dict(PatientKey.objects.filter(organization_id=organization_id).values_list("id", "patient_id"))
    found = []
    for row, column in sealed_values(organization_id):
        owner = owners.get(key_id_of(getattr(row, column)))
        try:
            safe = patient_safe(organization_id, owner) if owner else organization_safe(organization_id)
            with inside(organization_id):
                safe.open(row, column)
        except DomainError:
            found.append(f"{row._meta.db_table}.{column} of {row.pk}")
    return found


def left_behind(organization_id: UUID) -> int:
    """How many values lie under keys that are not the newest of their owner."""
    return sum(state.values for state in key_states(organization_id) if state.standing != "in use")
