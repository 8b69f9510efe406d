"""A ward of Hilltop: Ama (administrator), Dr Osei, Dr Mensah, and two patients, Kofi and Esi.

Dr Osei cares for Kofi; Dr Mensah cares for Esi. Both patients sign in, too.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from chiron.kernel.access import Caller
from chiron.kernel.ids import new_id
from chiron.records.entries import Code, Quantity, RecordEntry, ReferenceRange, Statement
from chiron.records.models import Record
from chiron.records.services.write import write_record
from chiron.records.words import RecordType
from chiron.registry.public import Entry, Patient, Person, assign, create_patient, create_provider
from chiron.vault.public import exact_index

NINE = datetime(2026, 5, 4, 9, tzinfo=UTC)
TEN = datetime(2026, 5, 4, 10, tzinfo=UTC)
A1C = Code("http://loinc.org", "4548-4", "Hemoglobin A1c")
NOTE = Statement(record_type=RecordType.NOTE, title="Headache", description="Since Sunday, worse in the morning.")


@dataclass(frozen=True)
class Ward:
    organization_id: UUID
    ama: Caller
    osei: Caller
    mensah: Caller
    kofi: Caller
    esi: Caller
    kofi_patient: Patient
    esi_patient: Patient

    def write(self, by: Caller | None = None, patient: Patient | None = None, **said: Any) -> Record:
        """A record about Kofi by Dr Osei, unless said otherwise."""
        statement = NOTE if not said else statement_of(**said)
        return write_record(by=by or self.osei, patient=patient or self.kofi_patient, statement=statement, now=NINE)


def statement_of(**said: Any) -> Statement:
    return Statement(**({"record_type": RecordType.NOTE, "title": "Headache"} | said))


def make_ward(organization_id: UUID) -> Ward:
    """Must be called inside the organization."""

    def caller(role: str, **being: Any) -> Caller:
        return Caller(account_id=new_id(), organization_id=organization_id, roles=frozenset({role}), **being)

    ama = caller("ADMIN")

    def doctor(family: str) -> Caller:
        person = Person(family=family, given=["Yaw"])
        provider = create_provider(by=ama, person=person, role="doctor", specialty="", active=True, now=NINE)
        return caller("DOCTOR", provider_id=provider.id)

    def patient(given: str, doctor: Caller) -> tuple[Patient, Caller]:
        row = create_patient(by=ama, entry=Entry(person=Person(family="Boateng", given=[given])), now=NINE)
        assign_doctor(ama, row, doctor)
        return row, caller("PATIENT", patient_id=row.id)

    osei, mensah = doctor("Osei"), doctor("Mensah")
    (kofi_patient, kofi), (esi_patient, esi) = patient("Kofi", osei), patient("Esi", mensah)
    return Ward(organization_id, ama, osei, mensah, kofi, esi, kofi_patient, esi_patient)


def assign_doctor(by: Caller, patient: Patient, doctor: Caller) -> None:
    assert doctor.provider_id is not None
    assign(by=by, patient_id=patient.id, provider_id=doctor.provider_id, now=NINE)


def entry_of(organization_id: UUID, key: str, **said: Any) -> RecordEntry:
    """A laboratory result as an import brings it."""
    fields: dict[str, Any] = {
        "record_type": RecordType.LAB_RESULT,
        "title": f"Hemoglobin A1c of {key}",
        "resource_type": "Observation",
        "clinical_status": "final",
        "codes": (A1C,),
        "occurred_at": NINE,
        "quantity": Quantity(Decimal("7.20"), "%", "%"),
        "reference_range": ReferenceRange(None, Decimal("5.60")),
        "content": b'{"resourceType":"Observation","valueQuantity":{"value":7.20}}',
    }
    return RecordEntry(source_key=exact_index(organization_id, "record", key), **fields | said)
