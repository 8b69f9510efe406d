"""Who arrives from an older system comes under the id that it gave, once; what is taken stays whose it was."""

from datetime import UTC, datetime
from typing import Any

import pytest

from chiron.identity.public import Role
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.errors import NotPermitted
from chiron.kernel.ids import new_id
from chiron.registry.models import Identifier, Laboratory, Patient
from chiron.registry.public import (
    Entry,
    LaboratoryArrival,
    PatientArrival,
    Person,
    admit_laboratories,
    admit_patients,
    settled_laboratories,
    settled_patients,
)
from chiron.registry.services.laboratories import save_laboratory
from chiron.tenancy.public import inside
from tests.town import Clinic

AT = datetime(2019, 3, 5, tzinfo=UTC)


def somebody(number: str, **of: Any) -> PatientArrival:
    entry = Entry(person=Person(family="Mensah"), identifiers=[("urn:old", number, "MR")])
    return PatientArrival(id=new_id(), entry=entry, recorded_at=AT, **of)


def test_of_two_with_one_number_the_first_comes_in(hilltop: Clinic) -> None:
    by = hilltop.who[Role.ADMIN]
    one, two, three = somebody("A-1", carers=(hilltop.doctor_id,)), somebody(" a-1"), somebody("A-2")
    with inside(hilltop.id):
        refused = admit_patients(by=by, arrivals=[one, two], now=now())
        again = admit_patients(by=by, arrivals=[somebody("A-1"), three], now=now())

        assert (refused, len(again)) == ({two.id}, 1)
        standing = settled_patients([one.id, two.id, three.id])
        assert {each: changed for each, (_, changed) in standing.items()} == {one.id: False, three.id: False}
        assert (standing[one.id][0].carers, standing[one.id][0].recorded_at) == ((hilltop.doctor_id,), AT)
        assert Identifier.objects.filter(patient_id__in=[one.id, two.id, three.id]).count() == 2


def test_a_laboratory_whose_code_is_taken_stays_away(hilltop: Clinic) -> None:
    by = hilltop.who[Role.ADMIN]
    with inside(hilltop.id):
        save_laboratory(by=by, laboratory_id=None, name="Ours", code="L1", active=True, if_match=None, now=now())
        arrivals = [LaboratoryArrival(id=new_id(), name="x", code=code, recorded_at=AT) for code in ("L1", "L2", "L2")]

        refused = admit_laboratories(by=by, arrivals=arrivals, now=now())

        assert refused == {arrivals[0].id, arrivals[2].id}
        assert list(settled_laboratories([each.id for each in arrivals])) == [arrivals[1].id]


@pytest.mark.parametrize("role", [Role.PATIENT, Role.BILLER, Role.LAB])
def test_who_may_register_nobody_admits_nobody(role: Role, hilltop: Clinic) -> None:
    arrival = somebody("A-9")
    with inside(hilltop.id):
        for by in (hilltop.who[role], Caller()):
            with pytest.raises(NotPermitted):
                admit_patients(by=by, arrivals=[arrival], now=now())
        with pytest.raises(NotPermitted):
            admit_laboratories(by=hilltop.who[role], arrivals=[], now=now())

        assert not Patient.objects.filter(id=arrival.id).exists()
        assert not Laboratory.objects.filter(code="L2").exists()
