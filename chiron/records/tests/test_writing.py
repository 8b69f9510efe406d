"""Writing, amending and withdrawing records."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chiron.audit.models import Event
from chiron.kernel.errors import DomainError, NotFound, NotPermitted, StaleVersion
from chiron.kernel.schemas import PageQuery
from chiron.records.entries import Quantity, ReferenceRange
from chiron.records.errors import EnteredInError, EventEndsBeforeItBegins, RangeGoesDownward
from chiron.records.models import Record, RecordVersion
from chiron.records.queries import Version, compare_versions, list_versions, read_record, record_for
from chiron.records.rules import Difference
from chiron.records.services.write import amend_record, enter_in_error, restore_version
from chiron.records.tests.factories import A1C, NINE, NOTE, TEN, Ward, statement_of
from chiron.records.words import Flag, Precision, RecordType, Status

EVERYTHING = statement_of(
    record_type=RecordType.LAB_RESULT,
    title="Hemoglobin A1c",
    description="Fasting.",
    resource_type="Observation",
    clinical_status="final",
    codes=(A1C,),
    occurred_at=NINE,
    occurred_precision=Precision.DAY,
    occurred_end=TEN,
    quantity=Quantity(Decimal("7.20"), "%", "%"),
    reference_range=ReferenceRange(Decimal("4.00"), Decimal("5.60")),
    flag=Flag.HIGH,
    content=b'{"resourceType": "Observation",\n "valueQuantity": {"value": 7.20}, "extension": [{"url": "x"}]}',
)


def versions(ward: Ward, record: Record) -> list[Version]:
    return list_versions(ward.osei, record_for(ward.osei, record.id), PageQuery())[0]


def actions() -> list[str]:
    return list(Event.objects.using("clinical").order_by("id").values_list("action", flat=True))


def test_a_record_says_who_wrote_what_about_whom_and_when(ward: Ward) -> None:
    record = ward.write()

    kept = Record.objects.get()
    assert (kept.id, kept.patient_id, kept.status, kept.version) == (record.id, ward.kofi_patient.id, "active", 1)
    assert (kept.author_account, kept.author_provider_id) == (ward.osei.account_id, ward.osei.provider_id)
    assert (kept.recorded_at, kept.updated_at, kept.timeline_at) == (NINE, NINE, NINE)


def test_everything_that_was_said_is_read_again_to_the_digit_and_the_byte(ward: Ward) -> None:
    record = ward.write(**{name: getattr(EVERYTHING, name) for name in EVERYTHING.__slots__})

    read = read_record(ward.osei, record.id).statement
    assert read == EVERYTHING
    assert (str(read.quantity and read.quantity.value), read.content) == ("7.20", EVERYTHING.content)


def test_words_and_documents_are_sealed_and_codes_are_not(ward: Ward) -> None:
    ward.write(**{name: getattr(EVERYTHING, name) for name in EVERYTHING.__slots__})

    kept = Record.objects.get()
    assert kept.content is not None
    for secret in (b"Hemoglobin", b"Fasting", b"valueQuantity"):
        assert secret not in bytes(kept.text) + bytes(kept.content)
    assert kept.code_keys == ["http://loinc.org|4548-4"]


def test_writing_amending_and_withdrawing_leave_a_trace_with_the_patient(ward: Ward) -> None:
    record = ward.write()
    amend_record(by=ward.osei, record=record, changes={"title": "Migraine"}, now=TEN)
    enter_in_error(by=ward.osei, record=record, reason="wrong patient", now=TEN)

    events = list(Event.objects.using("clinical").filter(resource="records").order_by("id"))
    assert [event.action for event in events] == ["record.created", "record.updated", "record.withdrawn"]
    assert {(event.resource_id, *event.subjects) for event in events} == {(record.id, ward.kofi_patient.id)}


def test_a_record_that_never_changed_is_its_own_first_version(ward: Ward) -> None:
    record = ward.write()

    [only] = versions(ward, record)
    assert (only.version, only.status, only.changed_at, only.changed_by) == (1, "active", NINE, ward.osei.account_id)
    assert only.statement == NOTE
    assert not RecordVersion.objects.exists()


def test_every_change_keeps_what_was_said_before(ward: Ward) -> None:
    record = ward.write()

    amend_record(by=ward.osei, record=record, changes={"title": "Migraine"}, reason="after the MRI", now=TEN)
    amend_record(by=ward.ama, record=record, changes={"codes": (A1C,)}, now=TEN + timedelta(hours=1))

    said = [(v.version, v.statement.title, v.statement.codes, v.reason, v.changed_by) for v in versions(ward, record)]
    assert said == [
        (3, "Migraine", (A1C,), "", ward.ama.account_id),
        (2, "Migraine", (), "after the MRI", ward.osei.account_id),
        (1, "Headache", (), "", ward.osei.account_id),
    ]
    assert read_record(ward.osei, record.id).statement.title == "Migraine"


def test_the_document_of_an_amended_record_stays_whole(ward: Ward) -> None:
    record = ward.write(content=EVERYTHING.content)

    amend_record(by=ward.osei, record=record, changes={"title": "Migraine"}, now=TEN)

    assert read_record(ward.osei, record.id).statement.content == EVERYTHING.content


def test_the_author_stays_the_author(ward: Ward) -> None:
    record = ward.write()

    amend_record(by=ward.ama, record=record, changes={"title": "Migraine"}, now=TEN)

    kept = Record.objects.get()
    assert (kept.author_account, kept.changed_by, kept.recorded_at) == (
        ward.osei.account_id, ward.ama.account_id, NINE,
    )  # fmt: skip


def test_an_earlier_event_moves_the_record_in_the_timeline(ward: Ward) -> None:
    record = ward.write()

    amend_record(by=ward.osei, record=record, changes={"occurred_at": NINE - timedelta(days=2)}, now=TEN)

    assert Record.objects.get().timeline_at == NINE - timedelta(days=2)


def test_a_withdrawn_record_keeps_its_words_and_the_reason(ward: Ward) -> None:
    record = ward.write()

    enter_in_error(by=ward.osei, record=record, reason="wrong patient", now=TEN)

    assert [(v.version, v.status, v.reason) for v in versions(ward, record)] == [
        (2, Status.ENTERED_IN_ERROR, "wrong patient"),
        (1, Status.ACTIVE, ""),
    ]
    assert read_record(ward.osei, record.id).statement == NOTE


def test_withdrawing_twice_changes_nothing(ward: Ward) -> None:
    record = ward.write()
    enter_in_error(by=ward.osei, record=record, now=TEN)

    enter_in_error(by=ward.osei, record=record, now=TEN)

    assert (Record.objects.get().version, RecordVersion.objects.count()) == (2, 2)


def test_a_withdrawn_record_is_not_amended(ward: Ward) -> None:
    record = ward.write()
    enter_in_error(by=ward.osei, record=record, now=TEN)

    with pytest.raises(EnteredInError):
        amend_record(by=ward.osei, record=record, changes={"title": "Migraine"}, now=TEN)

    assert (Record.objects.get().version, actions()[-1]) == (2, "record.withdrawn")


def test_a_stale_version_changes_nothing(ward: Ward) -> None:
    record = ward.write()
    amend_record(by=ward.osei, record=record, changes={"title": "Migraine"}, if_match=1, now=TEN)

    with pytest.raises(StaleVersion):
        amend_record(by=ward.osei, record=record, changes={"title": "Cluster headache"}, if_match=1, now=TEN)
    with pytest.raises(StaleVersion):
        enter_in_error(by=ward.osei, record=record, if_match=1, now=TEN)

    assert [v.statement.title for v in versions(ward, record)] == ["Migraine", "Headache"]


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (EventEndsBeforeItBegins, {"occurred_at": TEN, "occurred_end": NINE}),
        (RangeGoesDownward, {"reference_range": ReferenceRange(Decimal(6), Decimal(5))}),
    ],
)
def test_nonsense_is_refused_and_nothing_is_written(
    ward: Ward, refusal: type[DomainError], said: dict[str, Any]
) -> None:
    with pytest.raises(refusal):
        ward.write(**said)

    assert not Record.objects.exists()
    assert "record.created" not in actions()


def test_a_patient_writes_about_themselves_and_amends_only_that(ward: Ward) -> None:
    own = ward.write(by=ward.kofi)
    doctors = ward.write()

    amend_record(by=ward.kofi, record=own, changes={"title": "Better now"}, now=TEN)
    with pytest.raises(NotPermitted):
        amend_record(by=ward.kofi, record=doctors, changes={"title": "Better now"}, now=TEN)
    with pytest.raises(NotPermitted):
        enter_in_error(by=ward.kofi, record=own, now=TEN)

    titles = {record.id: read_record(ward.osei, record.id).statement.title for record in (own, doctors)}
    assert titles == {own.id: "Better now", doctors.id: "Headache"}


def test_nobody_writes_without_permission(ward: Ward) -> None:
    roleless = replace(ward.osei, roles=frozenset())

    with pytest.raises(NotPermitted):
        ward.write(by=roleless)

    assert not Record.objects.exists()


@pytest.mark.parametrize("action", ["read", "update", "delete"])
def test_the_door_opens_to_those_who_care_and_to_nobody_else(ward: Ward, action: str) -> None:
    record = ward.write()

    assert record_for(ward.osei, record.id, action) == record
    assert record_for(ward.ama, record.id, action) == record
    with pytest.raises(NotFound):
        record_for(ward.mensah, record.id, action)
    with pytest.raises((NotFound, NotPermitted)):
        record_for(ward.esi, record.id, action)


def test_a_version_is_restored_whole_as_a_new_one(ward: Ward) -> None:
    """REC-02."""
    record = ward.write(**{name: getattr(EVERYTHING, name) for name in EVERYTHING.__dataclass_fields__})
    amend_record(by=ward.osei, record=record, changes={"title": "Wrong", "content": None, "codes": ()}, now=TEN)

    stated = restore_version(by=ward.osei, record=record, version=1, reason="It was right", now=TEN)

    assert (stated.record.version, stated.statement) == (3, EVERYTHING)
    assert read_record(ward.osei, record.id).statement == EVERYTHING
    assert [(each.version, each.statement.title, each.reason) for each in versions(ward, record)] == [
        (3, "Hemoglobin A1c", "It was right"), (2, "Wrong", ""), (1, "Hemoglobin A1c", ""),
    ]  # fmt: skip
    assert actions()[-3] == "record.restored"


def test_what_is_restored_is_the_present_only_as_another_version(ward: Ward) -> None:
    record = ward.write()

    stated = restore_version(by=ward.osei, record=record, version=1, now=TEN)

    assert (stated.record.version, stated.statement) == (2, NOTE)


@pytest.mark.parametrize("version", [0, 2, 10**30])
def test_a_version_that_never_was_is_not_restored(version: int, ward: Ward) -> None:
    record = ward.write()

    with pytest.raises(NotFound):
        restore_version(by=ward.osei, record=record, version=version, now=TEN)

    assert Record.objects.get().version == 1


def test_nobody_restores_what_was_withdrawn_is_stale_or_another_wrote(ward: Ward) -> None:
    record = ward.write()
    with pytest.raises(NotPermitted):
        restore_version(by=ward.kofi, record=record, version=1, now=TEN)
    with pytest.raises(StaleVersion):
        restore_version(by=ward.osei, record=record, version=1, if_match=7, now=TEN)
    enter_in_error(by=ward.osei, record=record, now=TEN)
    with pytest.raises(EnteredInError):
        restore_version(by=ward.osei, record=record, version=1, now=TEN)

    assert Record.objects.get().version == 2


def test_two_versions_are_compared_place_by_place(ward: Ward) -> None:
    """REC-02."""
    record = ward.write(**{name: getattr(EVERYTHING, name) for name in EVERYTHING.__dataclass_fields__})
    changes = {"title": "A1c", "content": b'{"resourceType": "Observation", "note": [{"text": "a/b"}]}'}
    amend_record(by=ward.osei, record=record, changes=changes, now=TEN)
    amend_record(by=ward.osei, record=record, changes={"title": "HbA1c"}, now=TEN)

    latest = compare_versions(ward.osei, record, None, None)
    whole = compare_versions(ward.osei, record, 1, 3)

    assert (latest.before, latest.after) == (2, 3)
    assert latest.differences == [Difference("replace", "/title", "A1c", "HbA1c")]
    assert [(each.op, each.path) for each in whole.differences] == [
        ("replace", "/title"), ("remove", "/content/valueQuantity"), ("remove", "/content/extension"),
        ("add", "/content/note"),
    ]  # fmt: skip
    assert compare_versions(ward.osei, record, 3, 3).differences == []
    assert actions()[-1] == "record.versions_read"


def test_a_version_that_never_was_is_not_compared(ward: Ward) -> None:
    record = ward.write()

    with pytest.raises(NotFound):
        compare_versions(ward.osei, record, 1, 2)
