"""What the database refuses of screenings, whoever writes."""

import pytest
from django.db import IntegrityError

from chiron.kernel.db import CLINICAL, atomic
from chiron.screening.models import BundleState, Screening
from chiron.screening.tests.factories import HASH, screened
from chiron.screening.words import BundleStanding, Outcome
from chiron.tenancy.public import inside
from tests.town import Clinic


def test_an_abstention_gives_no_probability(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        with pytest.raises(IntegrityError, match="an_abstention_gives_no_probability"), atomic(CLINICAL):
            screened(outcome=Outcome.ABSTAINED)

        assert not Screening.objects.exists()


def test_probabilities_come_together(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        with pytest.raises(IntegrityError, match="probabilities_come_together"), atomic(CLINICAL):
            screened(hilltop.patient_id, p_normal=None)

        assert not Screening.objects.exists()


def test_only_one_bundle_is_active(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        BundleState.objects.create(bundle_hash=HASH, state=BundleStanding.ACTIVE)

        with pytest.raises(IntegrityError, match="one_bundle_is_active"), atomic(CLINICAL):
            BundleState.objects.create(bundle_hash="1" * 64, state=BundleStanding.ACTIVE)

        assert BundleState.objects.get().bundle_hash == HASH
