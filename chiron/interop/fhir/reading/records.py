"""A resource as a clinical statement, with the references it hangs on."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from chiron.interop.errors import Fault
from chiron.interop.fhir.bundle import Bundle, Entry
from chiron.interop.fhir.reading.concepts import Concept, coding, concept, concepts, quantity, told, usual
from chiron.interop.fhir.reading.elements import Element
from chiron.interop.fhir.reading.people import identifiers
from chiron.interop.fhir.reading.shapes import ACTORS, ANYTHING, AUTHORS, PATIENTS, SHAPES, Shape
from chiron.interop.fhir.reading.texts import attached, narrative, notes, together
from chiron.interop.fhir.reading.times import Span, moment, span
from chiron.interop.fhir.references import search_for
from chiron.records.public import Precision, RecordType, Sensitivity, Statement, Status

TITLE_LENGTH = 300
STATUS_LENGTH = 64
INITIAL = re.compile("(?<=[a-z])[A-Z]")
ERROR = "entered-in-error"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordSeen:
    """What an entry states. `patient`, `encounter` and each of `authors` are references as written, "" for none."""

    entry: Entry
    statement: Statement
    status: Status
    patient: str
    encounter: str
    authors: tuple[str, ...]


def record_seen(entry: Entry, bundle: Bundle) -> RecordSeen:
    """The statement that a resource makes, its original kept whole. Raises Fault where it cannot be read."""
    resource = Element(entry.resource_type, entry.resource)
    shape = SHAPES.get(entry.resource_type, ANYTHING)
    about, when = concept_of(resource, shape, bundle), time_of(resource, shape)
    measured = quantity(resource.one("valueQuantity")) if entry.resource_type == "Observation" else None
    statement = Statement(
        record_type=type_of(resource, shape),
        title=title_of(entry.resource_type, shape, about.words.strip())[:TITLE_LENGTH],
        description=together(words(resource)),
        resource_type=entry.resource_type,
        clinical_status=standing(resource)[:STATUS_LENGTH],
        codes=about.codes,
        occurred_at=when.begins.first if when.begins else None,
        occurred_precision=when.begins.precision if when.begins else Precision.INSTANT,
        occurred_end=when.ends.last if when.ends else None,
        quantity=measured,
        reference_range=usual(resource, measured) if measured else None,
        labels=labels(resource),
        content=entry.original.encode(),
    )
    return RecordSeen(
        entry=entry,
        statement=statement,
        status=Status.ENTERED_IN_ERROR if is_error(resource) else Status.ACTIVE,
        patient=patient_of(resource),
        encounter=next(encounters(resource), ""),
        authors=tuple(found for name in AUTHORS for found in pointed_at(resource, name, "Practitioner")),
    )


def labels(resource: Element) -> tuple[Sensitivity, ...]:
    """How delicate its source says it is (`meta.security`), in our words; labels that say anything else are none."""
    meta = resource.one("meta")
    said = [coding(each) for each in meta.many("security")] if meta is not None else []
    return tuple(sorted({Sensitivity(each.code) for each in said if each.system == ACT and each.code in Sensitivity}))


def title_of(resource_type: str, shape: Shape, words: str) -> str:
    """What a list shows; a type without a place of its own is named: "Care plan: Self care"."""
    if words and shape.record_type is not RecordType.OTHER:
        return words
    kind = INITIAL.sub(lambda initial: f" {initial[0].lower()}", resource_type)
    return f"{kind}: {words}" if words else kind


def type_of(resource: Element, shape: Shape) -> RecordType:
    if shape.record_type is RecordType.OBSERVATION and concepts(resource.either("category")).has("laboratory"):
        return RecordType.LAB_RESULT
    return shape.record_type


def concept_of(resource: Element, shape: Shape, bundle: Bundle) -> Concept:
    """What a resource is about. A medication may be named elsewhere: contained, or in an entry of its own."""
    for name in shape.concepts:
        if name not in resource:
            continue
        if shape.record_type is RecordType.OTHER and isinstance(resource.value[name], str):
            return Concept((), resource.text(name))
        found = named_elsewhere(resource, bundle) if name == "medicationReference" else concepts(resource.either(name))
        if found:
            return found
    return Concept()


def named_elsewhere(resource: Element, bundle: Bundle) -> Concept:
    link = resource.one("medicationReference")
    reference = link.text("reference") if link is not None else ""
    if reference.startswith("#"):
        medication = next((each for each in resource.many("contained") if each.text("id") == reference[1:]), None)
    else:
        entry = bundle.found(reference)
        medication = Element(entry.resource_type, entry.resource) if entry is not None else None
    named = concept(medication.one("code")) if medication is not None else Concept()
    return named or Concept((), link.text("display") if link is not None else "")


def time_of(resource: Element, shape: Shape) -> Span:
    """When it happened: the first time that is given; all of them must be readable.

    Raises Fault when it ends before it begins.
    """
    found = next((each for each in list(times(resource, shape)) if each), Span())
    ends = moment(resource, shape.ends) if shape.ends else None
    if ends is None:
        return found
    if found.begins is not None and ends.last < found.begins.first:
        raise Fault(f"{resource.path}.{shape.ends} is before it began.")
    return Span(found.begins, ends)


def times(resource: Element, shape: Shape) -> Iterator[Span]:
    for name in shape.times:
        yield span(resource, name) if name.lower().endswith("period") else Span(moment(resource, name))


def standing(resource: Element) -> str:
    """How it stands clinically (active, resolved, final, ...), in the source's own code."""
    if "clinicalStatus" in resource:
        found = concept(resource.one("clinicalStatus"))
        return found.codes[0].code if found.codes else ""
    name = "lifecycleStatus" if "lifecycleStatus" in resource else "status"
    return resource.text(name) if isinstance(resource.value.get(name), str) else ""


def is_error(resource: Element) -> bool:
    if resource.value.get("status") == ERROR:
        return True
    verified = resource.value.get("verificationStatus")
    return verified == ERROR or (isinstance(verified, dict) and concept(resource.one("verificationStatus")).has(ERROR))


def patient_of(resource: Element) -> str:
    """The reference to whom a resource is about, "" where it names nobody.

    A contained patient is known by an identifier. Raises Fault where it has none: it could be anybody.
    """
    named = next((found for name in PATIENTS for found in pointed_at(resource, name, "Patient")), "")
    inside = [each for each in resource.many("contained") if named == f"#{each.text('id')}"]
    if not inside or inside[0].text("resourceType") != "Patient":
        return named
    numbers = identifiers(inside[0])
    if not numbers:
        raise Fault(f"{resource.path} is about a contained patient without an identifier.")
    return search_for("Patient", *numbers[0][:2])


def pointed_at(resource: Element, name: str, kind: str) -> Iterator[str]:
    """The references under a name: its own, or those of the actors listed there, of that kind unless they say so."""
    value = resource.value.get(name)
    if not isinstance(value, dict | list):
        return
    for each in resource.either(name):
        actors = [each, *(actor for one in ACTORS for actor in each.either(one) if isinstance(each.value[one], dict))]
        yield from (reference for actor in actors if (reference := reference_in(actor, kind)))


def reference_in(link: Element, kind: str) -> str:
    """A reference as written; one that only gives an identifier (FHIR R4, logical reference) is a search for it."""
    reference, number = link.text("reference"), link.value.get("identifier")
    if reference or not isinstance(number, dict):
        return reference
    found = Element(f"{link.path}.identifier", number)
    value = found.text("value").strip()
    return search_for(link.text("type") or kind, found.text("system"), value) if value else ""


def encounters(resource: Element) -> Iterator[str]:
    context = resource.value.get("context")
    if isinstance(context, dict):
        yield from pointed_at(Element(f"{resource.path}.context", context), "encounter", "Encounter")
    yield from pointed_at(resource, "encounter", "Encounter")


def words(resource: Element) -> Iterator[str]:
    """What a resource says in words: its value and parts, then remarks, then documents, then its narrative."""
    yield value_of(resource)
    for part in resource.many("component") if resource.path == "Observation" else []:
        yield ": ".join(each for each in (concept(part.one("code")).words, value_of(part)) if each)
    yield from labelled(resource)
    if isinstance(resource.value.get("conclusion"), str):
        yield resource.text("conclusion")
    for name in ("dosageInstruction", "dosage"):
        if isinstance(resource.value.get(name), list):
            yield from (dose.text("text") for dose in resource.many(name))
    yield from notes(resource) if resource.path in SHAPES or isinstance(resource.value.get("note"), list) else ()
    if resource.path == "DiagnosticReport":
        yield from map(attached, resource.many("presentedForm"))
    if resource.path == "DocumentReference":
        forms = (content.one("attachment") for content in resource.many("content"))
        yield from (attached(form) for form in forms if form is not None)
    yield narrative(resource)


def value_of(element: Element) -> str:
    """The value of an observation or of a part of it, as people write it."""
    measured = element.one("valueQuantity")
    if measured is not None:
        return told(measured)
    chosen = concept(element.one("valueCodeableConcept")).words
    return chosen or (element.text("valueString") if "valueString" in element else absent(element))


def absent(element: Element) -> str:
    whether = element.flag("valueBoolean")
    if whether is not None:
        return "yes" if whether else "no"
    counted = element.number("valueInteger")
    return "" if counted is None else str(counted)


def labelled(resource: Element) -> Iterator[str]:
    for name, label in (("interpretation", "Interpretation"), ("reasonCode", "Reason")):
        if isinstance(resource.value.get(name), list):
            said = ", ".join(filter(None, (concept(each).words for each in resource.many(name))))
            yield f"{label}: {said}" if said else ""
    if resource.path == "AllergyIntolerance":
        shown = (
            concept(each).words for reaction in resource.many("reaction") for each in reaction.many("manifestation")
        )
        said = ", ".join(filter(None, shown))
        yield f"Reaction: {said}" if said else ""
