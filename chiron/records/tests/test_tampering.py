"""Whoever owns the database can change a signed record, but not unnoticed (REC-03)."""

from typing import Any

import pytest
from django.db.models import Model

from chiron.audit.tests.factories import owner
from chiron.records.models import Record, RecordVersion, Signature
from chiron.records.services.sign import sign_record
from chiron.records.services.write import amend_record
from chiron.records.signatures import read_signature
from chiron.records.tests.factories import TEN, Ward, make_ward
from chiron.records.tests.test_writing import EVERYTHING
from chiron.records.words import Verdict
from chiron.tenancy.public import inside

LATER = "{} + interval '1 microsecond'"
CHANGED = "set_byte({0}, 3, get_byte({0}, 3) # 1)"
FLIPPED = "set_byte({0}, 100, get_byte({0}, 100) # 1)"
ANOTHER, MORE, EMPTY = "gen_random_uuid()", "{} || 'x'", "''"

RECORD = {
    "version": "{} + 1", "recorded_at": LATER, "updated_at": LATER, "patient_id": "'{esi}'", "record_type": "'NOTE'",
    "resource_type": MORE, "status": "'entered-in-error'", "clinical_status": EMPTY, "codes": "'[]'",
    "code_keys": "'{{}}'", "occurred_at": LATER, "occurred_precision": "'month'", "occurred_end": "NULL",
    "timeline_at": LATER, "quantity_value": "7.2", "quantity_unit": MORE, "quantity_code": MORE, "range_low": "4.0",
    "range_high": "NULL", "encounter_id": ANOTHER,
    "labels": "'{{HIV}}'", "flag": "'HH'", "author_account": ANOTHER, "author_provider_id": "'{mensah}'",
    "changed_by": "NULL", "signed_at": "NULL", "addendum_to_id": "'{other}'", "source_key": r"'\x01'",
    "source_digest": r"'\x01'", "text": FLIPPED, "content": FLIPPED,
}  # fmt: skip
VERSION = {
    "record_id": "'{other}'", "version": "{} + 1", "changed_at": LATER, "changed_by": "NULL",
    "status": "'entered-in-error'", "state": FLIPPED, "content": "NULL",
}  # fmt: skip
SIGNATURE = {
    "record_version": "1", "signed_at": LATER, "signer_account": ANOTHER, "signer_provider_id": "'{mensah}'",
    "key_id": "reverse({})", "digest": CHANGED, "proof": CHANGED, "salt": FLIPPED,
}  # fmt: skip


@pytest.fixture
def standing_ward(fresh_organization: Any) -> Ward:
    with inside(fresh_organization.id):
        return make_ward(fresh_organization.id)


def columns(table: type[Model]) -> set[str]:
    return {field.column for field in table._meta.concrete_fields} - {"id"}


def verdict(ward: Ward, record: Record) -> Verdict:
    with inside(ward.organization_id):
        return read_signature(ward.ama, Record.objects.get(id=record.id)).verdict


@pytest.mark.parametrize("version", [1, 2])
def test_a_change_of_any_column_by_sql_is_noticed(standing_ward: Ward, version: int) -> None:
    ward = standing_ward
    with inside(ward.organization_id):
        record, other = (
            ward.write(**{name: getattr(EVERYTHING, name) for name in EVERYTHING.__slots__}) for _ in range(2)
        )
        if version == 2:
            amend_record(by=ward.osei, record=record, changes={"title": "HbA1c"}, now=TEN)
        sign_record(by=ward.osei, record=record, now=TEN)
    named = {"esi": ward.esi_patient.id, "mensah": ward.mensah.provider_id, "other": other.id}
    tables = [(Record, "id", RECORD), (Signature, "record_id", SIGNATURE | {"record_version": f"{3 - version}"})]
    if version == 2:
        tables.append((RecordVersion, "version = 2 AND record_id", VERSION))
    unnoticed = []

    for table, key, changes in tables:
        assert columns(table) - {"record_id"} == set(changes) - {"record_id"}
        for column, change in changes.items():
            undo = changed(ward, table, f"{key} = '{record.id}'", column, change.format(column, **named))
            if verdict(ward, record) is Verdict.INTACT:
                unnoticed.append((table.__name__, column))
            undo()

    assert unnoticed == []
    assert verdict(ward, record) is Verdict.INTACT


def changed(ward: Ward, table: type[Model], where: str, column: str, change: str) -> Any:
    """Change one column as the owner; answers how to undo it."""
    name = table._meta.db_table
    with owner(ward.organization_id) as held:
        held.execute(f"SELECT id, {column}::text, pg_typeof({column}) FROM {name} WHERE {where}")
        [(row_id, before, kind)] = held.fetchall()
        held.execute(f"UPDATE {name} SET {column} = {change} WHERE id = %s", [row_id])

    def undo() -> None:
        with owner(ward.organization_id) as held:
            held.execute(f"UPDATE {name} SET {column} = %s::{kind} WHERE id = %s", [before, row_id])

    return undo
