"""How common the deficiency is taken to be: what was said, else what was measured, else what the model saw (ML-06)."""

import pytest

from chiron.identity.public import Role
from chiron.kernel.errors import NotPermitted
from chiron.records.public import Record, Status, write_record
from chiron.records.tests.factories import statement_of
from chiron.registry.public import Patient
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import Prevalence
from chiron.screening.services.prevalence import ENOUGH, prevalence_for, say_prevalence
from chiron.screening.tests.factories import NOW, screened
from chiron.tenancy.public import inside
from tests.town import Clinic


def confirm(clinic: Clinic, values: list[float]) -> None:
    patient = Patient.objects.get(id=clinic.patient_id)
    record = write_record(by=clinic.who[Role.ADMIN], patient=patient, statement=statement_of(), now=NOW)
    for value in values:
        screened(clinic.patient_id, confirmed_record=record, confirmed_at=NOW, confirmed_value=value)


def test_where_nobody_knows_better_it_is_that_of_the_models_training(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        confirm(hilltop, [150.0] * (ENOUGH - 1))

        found = prevalence_for(bundle)

    assert found.share == pytest.approx(0.2 * 0.1)
    assert found.source == "model: those it was trained on"


def test_enough_linked_results_are_better(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        confirm(hilltop, [199.9] * 4 + [200.0] * (ENOUGH - 4))

        found = prevalence_for(bundle)

    assert (found.share, found.source) == (0.04, "measured: 4 of 100 linked results")


def test_results_that_were_withdrawn_are_not_counted(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        confirm(hilltop, [199.9] * 4 + [200.0] * (ENOUGH - 4))
        Record.objects.update(status=Status.ENTERED_IN_ERROR)

        found = prevalence_for(bundle)

    assert found.source == "model: those it was trained on"


def test_what_the_organization_says_counts_before_all(hilltop: Clinic, bundle: Bundle) -> None:
    with inside(hilltop.id):
        confirm(hilltop, [199.9] * 4 + [200.0] * (ENOUGH - 4))
        for share in (0.03, 0.052):
            say_prevalence(by=hilltop.who[Role.ADMIN], share=share, source="Our laboratory", now=NOW)

        found = prevalence_for(bundle)

        assert (found.share, found.source) == (0.052, "organization: Our laboratory")
        with pytest.raises(NotPermitted):
            say_prevalence(by=hilltop.who[Role.DOCTOR], share=0.9, source="A guess", now=NOW)
        assert Prevalence.objects.count() == 2
