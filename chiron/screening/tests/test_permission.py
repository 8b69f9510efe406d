"""Each verb asks for permission itself, whoever calls it, and what was read is in the trail."""

from collections.abc import Callable
from typing import Any

import pytest

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.access import Caller
from chiron.kernel.db import CLINICAL
from chiron.kernel.errors import NotPermitted
from chiron.kernel.ids import NIL
from chiron.kernel.schemas import PageQuery
from chiron.screening import queries_batches, watching
from chiron.screening.model.bundles import Bundle
from chiron.screening.queries import Sought, list_screenings
from chiron.screening.services import arrivals, bundles, opting, prevalence
from chiron.screening.tests.factories import HASH, NOW, batch_of, screened
from chiron.screening.words import BundleStanding
from chiron.tenancy.public import inside
from tests.town import Clinic

PAGE = PageQuery()
WORDS = bundles.Words("Dr Ama Mensah", "Validated here.")
VERBS: list[Callable[[Caller], Any]] = [
    lambda by: watching.list_drift(by, PAGE),
    lambda by: watching.drift_for(by, NIL),
    lambda by: watching.drift_by_week(by, 1),
    watching.measured_outcomes,
    bundles.list_bundles,
    lambda by: bundles.read_bundle(by, HASH),
    lambda by: bundles.change_state(by=by, content_hash=HASH, state=BundleStanding.RETIRED, words=WORDS, now=NOW),
    prevalence.read_prevalence,
    lambda by: prevalence.list_prevalences(by, PAGE),
    lambda by: prevalence.say_prevalence(by=by, share=0.1, source="A guess", now=NOW),
    lambda by: queries_batches.list_batches(by, PAGE),
    lambda by: batch_of(None, by),
    lambda by: list_screenings(by, Sought(), PAGE),
    lambda by: arrivals.admit_screenings(by=by, arrivals=[], now=NOW),
    lambda by: opting.list_opt_outs(by, PAGE),
]


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_refuses_whom_the_policy_gives_nothing(
    hilltop: Clinic, bundle: Bundle, verb: Callable[[Caller], Any]
) -> None:
    with inside(hilltop.id), pytest.raises(NotPermitted):
        verb(hilltop.who[Role.BILLER])


def test_what_was_listed_and_read_is_in_the_trail(hilltop: Clinic, bundle: Bundle) -> None:
    admin = hilltop.who[Role.ADMIN]
    with inside(hilltop.id):
        screened(hilltop.patient_id)
        batch = batch_of(None, admin)

        list_screenings(admin, Sought(), PAGE)
        opting.list_opt_outs(admin, PAGE)
        opting.read_opt_out(admin, hilltop.patient_id)
        queries_batches.list_batches(admin, PAGE)
        queries_batches.read_batch(admin, batch.id)
        prevalence.say_prevalence(by=admin, share=0.1, source="A guess", now=NOW)

        events = Event.objects.using(CLINICAL).order_by("id")
        told = [(each.action, each.subjects) for each in events if not each.action.endswith("begun")]
    of_patient = [hilltop.patient_id]
    assert told[-6:] == [
        ("screening.listed", of_patient), ("screening-optout.listed", []), ("screening-optout.read", of_patient),
        ("screening-batch.listed", []), ("screening-batch.read", []), ("screening_prevalence.said", []),
    ]  # fmt: skip
