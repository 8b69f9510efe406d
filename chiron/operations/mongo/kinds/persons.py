"""What version 1 says of doctors and patients alike: names, how to reach them, and the account that they are."""

from collections.abc import Sequence
from uuid import UUID

from chiron.identity.public import Membership
from chiron.operations.mongo.plans import Context, Plan, Told
from chiron.operations.mongo.reading import Reader
from chiron.registry.public import Person

NAME, NUMBER, ADDRESS = 100, 200, 500


def person_in(reader: Reader, of: str, *, with_address: bool = False) -> Person:
    """The names and contacts in a document; ``of`` is what it becomes. Raises Unfit where there is no family name."""
    given = reader.text("given", f"{of}.given", longest=NAME)
    contacts = {kind: reader.text(kind, f"{of}.{kind}", longest=NUMBER) for kind in ("phone", "email")}
    address = reader.text("address", f"{of}.address", longest=ADDRESS) if with_address else ""
    return Person(
        family=reader.text("family", f"{of}.family", longest=NAME, required=True),
        given=[given] if given else [],
        telecom=[{"system": kind, "value": value, "use": ""} for kind, value in contacts.items() if value],
        address=[{"line": [address]}] if address else [],
    )


def told_of_person(person: Person, of: str) -> Told:
    """The same in words: all that `person_in` can have put there, and whatever else stands there now."""
    told = {f"{of}.family": person.family, f"{of}.given": " ".join(person.given)}
    told |= {f"{of}.{each['system']}": each["value"] for each in person.telecom}
    told |= {f"{of}.address": "\n".join(each.get("line", [])) for each in person.address}
    told |= {f"{of}.prefix": person.prefix, f"{of}.other_names": " ".join(person.other_names)}
    return {location: text for location, text in told.items() if text}


def account_of(reader: Reader, context: Context, organization_id: UUID, location: str) -> UUID | None:
    """The account that somebody is. Raises Unfit for one that was not taken over."""
    return context.refer(reader, "user", "users", organization_id, location)


def linked_otherwise(column: str, plans: Sequence[Plan]) -> set[UUID]:
    """Those whose account is another provider, or patient, already."""
    organizations = {plan.organization_id for plan in plans}
    said = {plan.account_id: plan.id for plan in plans if plan.account_id}
    members = Membership.objects.filter(organization_id__in=organizations, account_id__in=said)
    linked = members.exclude(**{column: None}).values_list("account_id", column)
    return {said[account_id] for account_id, person in linked if person != said[account_id]}


def accounts_linked(organization_id: UUID, column: str, ids: list[UUID]) -> dict[UUID, UUID]:
    """Which account each of these providers, or patients, is."""
    linked = Membership.objects.filter(organization_id=organization_id, **{f"{column}__in": ids})
    return dict(linked.values_list(column, "account_id"))
