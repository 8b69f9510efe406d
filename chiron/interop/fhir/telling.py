"""The outcome of an import, for people and for programs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chiron.interop.errors import Refused
from chiron.interop.fhir.report import OUTCOMES, Report, Tally


@dataclass(slots=True)
class Outcome:
    """What a whole run did: all files together."""

    tally: Tally = field(default_factory=Tally)
    files: int = 0
    patients: int = 0
    refused: list[Refused] = field(default_factory=list)

    def add(self, result: Report | Refused) -> None:
        self.files += 1
        self.tally.take_in(result.tally)
        if isinstance(result, Refused):
            self.refused.append(result)
        else:
            self.patients += len(result.patient_ids)

    def as_data(self) -> dict[str, Any]:
        return {
            "files": self.files,
            "patients": self.patients,
            "totals": {word: self.tally.total(word) for word in OUTCOMES},
            "types": self.tally.as_data(),
            "refused": [{"file": each.file, "entry": each.entry, "reason": each.reason} for each in self.refused],
        }

    def told(self) -> Iterator[str]:
        """A table of types and outcomes, then every refusal with its reason."""
        types = self.tally.as_data()
        width = max((len(kind) for kind in types), default=0) + 2
        yield "".ljust(width) + "".join(word.rjust(11) for word in OUTCOMES)
        for kind, outcomes in types.items():
            yield kind.ljust(width) + "".join(str(outcomes[word]).rjust(11) for word in OUTCOMES)
        yield "all".ljust(width) + "".join(str(self.tally.total(word)).rjust(11) for word in OUTCOMES)
        yield from (f"refused {refusal}" for refusal in self.refused)
