"""Annotations: who sees which."""

import pytest

from chiron.audit.models import Event
from chiron.kernel.errors import NotFound, NotPermitted
from chiron.kernel.schemas import PageQuery
from chiron.records.models import Annotation, Record
from chiron.records.queries import list_annotations, record_for
from chiron.records.services.annotate import annotate
from chiron.records.services.write import enter_in_error
from chiron.records.tests.factories import TEN, Ward, assign_doctor
from chiron.records.words import Visibility


def remarked(ward: Ward, author: str) -> Record:
    record = ward.write()
    for visibility in Visibility:
        annotate(by=getattr(ward, author), record=record, content=f"for {visibility}", visibility=visibility, now=TEN)
    return record


def seen(ward: Ward, reader: str, record: Record) -> list[tuple[str, str]]:
    by = getattr(ward, reader)
    rows, _ = list_annotations(by, record_for(by, record.id, "read", resource="annotations"), PageQuery())
    return sorted((remark.annotation.visibility, remark.content) for remark in rows)


@pytest.mark.parametrize("state", ["active", "withdrawn"])
@pytest.mark.parametrize(
    ("author", "reader", "expected"),
    [
        ("osei", "osei", ["care_team", "patient", "private"]),
        ("osei", "mensah", ["care_team", "patient"]),
        ("osei", "kofi", ["patient"]),
        ("osei", "ama", ["care_team", "patient", "private"]),
        ("ama", "osei", ["care_team", "patient"]),
        ("ama", "kofi", ["patient"]),
    ],
)
def test_each_role_sees_what_is_meant_for_it(
    ward: Ward, author: str, reader: str, expected: list[str], state: str
) -> None:
    assign_doctor(ward.ama, ward.kofi_patient, ward.mensah)
    record = remarked(ward, author)
    if state == "withdrawn":
        enter_in_error(by=ward.osei, record=record, now=TEN)

    assert seen(ward, reader, record) == [(visibility, f"for {visibility}") for visibility in expected]


@pytest.mark.parametrize("stranger", ["mensah", "esi"])
def test_strangers_to_the_patient_see_no_annotation(ward: Ward, stranger: str) -> None:
    record = remarked(ward, "osei")

    with pytest.raises(NotFound):
        seen(ward, stranger, record)


def test_a_patient_annotates_nothing(ward: Ward) -> None:
    record = ward.write()

    with pytest.raises(NotPermitted):
        annotate(by=ward.kofi, record=record, content="no", visibility=Visibility.PATIENT, now=TEN)

    assert not Annotation.objects.exists()


def test_an_annotation_is_sealed_and_leaves_a_trace(ward: Ward) -> None:
    record = ward.write()

    annotation = annotate(
        by=ward.osei, record=record, content="Ask about sleep", visibility=Visibility.CARE_TEAM, now=TEN
    ).annotation

    kept = Annotation.objects.get()
    assert (kept.author_account, kept.author_provider_id) == (ward.osei.account_id, ward.osei.provider_id)
    assert b"sleep" not in bytes(kept.content)
    event = Event.objects.using("clinical").get(action="annotation.created")
    assert (event.resource_id, event.subjects) == (annotation.id, [ward.kofi_patient.id])
