"""Refusals of interop, and the fault that leads to one."""

from collections.abc import Iterable

from typing_extensions import override

from chiron.interop.fhir.report import Tally
from chiron.kernel.errors import DomainError


class Refused(DomainError):
    """Nothing of a file was kept, or of one line of it where each stands for itself.

    `entry` is the index of the entry at fault, `line` the number of the line; both None where it is the file itself.
    `reason` is a sentence that names element paths and never a value, so it may be printed and logged. `tally` counts
    what was refused by type, as far as the file could be read.
    """

    code, title, status = "bundle-refused", "The bundle was refused; nothing of it was kept.", 422

    def __init__(self, file: str, entry: int | None, reason: str, line: int | None = None) -> None:
        super().__init__(file=file, entry=entry, reason=reason, line=line)
        self.file = file
        self.entry = entry
        self.line = line
        self.reason = reason
        self.tally = Tally()

    @override
    def __reduce__(self) -> tuple[object, ...]:
        """Whole, also where it comes from another process."""
        return Refused, (self.file, self.entry, self.reason, self.line), {"tally": self.tally}

    def counting(self, resource_types: Iterable[str]) -> "Refused":
        """The same refusal, with what it refused."""
        for resource_type in resource_types:
            self.tally.add(resource_type, "refused")
        return self

    def __str__(self) -> str:
        places = [f"{name} {at}" for name, at in (("entry", self.entry), ("line", self.line)) if at is not None]
        return f"{', '.join([self.file, *places])}: {self.reason}"


class Fault(Exception):
    """Something about one resource cannot be read; the text is the reason of the refusal it becomes."""
