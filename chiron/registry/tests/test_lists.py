"""What a list costs and gives, however long it is."""

from collections.abc import Callable

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext

from chiron.identity.public import Role
from chiron.registry import searching
from chiron.registry.models import Provider
from chiron.registry.tests.factories import call, join, registered
from chiron.tenancy.public import inside
from tests.town import Clinic


def another_doctor(clinic: Clinic, number: int) -> None:
    call(clinic.client(Role.ADMIN), "post", "/doctors", {"family": f"Many{number}"})


def another_patient_of_the_doctor(clinic: Clinic, number: int) -> None:
    path = f"/patients/{registered(clinic, identifiers=[])['id']}/assignments"
    call(clinic.client(Role.ADMIN), "post", path, {"doctor_id": str(clinic.doctor_id)})


def another_carer(clinic: Clinic, number: int) -> None:
    admin = clinic.client(Role.ADMIN)
    doctor = call(admin, "post", "/doctors", {"family": f"Many{number}"}).json()["doctor"]["id"]
    call(admin, "post", f"/patients/{clinic.patient_id}/assignments", {"doctor_id": doctor})


def another_claim(clinic: Clinic, number: int) -> None:
    join(clinic, "PATIENT", f"many{number}")


def another_department(clinic: Clinic, number: int) -> None:
    admin = clinic.client(Role.ADMIN)
    ward = call(admin, "post", "/departments", {"name": f"Many{number}"}).json()["department"]["id"]
    call(admin, "post", f"/providers/{clinic.doctor_id}/departments", {"department_id": ward})


@pytest.mark.parametrize(
    ("role", "path", "add"),
    [
        (Role.ADMIN, "/providers", another_doctor),
        (Role.ADMIN, "/doctors?name=Many", another_doctor),
        (Role.ADMIN, "/providers/{doctor}/departments", another_department),
        (Role.ADMIN, "/departments", another_department),
        (Role.DOCTOR, "/doctors/my_patients", another_patient_of_the_doctor),
        (Role.DOCTOR, "/patients?name=Owusu", another_patient_of_the_doctor),
        (Role.ADMIN, "/patients/{patient}/assignments", another_carer),
        (Role.RECEPTIONIST, "/claims", another_claim),
    ],
)
def test_a_list_takes_the_same_queries_however_long_it_is(
    role: Role, path: str, add: Callable[[Clinic, int], None], hilltop: Clinic
) -> None:
    client, path = hilltop.client(role), path.format(doctor=hilltop.doctor_id, patient=hilltop.patient_id)
    taken: list[tuple[int, int, int]] = []
    for number in range(6):
        add(hilltop, number)
        if number in (1, 2, 5):  # an event about one patient alone is sealed with that patient's key
            client.get(f"/api{path}")
            with (
                CaptureQueriesContext(connections["clinical"]) as queries,
                CaptureQueriesContext(connections["accounts"]) as others,
            ):
                [shown] = [each for each in client.get(f"/api{path}").json().values() if each is not None]
            keys = [each for each in others.captured_queries if "vault_patientkey" in each["sql"]]
            taken.append((len(shown), len(queries), len(keys)))

    lengths, counts, keys_read = zip(*taken, strict=True)
    assert (lengths[1] - lengths[0], lengths[2] - lengths[1]) == (1, 3)
    assert (len(set(counts)), len(set(keys_read))) == (1, 1)


def test_a_page_of_providers_by_name_is_full_although_blind_tokens_collide(
    hilltop: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = hilltop.client(Role.ADMIN)
    for number in range(6):
        call(admin, "post", "/doctors", {"family": f"Full{number}"})
        call(admin, "post", "/doctors", {"family": f"Other{number}"})
    with inside(hilltop.id):
        tokens = Provider.objects.values_list("name_tokens", flat=True).order_by("-id")[0]
        Provider.objects.update(name_tokens=tokens)
    monkeypatch.setattr(searching, "search_tokens", lambda *_: tokens[:1])
    monkeypatch.setattr(searching, "SCAN", 2)

    first = admin.get("/api/doctors?name=Full&limit=4").json()
    second = admin.get("/api/doctors", {"name": "Full", "limit": 4, "cursor": first["next"]}).json()

    pages = [[each["family"] for each in page["doctors"]] for page in (first, second)]
    assert pages == [["Full5", "Full4", "Full3", "Full2"], ["Full1", "Full0"]]
    assert second["next"] is None
