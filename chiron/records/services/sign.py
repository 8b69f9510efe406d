"""Vouching for what a record says, and adding to it afterwards."""

from datetime import datetime
from os import urandom

from chiron.audit import public as audit
from chiron.kernel.access import Caller, Scope
from chiron.kernel.db import refusing
from chiron.kernel.errors import NotPermitted
from chiron.kernel.versions import expect
from chiron.records.entries import Statement
from chiron.records.errors import EnteredInError, RecordSigned
from chiron.records.models import Record, Signature
from chiron.records.sealing import Stated, text_of
from chiron.records.services.write import must_be_author, must_be_open, write_record
from chiron.records.signatures import attested_by, digest_of, key_id_of, present_version
from chiron.records.words import RecordType, Sensitivity, Status
from chiron.tenancy.public import current_organization_id
from chiron.vault.public import patient_safe


def sign_record(*, by: Caller, record: Record, if_match: int | None = None, now: datetime) -> Signature:
    """Vouch for what a record, reached through `record_for(..., "sign")`, says now: from then on it never changes.

    Who reaches the records of their patients only (a doctor) signs what they wrote themselves.
    Raises NotPermitted, StaleVersion, EnteredInError, RecordSigned.
    """
    if by.scope("records", "sign") is not Scope.ORGANIZATION and record.author_account != by.account_id:
        raise NotPermitted
    expect(record, if_match)
    must_be_open(record)
    organization_id = current_organization_id()
    safe, salt = patient_safe(organization_id, record.patient_id), urandom(32)
    signature = Signature(
        record=record,
        record_version=record.version,
        signed_at=now,
        signer_account=by.account_id,
        signer_provider_id=by.provider_id,
        key_id=key_id_of(organization_id),
        digest=digest_of(record, present_version(record, safe), safe, salt),
    )
    signature.salt = safe.seal(signature, "salt", salt.hex())
    signature.proof = attested_by(organization_id, signature)
    with refusing("clinical", a_record_is_signed_once=RecordSigned):
        signature.save(force_insert=True)
    record.signed_at = now
    record.save(update_fields=["signed_at"], force_update=True)
    audit.record(
        by,
        "record.signed",
        resource="records",
        resource_id=record.id,
        subjects=[record.patient_id],
        payload={"version": record.version, "digest": bytes(signature.digest).hex()},
    )
    return signature


def add_to_record(*, by: Caller, record: Record, content: str, now: datetime) -> Stated:
    """Add to a record by another one of the same type, title and labels.

    The record was reached through `record_for(..., "create", lock=True)`, so that nobody labels it meanwhile.
    Who reaches only their own records (a patient) adds only to what they wrote themselves.
    Raises NotPermitted, EnteredInError.
    """
    must_be_author(by, record, "create")
    if record.status == Status.ENTERED_IN_ERROR:
        raise EnteredInError
    title = text_of(record, patient_safe(current_organization_id(), record.patient_id)).title
    statement = Statement(
        record_type=RecordType(record.record_type),
        title=title,
        description=content,
        encounter_id=record.encounter_id,
        labels=tuple(Sensitivity(label) for label in record.labels),
    )
    added = write_record(by=by, patient=record.patient, statement=statement, now=now, addendum_to=record)
    return Stated(added, statement)
