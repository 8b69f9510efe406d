"""Taking over what was decided, in short transactions of one organization each.

Each writes what documents became together with the rows of the map that say so: the map is the checkpoint. A run that
was killed is started again, reads everything once more, and finds in the map what it need not do.
"""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from chiron.audit import public as audit
from chiron.identity.public import Role
from chiron.kernel.access import Caller
from chiron.operations.models import MigratedDocument
from chiron.operations.mongo.ids import beside
from chiron.operations.mongo.kinds.files import received
from chiron.operations.mongo.plans import Context, Decision, Kind, Plan, Refused, Skipped
from chiron.operations.mongo.reasons import Reason
from chiron.operations.mongo.report import Tally
from chiron.operations.mongo.storing import (
    ACCOUNT_KINDS,
    digest_of,
    erased_of,
    keep_migrated,
    quarantine,
    quarantine_unplaced,
)
from chiron.tenancy.public import all_organizations, inside

DEVICE = "migrate_from_mongodb"
AT_ONCE = 500
ERASED = "of a patient who was erased here"


def tell(tally: Tally, decisions: Sequence[Decision]) -> None:
    """Count what was decided, without doing it."""
    tally.source += len(decisions)
    for each in decisions:
        match each:
            case Skipped():
                tally.skipped[each.reason] += 1
            case Refused():
                tally.quarantined[each.reason] += 1
            case Plan():
                tally.migrated += 1
                tally.values.update(reason for _, reason, _ in each.set_aside)


class Backfill:
    """Writes the decisions on one source."""

    def __init__(self, context: Context, now: datetime) -> None:
        self._context, self._now = context, now
        self._organizations = {each.id for each in all_organizations()}
        self._history: dict[UUID, Any] = defaultdict(hashlib.sha256)
        self._entries: dict[UUID, int] = defaultdict(int)

    def take(self, kind: Kind, decisions: Sequence[Decision], tally: Tally) -> None:
        """Take these documents over, or put them into quarantine, and count them."""
        tally.source += len(decisions)
        tally.skipped.update(each.reason for each in decisions if isinstance(each, Skipped))
        groups: dict[UUID, list[Plan | Refused]] = defaultdict(list)
        unplaced = []
        for each in decisions:
            if isinstance(each, Plan) or (isinstance(each, Refused) and self._has_place(kind, each)):
                groups[each.organization_id].append(each)  # type: ignore[index]
            elif isinstance(each, Refused):
                unplaced.append(each)
        for organization_id, every in groups.items():
            group = every
            if kind.name == "organizations":
                group, refused = self._admit_organizations(kind, every)
                unplaced += refused
            for first in range(0, len(group), AT_ONCE):
                unplaced += self._write(kind, organization_id, group[first : first + AT_ONCE], tally)
        if unplaced:
            quarantine_unplaced(kind.name, unplaced, self._organizations)
            tally.quarantined.update(str(each.reason) for each in unplaced)

    def finish(self) -> None:
        """One event in each organization with the digest of all that version 1 had told of it."""
        for organization_id, digest in self._history.items():
            row_id = beside(organization_id, f"history {digest.hexdigest()}")
            with inside(organization_id):
                if MigratedDocument.objects.filter(id=row_id).exists():
                    continue
                row = MigratedDocument(
                    id=row_id, source=self._context.database, collection="history", digest=digest.digest()[:16]
                )
                row.save(force_insert=True)
                payload = {
                    "source": self._context.database,
                    "entries": self._entries[organization_id],
                    "sha256": digest.hexdigest(),
                }
                audit.record(_caller(organization_id), "history.imported", resource="audit", payload=payload)

    def _has_place(self, kind: Kind, refused: Refused) -> bool:
        return kind.name not in (*ACCOUNT_KINDS, "organizations") and refused.organization_id in self._organizations

    def _admit_organizations(self, kind: Kind, group: Sequence[Any]) -> tuple[list[Plan | Refused], list[Refused]]:
        taken = kind.admit(Caller(operator=True, device=DEVICE), group, self._now)
        self._organizations.update(each.organization_id for each in group if each.id not in taken)
        refused = [self._context.refuse(each, Reason.TAKEN) for each in group if each.id in taken]
        return [each for each in group if each.id not in taken], refused

    def _write(self, kind: Kind, organization_id: UUID, group: Sequence[Plan | Refused], tally: Tally) -> list[Refused]:
        """One transaction. Gives those that only the database of accounts may keep."""
        with received(organization_id, group), inside(organization_id):
            rows = MigratedDocument.objects.filter(id__in=[each.id for each in group])
            known = dict(rows.values_list("id", "digest"))
            gone = erased_of(each.patient_id for each in group)
            new = [each for each in group if each.id not in known]
            fresh = [each for each in new if each.patient_id not in gone]
            plans = [each for each in fresh if isinstance(each, Plan)]
            refused = [each for each in fresh if isinstance(each, Refused)]
            taken = set()
            if plans and kind.name != "organizations":
                taken = kind.admit(_caller(organization_id), plans, self._now)
            refused += [self._context.refuse(each, Reason.TAKEN) for each in plans if each.id in taken]
            admitted = [each for each in plans if each.id not in taken]
            if admitted:
                keep_migrated(self._context.database, kind.name, organization_id, admitted)
            unplaced = refused if kind.name in ACCOUNT_KINDS else []
            if refused and not unplaced:
                quarantine(kind.name, organization_id, refused)
        if len(new) > len(fresh):
            tally.skipped[ERASED] += len(new) - len(fresh)
        self._count(kind, organization_id, group, known, tally)
        tally.migrated += len(admitted)
        tally.values.update(str(reason) for each in admitted for _, reason, _ in each.set_aside)
        tally.quarantined.update(str(each.reason) for each in refused if not unplaced)
        return unplaced

    def _count(
        self, kind: Kind, organization_id: UUID, group: Sequence[Plan | Refused], known: dict[UUID, Any], tally: Tally
    ) -> None:
        for each in group:
            if kind.name == "audit_logs" and isinstance(each, Plan):
                self._history[organization_id].update(each.raw)
                self._entries[organization_id] += 1
            if each.id not in known:
                continue
            if known[each.id] is None:
                tally.erased += 1
            elif bytes(known[each.id]) == digest_of(organization_id, each.raw):
                tally.unchanged += 1
            else:
                tally.changed += 1


def _caller(organization_id: UUID) -> Caller:
    return Caller(organization_id=organization_id, roles=frozenset({Role.ADMIN}), device=DEVICE)
