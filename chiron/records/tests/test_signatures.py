"""Signed records (REC-03): what was signed is changed by nobody."""

import hmac
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from chiron.audit.models import Event
from chiron.kernel.errors import DomainError, NotFound, NotPermitted, StaleVersion
from chiron.kernel.schemas import PageQuery
from chiron.records.canonical import attestation_bytes, version_bytes
from chiron.records.errors import EnteredInError, ReasonRequired, RecordSigned
from chiron.records.models import Attachment, Record, RecordVersion, Signature
from chiron.records.queries import Filters, list_records, read_record, record_for
from chiron.records.services.attach import withdraw_attachment
from chiron.records.services.imports import import_records
from chiron.records.services.sign import add_to_record, sign_record
from chiron.records.services.write import amend_record, enter_in_error, restore_version
from chiron.records.signatures import files_on, key_of, present_version, read_signature
from chiron.records.tests.factories import NINE, NOTE, TEN, Ward, entry_of
from chiron.records.tests.test_attachments import attached
from chiron.records.words import RecordType, Verdict
from chiron.vault.models import PatientKey
from chiron.vault.public import patient_safe


@pytest.fixture
def signed(ward: Ward) -> Record:
    record = ward.write()
    sign_record(by=ward.osei, record=record, now=TEN)
    return record


def test_a_signature_says_who_vouched_for_what_and_when(ward: Ward) -> None:
    record = ward.write()
    amend_record(by=ward.osei, record=record, changes={"title": "Migraine"}, now=NINE)

    sign_record(by=ward.osei, record=record, if_match=2, now=TEN)

    found = read_signature(ward.kofi, record)
    made = found.signature
    assert (made.record_id, made.record_version, made.signed_at, found.verdict) == (record.id, 2, TEN, Verdict.INTACT)
    assert (made.signer_account, made.signer_provider_id) == (ward.osei.account_id, ward.osei.provider_id)
    assert Record.objects.get().signed_at == TEN
    event = Event.objects.using("clinical").get(action="record.signed")
    assert (event.resource_id, event.subjects) == (record.id, [ward.kofi_patient.id])


def test_anybody_with_the_salt_and_the_public_key_checks_a_signature(ward: Ward, signed: Record) -> None:
    made = Signature.objects.get()
    safe = patient_safe(ward.organization_id, ward.kofi_patient.id)
    public = Ed25519PublicKey.from_public_bytes(key_of(ward.organization_id).public_key().public_bytes_raw())

    salt = bytes.fromhex(safe.open(made, "salt"))
    said = version_bytes(ward.organization_id, signed, present_version(signed, safe), files_on(signed, safe))

    assert hmac.digest(salt, said, "sha256") == bytes(made.digest)
    public.verify(bytes(made.proof), attestation_bytes(ward.organization_id, made))


def test_equal_words_have_unequal_digests_and_none_stands_in_the_row(ward: Ward) -> None:
    for record in (ward.write(), ward.write()):
        sign_record(by=ward.osei, record=record, now=TEN)

    one, other = Signature.objects.all()
    assert bytes(one.digest) != bytes(other.digest)
    assert all(b"Headache" not in bytes(column) for column in (one.digest, one.proof, one.salt))


def test_what_is_signed_is_not_changed_by_any_verb(ward: Ward, signed: Record) -> None:
    amend_record(by=ward.osei, record=(other := ward.write()), changes={"title": "Open"}, now=TEN)
    for change in (
        lambda: amend_record(by=ward.ama, record=signed, changes={"title": "Migraine"}, now=TEN),
        lambda: restore_version(by=ward.ama, record=signed, version=1, now=TEN),
        lambda: sign_record(by=ward.ama, record=signed, now=TEN),
    ):
        with pytest.raises(RecordSigned):
            change()

    assert read_record(ward.osei, signed.id).statement == NOTE
    assert (Record.objects.get(id=signed.id).version, Signature.objects.count()) == (1, 1)
    assert not RecordVersion.objects.exclude(record=other).exists()


def test_an_import_leaves_alone_what_was_signed(ward: Ward) -> None:
    safe = patient_safe(ward.organization_id, ward.kofi_patient.id)
    entry = entry_of(ward.organization_id, "Kofi")
    how: dict[str, Any] = {"by": ward.ama, "patient_id": ward.kofi_patient.id, "safe": safe, "now": TEN}
    [made] = import_records(**how, entries=[entry])
    sign_record(by=ward.ama, record=Record.objects.get(), now=TEN)

    [again] = import_records(**how, entries=[replace(entry, title="Another result")])

    assert (again.outcome, again.record_id) == ("unchanged", made.record_id)
    assert read_signature(ward.osei, Record.objects.get()).verdict is Verdict.INTACT


def test_what_was_signed_is_withdrawn_only_with_a_reason_and_still_verifies(ward: Ward, signed: Record) -> None:
    with pytest.raises(ReasonRequired):
        enter_in_error(by=ward.osei, record=signed, reason="  ", now=TEN)
    assert Record.objects.get().version == 1

    enter_in_error(by=ward.osei, record=signed, reason="Another patient's", now=TEN)

    assert read_signature(ward.osei, Record.objects.get()).verdict is Verdict.INTACT
    with pytest.raises(EnteredInError):
        amend_record(by=ward.osei, record=signed, changes={"title": "Migraine"}, now=TEN)


def test_the_files_on_a_record_are_signed_with_it(ward: Ward) -> None:
    record = ward.write()
    scan = attached(ward, record).attachment
    sign_record(by=ward.osei, record=record, now=TEN)

    withdraw_attachment(by=ward.osei, attachment=scan, now=TEN)
    assert read_signature(ward.osei, record).verdict is Verdict.INTACT

    Attachment.objects.update(record=ward.write())
    assert read_signature(ward.osei, record).verdict is Verdict.ALTERED


def test_only_who_wrote_it_signs_and_only_what_they_read(ward: Ward) -> None:
    record, withdrawn = ward.write(by=ward.ama), ward.write()
    enter_in_error(by=ward.osei, record=withdrawn, now=TEN)
    refusals: list[tuple[type[DomainError], Callable[[], object]]] = [
        (NotPermitted, lambda: sign_record(by=ward.osei, record=record, now=TEN)),
        (NotPermitted, lambda: sign_record(by=ward.kofi, record=record, now=TEN)),
        (StaleVersion, lambda: sign_record(by=ward.ama, record=record, if_match=2, now=TEN)),
        (EnteredInError, lambda: sign_record(by=ward.osei, record=withdrawn, now=TEN)),
    ]
    for refusal, act in refusals:
        with pytest.raises(refusal):
            act()
    with pytest.raises(NotFound):
        record_for(ward.mensah, record.id, "sign")

    assert not Signature.objects.exists()
    assert not Record.objects.exclude(signed_at=None).exists()


def test_nobody_signed_what_has_no_signature(ward: Ward) -> None:
    with pytest.raises(NotFound):
        read_signature(ward.osei, ward.write())


def test_an_addendum_is_a_record_that_points_to_what_it_adds_to(ward: Ward, signed: Record) -> None:
    added = add_to_record(by=ward.osei, record=signed, content="It was the left side.", now=TEN)

    assert (added.statement.record_type, added.statement.title) == (RecordType.NOTE, "Headache")
    rows, _ = list_records(ward.kofi, Filters(addendum_to=signed.id), PageQuery())
    assert [(row.id, row.addendum_to_id, text.description) for row, text in rows] == [
        (added.record.id, signed.id, "It was the left side.")
    ]
    assert read_signature(ward.osei, Record.objects.get(id=signed.id)).verdict is Verdict.INTACT


def test_nothing_is_added_to_what_another_wrote_or_what_was_withdrawn(ward: Ward, signed: Record) -> None:
    with pytest.raises(NotPermitted):
        add_to_record(by=ward.kofi, record=signed, content="No", now=TEN)
    enter_in_error(by=ward.osei, record=signed, reason="Another patient's", now=TEN)
    with pytest.raises(EnteredInError):
        add_to_record(by=ward.osei, record=signed, content="No", now=TEN)

    assert Record.objects.count() == 1


def test_after_an_erasure_a_signature_says_that_nothing_can_be_verified(ward: Ward, signed: Record) -> None:
    PatientKey.objects.using("accounts").filter(patient_id=ward.kofi_patient.id).update(wrapped=None, destroyed_at=TEN)

    assert read_signature(ward.ama, signed).verdict is Verdict.ERASED
