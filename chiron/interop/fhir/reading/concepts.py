"""Codes and measured quantities of FHIR R4."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from chiron.interop.errors import Fault
from chiron.interop.fhir.reading.elements import Element
from chiron.records.public import Code, Quantity, ReferenceRange

UCUM = "http://unitsofmeasure.org"
SYSTEM_LENGTH, CODE_LENGTH, DISPLAY_LENGTH, UNIT_LENGTH = 200, 100, 300, 64
MOST_CODES = 50
MOST_DIGITS = 30


@dataclass(frozen=True, slots=True)
class Concept:
    """A CodeableConcept: its codes, and the words people read."""

    codes: tuple[Code, ...] = ()
    words: str = ""

    def __bool__(self) -> bool:
        return bool(self.codes or self.words)

    def has(self, *codes: str) -> bool:
        return any(code.code in codes for code in self.codes)


def concept(element: Element | None) -> Concept:
    """The codes of a CodeableConcept. What it says without a code is in its words only, which will be sealed."""
    if element is None:
        return Concept()
    read = [coding(each) for each in element.many("coding")]
    codes = tuple(dict.fromkeys(code for code in read if code.code))[:MOST_CODES]
    shown = next((code.display or code.code for code in read if code.display or code.code), "")
    return Concept(codes, element.text("text") or shown)


def coding(element: Element) -> Code:
    """A Coding as a code to search by; one too long to be a code is none. A local code shows no display in clear."""
    system, code = element.text("system"), element.text("code")
    if len(system) > SYSTEM_LENGTH or len(code) > CODE_LENGTH:
        return Code("", "", element.text("display")[:DISPLAY_LENGTH])
    return Code(system, code, element.text("display")[:DISPLAY_LENGTH])


def concepts(elements: Iterable[Element]) -> Concept:
    """Several concepts as one: the codes of all, the words of the first that has any."""
    read = [concept(element) for element in elements]
    codes = dict.fromkeys(code for each in read for code in each.codes)
    return Concept(tuple(codes)[:MOST_CODES], next((each.words for each in read if each.words), ""))


def quantity(element: Element | None) -> Quantity | None:
    """A measured value with its unit; None without a value, or with a comparator: "< 5" is not five."""
    if element is None or element.text("comparator"):
        return None
    value = number(element, "value")
    if value is None:
        return None
    code = element.text("code") if element.text("system") == UCUM else ""
    return Quantity(value, element.text("unit")[:UNIT_LENGTH], code if len(code) <= UNIT_LENGTH else "")


def told(element: Element) -> str:
    """A Quantity as people write it."""
    value = number(element, "value")
    parts = (element.text("comparator"), "" if value is None else f"{value:f}", element.text("unit"))
    return " ".join(part for part in parts if part)


def usual(observation: Element, measured: Quantity | None) -> ReferenceRange | None:
    """The reference range of an observation; only where there is one, without a condition, in the unit measured."""
    ranges = [each for each in observation.many("referenceRange") if "appliesTo" not in each and "age" not in each]
    if measured is None or len(ranges) != 1:
        return None
    low, high = end(ranges[0], "low", measured), end(ranges[0], "high", measured)
    if low is not None and high is not None and high < low:
        raise Fault(f"{ranges[0].path} goes downward.")
    return None if low is None and high is None else ReferenceRange(low, high)


def end(reach: Element, name: str, measured: Quantity) -> Decimal | None:
    read = quantity(reach.one(name))
    same = read is not None and (
        read.unit == measured.unit or (read.code != "" and read.code == measured.code) or not (read.unit or read.code)
    )
    return read.value if read is not None and same else None


def number(element: Element, name: str) -> Decimal | None:
    """A number that a column can hold: at most 30 digits before and after the point together."""
    value = element.number(name)
    if value is not None and (
        len(value.as_tuple().digits) > MOST_DIGITS or not -MOST_DIGITS < value.adjusted() < MOST_DIGITS
    ):
        raise Fault(f"{element.path}.{name} has more digits than can be stored.")
    return value
