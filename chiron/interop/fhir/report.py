"""What became of the resources of a file."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from chiron.interop.errors import Refused

OUTCOMES = ("imported", "updated", "unchanged", "refused")


class Tally:
    """How many resources of each type met each outcome."""

    def __init__(self) -> None:
        self.types: dict[str, Counter[str]] = {}

    def add(self, resource_type: str, outcome: str, number: int = 1) -> None:
        """Count; what the registry and records call created is imported here."""
        word = "imported" if outcome == "created" else outcome
        self.types.setdefault(resource_type, Counter())[word] += number

    def take_in(self, other: "Tally") -> None:
        for resource_type, counter in other.types.items():
            self.types.setdefault(resource_type, Counter()).update(counter)

    def of(self, resource_type: str, *outcomes: str) -> int:
        """How many resources of a type met one of these outcomes."""
        counter = self.types.get(resource_type, Counter())
        return sum(counter[word] for word in outcomes)

    def total(self, *outcomes: str) -> int:
        """How many resources met one of these outcomes, or any."""
        return sum(self.of(kind, *(outcomes or OUTCOMES)) for kind in self.types)

    def as_data(self) -> dict[str, dict[str, int]]:
        return {kind: {word: self.types[kind][word] for word in OUTCOMES} for kind in sorted(self.types)}


@dataclass(frozen=True, slots=True)
class Report:
    """What was imported, and the patients in it; the provider of each entry that is one; lines that were refused."""

    file: str
    tally: Tally
    patient_ids: tuple[UUID, ...]
    providers: Mapping[int, UUID] = field(default_factory=dict)
    refused: "tuple[Refused, ...]" = ()
