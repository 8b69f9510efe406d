"""Signatures of records: what was signed, and whether it still stands as it was signed (REC-03).

Every organization signs with an Ed25519 key of its own, derived from `AUDIT_SIGNING_KEY`; the signature names it by
the digest of its public half.
"""

import hmac
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import cast
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from chiron.audit import public as audit
from chiron.files.public import manifest_of
from chiron.kernel.access import Caller
from chiron.kernel.errors import NotFound
from chiron.records.canonical import attestation_bytes, statement_bytes, version_bytes
from chiron.records.entries import Statement
from chiron.records.models import Attachment, Record, RecordVersion, Signature
from chiron.records.queries import Version, kept_version
from chiron.records.rules import code_keys, timeline_place
from chiron.records.sealing import content_of, statement_of, text_of
from chiron.records.words import Status, Verdict
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import KeyDestroyed, OpeningFailed, Safe, patient_safe


def key_of(organization_id: UUID) -> Ed25519PrivateKey:
    return audit.signer(b"chiron records: signatures of " + organization_id.bytes)


def key_id_of(organization_id: UUID) -> str:
    return sha256(key_of(organization_id).public_key().public_bytes_raw()).hexdigest()[:32]


def attested_by(organization_id: UUID, signature: Signature) -> bytes:
    """The organization's Ed25519 signature over all that a row attests."""
    return key_of(organization_id).sign(attestation_bytes(organization_id, signature))


def is_attested(organization_id: UUID, signature: Signature) -> bool:
    attested = attestation_bytes(organization_id, signature)
    try:
        key_of(organization_id).public_key().verify(bytes(signature.proof), attested)
    except InvalidSignature:
        return False
    return True


def digest_of(record: Record, version: Version, safe: Safe, salt: bytes) -> bytes:
    """HMAC-SHA256 of what a version says and of the files on the record, taken back or not."""
    said = version_bytes(current_organization_id(), record, version, files_on(record, safe))
    return hmac.digest(salt, said, "sha256")


def files_on(record: Record, safe: Safe) -> list[tuple[UUID, str]]:
    attachments = Attachment.objects.filter(record=record).select_related("file").order_by("id")
    return [(each.id, manifest_of(each.file, safe).sha256) for each in attachments]


def present_version(record: Record, safe: Safe) -> Version:
    """What a record says now, its content included."""
    said, reason = statement_of(record, safe), text_of(record, safe).reason
    return Version(record.version, Status(record.status), record.updated_at, record.changed_by, reason, said)


def places_of(record: Record, number: int, safe: Safe) -> Iterator[Version]:
    """A version in every place where it stands: among the versions, and in the record itself while it is the last."""
    for row in RecordVersion.objects.filter(record=record, version=number):
        version = kept_version(row, safe)
        yield replace(version, statement=replace(version.statement, content=content_of(row, safe)))
    if record.version == number:
        yield present_version(record, safe)


@dataclass(frozen=True, slots=True)
class Verified:
    """A signature, and what became of what was signed."""

    signature: Signature
    verdict: Verdict


def read_signature(by: Caller, record: Record) -> Verified:
    """The signature on a record, checked anew against what is stored. Raises NotFound where nobody signed."""
    signature = Signature.objects.filter(record=record).first()
    if signature is None:
        raise NotFound
    verdict = verdict_on(record, signature)
    audit.record(
        by,
        "record.signature_read",
        resource="records",
        resource_id=record.id,
        subjects=[record.patient_id],
        payload={"verdict": verdict},
    )
    return Verified(signature, verdict)


def verdict_on(record: Record, signature: Signature) -> Verdict:
    """Whether the row is what the organization signed, and the stored content what the row attests."""
    if not is_attested(current_organization_id(), signature):
        return Verdict.FORGED
    try:
        safe = patient_safe(current_organization_id(), record.patient_id)
        stands = is_unchanged(record, signature, safe)
    except KeyDestroyed:
        return Verdict.ERASED
    except (OpeningFailed, ValueError, TypeError):  # what does not open, or is no statement, was not signed
        return Verdict.ALTERED
    return Verdict.INTACT if stands else Verdict.ALTERED


def is_unchanged(record: Record, signature: Signature, safe: Safe) -> bool:
    salt = bytes.fromhex(cast("str", safe.open(signature, "salt")))
    places = list(places_of(record, signature.record_version, safe))
    digests = [digest_of(record, place, safe, salt) for place in places]
    due = (record.version > 1) + (record.version == signature.record_version)
    return (
        0 < due == len(places)
        and all(hmac.compare_digest(digest, bytes(signature.digest)) for digest in digests)
        and record.signed_at == signature.signed_at
        and still_says(record, places[-1].statement, safe)
    )


def still_says(record: Record, said: Statement, safe: Safe) -> bool:
    """The present version, too, says this, and nothing stands in clear but what follows from it."""
    present = [place.statement for place in places_of(record, record.version, safe)]
    return (
        all(statement_bytes(each) == statement_bytes(said) for each in present)
        and len({each.labels for each in present}) == 1
        and record.code_keys == code_keys(said.codes)
        and record.timeline_at == timeline_place(said, record.recorded_at)
    )
