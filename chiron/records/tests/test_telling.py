"""Who is told of a remark and of a result: those who may read it, and nobody else that it exists."""

from uuid import UUID

import pytest

from chiron.identity.public import Role
from chiron.kernel.access import Scope
from chiron.kernel.clock import now
from chiron.notifications.tests.factories import told, undone
from chiron.records.clearances import clear
from chiron.records.public import RecordType, Statement, record_for, write_record
from chiron.records.services.annotate import annotate
from chiron.records.services.telling import RESULTS
from chiron.records.words import Sensitivity, Visibility
from chiron.registry.public import patient_within
from chiron.tenancy.public import inside
from tests.town import Clinic

ADMIN, DOCTOR, PATIENT = Role.ADMIN, Role.DOCTOR, Role.PATIENT


def written(clinic: Clinic, role: Role = ADMIN, kind: RecordType = RecordType.NOTE, *labels: Sensitivity) -> UUID:
    with inside(clinic.id):
        patient = patient_within(clinic.who[role], Scope.ORGANIZATION, clinic.patient_id)
        statement = Statement(record_type=kind, title="Cough", labels=labels)
        return write_record(by=clinic.who[role], patient=patient, statement=statement, now=now()).id


def remark(clinic: Clinic, record_id: UUID, visibility: Visibility, role: Role = ADMIN) -> None:
    with inside(clinic.id):
        by = clinic.who[role]
        record = record_for(by, record_id, "create", resource="annotations")
        annotate(by=by, record=record, content="Look again", visibility=visibility, now=now())


def test_a_remark_is_told_to_the_author_and_to_who_cares_but_not_to_who_remarks(hilltop: Clinic) -> None:
    by_admin, by_doctor = written(hilltop), written(hilltop, DOCTOR)

    remark(hilltop, by_admin, Visibility.CARE_TEAM, DOCTOR)
    remark(hilltop, by_doctor, Visibility.CARE_TEAM, ADMIN)

    assert told(hilltop, ADMIN) == [("record.annotated", "records", by_admin)]
    assert told(hilltop, DOCTOR) == [("record.annotated", "records", by_doctor)]
    assert told(hilltop, PATIENT) == []


def test_a_remark_for_patients_is_told_to_the_patient_too_and_a_private_one_to_nobody(hilltop: Clinic) -> None:
    record_id = written(hilltop, PATIENT)

    for visibility in Visibility:
        remark(hilltop, record_id, visibility)

    assert told(hilltop, PATIENT) == [("record.annotated", "records", record_id)]
    assert len(told(hilltop, DOCTOR)) == 2


def test_of_a_remark_on_a_delicate_record_only_who_is_cleared_is_told(hilltop: Clinic) -> None:
    record_id = written(hilltop, ADMIN, RecordType.NOTE, Sensitivity.HIV, Sensitivity.PSY)

    remark(hilltop, record_id, Visibility.CARE_TEAM)
    with inside(hilltop.id):
        clear(by=hilltop.who[ADMIN], provider_id=hilltop.doctor_id, labels=[Sensitivity.HIV], now=now())
    remark(hilltop, record_id, Visibility.CARE_TEAM)
    before = told(hilltop, DOCTOR)
    with inside(hilltop.id):
        clear(
            by=hilltop.who[ADMIN], provider_id=hilltop.doctor_id, labels=[Sensitivity.HIV, Sensitivity.PSY], now=now()
        )
    remark(hilltop, record_id, Visibility.CARE_TEAM)

    assert before == []
    assert told(hilltop, DOCTOR) == [("record.annotated", "records", record_id)]


def test_a_remark_that_is_rolled_back_tells_nobody(hilltop: Clinic) -> None:
    record_id = written(hilltop)

    undone(hilltop, lambda: remark(hilltop, record_id, Visibility.CARE_TEAM))

    assert told(hilltop, DOCTOR) == []


@pytest.mark.parametrize("kind", list(RecordType))
def test_a_patient_is_told_of_results_and_of_nothing_else_that_is_written(hilltop: Clinic, kind: RecordType) -> None:
    record_id = written(hilltop, DOCTOR, kind)

    assert told(hilltop, PATIENT) == ([("result.shared", "records", record_id)] if kind in RESULTS else [])


def test_what_patients_write_themselves_is_no_news_to_them(hilltop: Clinic) -> None:
    written(hilltop, PATIENT, RecordType.REPORT)

    assert told(hilltop, PATIENT) == []


def test_a_result_that_is_rolled_back_tells_nobody(hilltop: Clinic) -> None:
    undone(hilltop, lambda: written(hilltop, DOCTOR, RecordType.LAB_RESULT))

    assert told(hilltop, PATIENT) == []
