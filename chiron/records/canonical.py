"""A version of a record in its only form, so that it can be digested and signed.

Every part has its length before it, what is absent is told from what is empty (`chiron.audit.canonical`). The original
document takes part byte for byte; numbers are plain decimal text with the digits they were measured with. Nothing is
written as JSON.
"""

from collections.abc import Iterable
from decimal import Decimal
from uuid import UUID

from chiron.audit.public import Part, together
from chiron.records.entries import Statement
from chiron.records.models import Record, Signature
from chiron.records.queries import Version

VERSION, SIGNATURE = "chiron.record-version.v1", "chiron.record-signature.v1"


def version_bytes(organization_id: UUID, record: Record, version: Version, files: Iterable[tuple[UUID, str]]) -> bytes:
    """All that a version says, about whom, by whom, when, why, and where it came from.

    `files` are the attachments of the record in the order of their ids, each with the SHA-256 of its content.
    """
    return together(
        VERSION,
        organization_id,
        record.id,
        record.patient_id,
        record.addendum_to_id,
        record.author_account,
        record.author_provider_id,
        record.recorded_at,
        _bytes(record.source_key),
        _bytes(record.source_digest),
        version.version,
        version.status,
        version.changed_at,
        version.changed_by,
        version.reason,
        together(*version.statement.labels),
        statement_bytes(version.statement),
        together(*(part for file in files for part in file)),
    )


def statement_bytes(said: Statement) -> bytes:
    """What is said, without the labels: they are no part of it, and may change after it was signed."""
    quantity, usual = said.quantity, said.reference_range
    return together(
        said.record_type,
        said.title,
        said.description,
        said.resource_type,
        said.clinical_status,
        together(*(part for code in said.codes for part in (code.system, code.code, code.display))),
        said.occurred_at,
        said.occurred_precision,
        said.occurred_end,
        together(_digits(quantity.value), quantity.unit, quantity.code) if quantity else None,
        together(_digits(usual.low), _digits(usual.high)) if usual else None,
        said.encounter_id,
        said.flag,
        said.content,
    )


def attestation_bytes(organization_id: UUID, signature: Signature) -> bytes:
    """What a signature attests: that this account vouched for this digest of this version at this time."""
    return together(
        SIGNATURE,
        organization_id,
        signature.id,
        signature.record_id,
        signature.record_version,
        signature.signed_at,
        signature.signer_account,
        signature.signer_provider_id,
        signature.key_id,
        bytes(signature.digest),
    )


def _digits(number: Decimal | None) -> str | None:
    """Plain decimal text, as PostgreSQL writes it: without an exponent, and zero without a sign."""
    return None if number is None else f"{number or number.copy_abs():f}"


def _bytes(column: bytes | memoryview | None) -> Part:
    return None if column is None else bytes(column)
