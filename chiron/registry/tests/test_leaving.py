"""A provider who stops leaves no patient without care (PRV-01)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from chiron.audit.models import Event
from chiron.identity.public import Role
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.ids import new_id
from chiron.registry import hooks
from chiron.registry.hooks import Tie
from chiron.registry.models import Assignment, Provider
from chiron.registry.services.people import assign
from chiron.registry.tests.factories import call, last_event, problem
from chiron.tenancy.public import inside
from tests.town import Clinic

GONE = {"family": "Asante", "given": ["Kwabena"], "active": False}


def leave(clinic: Clinic, provider_id: UUID, to: object = None, what: str = "doctors") -> Any:
    query = f"?reassign_to={to}" if to else ""
    return call(clinic.client(Role.ADMIN), "put", f"/{what}/{provider_id}{query}", GONE)


def cared_for(clinic: Clinic, provider_id: UUID) -> list[UUID]:
    with inside(clinic.id):
        open_ones = Assignment.objects.filter(provider_id=provider_id, until=None).order_by("patient_id")
        return list(open_ones.values_list("patient_id", flat=True))


def is_active(clinic: Clinic, provider_id: UUID) -> bool:
    with inside(clinic.id):
        return Provider.objects.get(id=provider_id).active


@pytest.mark.parametrize("what", ["doctors", "providers"])
def test_whoever_cares_for_somebody_does_not_leave(what: str, hilltop: Clinic) -> None:
    answer = leave(hilltop, hilltop.doctor_id, what=what)

    assert problem(answer) == (409, "provider-in-use")
    [tie] = answer.json()["in_the_way"]
    assert (tie["kind"], tie["patient_id"], answer.json()["count"]) == ("assignments", str(hilltop.patient_id), 1)
    assert is_active(hilltop, hilltop.doctor_id)
    assert cared_for(hilltop, hilltop.doctor_id) == [hilltop.patient_id]


def test_whom_nobody_needs_may_leave(hilltop: Clinic) -> None:
    assert leave(hilltop, hilltop.other_doctor_id).json()["doctor"]["active"] is False
    assert leave(hilltop, hilltop.other_doctor_id).status_code == 200


def test_another_takes_over(hilltop: Clinic) -> None:
    answer = leave(hilltop, hilltop.doctor_id, to=hilltop.other_doctor_id)

    assert answer.status_code == 200
    assert cared_for(hilltop, hilltop.doctor_id) == []
    assert cared_for(hilltop, hilltop.other_doctor_id) == [hilltop.patient_id]
    with inside(hilltop.id):
        [event] = Event.objects.using("clinical").filter(action="assignment.handed_over")
    assert event.subjects == [hilltop.patient_id]
    assert last_event(hilltop).action == "provider.updated"


def test_who_cares_for_the_patient_already_goes_on_doing_so(hilltop: Clinic) -> None:
    with inside(hilltop.id):
        admin = hilltop.who[Role.ADMIN]
        assign(by=admin, patient_id=hilltop.patient_id, provider_id=hilltop.other_doctor_id, now=now())

    assert leave(hilltop, hilltop.doctor_id, to=hilltop.other_doctor_id).status_code == 200
    assert cared_for(hilltop, hilltop.other_doctor_id) == [hilltop.patient_id]


def test_only_another_active_provider_of_the_organization_takes_over(hilltop: Clinic, riverside: Clinic) -> None:
    leave(hilltop, hilltop.other_doctor_id)

    for nobody in (hilltop.doctor_id, hilltop.other_doctor_id, riverside.doctor_id, new_id()):
        answer = leave(hilltop, hilltop.doctor_id, to=nobody)
        assert problem(answer) == (422, "invalid")
        assert answer.json()["errors"][0]["loc"] == ["query", "reassign_to"]
    assert problem(leave(hilltop, hilltop.doctor_id, to="nonsense")) == (422, "invalid")
    assert is_active(hilltop, hilltop.doctor_id)
    assert cared_for(hilltop, hilltop.doctor_id) == [hilltop.patient_id]


class Visits:
    """An app further up, which knows of one visit."""

    def __init__(self, *, willing: bool) -> None:
        self.willing, self.visit = willing, Tie("visits", new_id())
        self.standing_now = [self.visit]

    def standing(self, provider_id: UUID, now: datetime, /) -> Sequence[Tie]:
        return self.standing_now

    def hand_over(self, by: Caller, provider_id: UUID, to_id: UUID, now: datetime, /) -> None:
        if self.willing:
            self.standing_now = []


@pytest.fixture
def visits(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Visits:
    visits = Visits(willing=request.param)
    monkeypatch.setattr(hooks.Hooks, "ties", (*hooks.Hooks.ties, visits))
    return visits


@pytest.mark.parametrize("visits", [False], indirect=True)
def test_an_app_that_cannot_hand_over_keeps_everything_as_it_was(visits: Visits, hilltop: Clinic) -> None:
    answer = leave(hilltop, hilltop.doctor_id, to=hilltop.other_doctor_id)

    assert problem(answer) == (409, "provider-in-use")
    assert answer.json()["in_the_way"] == [{"kind": "visits", "id": str(visits.visit.id), "patient_id": None}]
    assert is_active(hilltop, hilltop.doctor_id)
    assert cared_for(hilltop, hilltop.doctor_id) == [hilltop.patient_id]


@pytest.mark.parametrize("visits", [True], indirect=True)
def test_every_app_hands_over(visits: Visits, hilltop: Clinic) -> None:
    assert problem(leave(hilltop, hilltop.other_doctor_id)) == (409, "provider-in-use")
    assert leave(hilltop, hilltop.doctor_id, to=hilltop.other_doctor_id).status_code == 200
