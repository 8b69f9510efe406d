"""Queries compiled once give what the queryset gives."""

from typing import Any

import pytest

from chiron.kernel.db import CLINICAL
from chiron.kernel.ids import NIL, new_id
from chiron.postgres.compiled import Compiled
from chiron.registry.models import Assignment, Patient
from chiron.tenancy.public import inside

one = Compiled(lambda id: Patient.objects.filter(id=id), takes=1, using=CLINICAL)
cared_for = Compiled(
    lambda provider_id, patient_id: Patient.objects.filter(
        id__in=Assignment.objects.filter(provider_id=provider_id, until=None).values("patient_id"), id=patient_id
    ),
    takes=2,
    using=CLINICAL,
)
without_details = Compiled(lambda id: Patient.objects.defer("details").filter(id=id), takes=1, using=CLINICAL)
everybody = Compiled(lambda _: Patient.objects.filter(active=True).order_by("-id")[:50], takes=1, using=CLINICAL)


def test_it_gives_the_instances_that_the_queryset_gives(hilltop: Any) -> None:
    with inside(hilltop.id):
        [found] = one(hilltop.patient_id)
        [expected] = Patient.objects.filter(id=hilltop.patient_id)

    assert {field.attname: getattr(found, field.attname) for field in Patient._meta.concrete_fields} == {
        field.attname: getattr(expected, field.attname) for field in Patient._meta.concrete_fields
    }
    assert (found._state.adding, found._state.db) == (False, CLINICAL)


def test_each_call_has_values_of_its_own(hilltop: Any) -> None:
    with inside(hilltop.id):
        found = [[each.id for each in one(id)] for id in (hilltop.patient_id, new_id(), hilltop.other_patient_id)]

    assert found == [[hilltop.patient_id], [], [hilltop.other_patient_id]]


def test_ids_go_where_they_belong_and_constants_stay(hilltop: Any) -> None:
    with inside(hilltop.id):
        assert [each.id for each in cared_for(hilltop.doctor_id, hilltop.patient_id)] == [hilltop.patient_id]
        assert cared_for(hilltop.patient_id, hilltop.doctor_id) == []
        assert cared_for(hilltop.other_doctor_id, hilltop.patient_id) == []
        assert {each.id for each in everybody(NIL)} == {hilltop.patient_id, hilltop.other_patient_id}


def test_what_is_deferred_is_read_when_asked_for(hilltop: Any) -> None:
    with inside(hilltop.id):
        [found] = without_details(hilltop.patient_id)

        assert found.get_deferred_fields() == {"details"}
        assert bytes(found.details) == bytes(Patient.objects.get(id=hilltop.patient_id).details)


def test_one_compiled_query_serves_every_organization(hilltop: Any, riverside: Any) -> None:
    for clinic, other in ((hilltop, riverside), (riverside, hilltop)):
        with inside(clinic.id):
            assert [each.id for each in one(clinic.patient_id)] == [clinic.patient_id]
            assert one(other.patient_id) == []


def test_another_number_of_ids_is_refused(hilltop: Any) -> None:
    with pytest.raises(TypeError, match="1 ids"), inside(hilltop.id):
        one(hilltop.patient_id, hilltop.patient_id)
