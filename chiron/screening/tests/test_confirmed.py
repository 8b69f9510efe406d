"""The vitamin B12 that confirms a screening is shown to whoever may read its record, and to nobody else."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.ids import NIL
from chiron.records.public import Record, Sensitivity, Status, write_record
from chiron.records.tests.factories import statement_of
from chiron.registry.public import Patient, add_staff, save_laboratory
from chiron.screening.models import Screening
from chiron.screening.tests.factories import NOW, screened
from chiron.tenancy.public import inside
from tests.town import Clinic

HEAD = "confirmed_value [pg/mL]"


@pytest.fixture
def made(hilltop: Clinic) -> Screening:
    """A screening of the laboratory in which the technician works, confirmed elsewhere."""
    admin, lab = hilltop.who[Role.ADMIN], hilltop.who[Role.LAB].account_id or NIL
    with inside(hilltop.id):
        here = save_laboratory(
            by=admin, laboratory_id=None, name="North", code="N", active=True, if_match=None, now=NOW
        )
        add_staff(by=admin, laboratory_id=here.id, account_id=lab, now=NOW)
        patient = Patient.objects.get(id=hilltop.patient_id)
        record = write_record(by=admin, patient=patient, statement=statement_of(), now=NOW)
        return screened(
            hilltop.patient_id, laboratory=here, mode="clinical", decision="accepted", decided_at=NOW,
            released_at=NOW, confirmed_record=record, confirmed_at=NOW, confirmed_value=150.0,
            recorded_at=now() - timedelta(seconds=1),
        )  # fmt: skip


def seen(clinic: Clinic, role: Role, made: Screening) -> list[tuple[Any, Any]]:
    """The value and its time in the history, in the screening itself and, for who may export, in the file."""
    client = clinic.client(role)
    [row] = client.get("/api/screening/history").json()["screenings"]
    rows = [row, client.get(f"/api/screening/{made.id}").json()["screening"]]
    found = [(each["confirmed_value"], each["confirmed_at"]) for each in rows]
    if role is not Role.PATIENT:
        text = client.get("/api/screening/export").getvalue().decode()
        first = next(csv.DictReader(io.StringIO(text)))
        found.append((float(first[HEAD]) if first[HEAD] else None, first["confirmed_at"] or None))
    return found


def test_a_technician_does_not_read_another_laboratorys_result(hilltop: Clinic, made: Screening) -> None:
    assert seen(hilltop, Role.LAB, made) == [(None, None)] * 3


@pytest.mark.parametrize("role", [Role.DOCTOR, Role.ADMIN, Role.PATIENT])
def test_who_may_read_the_record_sees_what_it_says(hilltop: Clinic, made: Screening, role: Role) -> None:
    found = seen(hilltop, role, made)

    assert {value for value, _ in found} == {150.0}
    assert None not in {at for _, at in found}


def test_a_record_with_a_label_is_told_to_nobody_who_is_not_cleared(hilltop: Clinic, made: Screening) -> None:
    with inside(hilltop.id):
        Record.objects.filter(patient=hilltop.patient_id).update(labels=[Sensitivity.HIV])

    assert seen(hilltop, Role.DOCTOR, made) == [(None, None)] * 3
    assert seen(hilltop, Role.ADMIN, made)[0][0] == 150.0


def test_a_withdrawn_result_is_not_shown_even_before_the_night(hilltop: Clinic, made: Screening) -> None:
    with inside(hilltop.id):
        Record.objects.filter(patient=hilltop.patient_id).update(status=Status.ENTERED_IN_ERROR)

    assert seen(hilltop, Role.ADMIN, made) == [(None, None)] * 3


def test_a_decision_answers_without_what_is_hidden_and_keeps_it(hilltop: Clinic, made: Screening) -> None:
    with inside(hilltop.id):
        Record.objects.filter(patient=hilltop.patient_id).update(labels=[Sensitivity.HIV])
    client = hilltop.client(Role.DOCTOR)

    for act, body in (("decision", {"decision": "accepted"}), ("release", None)):
        answer = client.post(
            f"/api/screening/{made.id}/{act}", body, content_type="application/json", headers={"if-match": "*"}
        )
        assert answer.status_code == 200
        assert answer.json()["screening"]["confirmed_value"] is None

    with inside(hilltop.id):
        assert Screening.objects.get(id=made.id).confirmed_value == 150.0
