"""Erasing a patient: who may, what is left, and what a crash in between leaves to be done."""

from typing import Any
from uuid import UUID

import pytest

from chiron.audit.models import Event
from chiron.identity.public import Membership, Role
from chiron.jobs.models import Waiting
from chiron.kernel.clock import now
from chiron.kernel.ids import new_id
from chiron.notifications.models import Delivery
from chiron.notifications.tests.factories import tell, told
from chiron.registry import erasing
from chiron.registry.models import Identifier, Patient
from chiron.registry.services.erase import LATE, erase_patient
from chiron.registry.tasks import finish_erasure
from chiron.registry.tests.factories import call, found, problem, registered
from chiron.tenancy.public import inside
from chiron.vault.models import Erasure, PatientKey
from chiron.vault.public import KeyDestroyed, patient_safe
from tests.town import Clinic

REASON = {"reason": "Asked for in writing by the patient"}


def erase(clinic: Clinic, patient_id: UUID, role: Role = Role.ADMIN) -> Any:
    return call(clinic.client(role), "post", f"/patients/{patient_id}/erase", REASON)


def erased(clinic: Clinic, patient_id: UUID) -> None:
    answer = erase(clinic, patient_id)
    assert answer.status_code == 200, answer.content


def stored(clinic: Clinic, patient_id: UUID) -> Patient:
    with inside(clinic.id):
        return Patient.objects.get(id=patient_id)


def test_nothing_is_left_of_an_erased_patient_but_an_empty_row(hilltop: Clinic) -> None:
    patient_id = UUID(registered(hilltop)["id"])

    answer = erase(hilltop, patient_id)

    assert answer.status_code == 200, answer.content
    row = stored(hilltop, patient_id)
    assert answer.json() == {
        "erasure": {"patient_id": str(patient_id), "erased_at": row.erased_at and row.erased_at.isoformat()}
    }
    assert (bytes(row.details), row.birth_date, row.sex, row.name_tokens) == (b"", None, "unknown", [])
    with inside(hilltop.id):
        assert not Identifier.objects.filter(patient=patient_id).exists()
    with pytest.raises(KeyDestroyed):
        patient_safe(hilltop.id, patient_id)
    assert problem(call(hilltop.client(Role.ADMIN), "get", f"/patients/{patient_id}")) == (404, "not-found")
    assert found(hilltop, name="Owusu") == []


def test_who_was_erased_can_be_registered_anew(hilltop: Clinic) -> None:
    erased(hilltop, UUID(registered(hilltop)["id"]))

    again = registered(hilltop)

    assert found(hilltop, identifier="urn:mrn:hilltop|4711") == ["Owusu"]
    assert again["family"] == "Owusu"


def test_the_reason_stands_in_the_trail_and_what_was_said_of_the_patient_does_not(hilltop: Clinic) -> None:
    admin, patient_id = hilltop.client(Role.ADMIN), UUID(registered(hilltop)["id"])
    assert found(hilltop, name="Owusu Serwaa") == ["Owusu"]
    searched = {"action": "patient.searched", "patient_id": str(patient_id)}
    [event] = admin.get("/api/audit", searched).json()["events"]
    assert event["details"]["name"] == "Owusu Serwaa"

    erased(hilltop, patient_id)

    [event] = admin.get("/api/audit", searched).json()["events"]
    assert event["details"] == {"erased": True}
    about = {"action": "patient.erased", "patient_id": str(patient_id)}
    [platform] = admin.get("/api/audit", about | {"source": "platform"}).json()["events"]
    assert platform["details"] == REASON
    assert len(admin.get("/api/audit", about).json()["events"]) == 1


@pytest.mark.parametrize("role", [Role.DOCTOR, Role.RECEPTIONIST, Role.PATIENT, Role.LAB])
def test_only_who_answers_for_it_erases(role: Role, hilltop: Clinic) -> None:
    answer = erase(hilltop, hilltop.patient_id, role)

    assert problem(answer) == (403, "not-permitted")
    assert stored(hilltop, hilltop.patient_id).erased_at is None
    assert not Erasure.objects.filter(organization_id=hilltop.id).exists()


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "short"}])
def test_a_reason_is_required(body: dict[str, str], hilltop: Clinic) -> None:
    answer = call(hilltop.client(Role.ADMIN), "post", f"/patients/{hilltop.patient_id}/erase", body)

    assert problem(answer) == (422, "invalid")
    assert stored(hilltop, hilltop.patient_id).erased_at is None


def test_nobody_elses_patient_is_erased_and_nobody_twice(hilltop: Clinic, riverside: Clinic) -> None:
    erased(hilltop, hilltop.other_patient_id)

    answers = [erase(hilltop, each) for each in (riverside.patient_id, new_id(), hilltop.other_patient_id)]

    assert [problem(each) for each in answers] == [(404, "not-found")] * 3
    assert stored(riverside, riverside.patient_id).erased_at is None
    assert Erasure.objects.filter(organization_id__in=[hilltop.id, riverside.id]).count() == 1


def test_the_patients_own_account_ends_with_them(hilltop: Clinic) -> None:
    patient = hilltop.client(Role.PATIENT)
    assert patient.get("/api/patients").status_code == 200

    erased(hilltop, hilltop.patient_id)

    assert patient.get("/api/patients").status_code == 401
    assert not Membership.objects.filter(organization=hilltop.organization, patient_id=hilltop.patient_id).exists()


def test_what_the_patient_was_told_is_forgotten_and_what_others_were_told_is_not(hilltop: Clinic) -> None:
    tell(hilltop, Role.PATIENT, Role.DOCTOR)

    erased(hilltop, hilltop.patient_id)

    assert (len(told(hilltop, Role.PATIENT)), len(told(hilltop, Role.DOCTOR))) == (0, 1)
    with inside(hilltop.id):
        assert Delivery.objects.count() == 1


def test_a_crash_before_clinical_commits_is_made_up_for_by_the_job(
    lakeside: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient_id = UUID(registered(lakeside, Role.ADMIN)["id"])
    monkeypatch.setattr("chiron.registry.services.erase.blank", killed)
    with pytest.raises(Killed), inside(lakeside.id):
        erase_patient(by=lakeside.who[Role.ADMIN], patient_id=patient_id, reason="Asked for", now=now())
    assert stored(lakeside, patient_id).birth_date is not None
    assert PatientKey.objects.get(patient_id=patient_id).wrapped is None
    waiting = Waiting.objects.filter(organization_id=lakeside.id).order_by("id")
    assert [(each.job, each.arguments) for each in waiting] == [
        ("registry.finish_erasure", {"patient_id": str(patient_id)})
    ] * 2

    for _ in waiting:
        with inside(lakeside.id):
            finish_erasure(patient_id=patient_id)

    assert stored(lakeside, patient_id).birth_date is None
    with inside(lakeside.id):
        assert Event.objects.using("clinical").filter(action="patient.erased").count() == 1
    waiting.delete()


class Killed(Exception):
    pass


def killed(*_: Any) -> None:
    raise Killed


def test_what_a_request_under_way_still_wrote_is_blanked_a_moment_later(hilltop: Clinic) -> None:
    patient_id = UUID(registered(hilltop)["id"])
    erased(hilltop, patient_id)
    [late, _] = Waiting.objects.filter(organization_id=hilltop.id).order_by("due")
    with inside(hilltop.id):
        Patient.objects.filter(id=patient_id).update(birth_date="1980-05-01")

    with inside(hilltop.id):
        finish_erasure(patient_id=patient_id)

    row = stored(hilltop, patient_id)
    assert row.erased_at is not None
    assert (row.birth_date, late.due) == (None, row.erased_at + LATE)


def test_every_way_to_a_patient_is_found() -> None:
    ways = {each.model._meta.label: each.ways for each in erasing.what_belongs_to_patients()}

    assert ways["registry.Identifier"] == ("patient",)
    assert ways["records.Anchor"] == ("annotation__record__patient",)
    assert ways["registry.GlassSeen"] == ("glass__patient",)
