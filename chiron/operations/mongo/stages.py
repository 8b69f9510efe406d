"""The stages of a migration: forecast, backfill, verify; each reads the whole source, in one order."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Any

from chiron.operations.models import MigratedDocument, QuarantinedDocument, UnplacedDocument
from chiron.operations.mongo.backfill import Backfill, tell
from chiron.operations.mongo.guarding import alone, must_hold, must_open
from chiron.operations.mongo.kinds import KINDS
from chiron.operations.mongo.mapping import Mapping
from chiron.operations.mongo.plans import CHUNKS, Context, Decision, Kind, Plan
from chiron.operations.mongo.report import Compared, Report, Tally
from chiron.operations.mongo.sources import Source
from chiron.operations.mongo.verification import Verification
from chiron.tenancy.public import all_organizations, inside

SEALED_KINDS = ("users", "doctors", "patients")
WINDOW, WINDOW_BYTES = 1000, 32 * 2**20
Advance = Callable[[str, int, int], None]
"""Is told the collection, how many documents of it were looked at since, and how many it holds."""


class Migration:
    """One source and how to read it. ``only`` is the `_id` of the one organization that is wanted."""

    def __init__(self, source: Source, mapping: Mapping, advance: Advance, *, only: str = "", now: datetime) -> None:
        self._source, self._mapping, self._advance = source, mapping, advance
        self._only, self._now = only, now
        self._counts = source.counts()

    def forecast(self) -> Report:
        """What a backfill would do, as far as the source alone can tell; nothing is written. Raises RunRefused."""
        self._must_open()
        report, context = self._report("preflight"), self._context()
        for kind in KINDS:
            tally = report.tallies[kind.name] = Tally()
            for decisions in self._decisions(kind, context, report):
                tell(tally, decisions)
        return report

    def backfill(self) -> Report:
        """Take everything over that is not here yet. Raises RunRefused."""
        with alone(self._source.database):
            self._must_open()
            return self._backfill()

    def _backfill(self) -> Report:
        report, context = self._report("backfill"), self._context()
        backfill = Backfill(context, self._now)
        for kind in KINDS:
            tally = report.tallies[kind.name] = Tally()
            for decisions in self._decisions(kind, context, report):
                backfill.take(kind, decisions, tally)
        backfill.finish()
        if not self._only:
            here = _here(self._source.database)
            for name, tally in report.tallies.items():
                tally.vanished = here[name] - tally.here
        return report

    def verify(self) -> Report:
        """Hold every value of the source against what stands here. Raises RunRefused."""
        self._must_hold()
        report, context = self._report("verify"), self._context()
        for kind in KINDS:
            compared = report.compared[kind.name] = Compared()
            verification = Verification(kind, compared)
            for decisions in self._decisions(kind, context, report):
                verification.compare(decisions)
            verification.finish()
        return report

    def _must_hold(self) -> None:
        if self._only:
            must_hold(self._source, self._mapping.collections["organizations"], self._only)

    def _must_open(self) -> None:
        self._must_hold()
        named = [self._mapping.collections[name] for name in SEALED_KINDS]
        must_open(self._source, [name for name in named if name not in self._mapping.skip])

    def _context(self) -> Context:
        chunks = partial(self._source.chunks, self._mapping.collections[CHUNKS])
        return Context(self._source.database, self._mapping, self._now, self._only, chunks)

    def _report(self, stage: str) -> Report:
        report, taken = Report(self._source.database, stage), set(self._mapping.collections.values())
        for name, number in self._counts.items():
            if name in self._mapping.skip:
                report.skipped[name] = number, self._mapping.skip[name]
            elif name not in taken:
                report.unknown[name] = number
        return report

    def _decisions(self, kind: Kind, context: Context, report: Report) -> Iterator[list[Decision]]:
        """Window after window, so that memory does not grow with the source."""
        collection = self._mapping.collections[kind.name]
        if collection in self._mapping.skip:
            return
        window: list[Decision] = []
        size, read, total = 0, 0, self._counts.get(collection, 0)
        for raw in self._source.read(collection):
            read += 1
            decision = context.decide(kind, raw)
            window.append(decision)
            size += len(raw) + (decision.weight if isinstance(decision, Plan) else 0)
            if len(window) == WINDOW or size >= WINDOW_BYTES:
                yield window
                self._advance(kind.name, len(window), total)
                window, size = [], 0
        if window:
            yield window
            self._advance(kind.name, len(window), total)
        if read != total:
            report.miscounted[collection] = total, read


def _here(source: str) -> Counter[str]:
    """How many documents of that database are here, by collection."""
    counted: Counter[str] = Counter()
    for organization in all_organizations():
        with inside(organization.id):
            counted.update(MigratedDocument.objects.filter(source=source).values_list("collection", flat=True))
    return counted


def status() -> dict[str, Any]:
    """What is here: documents taken over and in quarantine, by organization and collection."""
    found: dict[str, Any] = {}
    for organization in all_organizations():
        with inside(organization.id):
            migrated = Counter(MigratedDocument.objects.values_list("collection", flat=True))
            kept = Counter(QuarantinedDocument.objects.values_list("collection", "reason"))
        if migrated or kept:
            quarantined = {f"{collection}: {reason}": n for (collection, reason), n in sorted(kept.items())}
            found[organization.slug] = {"migrated": dict(sorted(migrated.items())), "quarantined": quarantined}
    unplaced = Counter(UnplacedDocument.objects.values_list("collection", "reason"))
    return {
        "organizations": found,
        "unplaced": {f"{collection}: {reason}": n for (collection, reason), n in sorted(unplaced.items())},
    }
