"""Patients of version 1 become patients, each with a key of their own, assigned to the doctor they had."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chiron.identity.public import link_patient
from chiron.kernel.access import Caller
from chiron.operations.models import UnplacedDocument
from chiron.operations.mongo.ids import beside, id_of
from chiron.operations.mongo.kinds.persons import (
    account_of,
    accounts_linked,
    linked_otherwise,
    person_in,
    told_of_person,
)
from chiron.operations.mongo.plans import Context, Plan, Told
from chiron.operations.mongo.reading import Reader
from chiron.registry.public import Entry, PatientArrival, Sex, admit_patients, settled_patients

ACCOUNT, CARER = "Membership.patient_id", "Assignment.provider_id"
NUMBERS = ("mrn", "national_id")


class Patients:
    """A number of theirs is theirs alone within the organization."""

    name = "patients"

    def plan(self, reader: Reader, context: Context, organization_id: UUID) -> Plan:
        patient_id = id_of(context.database, self.name, reader.document["_id"])
        systems = context.mapping.systems
        numbers = {name: reader.text(name, f"Identifier {systems[name][0]}") for name in NUMBERS}
        carer = context.refer(reader, "doctor", "doctors", organization_id, CARER)
        account_id = account_of(reader, context, organization_id, ACCOUNT)
        arrival = PatientArrival(
            id=patient_id,
            entry=Entry(
                person=person_in(reader, "Patient", with_address=True),
                born=reader.day("born", "Patient.birth_date", context.now),
                sex=reader.choice("sex", "Patient.sex", context.mapping.sexes) or Sex.UNKNOWN,
                active=reader.flag("active", "Patient.active", default=True),
                identifiers=tuple(
                    (systems[name][0], number, systems[name][1]) for name, number in numbers.items() if number
                ),
            ),
            carers=(carer,) if carer else (),
            recorded_at=context.made_at(reader, "Patient.recorded_at"),
        )
        claims = [
            (f"/{reader.field(name)}", f"{organization_id} {name} {number.strip().casefold()}")
            for name, number in numbers.items()
            if number
        ]
        if account_id:
            claims.append((f"/{reader.field('user')}", f"account {account_id}"))
        return Plan(
            organization_id=organization_id, arrival=arrival, told=_told(arrival, account_id), claims=claims,
            patient_id=patient_id, account_id=account_id,
        )  # fmt: skip

    def admit(self, by: Caller, plans: Sequence[Plan], now: datetime) -> set[UUID]:
        refused = linked_otherwise("patient_id", plans)
        arrivals = [plan.arrival for plan in plans if plan.id not in refused]
        refused |= admit_patients(by=by, arrivals=arrivals, now=now)
        for plan in plans:
            if plan.account_id is not None and plan.id not in refused:
                link_patient(by=by, account_id=plan.account_id, patient_id=plan.id, now=now)
                kept = UnplacedDocument.objects.filter(id=beside(plan.account_id, "rest"))
                kept.update(patient_id=plan.id)
        return refused

    def settled(self, organization_id: UUID, plans: Sequence[Plan]) -> dict[UUID, tuple[Told, bool]]:
        ids = [plan.id for plan in plans]
        found, linked = settled_patients(ids), accounts_linked(organization_id, "patient_id", ids)
        return {each: (_told(arrival, linked.get(each)), changed) for each, (arrival, changed) in found.items()}


def _told(said: PatientArrival, account_id: UUID | None) -> Told:
    told = told_of_person(said.entry.person, "Patient") | {
        "Patient.birth_date": str(said.entry.born or ""),
        "Patient.sex": str(said.entry.sex),
        "Patient.active": str(said.entry.active),
        "Patient.recorded_at": said.recorded_at.isoformat(),
        CARER: ",".join(map(str, said.carers)),
        ACCOUNT: str(account_id or ""),
    }
    told |= {f"Identifier {system}": value for system, value, _ in said.entry.identifiers}
    return {location: text for location, text in told.items() if text}
