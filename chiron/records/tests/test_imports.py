"""Bulk imports of statements about one patient."""

from dataclasses import replace

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from chiron.audit.models import Event
from chiron.kernel.errors import DomainError, NotPermitted
from chiron.kernel.schemas import PageQuery
from chiron.records.entries import RecordEntry, Statement
from chiron.records.errors import EventEndsBeforeItBegins, StatementOfAnotherPatient, StatementTwice
from chiron.records.models import Record, RecordVersion
from chiron.records.queries import list_versions, read_record, record_for
from chiron.records.services.imports import import_records
from chiron.records.services.write import amend_record
from chiron.records.tests.factories import NINE, TEN, Ward, entry_of
from chiron.records.words import Flag, Status
from chiron.registry.public import Patient
from chiron.vault.public import patient_safe


def bring(ward: Ward, *entries: RecordEntry, patient: Patient | None = None) -> list[str]:
    patient = patient or ward.kofi_patient
    safe = patient_safe(ward.organization_id, patient.id)
    outcomes = import_records(by=ward.ama, patient_id=patient.id, safe=safe, entries=entries, now=TEN, source="file 1")
    assert [outcome.source_key for outcome in outcomes] == [entry.source_key for entry in entries]
    return [outcome.outcome for outcome in outcomes]


def entry(ward: Ward, key: str = "one", **said: object) -> RecordEntry:
    return entry_of(ward.organization_id, key, **said)


def test_an_import_states_everything_and_the_document_stays_whole(ward: Ward) -> None:
    brought = entry(ward, author_provider_id=ward.osei.provider_id)

    assert bring(ward, brought, entry(ward, "two")) == ["created", "created"]

    record = Record.objects.get(source_key=brought.source_key)
    read = read_record(ward.osei, record.id).statement
    said = {name: getattr(brought, name) for name in Statement.__slots__}
    assert read == Statement(**said | {"flag": Flag.HIGH})
    assert (record.author_provider_id, record.recorded_at, record.timeline_at) == (ward.osei.provider_id, TEN, NINE)


def test_the_same_again_changes_nothing(ward: Ward) -> None:
    bring(ward, entry(ward), entry(ward, "two"))
    before = list(Record.objects.order_by("id").values())

    assert bring(ward, entry(ward), entry(ward, "two")) == ["unchanged", "unchanged"]

    assert list(Record.objects.order_by("id").values()) == before
    assert not RecordVersion.objects.exists()


def test_what_changed_at_the_source_is_updated_and_its_past_kept(ward: Ward) -> None:
    bring(ward, entry(ward), entry(ward, "two"))

    assert bring(ward, entry(ward, title="A1c, corrected"), entry(ward, "two"), entry(ward, "three")) == [
        "updated", "unchanged", "created",
    ]  # fmt: skip

    record = Record.objects.get(source_key=entry(ward).source_key)
    versions, _ = list_versions(ward.osei, record, PageQuery())
    assert [v.statement.title for v in versions] == ["A1c, corrected", "Hemoglobin A1c of one"]
    assert read_record(ward.osei, record.id).statement.title == "A1c, corrected"
    assert bring(ward, entry(ward, title="A1c, corrected")) == ["unchanged"]


def test_a_source_may_say_that_it_was_in_error(ward: Ward) -> None:
    assert bring(ward, entry(ward, status=Status.ENTERED_IN_ERROR)) == ["created"]

    assert Record.objects.get().status == Status.ENTERED_IN_ERROR


def test_what_people_amended_stays_while_the_source_says_the_same(ward: Ward) -> None:
    bring(ward, entry(ward))
    record = record_for(ward.osei, Record.objects.get().id, "update")
    amend_record(by=ward.osei, record=record, changes={"title": "A1c, mislabelled"}, now=TEN)

    assert bring(ward, entry(ward)) == ["unchanged"]

    assert read_record(ward.osei, record.id).statement.title == "A1c, mislabelled"


def test_an_import_is_one_event_about_one_patient(ward: Ward) -> None:
    bring(ward, entry(ward), entry(ward, "two"))

    event = Event.objects.using("clinical").get(action="record.imported")
    assert event.subjects == [ward.kofi_patient.id]


def test_a_longer_import_needs_no_more_queries(ward: Ward) -> None:
    def queries(*keys: str, **said: object) -> int:
        with CaptureQueriesContext(connections["clinical"]) as clinical:
            bring(ward, *(entry(ward, key, **said) for key in keys))
        return len(clinical)

    few, many = [f"a{i}" for i in range(2)], [f"b{i}" for i in range(60)]

    assert queries(*few) == queries(*many)
    assert queries(*few, title="new") == queries(*many, title="new")
    assert queries(*few, title="new") == queries(*many, title="new")


def test_a_statement_of_another_patient_is_refused(ward: Ward) -> None:
    bring(ward, entry(ward))

    with pytest.raises(StatementOfAnotherPatient):
        bring(ward, entry(ward, "two"), entry(ward), patient=ward.esi_patient)

    assert list(Record.objects.values_list("patient_id", flat=True)) == [ward.kofi_patient.id]


@pytest.mark.parametrize(
    ("refusal", "keys", "said"),
    [
        (StatementTwice, ["one", "one"], {}),
        (EventEndsBeforeItBegins, ["one", "two"], {"occurred_at": TEN, "occurred_end": NINE}),
    ],
)
def test_a_refused_import_leaves_nothing_behind(
    ward: Ward, refusal: type[DomainError], keys: list[str], said: dict[str, object]
) -> None:
    with pytest.raises(refusal):
        bring(ward, *(entry(ward, key, **said) for key in keys))

    assert not Record.objects.exists()
    assert not Event.objects.using("clinical").filter(action="record.imported").exists()


def test_nobody_imports_without_permission(ward: Ward) -> None:
    safe = patient_safe(ward.organization_id, ward.kofi_patient.id)
    nobody = replace(ward.ama, roles=frozenset())

    with pytest.raises(NotPermitted):
        import_records(by=nobody, patient_id=ward.kofi_patient.id, safe=safe, entries=[entry(ward)], now=TEN)

    assert not Record.objects.exists()
