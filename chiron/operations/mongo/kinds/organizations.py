"""Organizations of version 1 become organizations, each with a key, a schema and a database role of its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import available_timezones

from chiron.identity.public import create_organization
from chiron.kernel.access import Caller
from chiron.operations.mongo.plans import Context, Plan, Told
from chiron.operations.mongo.reading import Reader
from chiron.tenancy.public import Organization, SlugTaken, all_organizations

SLUG = r"[a-z][a-z0-9-]{0,39}"
BY = Caller(operator=True, device="migrate_from_mongodb")


@dataclass(frozen=True, slots=True)
class OrganizationArrival:
    """An organization as version 1 had it."""

    id: UUID
    slug: str
    name: str
    time_zone: str
    locale: str


class Organizations:
    """One that the mapping calls by a slug is here already: nothing of it is changed, its words are kept."""

    name = "organizations"

    def plan(self, reader: Reader, context: Context, organization_id: UUID) -> Plan:
        if context.is_here(reader.document["_id"]):
            return Plan(organization_id=organization_id)
        zones = "|".join(map(re.escape, available_timezones()))
        arrival = OrganizationArrival(
            id=organization_id,
            slug=reader.text("slug", "Organization.slug", fits=SLUG) or f"v1-{organization_id.hex[-12:]}",
            name=reader.text("name", "Organization.name", required=True),
            time_zone=reader.text("time_zone", "Organization.time_zone", fits=zones) or "UTC",
            locale=reader.text("locale", "Organization.locale", fits=r"[A-Za-z-]{2,35}") or "en",
        )
        claims = [(f"/{reader.field('slug')}", arrival.slug)]
        return Plan(organization_id=organization_id, arrival=arrival, told=_told(arrival), claims=claims)

    def admit(self, by: Caller, plans: Sequence[Plan], now: datetime) -> set[UUID]:
        """Outside of any organization's transaction: there is none yet. One that was made before stays."""
        refused, here = set(), {each.id for each in all_organizations()}
        for plan in plans:
            if plan.arrival is None or plan.organization_id in here:
                continue
            said: OrganizationArrival = plan.arrival
            try:
                create_organization(
                    by=BY, organization_id=said.id, slug=said.slug, name=said.name, time_zone=said.time_zone,
                    locale=said.locale,
                )  # fmt: skip
            except SlugTaken:
                refused.add(plan.id)
        return refused

    def settled(self, organization_id: UUID, plans: Sequence[Plan]) -> dict[UUID, tuple[Told, bool]]:
        found = {each.id: each for each in all_organizations() if each.id == organization_id}
        return {
            plan.id: (_told(found[organization_id]) if plan.arrival else {}, found[organization_id].version > 1)
            for plan in plans
            if organization_id in found
        }


def _told(said: OrganizationArrival | Organization) -> Told:
    return {f"Organization.{name}": getattr(said, name) for name in ("slug", "name", "time_zone", "locale")}
