"""A model whose patients change is judged once a week, and suspended where they have changed too much."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL
from chiron.notifications.public import Notification
from chiron.screening.blood.features import FEATURES
from chiron.screening.model.bundles import SCORES, Bundle
from chiron.screening.model.drift import FEWEST, reference_of
from chiron.screening.models import BundleChange, BundleState, Drift, Screening
from chiron.screening.services.bundles import Words, change_state
from chiron.screening.services.drifting import judge, monday_of
from chiron.screening.tests.bundles import put
from chiron.screening.tests.factories import NOW, screened
from chiron.screening.words import BundleStanding
from chiron.tenancy.public import Organization, inside
from chiron.vault.public import organization_safe

MCV = FEATURES.index("mcv")
WEEK = timedelta(weeks=1)
ADMIN = Caller(roles=frozenset({Role.ADMIN}))


def people(seed: int, number: int = FEWEST, *, mcv: float = 90.0) -> Any:
    """Counts of people, all alike but for chance and the mean of one column."""
    rows = np.random.default_rng(seed).normal(size=(number, len(FEATURES)))
    rows[:, MCV] = rows[:, MCV] * 5 + mcv
    return rows


@pytest.fixture
def bundle(shelved: Path) -> Bundle:
    """A bundle that was trained on people with an MCV of 90 fL, give or take 5."""
    trained = people(1, 20_000)
    reference = {name: reference_of(column) for name, column in zip(FEATURES, trained.T, strict=True)}
    scores = np.random.default_rng(2).dirichlet((80, 15, 5), 20_000)
    reference |= {name: reference_of(column) for name, column in zip(SCORES, scores.T, strict=True)}
    return put(shelved, reference=reference)


def asked(bundle: Bundle, rows: Any, **said: Any) -> None:
    """Screenings of these people by that bundle, without what would be sealed."""
    scores = np.random.default_rng(3).dirichlet((80, 15, 5), len(rows)).tolist()
    Screening.objects.bulk_create(
        Screening(
            **{
                "made_at": NOW - WEEK,
                "mode": "clinical",
                "bundle_hash": bundle.content_hash,
                "bundle_version": "1",
                "outcome": "classified",
                "features": row,
                "inputs": b"",
                "result": b"",
            }
            | dict(zip(SCORES, answer, strict=True))
            | said
        )
        for row, answer in zip(rows.tolist(), scores, strict=True)
    )


def activate(bundle: Bundle) -> None:
    for state in (BundleStanding.VALIDATED, BundleStanding.ACTIVE):
        words = Words("Dr Ama Mensah", "Validated here.")
        change_state(by=ADMIN, content_hash=bundle.content_hash, state=state, words=words, now=NOW - 2 * WEEK)


def state_of(bundle: Bundle) -> str:
    return BundleState.objects.get(bundle_hash=bundle.content_hash).state


def told() -> set[Any]:
    return set(Notification.objects.filter(kind="model.drifted").values_list("account_id", flat=True))


def test_people_like_those_of_the_training_are_no_drift(fresh_organization: Organization, bundle: Bundle) -> None:
    with inside(fresh_organization.id):
        activate(bundle)
        asked(bundle, people(4))

        [drift] = judge(NOW)

        assert (drift.bundle_hash, drift.week, drift.rows) == (bundle.content_hash, date(2031, 3, 3), FEWEST)
        assert (drift.verdict, drift.indices.keys()) == ("stable", {*FEATURES, *SCORES})
        assert state_of(bundle) == "active"
        assert told() == set()


def test_people_who_changed_suspend_the_model_and_those_who_answer_are_told(hilltop: Any, bundle: Bundle) -> None:
    with inside(hilltop.id):
        activate(bundle)
        asked(bundle, people(4, mcv=94.0))

        [drift] = judge(NOW)

        assert drift.verdict == "alarm"
        assert max(drift.indices, key=drift.indices.get) == "mcv"
        assert drift.worst == drift.indices["mcv"] > 0.25
        assert state_of(bundle) == "suspended"
        assert told() == {hilltop.who[Role.ADMIN].account_id, hilltop.who[Role.PRIVACY_OFFICER].account_id}
        change = BundleChange.objects.latest("version")
        words = organization_safe(hilltop.id).open(change, "words")
        assert words == {
            "person": "Chiron",
            "reason": f"Drift in the week of 2031-03-03: mcv {drift.worst:.2f}. Alarm at 0.25.",
        }
        assert change.account_id is None
    with inside(hilltop.id):
        event = Event.objects.using(CLINICAL).filter(action="screening_model.changed").latest("id")
        assert event.resource_id == change.bundle_id


def test_a_warning_tells_and_suspends_nothing(hilltop: Any, bundle: Bundle) -> None:
    with inside(hilltop.id):
        activate(bundle)
        asked(bundle, people(4, mcv=91.6))

        [drift] = judge(NOW)

        assert drift.verdict == "warning"
        assert state_of(bundle) == "active"
        assert told() == {hilltop.who[Role.ADMIN].account_id, hilltop.who[Role.PRIVACY_OFFICER].account_id}


def test_a_week_is_judged_once(hilltop: Any, bundle: Bundle) -> None:
    with inside(hilltop.id):
        activate(bundle)
        asked(bundle, people(4, mcv=94.0))
        judge(NOW)
        before = Notification.objects.count(), BundleChange.objects.count()

        assert judge(NOW + timedelta(days=6)) == []

        assert (Notification.objects.count(), BundleChange.objects.count()) == before
        assert Drift.objects.count() == 1
        assert len(judge(NOW + WEEK)) == 1


def test_too_few_are_not_judged(fresh_organization: Organization, bundle: Bundle) -> None:
    with inside(fresh_organization.id):
        activate(bundle)
        asked(bundle, people(4, FEWEST - 1, mcv=120.0))

        [drift] = judge(NOW)

        assert (drift.verdict, drift.rows, drift.indices) == ("too-few", FEWEST - 1, {})
        assert state_of(bundle) == "active"
        assert told() == set()


def test_a_model_that_is_not_active_is_judged_and_nobody_is_told(hilltop: Any, bundle: Bundle) -> None:
    with inside(hilltop.id):
        asked(bundle, people(4, mcv=94.0))

        [drift] = judge(NOW)

        assert drift.verdict == "alarm"
        assert not BundleState.objects.exists()
        assert told() == set()


def test_only_those_count_of_whom_the_model_was_asked_in_the_last_four_weeks(
    fresh_organization: Organization, bundle: Bundle
) -> None:
    none = dict.fromkeys(SCORES)
    with inside(fresh_organization.id):
        asked(bundle, people(5, 10, mcv=120.0), made_at=NOW - 4 * WEEK)
        asked(bundle, people(6, 20, mcv=120.0), outcome="abstained", reasons=["pregnant"], **none)
        asked(bundle, people(7, 30), outcome="abstained", reasons=["outside-training"], **none)
        asked(bundle, people(8, 40))

        [drift] = judge(NOW)

        assert drift.rows == 70


def test_what_is_missing_more_often_than_in_training_is_drift(fresh_organization: Organization, bundle: Bundle) -> None:
    rows = people(4).astype(object)
    rows[:60, FEATURES.index("basophils")] = None
    with inside(fresh_organization.id):
        asked(bundle, rows)

        [drift] = judge(NOW)

        assert drift.verdict == "alarm"
        assert max(drift.indices, key=drift.indices.get) == "basophils"


def test_of_whom_an_erasure_left_nothing_nothing_is_known(fresh_organization: Organization, bundle: Bundle) -> None:
    with inside(fresh_organization.id):
        asked(bundle, people(4))
        asked(bundle, people(5, 5), features=[], **dict.fromkeys(SCORES))

        [drift] = judge(NOW)

        assert drift.rows == FEWEST


def test_a_screening_by_a_model_that_is_away_is_not_judged(fresh_organization: Organization, bundle: Bundle) -> None:
    with inside(fresh_organization.id):
        screened(made_at=NOW - WEEK)

        assert judge(NOW) == []


@pytest.mark.parametrize("day", range(3, 10))
def test_a_week_begins_on_monday(day: int) -> None:
    assert monday_of(NOW.replace(day=day)) == date(2031, 3, 3)


def test_who_lacks_a_line_that_the_model_needs_is_judged_too(fresh_organization: Organization, bundle: Bundle) -> None:
    with inside(fresh_organization.id):
        asked(bundle, people(4))
        asked(bundle, people(6, 1), outcome="abstained", reasons=["not-measured"], **dict.fromkeys(SCORES))

        [drift] = judge(NOW)

        assert drift.rows == FEWEST + 1
