"""Who answers for the organization reads its trail; the patient reads who looked."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from chiron.audit.models import Event
from chiron.audit.public import access_log, record, record_platform
from chiron.audit.queries import OpenedEvent, Wanted, read_trail
from chiron.audit.tests.factories import ALICE, BRUNO, PAULA, doctor, officer, read_patient
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.db import atomic
from chiron.kernel.errors import NotPermitted
from chiron.kernel.ids import new_id
from chiron.kernel.pagination import Page
from chiron.kernel.schemas import PageQuery
from chiron.tenancy.public import inside

CLARA = UUID("01900000-0000-7000-8000-00000000c1a7")  # another patient


def trail_of(clinic: UUID, limit: int = 50, cursor: str | None = None, **wanted: object) -> Page[OpenedEvent]:
    with inside(clinic):
        return read_trail(officer(clinic), Wanted(**wanted), PageQuery(limit=limit, cursor=cursor))  # type: ignore[arg-type]


def actions(page: Page[OpenedEvent]) -> list[str]:
    return [opened.event.action for opened in page.rows]


def test_the_trail_is_read_newest_first_and_reading_it_is_an_event(clinic: UUID) -> None:
    read_patient(clinic)

    first, second = trail_of(clinic), trail_of(clinic)

    assert actions(first) == ["patient.read"]
    assert actions(second) == ["audit.read", "patient.read"]
    assert second.rows[0].event.account_id == PAULA


def test_what_was_searched_for_is_opened(clinic: UUID) -> None:
    with inside(clinic):
        record(doctor(clinic, address="192.0.2.7"), "patient.searched", payload={"query": "bru"})

    [opened] = trail_of(clinic).rows

    assert opened.said == {"address": "192.0.2.7", "details": {"query": "bru"}}


def test_each_filter_leaves_what_was_asked_for(clinic: UUID) -> None:
    with inside(clinic):
        record(doctor(clinic), "patient.read", subjects=[BRUNO, CLARA])
        record(doctor(clinic), "patient.searched", subjects=[CLARA])
        record(doctor(clinic), "patient.updated", outcome="denied")
    middle = now()
    with inside(clinic):
        record(Caller(account_id=PAULA, organization_id=clinic), "patient.exported", subjects=[BRUNO])

    assert actions(trail_of(clinic, patient_id=BRUNO)) == ["patient.exported", "patient.read"]
    assert actions(trail_of(clinic, account_id=ALICE)) == ["patient.updated", "patient.searched", "patient.read"]
    assert actions(trail_of(clinic, action="patient.searched")) == ["patient.searched"]
    assert actions(trail_of(clinic, outcome="denied")) == ["patient.updated"]
    assert actions(trail_of(clinic, until=middle)) == ["patient.updated", "patient.searched", "patient.read"]
    assert actions(trail_of(clinic, since=middle, action="patient.exported")) == ["patient.exported"]
    assert actions(trail_of(clinic, since=now() + timedelta(days=1))) == []


def test_reading_about_a_patient_is_an_event_about_that_patient(clinic: UUID) -> None:
    trail_of(clinic, patient_id=BRUNO)

    with inside(clinic):
        [event] = Event.objects.using("clinical").filter(action="audit.read")
    assert event.subjects == [BRUNO]


def test_pages_follow_each_other_without_gap_or_repetition(clinic: UUID) -> None:
    read_patient(clinic, 5)

    first = trail_of(clinic, limit=2, account_id=ALICE)
    read_patient(clinic)
    second = trail_of(clinic, limit=2, account_id=ALICE, cursor=first.next)
    third = trail_of(clinic, limit=2, account_id=ALICE, cursor=second.next)

    ids = [opened.event.id for page in (first, second, third) for opened in page.rows]
    assert len(ids) == 5
    assert ids == sorted(set(ids), reverse=True)
    assert third.next is None


def test_without_permission_nothing_is_read_or_recorded(clinic: UUID) -> None:
    read_patient(clinic)

    with pytest.raises(NotPermitted), inside(clinic):
        read_trail(doctor(clinic), Wanted(), PageQuery())

    with inside(clinic):
        assert Event.objects.using("clinical").count() == 1


def test_the_trail_of_another_organization_is_refused(clinic: UUID) -> None:
    with pytest.raises(NotPermitted), inside(clinic):
        read_trail(officer(new_id()), Wanted(), PageQuery())


def test_the_platform_shows_an_organization_its_own_sign_ins(hilltop: Any) -> None:
    with atomic("accounts"):
        record_platform(doctor(hilltop.id, address="192.0.2.7"), "session.opened")
        record_platform(doctor(new_id()), "session.opened")

    [opened] = trail_of(hilltop.id, source="platform", account_id=ALICE).rows

    assert (opened.event.action, opened.event.organization_id) == ("session.opened", hilltop.id)
    assert opened.said == {"address": "192.0.2.7"}


def test_a_patient_sees_who_looked_and_nothing_of_others(clinic: UUID) -> None:
    with inside(clinic):
        record(doctor(clinic), "patient.read", resource="patients", resource_id=BRUNO, subjects=[BRUNO])
        record(doctor(clinic), "patient.read", resource="patients", resource_id=CLARA, subjects=[CLARA])
        record(doctor(clinic), "record.read", resource="records", subjects=[CLARA, BRUNO], outcome="denied")

    with inside(clinic):
        log = access_log(clinic, BRUNO, PageQuery())

    assert [(access.action, access.account_id, access.roles, access.outcome) for access in log.rows] == [
        ("record.read", ALICE, ["DOCTOR"], "denied"),
        ("patient.read", ALICE, ["DOCTOR"], "success"),
    ]
    assert log.next is None
