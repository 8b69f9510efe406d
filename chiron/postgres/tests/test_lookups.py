"""A list travels as one value, and means what Django's own lookups mean."""

from typing import Any

from chiron.kernel.db import CLINICAL
from chiron.kernel.ids import new_id
from chiron.postgres.compiled import Compiled
from chiron.registry.models import Assignment, Patient
from chiron.tenancy.public import inside

some = Compiled(lambda ids: Patient.objects.filter(id__is_any_of=ids).order_by("id"), takes=1, using=CLINICAL)
named = Compiled(lambda tokens: Patient.objects.filter(name_tokens__holds_all=tokens), takes=1, using=CLINICAL)


def test_is_any_of_finds_what_in_finds(hilltop: Any) -> None:
    ids = [hilltop.patient_id, hilltop.other_patient_id, new_id()]

    with inside(hilltop.id):
        found = [list(Patient.objects.filter(id__is_any_of=part).order_by("id")) for part in (ids, ids[:1], [])]
        expected = [list(Patient.objects.filter(id__in=part).order_by("id")) for part in (ids, ids[:1], [])]
        of_patients = Assignment.objects.filter(patient__is_any_of=ids).count()

        assert found == expected
        assert of_patients == Assignment.objects.filter(patient__in=ids).count() > 0


def test_holds_all_finds_what_contains_finds(hilltop: Any) -> None:
    with inside(hilltop.id):
        tokens = Patient.objects.get(id=hilltop.patient_id).name_tokens

        for asked in (tokens, tokens[:1], [tokens[0], 2**40]):
            found = set(Patient.objects.filter(name_tokens__holds_all=asked))
            assert found == set(Patient.objects.filter(name_tokens__contains=asked))


def test_one_compiled_query_takes_lists_of_any_length(hilltop: Any) -> None:
    with inside(hilltop.id):
        tokens = Patient.objects.get(id=hilltop.patient_id).name_tokens

        assert [each.id for each in some([hilltop.patient_id])] == [hilltop.patient_id]
        assert {each.id for each in some([hilltop.patient_id, hilltop.other_patient_id])} == {
            hilltop.patient_id,
            hilltop.other_patient_id,
        }
        assert some([]) == []
        assert hilltop.patient_id in {each.id for each in named(tokens)}
        assert named([2**40]) == []
