"""The timeline: who sees which records, page by page."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from chiron.audit.models import Event
from chiron.kernel.errors import NotFound
from chiron.kernel.schemas import PageQuery
from chiron.records.entries import Code
from chiron.records.queries import Filters, list_records
from chiron.records.services.write import enter_in_error
from chiron.records.tests.factories import NINE, TEN, Ward
from chiron.records.words import RecordType, Status


def titles(ward: Ward, reader: str, **filters: Any) -> list[str]:
    rows, _ = list_records(getattr(ward, reader), Filters(**filters), PageQuery())
    return [text.title for _, text in rows]


@pytest.fixture
def written(ward: Ward) -> Ward:
    for day, (patient, doctor) in enumerate(
        [(ward.kofi_patient, ward.osei), (ward.esi_patient, ward.mensah), (ward.kofi_patient, ward.osei)]
    ):
        ward.write(by=doctor, patient=patient, title=f"day {day}", occurred_at=NINE + timedelta(days=day))
    return ward


@pytest.mark.parametrize(
    ("reader", "expected"),
    [
        ("ama", ["day 2", "day 1", "day 0"]),
        ("osei", ["day 2", "day 0"]),
        ("mensah", ["day 1"]),
        ("kofi", ["day 2", "day 0"]),
        ("esi", ["day 1"]),
    ],
)
def test_everybody_lists_what_is_theirs_latest_first(written: Ward, reader: str, expected: list[str]) -> None:
    assert titles(written, reader) == expected


def test_a_list_is_one_event_about_everybody_on_it(written: Ward) -> None:
    titles(written, "ama")

    event = Event.objects.using("clinical").get(action="record.listed")
    assert set(event.subjects) == {written.kofi_patient.id, written.esi_patient.id}


@pytest.mark.parametrize("reader", ["mensah", "esi"])
def test_the_timeline_of_a_patient_who_is_not_yours_is_not_there(written: Ward, reader: str) -> None:
    with pytest.raises(NotFound):
        titles(written, reader, patient_id=written.kofi_patient.id)


def test_lists_narrow_by_patient_type_and_time(written: Ward) -> None:
    written.write(title="scan", record_type=RecordType.IMAGING, occurred_at=TEN)

    assert titles(written, "ama", patient_id=written.esi_patient.id) == ["day 1"]
    assert titles(written, "ama", record_type=RecordType.IMAGING) == ["scan"]
    assert titles(written, "ama", since=TEN) == ["day 2", "day 1", "scan"]
    assert titles(written, "ama", until=TEN) == ["day 0"]


def test_what_was_entered_in_error_is_listed_only_when_asked_for(ward: Ward) -> None:
    ward.write(title="right")
    enter_in_error(by=ward.osei, record=ward.write(title="wrong"), now=TEN)

    assert titles(ward, "osei") == ["right"]
    assert titles(ward, "osei", status=Status.ENTERED_IN_ERROR) == ["wrong"]


def test_a_list_does_not_fetch_the_documents(ward: Ward) -> None:
    ward.write(content=b"{}")

    [(record, _)], _ = list_records(ward.osei, Filters(), PageQuery())

    assert record.get_deferred_fields() == {"content"}


@pytest.mark.parametrize("limit", [1, 2, 3, 50])
def test_the_beginning_of_a_timeline_is_what_its_pages_are(written: Ward, limit: int) -> None:
    enter_in_error(by=written.osei, record=written.write(), now=TEN)
    kofi = written.kofi_patient.id

    beginning, cursor = list_records(written.osei, Filters(patient_id=kofi), PageQuery(limit=limit))
    narrowed, other = list_records(written.osei, Filters(patient_id=kofi, since=NINE), PageQuery(limit=limit))

    assert [(record.id, record.get_deferred_fields(), text) for record, text in beginning] == [
        (record.id, {"content"}, text) for record, text in narrowed
    ]
    assert (len(beginning), cursor) == (min(limit, 2), other)


def test_pages_neither_repeat_nor_lose_a_record_while_others_are_written(ward: Ward) -> None:
    def at(hour: int) -> datetime:
        return NINE + timedelta(hours=hour)

    before = [ward.write(occurred_at=at(hour)).id for hour in (1, 1, 2, 2, 3)]
    seen: list[UUID] = []
    cursor = None
    while True:
        rows, cursor = list_records(ward.osei, Filters(), PageQuery(limit=2, cursor=cursor))
        seen += [record.id for record, _ in rows]
        ward.write(occurred_at=at(4))
        ward.write(occurred_at=at(0) - timedelta(days=len(seen)))
        if len(seen) >= len(before):
            break

    assert [id for id in seen if id in before] == sorted(before, reverse=True)
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize("reader", ["ama", "osei", "kofi"])
def test_a_longer_list_needs_no_more_queries(ward: Ward, reader: str) -> None:
    def queries() -> int:
        with (
            CaptureQueriesContext(connections["clinical"]) as clinical,
            CaptureQueriesContext(connections["accounts"]) as accounts,
        ):
            titles(ward, reader)
        return len(clinical) + len(accounts)

    ward.write(codes=(Code("http://loinc.org", "1"),))
    short = queries()
    for _ in range(8):
        ward.write()
        ward.write(by=ward.ama, patient=ward.esi_patient)

    assert queries() == short <= 5  # records and keys; for a doctor also clearances and broken glass
