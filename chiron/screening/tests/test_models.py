"""What the database refuses of screenings, whoever writes."""

from typing import Any

import pytest
from django.db import IntegrityError

from chiron.identity.public import Role
from chiron.kernel.db import CLINICAL, atomic
from chiron.screening.model.bundles import Bundle
from chiron.screening.models import Batch, BatchRow, BundleChange, BundleState, Drift, Prevalence, Screening
from chiron.screening.tests.factories import HASH, NOW, batch_of, counts_of, screened
from chiron.screening.words import BundleStanding, Outcome
from chiron.tenancy.public import inside
from tests.town import Clinic

DECIDED = {"decision": "accepted", "decided_at": NOW}


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


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("a_decision_has_its_time", {"decision": "accepted"}),
        ("a_decision_has_its_time", {"decided_at": NOW}),
        ("only_a_patients_screening_is_released", {"released_at": NOW, **DECIDED}),
        ("a_confirmation_has_its_time", {"confirmed_at": NOW}),
    ],
)
def test_what_became_of_a_screening_has_its_time_and_its_patient(
    hilltop: Clinic, name: str, said: dict[str, Any]
) -> None:
    with inside(hilltop.id):
        with pytest.raises(IntegrityError, match=name), atomic(CLINICAL):
            screened(**said)

        assert not Screening.objects.exists()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("every_row_of_a_batch_came_to_something", {"done": 1}),
        ("every_row_of_a_batch_came_to_something", {"done": 3, "classified": 1, "abstained": 1, "refused": 1}),
        ("a_batch_runs_until_it_is_finished", {"state": "failed"}),
        ("a_batch_runs_until_it_is_finished", {"finished_at": NOW}),
        ("a_finished_batch_has_done_all_rows", {"state": "finished", "finished_at": NOW}),
    ],
)
def test_a_batch_counts_its_rows_and_ends_once(
    hilltop: Clinic, bundle: Bundle, name: str, said: dict[str, Any]
) -> None:
    with inside(hilltop.id):
        batch = batch_of(None, hilltop.who[Role.ADMIN], counts_of(2))

        with pytest.raises(IntegrityError, match=name), atomic(CLINICAL):
            Batch.objects.filter(id=batch.id).update(**said)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("a_line_of_a_batch_is_done_once", [{"line": 2, "errors": ["x"]}] * 2),
        ("a_line_is_screened_or_refused", [{"line": 2}]),
    ],
)
def test_a_line_comes_to_one_thing_once(
    hilltop: Clinic, bundle: Bundle, name: str, lines: list[dict[str, Any]]
) -> None:
    with inside(hilltop.id):
        batch = batch_of(None, hilltop.who[Role.ADMIN])

        with pytest.raises(IntegrityError, match=name), atomic(CLINICAL):
            BatchRow.objects.bulk_create(BatchRow(batch=batch, **said) for said in lines)


def test_a_bundle_has_one_state_and_each_version_of_it_one_change(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        row = BundleState.objects.create(bundle_hash=HASH, state=BundleStanding.VALIDATED)
        said = {"bundle": row, "version": 1, "state": row.state, "at": NOW, "words": b"sealed"}
        BundleChange.objects.create(**said)

        with pytest.raises(IntegrityError, match="a_bundle_stands_in_one_state"), atomic(CLINICAL):
            BundleState.objects.create(bundle_hash=HASH, state=BundleStanding.RETIRED)
        with pytest.raises(IntegrityError, match="a_bundle_changes_once_a_version"), atomic(CLINICAL):
            BundleChange.objects.create(**said)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_prevalence_is_a_share(hilltop: Clinic, share: float) -> None:
    with inside(hilltop.id), pytest.raises(IntegrityError, match="a_prevalence_is_a_share"), atomic(CLINICAL):
        Prevalence.objects.create(share=share, source="A guess", at=NOW)


def test_a_bundle_is_judged_once_a_week(hilltop: Clinic) -> None:
    said = {"bundle_hash": HASH, "week": NOW.date(), "rows": 1, "verdict": "too-few", "at": NOW}
    with inside(hilltop.id):
        Drift.objects.create(**said)

        with pytest.raises(IntegrityError, match="a_bundle_drifts_once_a_week"), atomic(CLINICAL):
            Drift.objects.create(**said)
