"""Sensitivity labels (REC-12): who is not cleared does not even learn that there is something."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chiron.audit.models import Event
from chiron.kernel.clock import now
from chiron.kernel.errors import NotFound, NotPermitted
from chiron.kernel.ids import new_id
from chiron.kernel.schemas import PageQuery
from chiron.records.clearances import clear, clearances_of
from chiron.records.models import Clearance, Record
from chiron.records.queries import Filters, list_records, list_versions, read_record, record_for
from chiron.records.services.imports import import_records
from chiron.records.services.sign import add_to_record, sign_record
from chiron.records.services.write import amend_record, restore_version
from chiron.records.signatures import read_signature
from chiron.records.tests.factories import NINE, TEN, Ward, assign_doctor, entry_of
from chiron.records.words import Sensitivity, Verdict
from chiron.registry.services.glass import break_glass
from chiron.vault.public import patient_safe

HIV, PSY, SEX = Sensitivity.HIV, Sensitivity.PSY, Sensitivity.SEX


@pytest.fixture
def delicate(ward: Ward) -> Record:
    """What Dr Osei wrote about Kofi, for whom Dr Mensah cares, too."""
    assign_doctor(ward.ama, ward.kofi_patient, ward.mensah)
    return ward.write(title="Low mood", labels=(HIV, PSY))


def seen(ward: Ward, reader: str, patient: bool) -> list[str]:
    filters = Filters(patient_id=ward.kofi_patient.id if patient else None)
    return [text.title for _, text in list_records(getattr(ward, reader), filters, PageQuery())[0]]


def cleared(ward: Ward, *labels: Sensitivity) -> None:
    assert ward.mensah.provider_id
    clear(by=ward.ama, provider_id=ward.mensah.provider_id, labels=labels, now=TEN)


@pytest.mark.parametrize("patient", [True, False])
@pytest.mark.parametrize(
    ("reader", "expected"),
    [("ama", ["Low mood"]), ("osei", ["Low mood"]), ("kofi", ["Low mood"]), ("mensah", []), ("esi", None)],
)
def test_its_author_the_patient_and_an_administrator_see_a_labelled_record(
    ward: Ward, delicate: Record, reader: str, expected: list[str] | None, patient: bool
) -> None:
    if expected is None:
        assert seen(ward, reader, patient=False) == []
    else:
        assert seen(ward, reader, patient) == expected


@pytest.mark.parametrize("patient", [True, False])
@pytest.mark.parametrize(("labels", "expected"), [([], []), ([PSY], []), ([PSY, SEX], []), ([PSY, HIV], ["Low mood"])])
def test_a_doctor_sees_what_they_are_cleared_for_with_all_its_labels(
    ward: Ward, delicate: Record, labels: list[Sensitivity], expected: list[str], patient: bool
) -> None:
    cleared(ward, *labels)

    assert seen(ward, "mensah", patient) == expected


@pytest.mark.parametrize("resource", ["records", "annotations"])
@pytest.mark.parametrize("action", ["read", "create", "update", "delete", "sign"])
def test_every_door_is_shut_to_who_is_not_cleared(ward: Ward, delicate: Record, action: str, resource: str) -> None:
    with pytest.raises((NotFound, NotPermitted)):
        record_for(ward.mensah, delicate.id, action, resource=resource)
    if resource == "records":
        cleared(ward, *Sensitivity)
        assert record_for(ward.mensah, delicate.id, action) == delicate


def test_a_clearance_opens_nothing_of_patients_one_does_not_care_for(ward: Ward) -> None:
    ward.write(labels=(PSY,))
    cleared(ward, *Sensitivity)

    assert seen(ward, "mensah", patient=False) == []


@pytest.mark.parametrize("assigned", [True, False])
def test_breaking_the_glass_opens_labelled_records_for_a_while(ward: Ward, assigned: bool) -> None:
    if assigned:
        assign_doctor(ward.ama, ward.kofi_patient, ward.mensah)
    ward.write(title="Low mood", labels=(PSY,))
    how: dict[str, Any] = {"by": ward.mensah, "patient_id": ward.kofi_patient.id, "reason": "Unconscious, no history"}

    break_glass(**how, now=now() - timedelta(days=2))
    assert seen(ward, "mensah", patient=False) == []

    break_glass(**how, now=now())
    assert seen(ward, "mensah", patient=False) == seen(ward, "mensah", patient=True) == ["Low mood"]


def test_labels_are_versioned_audited_and_shut_what_was_open(ward: Ward) -> None:
    assign_doctor(ward.ama, ward.kofi_patient, ward.mensah)
    record = ward.write()
    assert seen(ward, "mensah", patient=True) == ["Headache"]

    amend_record(by=ward.mensah, record=record, changes={"labels": (SEX,)}, now=TEN)

    assert seen(ward, "mensah", patient=True) == []
    versions, _ = list_versions(ward.osei, record_for(ward.osei, record.id), PageQuery())
    assert [version.statement.labels for version in versions] == [(SEX,), ()]
    event = Event.objects.using("clinical").filter(action="record.updated").get()
    assert (event.subjects, event.payload is not None) == ([ward.kofi_patient.id], True)


def test_restoring_a_version_leaves_the_labels_as_they_are(ward: Ward) -> None:
    record = ward.write()
    amend_record(by=ward.osei, record=record, changes={"labels": (PSY,), "title": "Low mood"}, now=TEN)

    stated = restore_version(by=ward.osei, record=record, version=1, now=TEN)

    assert (stated.statement.title, stated.statement.labels) == ("Headache", (PSY,))


def test_an_import_brings_labels_and_takes_none_away(ward: Ward) -> None:
    safe = patient_safe(ward.organization_id, ward.kofi_patient.id)
    entry = entry_of(ward.organization_id, "Kofi", labels=(HIV,))
    how: dict[str, Any] = {"by": ward.ama, "patient_id": ward.kofi_patient.id, "safe": safe, "now": TEN}
    import_records(**how, entries=[entry])
    amend_record(by=ward.ama, record=Record.objects.get(), changes={"labels": (HIV, SEX)}, now=TEN)

    import_records(**how, entries=[replace(entry, title="Again", labels=(PSY,))])

    assert read_record(ward.ama, Record.objects.get().id).statement.labels == (HIV, PSY, SEX)


def test_what_is_added_to_a_record_has_its_labels_then_and_later(ward: Ward) -> None:
    assign_doctor(ward.ama, ward.kofi_patient, ward.mensah)
    record = ward.write(labels=(PSY,))
    sign_record(by=ward.osei, record=record, now=TEN)
    added = add_to_record(by=ward.osei, record=record, content="Better.", now=TEN).record
    further = add_to_record(by=ward.ama, record=added, content="Well.", now=TEN).record
    sign_record(by=ward.osei, record=added, now=TEN)

    amend_record(by=ward.osei, record=record, changes={"labels": (HIV,)}, now=TEN)

    labels = [read_record(ward.ama, each.id).statement.labels for each in (record, added, further)]
    assert labels == [(HIV,), (HIV, PSY), (HIV, PSY)]
    assert seen(ward, "mensah", patient=True) == []
    for each in (record.id, added.id):
        assert read_signature(ward.ama, Record.objects.get(id=each)).verdict is Verdict.INTACT


def test_an_administrator_gives_and_takes_clearances(ward: Ward) -> None:
    assert ward.mensah.provider_id
    cleared(ward, PSY, SEX)
    cleared(ward, SEX, HIV)

    assert clearances_of(ward.ama, ward.mensah.provider_id) == [HIV, SEX]
    events = Event.objects.using("clinical").filter(action="clearance.given", resource_id=ward.mensah.provider_id)
    assert events.count() == 2


def test_nobody_clears_themselves_nor_who_is_not_there(ward: Ward) -> None:
    assert ward.mensah.provider_id
    refusals: list[tuple[type[Exception], Callable[[], object]]] = [
        (NotPermitted, lambda: clear(by=ward.mensah, provider_id=ward.mensah.provider_id, labels=[PSY], now=NINE)),  # type: ignore[arg-type]
        (NotFound, lambda: clear(by=ward.ama, provider_id=new_id(), labels=[PSY], now=NINE)),
    ]
    for refusal, act in refusals:
        with pytest.raises(refusal):
            act()

    assert not Clearance.objects.exists()
