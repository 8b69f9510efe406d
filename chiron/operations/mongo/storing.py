"""The rows that say what became of which document, and those that hold what nobody could take over."""

import hashlib
from collections.abc import Iterable, Sequence
from uuid import UUID

from chiron.kernel.db import ACCOUNTS, atomic
from chiron.kernel.ids import NIL
from chiron.operations.models import MigratedDocument, QuarantinedDocument, UnplacedDocument
from chiron.operations.mongo.ids import beside
from chiron.operations.mongo.leaves import packed, packed_bytes
from chiron.operations.mongo.plans import Plan, Refused
from chiron.operations.mongo.reasons import Reason
from chiron.vault.public import exact_index, organization_safe, patient_safes, platform_safe

ACCOUNT_KINDS = ("users",)
"""Collections of which no value is kept in the clinical database beyond the map: they hold passwords."""


def digest_of(organization_id: UUID, raw: bytes) -> bytes:
    """A keyed digest of a document, by which a later run sees whether it is another."""
    return exact_index(organization_id, "document of version 1", hashlib.sha256(raw).hexdigest())


def erased_of(patient_ids: Iterable[UUID | None]) -> set[UUID]:
    """Those of these patients who came once and were erased since: nothing about them comes any more."""
    came = MigratedDocument.objects.filter(id__in={each for each in patient_ids if each}, digest=None)
    return set(came.values_list("id", flat=True))


def keep_migrated(source: str, kind: str, organization_id: UUID, plans: Sequence[Plan]) -> None:
    """Note what these documents became, and seal what has no place here; inside the organization's transaction."""
    own = organization_safe(organization_id)
    of_patients = patient_safes(organization_id, {plan.patient_id for plan in plans if plan.patient_id})
    rows = []
    for plan in plans:
        row = MigratedDocument(
            id=plan.id, source=source, collection=kind, key=plan.key, patient_id=plan.patient_id,
            digest=digest_of(organization_id, plan.raw),
        )  # fmt: skip
        if plan.rest and kind not in ACCOUNT_KINDS:
            safe = of_patients[plan.patient_id] if plan.patient_id else own
            row.rest = safe.seal(row, "rest", packed(plan.rest))
        rows.append(row)
    if kind in ACCOUNT_KINDS:
        _keep_beside_accounts(kind, organization_id, plans)
    MigratedDocument.objects.bulk_create(rows)
    ids = [plan.id for plan in plans]
    QuarantinedDocument.objects.filter(id__in=ids).delete()
    UnplacedDocument.objects.filter(id__in=ids).delete()


def _keep_beside_accounts(kind: str, organization_id: UUID, plans: Sequence[Plan]) -> None:
    """In the database of accounts, before the map commits: again, it changes nothing."""
    safe, rows = platform_safe(), []
    for plan in plans:
        kept = [(beside(plan.id, "rest"), "", Reason.KEPT, packed(plan.rest))] if plan.rest else []
        for pointer, reason, value in plan.set_aside:
            kept.append((beside(plan.id, pointer), pointer, reason, packed({pointer: value})))
        for row_id, path, reason, text in kept:
            row = UnplacedDocument(
                id=row_id, collection=kind, path=path, reason=reason, organization_id=organization_id
            )
            row.document = safe.seal(row, "document", text)
            rows.append(row)
    UnplacedDocument.objects.bulk_create(rows, ignore_conflicts=True)


def quarantine(kind: str, organization_id: UUID, refused: Sequence[Refused]) -> None:
    """Keep these documents whole, sealed, with the reason; inside the organization's transaction."""
    own, rows = organization_safe(organization_id), []
    ids = {each.patient_id for each in refused if each.patient_id and each.patient_id != each.id}
    of_patients = patient_safes(organization_id, ids)
    here = {row.id: row for row in QuarantinedDocument.objects.filter(id__in=[each.id for each in refused])}
    for each in refused:
        digest, row = digest_of(organization_id, each.raw), here.get(each.id)
        if row is not None and (bytes(row.digest or b""), row.reason, row.path) == (digest, each.reason, each.path):
            continue
        patient_id = each.patient_id if each.patient_id in of_patients else None
        row = QuarantinedDocument(
            id=each.id, collection=kind, path=each.path, reason=each.reason, digest=digest, patient_id=patient_id
        )
        safe = of_patients[patient_id] if patient_id else own
        row.document = safe.seal(row, "document", packed_bytes(each.raw))
        rows.append(row)
    QuarantinedDocument.objects.filter(id__in=[row.id for row in rows]).delete()
    QuarantinedDocument.objects.bulk_create(rows)


def quarantine_unplaced(kind: str, refused: Sequence[Refused], organizations: Iterable[UUID]) -> None:
    """The same for documents that no organization's schema can hold; in a transaction of its own."""
    safe, rows, known = platform_safe(), [], set(organizations)
    with atomic(ACCOUNTS):
        here = {row.id: row for row in UnplacedDocument.objects.filter(id__in=[each.id for each in refused])}
        for each in refused:
            digest, row = digest_of(NIL, each.raw), here.get(each.id)
            if row is not None and (bytes(row.digest or b""), row.reason, row.path) == (digest, each.reason, each.path):
                continue
            organization_id = each.organization_id if each.organization_id in known else None
            row = UnplacedDocument(
                id=each.id, collection=kind, path=each.path, reason=each.reason, digest=digest,
                organization_id=organization_id,
            )  # fmt: skip
            row.document = safe.seal(row, "document", packed_bytes(each.raw))
            rows.append(row)
        UnplacedDocument.objects.filter(id__in=[row.id for row in rows]).delete()
        UnplacedDocument.objects.bulk_create(rows)
