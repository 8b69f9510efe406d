"""The outcome of an import, for people and for programs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chiron.interop.errors import Refused
from chiron.interop.fhir.report import OUTCOMES, Report, Tally

MOST = 1000


@dataclass(slots=True)
class Outcome:
    """What a whole run did: all files together."""

    tally: Tally = field(default_factory=Tally)
    files: int = 0
    patients: int = 0
    refused: list[Refused] = field(default_factory=list)
    untold: int = 0
    """Refusals beyond those that are told one by one."""

    def add(self, result: Report | Refused, files: int = 1) -> None:
        """Take in what became of so many files, or of a part of one."""
        self.files += files
        self.tally.take_in(result.tally)
        if isinstance(result, Refused):
            self.refuse(result)
        else:
            self.patients += len(result.patient_ids)
            for refusal in result.refused:
                self.tally.take_in(refusal.tally)
                self.refuse(refusal)

    def refuse(self, refusal: Refused) -> None:
        if len(self.refused) < MOST:
            self.refused.append(refusal)
        else:
            self.untold += 1

    def as_data(self) -> dict[str, Any]:
        return {
            "files": self.files,
            "patients": self.patients,
            "totals": {word: self.tally.total(word) for word in OUTCOMES},
            "types": self.tally.as_data(),
            "untold": self.untold,
            "refused": [
                {"file": each.file, "entry": each.entry, "line": each.line, "reason": each.reason}
                for each in self.refused
            ],
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
        if self.untold:
            yield f"and {self.untold} more refused"
