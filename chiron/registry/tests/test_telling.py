"""Who is told of an assignment and of a broken glass, with the change and never without it (NOT-01)."""

from dataclasses import replace
from uuid import UUID

from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.notifications.tests.factories import account_of, told, undone
from chiron.registry.public import Person, assign, create_provider
from chiron.registry.services.glass import break_glass
from chiron.registry.tests.factories import call, registered
from chiron.tenancy.public import inside
from tests.town import Clinic, add_person

ADMIN, DOCTOR, DESK, PRIVACY = Role.ADMIN, Role.DOCTOR, Role.RECEPTIONIST, Role.PRIVACY_OFFICER


def test_a_doctor_is_told_of_a_patient_who_is_assigned(hilltop: Clinic) -> None:
    path, body = f"/patients/{hilltop.other_patient_id}/assignments", {"doctor_id": str(hilltop.doctor_id)}

    first = call(hilltop.client(DESK), "post", path, body)
    again = call(hilltop.client(DESK), "post", path, body)

    assert (first.status_code, again.status_code) == (201, 409)
    assert told(hilltop, DOCTOR) == [("patient.assigned", "patients", hilltop.other_patient_id)]
    assert told(hilltop, DESK) == []


def test_an_assignment_that_is_rolled_back_tells_nobody(hilltop: Clinic) -> None:
    who, patient_id, doctor_id = hilltop.who[DESK], hilltop.other_patient_id, hilltop.doctor_id

    undone(hilltop, lambda: assign(by=who, patient_id=patient_id, provider_id=doctor_id, now=now()))

    assert told(hilltop, DOCTOR) == []


def test_who_takes_over_patients_is_told_once(hilltop: Clinic) -> None:
    leaving = hilltop.other_doctor_id
    with inside(hilltop.id):
        for patient_id in (hilltop.patient_id, hilltop.other_patient_id):
            assign(by=hilltop.who[DESK], patient_id=patient_id, provider_id=leaving, now=now())
    person = {"family": "Sarpong", "given": ["Efua"], "active": False}

    path = f"/doctors/{leaving}?reassign_to={hilltop.doctor_id}"
    answer = call(hilltop.client(ADMIN), "put", path, person)

    assert answer.status_code == 200, answer.content
    assert told(hilltop, DOCTOR) == [("patient.assigned", "my-patients", leaving)]


def test_those_who_answer_for_privacy_are_told_of_a_broken_glass(hilltop: Clinic) -> None:
    path = f"/patients/{hilltop.other_patient_id}/break-glass"

    answer = call(hilltop.client(DOCTOR), "post", path, {"reason": "Unconscious"})

    assert answer.status_code == 201
    [(kind, resource, glass_id)] = told(hilltop, PRIVACY)
    assert (kind, resource) == ("glass.broken", "break-glass")
    [listed] = call(hilltop.client(PRIVACY), "get", "/break-glass").json()["break_glass"]
    assert listed["id"] == str(glass_id)
    assert (told(hilltop, ADMIN), told(hilltop, DOCTOR)) == ([], [])


def test_where_nobody_answers_for_privacy_the_admins_are_told(lakeside: Clinic) -> None:
    with inside(lakeside.id):
        lakeside.doctor_id = create_provider(
            by=lakeside.who[ADMIN], person=Person(family="Osei"), role="doctor", specialty="", active=True, now=now()
        ).id
    doctor = add_person(lakeside, DOCTOR)
    patient = registered(lakeside, role=ADMIN)

    with inside(lakeside.id):
        break_glass(by=doctor, patient_id=UUID(patient["id"]), reason="Unconscious", now=now())

    assert [kind for kind, _, _ in told(lakeside, ADMIN)] == ["glass.broken"]


def test_a_broken_glass_that_is_rolled_back_tells_nobody(hilltop: Clinic) -> None:
    who, patient_id = hilltop.who[DOCTOR], hilltop.other_patient_id

    undone(hilltop, lambda: break_glass(by=who, patient_id=patient_id, reason="Unconscious", now=now()))

    assert told(hilltop, PRIVACY) == []


def test_who_breaks_the_glass_and_answers_for_privacy_is_not_told_of_it(hilltop: Clinic) -> None:
    both = replace(hilltop.who[DOCTOR], account_id=account_of(hilltop, PRIVACY))

    with inside(hilltop.id):
        break_glass(by=both, patient_id=hilltop.other_patient_id, reason="Unconscious", now=now())

    assert told(hilltop, PRIVACY) == []
