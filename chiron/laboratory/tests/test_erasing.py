"""Of a patient who is erased a laboratory keeps that something was examined, and nothing of what."""

from chiron.identity.public import Role
from chiron.laboratory.models import LONG_AGO, LaboratoryReport, Result, Specimen
from chiron.laboratory.tests.factories import laboratory, registered, reported, step
from chiron.registry.tests.factories import call, problem
from chiron.tenancy.public import inside
from tests.town import Clinic


def test_nothing_of_an_erased_patient_is_left_at_the_laboratory(hilltop: Clinic) -> None:
    blood = laboratory(hilltop, "Blood")
    specimen = registered(hilltop, blood)
    report = reported(hilltop, specimen["id"])
    step(hilltop, report["id"], "release")
    step(hilltop, report["id"], "withdraw", reason="Swapped")

    erased = call(
        hilltop.client(Role.ADMIN), "post", f"/patients/{hilltop.patient_id}/erase", {"reason": "Asked for in writing"}
    )

    assert erased.status_code == 200, erased.content
    technician = hilltop.client(Role.LAB)
    assert technician.get("/api/specimens").json()["specimens"] == []
    assert problem(technician.get(f"/api/lab-reports/{report['id']}")) == (404, "not-found")
    with inside(hilltop.id):
        row = Specimen.objects.get()
        assert (bytes(row.number), row.number_index, row.kind, row.collected_at) == (b"", None, {}, LONG_AGO)
        assert (LaboratoryReport.objects.get().reason, Result.objects.count()) == (None, 0)
    again = registered(hilltop, blood, patient_id=str(hilltop.other_patient_id))
    assert again["number"] == specimen["number"]
