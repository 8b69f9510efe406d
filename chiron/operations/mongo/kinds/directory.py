"""Laboratories and doctors of version 1 become laboratories and providers."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chiron.identity.public import link_provider
from chiron.kernel.access import Caller
from chiron.operations.mongo.ids import id_of
from chiron.operations.mongo.kinds.persons import (
    account_of,
    accounts_linked,
    linked_otherwise,
    person_in,
    told_of_person,
)
from chiron.operations.mongo.plans import Context, Plan, Told
from chiron.operations.mongo.reading import Reader
from chiron.registry.public import (
    LaboratoryArrival,
    ProviderArrival,
    admit_laboratories,
    admit_providers,
    settled_laboratories,
    settled_providers,
)

ACCOUNT = "Membership.provider_id"


class Laboratories:
    """Each has a code of its own within its organization."""

    name = "laboratories"

    def plan(self, reader: Reader, context: Context, organization_id: UUID) -> Plan:
        arrival = LaboratoryArrival(
            id=id_of(context.database, self.name, reader.document["_id"]),
            name=reader.text("name", "Laboratory.name", required=True),
            code=reader.text("code", "Laboratory.code", longest=40, required=True),
            active=reader.flag("active", "Laboratory.active", default=True),
            recorded_at=context.made_at(reader, "Laboratory.recorded_at"),
        )
        claims = [(f"/{reader.field('code')}", f"{organization_id} {arrival.code}")]
        return Plan(organization_id=organization_id, arrival=arrival, told=_told_of_laboratory(arrival), claims=claims)

    def admit(self, by: Caller, plans: Sequence[Plan], now: datetime) -> set[UUID]:
        return admit_laboratories(by=by, arrivals=[plan.arrival for plan in plans], now=now)

    def settled(self, organization_id: UUID, plans: Sequence[Plan]) -> dict[UUID, tuple[Told, bool]]:
        found = settled_laboratories([plan.id for plan in plans])
        return {each: (_told_of_laboratory(arrival), changed) for each, (arrival, changed) in found.items()}


class Doctors:
    """A doctor who has an account is that account's provider."""

    name = "doctors"

    def plan(self, reader: Reader, context: Context, organization_id: UUID) -> Plan:
        arrival = ProviderArrival(
            id=id_of(context.database, self.name, reader.document["_id"]),
            person=person_in(reader, "Provider"),
            specialty=reader.text("specialty", "Provider.specialty", longest=100),
            active=reader.flag("active", "Provider.active", default=True),
            recorded_at=context.made_at(reader, "Provider.recorded_at"),
        )
        account_id = account_of(reader, context, organization_id, ACCOUNT)
        claims = [(f"/{reader.field('user')}", str(account_id))] if account_id else []
        return Plan(
            organization_id=organization_id, arrival=arrival, told=_told_of_doctor(arrival, account_id), claims=claims,
            account_id=account_id,
        )  # fmt: skip

    def admit(self, by: Caller, plans: Sequence[Plan], now: datetime) -> set[UUID]:
        refused = linked_otherwise("provider_id", plans)
        admitted = [plan for plan in plans if plan.id not in refused]
        admit_providers(by=by, arrivals=[plan.arrival for plan in admitted], now=now)
        for plan in admitted:
            if plan.account_id is not None:
                link_provider(by=by, account_id=plan.account_id, provider_id=plan.id, now=now)
        return refused

    def settled(self, organization_id: UUID, plans: Sequence[Plan]) -> dict[UUID, tuple[Told, bool]]:
        ids = [plan.id for plan in plans]
        found, linked = settled_providers(ids), accounts_linked(organization_id, "provider_id", ids)
        return {
            each: (_told_of_doctor(arrival, linked.get(each)), changed) for each, (arrival, changed) in found.items()
        }


def _told_of_laboratory(said: LaboratoryArrival) -> Told:
    return {
        "Laboratory.name": said.name,
        "Laboratory.code": said.code,
        "Laboratory.active": str(said.active),
        "Laboratory.recorded_at": said.recorded_at.isoformat(),
    }


def _told_of_doctor(said: ProviderArrival, account_id: UUID | None) -> Told:
    told = told_of_person(said.person, "Provider") | {
        "Provider.specialty": said.specialty,
        "Provider.active": str(said.active),
        "Provider.recorded_at": said.recorded_at.isoformat(),
        ACCOUNT: str(account_id or ""),
    }
    return {location: text for location, text in told.items() if text}
