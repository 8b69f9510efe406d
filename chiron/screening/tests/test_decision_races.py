"""Two at one screening at once: committed for real, in an organization of their own."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from django.db import connections

from chiron.identity.public import Role
from chiron.kernel.access import Caller
from chiron.kernel.ids import new_id
from chiron.registry.tests.factories import registered
from chiron.registry.tests.test_races import until_somebody_waits
from chiron.screening.models import Screening
from chiron.screening.sealing import change
from chiron.screening.services import deciding
from chiron.screening.services.confirming import link_results
from chiron.screening.tests.factories import NOW, screened
from chiron.screening.tests.test_confirming import LATER, measured
from chiron.screening.words import Decision
from chiron.tenancy.public import inside
from tests.town import Clinic


def test_of_two_decisions_at_once_the_later_one_follows_the_earlier(
    lakeside: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    by = Caller(organization_id=lakeside.id, account_id=new_id(), roles=frozenset({Role.DOCTOR}))
    with inside(lakeside.id):
        screening_id = screened(made_by=by.account_id).id
    begun = threading.Event()

    def slowly(*of: Any, **said: Any) -> None:
        monkeypatch.setattr(deciding, "change", change)
        begun.set()
        until_somebody_waits()
        change(*of, **said)

    def decide(decision: Decision) -> int:
        try:
            with inside(lakeside.id):
                return deciding.decide(
                    by=by, screening_id=screening_id, decision=decision, reason="Seen", if_match=None, now=NOW
                ).version
        finally:
            connections.close_all()

    monkeypatch.setattr(deciding, "change", slowly)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(decide, Decision.ACCEPTED)
        begun.wait(30)
        second = pool.submit(decide, Decision.OVERRIDDEN)
        assert (first.result(60), second.result(60)) == (2, 3)

    with inside(lakeside.id):
        assert Screening.objects.get().decision == Decision.OVERRIDDEN


def test_a_result_is_not_linked_to_a_screening_that_somebody_changes(lakeside: Clinic) -> None:
    lakeside.patient_id = UUID(registered(lakeside, role=Role.ADMIN)["id"])

    def link() -> int:
        try:
            with inside(lakeside.id):
                return link_results(LATER)
        finally:
            connections.close_all()

    with inside(lakeside.id):
        screened(lakeside.patient_id)
        measured(lakeside)
    with ThreadPoolExecutor(1) as pool:
        with inside(lakeside.id):
            Screening.objects.select_for_update().get()
            assert pool.submit(link).result(timeout=20) == 0
        assert pool.submit(link).result(timeout=20) == 1
