"""Annotations of words in a record that changes (REC-04)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from chiron.kernel.schemas import PageQuery
from chiron.records.anchors import Passage
from chiron.records.errors import QuoteNotThere
from chiron.records.models import Anchor, Annotation, Record
from chiron.records.queries import list_annotations, record_for
from chiron.records.services.annotate import annotate
from chiron.records.services.imports import import_records
from chiron.records.services.write import amend_record, enter_in_error, restore_version
from chiron.records.tests.factories import NOTE, TEN, Ward, entry_of
from chiron.records.words import Part, Visibility
from chiron.vault.public import patient_safe

SUNDAY = Passage(Part.DESCRIPTION, 6, 12, "Sunday")
Amend = Callable[[str], object]


def quote(ward: Ward, record: Record, passage: Passage = SUNDAY) -> Annotation:
    return annotate(
        by=ward.osei, record=record, content="Which?", visibility=Visibility.PATIENT, passage=passage, now=TEN
    ).annotation


def passages(ward: Ward, record: Record) -> list[Passage | None]:
    record = record_for(ward.kofi, record.id, resource="annotations")
    return [remark.passage for remark in list_annotations(ward.kofi, record, PageQuery())[0]]


@pytest.fixture
def quoted(ward: Ward) -> Record:
    record = ward.write(description=NOTE.description)
    quote(ward, record)
    return record


@pytest.fixture
def amend(ward: Ward, quoted: Record) -> Amend:
    return lambda text: amend_record(by=ward.osei, record=quoted, changes={"description": text}, now=TEN)


def test_the_words_are_found_again_after_every_edit(ward: Ward, quoted: Record, amend: Amend) -> None:
    amend("Headache since Sunday, worse in the morning.")
    assert passages(ward, quoted) == [SUNDAY.at(15)]

    amend("Headache since Sunday, worse at noon.")
    assert passages(ward, quoted) == [SUNDAY.at(15)]
    assert Anchor.objects.count() == 2


def test_where_the_words_are_gone_the_annotation_is_an_orphan_and_stays_one(
    ward: Ward, quoted: Record, amend: Amend
) -> None:
    amend("Since Monday.")
    amend(NOTE.description)

    assert passages(ward, quoted) == [Passage(Part.DESCRIPTION, None, None, "Sunday")]


def test_restoring_a_version_restores_the_words_where_they_stood(ward: Ward, quoted: Record, amend: Amend) -> None:
    amend("Since Monday.")
    quote(ward, quoted, Passage(Part.DESCRIPTION, 6, 12, "Monday"))

    restore_version(by=ward.osei, record=quoted, version=1, now=TEN)
    assert passages(ward, quoted) == [Passage(Part.DESCRIPTION, None, None, "Monday"), SUNDAY]

    restore_version(by=ward.osei, record=quoted, version=2, now=TEN)
    assert passages(ward, quoted) == [
        Passage(Part.DESCRIPTION, 6, 12, "Monday"), Passage(Part.DESCRIPTION, None, None, "Sunday"),
    ]  # fmt: skip


def test_a_change_of_other_things_moves_nothing(ward: Ward, quoted: Record) -> None:
    amend_record(by=ward.osei, record=quoted, changes={"title": "Migraine"}, now=TEN)
    enter_in_error(by=ward.osei, record=quoted, now=TEN)

    assert passages(ward, quoted) == [SUNDAY]
    assert Anchor.objects.count() == 1


def test_an_import_finds_the_words_again(ward: Ward) -> None:
    safe = patient_safe(ward.organization_id, ward.kofi_patient.id)
    how: dict[str, Any] = {"by": ward.ama, "patient_id": ward.kofi_patient.id, "safe": safe, "now": TEN}
    import_records(**how, entries=[entry_of(ward.organization_id, key, title=f"{key} Sunday") for key in ("a", "b")])
    for record in Record.objects.all():
        quote(ward, record, Passage(Part.TITLE, 2, 8, "Sunday"))

    import_records(
        **how, entries=[entry_of(ward.organization_id, key, title=f"{key}: on Sunday") for key in ("a", "b")]
    )

    assert [passages(ward, record) for record in Record.objects.all()] == [[Passage(Part.TITLE, 6, 12, "Sunday")]] * 2


@pytest.mark.parametrize(
    "passage",
    [
        Passage(Part.DESCRIPTION, 5, 11, "Sunday"),
        Passage(Part.DESCRIPTION, 6, 13, "Sunday"),
        Passage(Part.DESCRIPTION, 6, 12, "sunday"),
        Passage(Part.TITLE, 6, 12, "Sunday"),
        Passage(Part.DESCRIPTION, 600, 606, "Sunday"),
        Passage(Part.DESCRIPTION, 12, 6, "Sunday"),
    ],
)
def test_words_that_do_not_stand_there_are_not_quoted(ward: Ward, passage: Passage) -> None:
    record = ward.write()

    with pytest.raises(QuoteNotThere):
        quote(ward, record, passage)

    assert not Annotation.objects.exists()


def test_quoted_words_are_sealed(ward: Ward, quoted: Record) -> None:
    assert b"Sunday" not in bytes(Anchor.objects.get().passage)


def test_a_list_asks_for_all_anchors_at_once(ward: Ward, quoted: Record) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connections["clinical"]) as asked:
            passages(ward, quoted)
        return len(asked)

    one = queries()
    for _ in range(9):
        quote(ward, quoted)
    assert queries() == one
