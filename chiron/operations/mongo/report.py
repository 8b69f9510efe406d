"""What a stage came to, collection by collection: names, numbers and digests, never a value."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Tally:
    """What became of the documents of one collection. Every one of the source is counted once."""

    source: int = 0
    migrated: int = 0
    unchanged: int = 0
    changed: int = 0
    """Here, and another at the source now: nothing of that was taken over."""
    erased: int = 0
    """Here once, and erased with their patient: they stay away."""
    quarantined: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    values: Counter[str] = field(default_factory=Counter)
    """Values set aside of documents that are here."""
    vanished: int = 0
    """Here, and not at the source any more."""

    @property
    def missing(self) -> int:
        """Documents of the source that nothing accounts for."""
        return self.source - self.here - self.quarantined.total() - self.skipped.total()

    @property
    def here(self) -> int:
        return self.migrated + self.unchanged + self.changed + self.erased

    def as_data(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "migrated": self.migrated,
            "unchanged": self.unchanged,
            "changed": self.changed,
            "erased": self.erased,
            "quarantined": dict(sorted(self.quarantined.items())),
            "skipped": dict(sorted(self.skipped.items())),
            "values_set_aside": dict(sorted(self.values.items())),
            "vanished": self.vanished,
            "missing": self.missing,
        }


@dataclass(slots=True)
class Compared:
    """What a verification found in one collection: each leaf of the source, and what stands for it here."""

    documents: int = 0
    leaves: int = 0
    quarantined: int = 0
    touched: int = 0
    """Changed here since they came; only that they are here was looked at."""
    erased: int = 0
    differences: Counter[str] = field(default_factory=Counter)
    """By location, or by what is wrong with the whole document."""
    source_digest: str = ""
    here_digest: str = ""

    @property
    def differs(self) -> bool:
        return bool(self.differences) or self.source_digest != self.here_digest

    def as_data(self) -> dict[str, Any]:
        return {
            "documents": self.documents,
            "leaves": self.leaves,
            "quarantined": self.quarantined,
            "touched": self.touched,
            "erased": self.erased,
            "differences": dict(sorted(self.differences.items())),
            "source_sha256": self.source_digest,
            "here_sha256": self.here_digest,
        }


@dataclass(slots=True)
class Report:
    """All collections, and those of the source that nothing is known about."""

    database: str
    stage: str
    tallies: dict[str, Tally] = field(default_factory=dict)
    compared: dict[str, Compared] = field(default_factory=dict)
    skipped: dict[str, tuple[int, str]] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)
    miscounted: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Collections of which more, or fewer, documents were read than the source counts: the two numbers."""

    @property
    def at_fault(self) -> dict[str, int]:
        """How many, by what is wrong with them; empty where nothing is."""
        found = {
            "unaccounted_documents": sum(abs(each.missing) for each in self.tallies.values()),
            "changed_documents": sum(each.changed for each in self.tallies.values()),
            "vanished_documents": sum(each.vanished for each in self.tallies.values()),
            "differences": sum(each.differences.total() for each in self.compared.values()),
            "different_digests": sum(each.source_digest != each.here_digest for each in self.compared.values()),
            "unknown_documents": sum(self.unknown.values()),
            "miscounted_collections": len(self.miscounted),
        }
        return {what: number for what, number in found.items() if number}

    @property
    def differs(self) -> bool:
        return bool(self.at_fault)

    @property
    def verdict(self) -> str:
        """`differs`, or else `equal` of a verification and `accounted for` of a stage that compares no values."""
        return "differs" if self.differs else "equal" if self.stage == "verify" else "accounted for"

    def as_data(self) -> dict[str, Any]:
        return {
            "document": "chiron migration 1",
            "source": self.database,
            "stage": self.stage,
            "collections": {name: each.as_data() for name, each in self.tallies.items()},
            "verified": {name: each.as_data() for name, each in self.compared.items()},
            "left_behind": {name: {"documents": n, "reason": why} for name, (n, why) in self.skipped.items()},
            "unknown_collections": self.unknown,
            "miscounted": {name: {"counted": n, "read": read} for name, (n, read) in self.miscounted.items()},
            "differs": self.differs,
            "verdict": self.verdict,
            "at_fault": self.at_fault,
        }

    def told(self) -> Iterator[str]:
        """The same for people."""
        for name, each in self.tallies.items():
            yield (
                f"{name}: {each.source} = {each.migrated} migrated + {each.unchanged} here already"
                f" + {each.changed} changed + {each.erased} erased"
                f" + {each.quarantined.total()} quarantined + {each.skipped.total()} skipped"
            )
            yield from (f"    quarantined, {reason}: {n}" for reason, n in sorted(each.quarantined.items()))
            yield from (f"    skipped, {reason}: {n}" for reason, n in sorted(each.skipped.items()))
            yield from (f"    a value set aside, {reason}: {n}" for reason, n in sorted(each.values.items()))
            if each.missing or each.vanished:
                yield f"    unaccounted for: {each.missing}; not at the source any more: {each.vanished}"
        for name, found in self.compared.items():
            said = "the same" if not found.differs else "NOT the same"
            yield (
                f"{name}: {found.documents} documents with {found.leaves} values and {found.quarantined} in quarantine "
                f"compared, {said}; {found.touched} changed here since"
            )
            yield from (f"    differs, {where}: {n}" for where, n in sorted(found.differences.items()))
        for name, (number, why) in self.skipped.items():
            yield f"{name}: {number} left behind, {why}"
        for name, number in self.unknown.items():
            yield f"{name}: {number} documents that the mapping says nothing about"
        for name, (number, read) in self.miscounted.items():
            yield f"{name}: the source counts {number} documents, and {read} were read"


def verdict(reports: Sequence[Report]) -> str:
    """The last word on all stages, for people: it says `differs` where one of them does."""
    stages = "; ".join(", ".join([f"{each.stage}: {each.verdict}", *_numbers(each)]) for each in reports)
    return f"Verdict: {'differs' if any(each.differs for each in reports) else reports[-1].verdict} ({stages})"


def _numbers(report: Report) -> Iterator[str]:
    """How much the verdict is about, and how much is at fault."""
    if report.stage == "verify":
        yield f"{sum(each.documents for each in report.compared.values())} documents"
        yield f"{sum(each.leaves for each in report.compared.values())} values"
    else:
        yield f"{sum(each.source for each in report.tallies.values())} documents"
        quarantined = sum(each.quarantined.total() for each in report.tallies.values())
        yield f"{quarantined} of them in quarantine"
    yield from (f"{number} {what.replace('_', ' ')}" for what, number in report.at_fault.items())
