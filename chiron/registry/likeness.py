"""How alike two patients are: pure comparison of what is known of both.

Each field that agrees adds its weight, one that is known of both and differs takes some away; the weights follow the
order of agreement weights in record linkage (Fellegi and Sunter 1969): a shared number says most, a shared sex least.
They are not estimated from data, so a score ranks pairs and is no probability. Nobody is merged by it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from chiron.registry.rules import BirthDate, Person
from chiron.vault.public import folded

ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class Known:
    """What is compared of a patient."""

    person: Person
    born: BirthDate | None
    sex: str
    numbers: frozenset[str]


@dataclass(frozen=True, slots=True)
class Likeness:
    """A score from 0 to 1, and the fields that agree."""

    score: float
    matched: list[str]


Words = frozenset[str]


def likeness(one: Known, other: Known) -> Likeness:
    """How alike two patients are."""
    total, matched = 0.0, []
    for name, words, agreeing, differing in FIELDS:
        mine, theirs = words(one), words(other)
        if mine & theirs:
            total += agreeing
            matched.append(name)
        elif mine and theirs:
            total -= differing
    return Likeness(round(min(max(total, 0.0), 1.0), 2), matched)


def _said(*texts: str) -> Words:
    return frozenset(folded(text).strip() for text in texts) - {""}


def _contact(known: Known) -> Words:
    return frozenset("".join(filter(str.isalnum, folded(str(each["value"])))) for each in known.person.telecom) - {""}


def _birth(known: Known) -> Words:
    return frozenset([str(known.born)] if known.born else [])


def _sex(known: Known) -> Words:
    return frozenset({known.sex} - {"unknown"})


FIELDS: tuple[tuple[str, Callable[[Known], Words], float, float], ...] = (
    ("identifiers", lambda known: frozenset(number.strip().casefold() for number in known.numbers), 0.45, 0.0),
    ("birth_date", _birth, 0.25, 0.25),
    ("family", lambda known: _said(known.person.family, *known.person.other_names), 0.2, 0.1),
    ("given", lambda known: _said(*known.person.given), 0.15, 0.1),
    ("telecom", _contact, 0.15, 0.0),
    ("sex", _sex, 0.05, 0.15),
)
