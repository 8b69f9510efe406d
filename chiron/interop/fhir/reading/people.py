"""Patients, practitioners and places as the registry takes them."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from chiron.interop.errors import Fault
from chiron.interop.fhir.bundle import Entry
from chiron.interop.fhir.reading.concepts import concept, concepts
from chiron.interop.fhir.reading.elements import Element
from chiron.interop.fhir.reading.times import moment
from chiron.kernel.errors import Invalid
from chiron.records.public import Precision
from chiron.registry import public as registry
from chiron.registry.public import BirthDate, PatientSeen, Person, PlaceSeen, ProviderSeen, Sex

FULL_URL = "urn:ietf:rfc:3986"  # the system of identifiers that are URIs (FHIR R4, Identifier)
SYSTEM_LENGTH, KIND_LENGTH, PLACE_LENGTH, SPECIALTY_LENGTH, ROLE_LENGTH = 255, 20, 200, 100, 40
EXACT = frozenset({Precision.INSTANT, Precision.DAY})
PRACTITIONER = re.compile(r"Practitioner\?identifier=(?P<identifier>[^&]+)")
PATIENT = re.compile(r"Patient\?identifier=(?P<identifier>[^&]+)")
FORMER = ("old", "maiden")
DOCTOR = "doctor"
SEXES = {sex.value: sex for sex in Sex}

Identifier = tuple[str, str, str]  # system, value, kind


def patient_seen(entry: Entry) -> PatientSeen:
    """A Patient with all its identifiers; one without any is known by its full URL, or by its type and id."""
    resource = Element(entry.resource_type, entry.resource)
    died, died_at = death(resource)
    sex = resource.text("gender")
    if sex and sex not in SEXES:
        raise Fault(f"{resource.path}.gender is none of FHIR's administrative genders.")
    said = registry.Entry(
        person=person(resource),
        born=born(resource),
        sex=SEXES.get(sex, Sex.UNKNOWN),
        deceased=died,
        deceased_at=died_at,
        active=resource.flag("active") is not False,
        identifiers=identifiers(resource) or [(FULL_URL, own_name(entry), "")],
    )
    return PatientSeen(said, entry.original.encode())


def provider_seen(entry: Entry, roles: Sequence[Entry] = ()) -> ProviderSeen:
    """A Practitioner together with its PractitionerRoles, of which the first says role and specialty."""
    resource = Element(entry.resource_type, entry.resource)
    parts = [Element(role.resource_type, role.resource) for role in roles]
    role = next((said for part in parts if (said := concepts(part.many("code")).words)), DOCTOR)
    specialty = next((said for part in parts if (said := concepts(part.many("specialty")).words)), "")
    return ProviderSeen(
        key=key_of(entry),
        person=person(resource),
        role=role.lower()[:ROLE_LENGTH],
        specialty=specialty[:SPECIALTY_LENGTH],
        active=resource.flag("active") is not False,
        original=together(entry, roles).encode(),
    )


def place_seen(entry: Entry) -> PlaceSeen:
    """An Organization as a site (a department where its type says so), a Location as a location."""
    resource = Element(entry.resource_type, entry.resource)
    name = resource.text("name").strip() or concepts(resource.either("type")).words
    if not name:
        raise Fault(f"{resource.path}.name is missing.")
    kind = "location"
    if entry.resource_type == "Organization":
        kind = "department" if concepts(resource.many("type")).has("dept") else "site"
    active = resource.flag("active") is not False and resource.text("status") != "inactive"
    return PlaceSeen(key_of(entry), kind, name[:PLACE_LENGTH], active, entry.original.encode())


def together(entry: Entry, roles: Sequence[Entry]) -> str:
    """The originals of a practitioner and its roles as one text: where there are roles, a collection of them all."""
    if not roles:
        return entry.original
    entries = ",".join(f'{{"resource":{each.original}}}' for each in (entry, *roles))
    return f'{{"resourceType":"Bundle","type":"collection","entry":[{entries}]}}'


def key_of(entry: Entry) -> str:
    """Under which a practitioner or place is found again: its first identifier, or its own name."""
    known = identifiers(Element(entry.resource_type, entry.resource))
    system, value, _ = known[0] if known else (FULL_URL, own_name(entry), "")
    return f"{entry.resource_type}|{system}|{value}"


def key_in(reference: str) -> str:
    """The key of the practitioner of a reference, if it is one: a number searched for, or the reference itself."""
    search = PRACTITIONER.fullmatch(unquote(reference))
    return f"Practitioner|{search['identifier']}" if search else f"Practitioner|{FULL_URL}|{reference}"


def identifier_in(reference: str) -> tuple[str, str]:
    """System and value by which the patient of a reference is known, if at all: a number, or the reference itself."""
    search = PATIENT.fullmatch(unquote(reference))
    if search is None:
        return FULL_URL, reference
    system, _, value = search["identifier"].rpartition("|")
    return system, value


def own_name(entry: Entry) -> str:
    """What the source calls this resource. Raises Fault where it gives it no name to find it again by."""
    if entry.full_url:
        return entry.full_url
    if entry.id:
        return f"{entry.resource_type}/{entry.id}"
    raise Fault(
        f"{entry.resource_type} has no identifier, no id and no fullUrl: the next import could not find it again."
    )


def identifiers(resource: Element) -> list[Identifier]:
    """Every identifier with a value, once; one that is not an official number comes after those that are."""
    found: dict[tuple[str, str], Identifier] = {}
    for each in sorted(
        resource.either("identifier"), key=lambda each: each.text("use") in {"temp", "secondary", "old"}
    ):
        system, value = each.text("system"), each.text("value").strip()
        if len(system) > SYSTEM_LENGTH:
            raise Fault(f"{each.path}.system is longer than {SYSTEM_LENGTH} characters.")
        if value:
            codes = concept(each.one("type")).codes
            kind = codes[0].code[:KIND_LENGTH] if codes else ""
            found.setdefault((system, value.casefold()), (system, value, kind))
    return list(found.values())


def person(resource: Element) -> Person:
    """Names, contact and language. The usual name leads, all others are kept to be found by."""
    names = sorted(
        resource.either("name"), key=lambda name: (name.text("use") in FORMER, name.text("use") != "official")
    )
    leading = names[0] if names else Element(f"{resource.path}.name", {})
    whole = leading.text("text") if not leading.text("family") and not leading.texts("given") else ""
    return Person(
        family=leading.text("family") or whole,
        given=leading.texts("given"),
        prefix=" ".join(leading.texts("prefix")),
        other_names=list(dict.fromkeys(part for name in names[1:] for part in parts_of(name))),
        telecom=[contact(each) for each in resource.many("telecom") if each.text("value")],
        address=[address(each) for each in resource.either("address")],
        language=language(resource.many("communication")),
    )


def parts_of(name: Element) -> Iterable[str]:
    parts = [name.text("family"), *name.texts("given")]
    return [part for part in parts if part] or [part for part in [name.text("text")] if part]


def contact(telecom: Element) -> dict[str, Any]:
    return {"system": telecom.text("system"), "value": telecom.text("value"), "use": telecom.text("use")}


def address(place: Element) -> dict[str, Any]:
    return {
        "line": place.texts("line") or [line for line in [place.text("text")] if line],
        "city": place.text("city"),
        "postal_code": place.text("postalCode"),
        "state": place.text("state"),
        "country": place.text("country"),
    }


def language(spoken: list[Element]) -> str:
    """The language a person prefers, or the first: BCP 47 where the source says so."""
    for each in sorted(spoken, key=lambda each: each.flag("preferred") is not True):
        words = each.one("language") if isinstance(each.value.get("language"), dict) else each
        codes = concept(words).codes
        if codes:
            return codes[0].code
    return ""


def born(resource: Element) -> BirthDate | None:
    try:
        return registry.birth_date(resource.text("birthDate") or None)
    except Invalid:
        raise Fault(f"{resource.path}.birthDate is not a date of a birth.") from None


def death(resource: Element) -> tuple[bool, datetime | None]:
    """Whether somebody died, and when, where the day is known."""
    at = moment(resource, "deceasedDateTime")
    died = at is not None or resource.flag("deceasedBoolean") is True
    return died, at.first if at is not None and at.precision in EXACT else None
