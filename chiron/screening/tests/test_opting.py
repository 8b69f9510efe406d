"""Who does not want to be screened is not, until they come back."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from django.test import Client

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL
from chiron.registry.services.erase import erase_patient
from chiron.registry.tests.factories import registered
from chiron.registry.tests.test_races import until_somebody_waits
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import OptOut, Screening
from chiron.screening.services import classify as classifying
from chiron.screening.services import opting
from chiron.screening.shapes import COUNT
from chiron.tenancy.public import inside
from tests.town import Clinic

EARLIER = datetime(2026, 1, 1, tzinfo=UTC)
"""When the opt-out was said, before the lock was waited for."""


def put(clinic: Clinic, role: Role, patient_id: UUID, body: Any) -> Any:
    address = f"/api/patients/{patient_id}/screening-optout"
    return clinic.client(role).put(address, body, content_type="application/json")


def classify(client: Client, patient_id: UUID) -> Any:
    body = {"age": 67, "sex": "female", "cbc": COUNT, "patient_id": str(patient_id)}
    return client.post("/api/screening/classify", body, content_type="application/json")


def rows(clinic: Clinic) -> list[UUID]:
    with inside(clinic.id):
        return list(OptOut.objects.values_list("patient_id", flat=True))


@pytest.mark.parametrize("role", [Role.PATIENT, Role.DOCTOR, Role.RECEPTIONIST, Role.PRIVACY_OFFICER])
def test_patients_and_staff_say_so_and_the_first_date_stays(hilltop: Clinic, role: Role) -> None:
    before = hilltop.client(role).get(f"/api/patients/{hilltop.patient_id}/screening-optout").json()

    first = put(hilltop, role, hilltop.patient_id, {"opted_out": True})
    again = put(hilltop, Role.ADMIN, hilltop.patient_id, {"opted_out": True})

    assert before == {"screening_optout": {"opted_out": False, "since": None, "said_by": None}}
    said = first.json()["screening_optout"]
    assert (first.status_code, said["opted_out"], said["said_by"]) == (200, True, str(hilltop.who[role].account_id))
    assert again.json() == first.json()
    assert rows(hilltop) == [hilltop.patient_id]


def test_whom_it_concerns_is_not_screened_until_they_come_back(hilltop: Clinic, bundle: Bundle) -> None:
    doctor = hilltop.client(Role.DOCTOR)
    put(hilltop, Role.PATIENT, hilltop.patient_id, {"opted_out": True})

    answer = classify(doctor, hilltop.patient_id)

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/opted-out")
    with inside(hilltop.id):
        assert not Screening.objects.exists()
    put(hilltop, Role.PATIENT, hilltop.patient_id, {"opted_out": False})
    assert classify(doctor, hilltop.patient_id).status_code == 200
    assert rows(hilltop) == []


def test_what_is_screened_while_somebody_opts_out_was_made_before(
    lakeside: Clinic, bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = lakeside.client(Role.ADMIN)
    patient_id = UUID(registered(lakeside, role=Role.ADMIN, birth_date=None)["id"])
    checked, asked = opting.must_not_have_opted_out, threading.Event()

    def slowly(patient_id: UUID) -> None:
        checked(patient_id)
        asked.set()
        until_somebody_waits()

    def opt_out() -> Any:
        asked.wait(30)
        try:
            return put(lakeside, Role.ADMIN, patient_id, {"opted_out": True})
        finally:
            connections.close_all()

    monkeypatch.setattr(classifying, "must_not_have_opted_out", slowly)
    monkeypatch.setattr("chiron.screening.api_optout.clock", SimpleNamespace(now=lambda: EARLIER))
    with ThreadPoolExecutor(1) as pool:
        opted = pool.submit(opt_out)
        first = classify(admin, patient_id)
        assert (first.status_code, opted.result(timeout=60).status_code) == (200, 200)

    with inside(lakeside.id):
        assert OptOut.objects.get().since == Screening.objects.get().made_at
    monkeypatch.setattr(classifying, "must_not_have_opted_out", checked)
    assert classify(admin, patient_id).status_code == 409


def test_every_change_is_in_the_trail_of_the_patient(hilltop: Clinic) -> None:
    for opted_out in (True, False):
        put(hilltop, Role.PATIENT, hilltop.patient_id, {"opted_out": opted_out})

    with inside(hilltop.id):
        events = list(Event.objects.using(CLINICAL).filter(action="screening-optout.set"))
    assert [(each.resource_id, each.subjects) for each in events] == [(hilltop.patient_id, [hilltop.patient_id])] * 2


@pytest.mark.parametrize("body", [{}, {"opted_out": None}, {"opted_out": "x"}, {"opted_out": True, "reason": "x"}])
def test_what_says_neither_changes_nothing(hilltop: Clinic, body: dict[str, Any]) -> None:
    assert put(hilltop, Role.PATIENT, hilltop.patient_id, body).status_code == 422
    assert rows(hilltop) == []


def test_nobody_speaks_for_whom_they_do_not_reach(hilltop: Clinic, riverside: Clinic) -> None:
    said = {"opted_out": True}

    assert put(hilltop, Role.PATIENT, hilltop.other_patient_id, said).status_code == 404
    assert put(hilltop, Role.DOCTOR, hilltop.other_patient_id, said).status_code == 404
    assert put(hilltop, Role.ADMIN, riverside.patient_id, said).status_code == 404
    for role in (Role.LAB, Role.BILLER, Role.RESEARCHER):
        assert put(hilltop, role, hilltop.patient_id, said).status_code == 403
    assert rows(hilltop) == []


def test_an_erasure_takes_it_away(hilltop: Clinic) -> None:
    put(hilltop, Role.PATIENT, hilltop.patient_id, {"opted_out": True})

    with inside(hilltop.id):
        erase_patient(by=hilltop.who[Role.ADMIN], patient_id=hilltop.patient_id, reason="Asked for", now=now())

    assert rows(hilltop) == []
