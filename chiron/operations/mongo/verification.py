"""Holding every value of the source against what stands here, both ways.

A document is a set of lines: a pointer, the location it went to, and what must stand there. The same lines are read off
what stands here. Both are hashed in the same order, so one digest for each side says whether all of it is the same.
"""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from uuid import UUID

from chiron.kernel.db import ACCOUNTS, atomic
from chiron.operations.models import MigratedDocument, QuarantinedDocument, UnplacedDocument
from chiron.operations.mongo.ids import beside
from chiron.operations.mongo.leaves import packed, packed_bytes
from chiron.operations.mongo.plans import ORGANIZATION, Decision, Kind, Plan, Refused, Told
from chiron.operations.mongo.reading import Leaf
from chiron.operations.mongo.reasons import Reason
from chiron.operations.mongo.report import Compared
from chiron.operations.mongo.storing import ACCOUNT_KINDS, digest_of, erased_of
from chiron.tenancy.public import all_organizations, inside
from chiron.vault.public import Safe, organization_safe, patient_safes, platform_safe

REST = "rest"


class Verification:
    """Of one collection."""

    def __init__(self, kind: Kind, compared: Compared) -> None:
        self._kind, self._compared = kind, compared
        self._organizations = {each.id for each in all_organizations()}
        self._source, self._here = hashlib.sha256(), hashlib.sha256()

    def compare(self, decisions: Sequence[Decision]) -> None:
        """Compare what was decided with what stands here."""
        groups: dict[UUID | None, list[Plan | Refused]] = defaultdict(list)
        for each in decisions:
            if isinstance(each, Plan | Refused):
                known = each.organization_id in self._organizations
                groups[each.organization_id if known else None].append(each)
        for organization_id, group in groups.items():
            plans = [each for each in group if isinstance(each, Plan)]
            refused = [each for each in group if isinstance(each, Refused)]
            if organization_id is None:
                refused += [_as_refused(plan) for plan in plans]
            else:
                with inside(organization_id):
                    refused += self._compare_plans(organization_id, plans)
                    if self._kind.name not in (*ACCOUNT_KINDS, "organizations"):
                        self._compare_quarantined(organization_id, refused)
                        continue
            self._compare_unplaced(refused)

    def finish(self) -> None:
        """Both digests are final."""
        self._compared.source_digest, self._compared.here_digest = self._source.hexdigest(), self._here.hexdigest()

    def _compare_plans(self, organization_id: UUID, plans: Sequence[Plan]) -> list[Refused]:
        """Gives those that did not come: they must be in quarantine."""
        rows = MigratedDocument.objects.in_bulk([plan.id for plan in plans])
        settled = self._kind.settled(organization_id, plans)
        rests = self._rests(organization_id, plans, rows)
        missing, gone = [], erased_of(plan.patient_id for plan in plans)
        for plan in plans:
            row = rows.get(plan.id)
            if plan.patient_id in gone:
                self._compared.erased += 1
            elif row is None:
                missing.append(plan)
            elif bytes(row.digest or b"") != digest_of(organization_id, plan.raw):
                self._differs("changed at the source")
            elif plan.id not in settled:
                self._differs("not here")
            else:
                told, changed = settled[plan.id]
                self._compare_values(plan, told | _placed(self._kind, organization_id), rests.get(plan.id, ""), changed)
        return [_as_refused(plan) for plan in missing]

    def _compare_values(self, plan: Plan, told: Told, rest: str, changed: bool) -> None:
        self._compared.documents += 1
        self._compared.leaves += len(plan.leaves) + len(plan.rest) + len(plan.set_aside)
        if changed:
            self._compared.touched += 1
            return
        locations = [leaf.location for leaf in plan.leaves]
        if len(set(locations)) < len(locations):
            self._differs("two values in one place")
        for leaf in plan.leaves:
            if told.get(leaf.location) != leaf.text:
                self._differs(leaf.location)
        for location in sorted({*plan.told, *told} - set(locations)):
            if told.get(location) != plan.told.get(location):
                self._differs(location)
        wanted = packed(plan.rest) if plan.rest else ""
        if rest != wanted:
            self._differs(REST)
        found = [Leaf(leaf.pointer, leaf.location, told.get(leaf.location, "")) for leaf in plan.leaves]
        self._source.update(_hash_of(plan, plan.leaves, wanted))
        self._here.update(_hash_of(plan, found, rest))

    def _rests(
        self, organization_id: UUID, plans: Sequence[Plan], rows: dict[UUID, MigratedDocument]
    ) -> dict[UUID, str]:
        """What is kept of each document that has no place of its own, opened."""
        if self._kind.name in ACCOUNT_KINDS:
            return self._beside_accounts(plans)
        kept = [row for row in rows.values() if row.rest is not None]
        safe_of = _safes(organization_id, kept)
        return {row.id: safe_of(row.patient_id).open(row, REST) for row in kept}

    def _beside_accounts(self, plans: Sequence[Plan]) -> dict[UUID, str]:
        safe = platform_safe()
        aside = {
            beside(plan.id, pointer): packed({pointer: value}) for plan in plans for pointer, _, value in plan.set_aside
        }
        rows = UnplacedDocument.objects.in_bulk([*aside, *(beside(plan.id, REST) for plan in plans)])
        opened = {row.id: safe.open(row, "document") for row in rows.values()}
        self._differs("set aside", sum(opened.get(row_id) != text for row_id, text in aside.items()))
        return {plan.id: opened.get(beside(plan.id, REST), "") for plan in plans}

    def _compare_quarantined(self, organization_id: UUID, refused: Sequence[Refused]) -> None:
        rows = QuarantinedDocument.objects.in_bulk([each.id for each in refused])
        safe_of = _safes(organization_id, rows.values())
        gone = erased_of(each.patient_id for each in refused)
        for each in refused:
            row = rows.get(each.id)
            if each.patient_id in gone:
                self._compared.erased += 1
            else:
                self._same(each, safe_of(row.patient_id).open(row, "document") if row else None)

    def _compare_unplaced(self, refused: Sequence[Refused]) -> None:
        with atomic(ACCOUNTS):
            rows = UnplacedDocument.objects.in_bulk([each.id for each in refused])
            safe = platform_safe()
            for each in refused:
                row = rows.get(each.id)
                self._same(each, safe.open(row, "document") if row else None)

    def _same(self, refused: Refused, kept: str | None) -> None:
        if kept is None:
            self._differs("not here")
        elif kept != packed_bytes(refused.raw):
            self._differs("another in quarantine")
        else:
            self._compared.quarantined += 1

    def _differs(self, where: str, number: int = 1) -> None:
        if number:
            self._compared.differences[where] += number


def _safes(
    organization_id: UUID, rows: Iterable[MigratedDocument | QuarantinedDocument]
) -> Callable[[UUID | None], Safe]:
    """The safe of each patient among these rows, by one query, and that of the organization for None."""
    own = organization_safe(organization_id)
    of_patients = patient_safes(organization_id, {row.patient_id for row in rows if row.patient_id})
    return lambda patient_id: of_patients[patient_id] if patient_id else own


def _as_refused(plan: Plan) -> Refused:
    """One that could have come and did not: then something of its was taken here, and it must be in quarantine."""
    return Refused(plan.id, plan.raw, Reason.TAKEN, "", plan.organization_id)


def _placed(kind: Kind, organization_id: UUID) -> Told:
    return {} if kind.name == "organizations" else {ORGANIZATION: str(organization_id)}


def _hash_of(plan: Plan, leaves: Sequence[Leaf], rest: str) -> bytes:
    """The canonical hash of one document: its id, each leaf with its place and text, in order, and the rest."""
    lines = sorted("\t".join((leaf.pointer, leaf.location, leaf.text)) for leaf in leaves)
    return hashlib.sha256("\n".join([plan.id.hex, *lines, rest]).encode()).digest()
