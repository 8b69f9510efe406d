"""Events commit with what they tell of, or not at all, and nobody changes them afterwards."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError

from chiron.audit.canonical import event_bytes
from chiron.audit.models import Event
from chiron.audit.public import record, record_platform
from chiron.audit.signing import mac_of
from chiron.audit.tests.factories import ALICE, BRUNO, doctor, owner, read_patient, rows, sealed_trail
from chiron.audit.trails import Trail, connect, within
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.db import atomic, cursor
from chiron.kernel.ids import NIL, new_id
from chiron.tenancy.public import inside
from chiron.vault.public import organization_safe, platform_safe

SESSION = UUID("01900000-0000-7000-8000-000000005e55")
CHANGES = ("UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}")
COLUMNS = {"audit_event": "action", "audit_leaf": "hash", "audit_head": "root"}


def changes() -> list[str]:
    return [change.format(table, column, column) for table, column in COLUMNS.items() for change in CHANGES]


def events_of(clinic: UUID) -> list[Event]:
    with inside(clinic):
        return list(Event.objects.using("clinical").order_by("id"))


def test_an_event_says_who_did_what_to_whom_from_where(clinic: UUID) -> None:
    by = doctor(clinic, session_id=SESSION, request_id="r-1", address="192.0.2.7", device="Firefox")

    with inside(clinic):
        record(by, "patient.searched", resource="patients", subjects=[BRUNO, ALICE, BRUNO], payload={"query": "bru"})

    [event] = events_of(clinic)
    assert (event.account_id, event.organization_id, event.session_id, event.on_behalf_of) == (
        ALICE,
        clinic,
        SESSION,
        None,
    )
    assert (event.roles, event.purpose, event.request_id) == (["DOCTOR"], "TREAT", "r-1")
    assert (event.action, event.outcome) == ("patient.searched", "success")
    assert (event.resource, event.resource_id, event.subjects) == ("patients", None, [BRUNO, ALICE])
    assert timedelta(0) <= now() - event.at < timedelta(minutes=1)
    with inside(clinic):
        said = organization_safe(clinic).open(event, "payload")
    assert said == {"address": "192.0.2.7", "device": "Firefox", "details": {"query": "bru"}}


def test_an_event_read_back_is_authentic_to_the_microsecond(clinic: UUID) -> None:
    read_patient(clinic)

    [event] = events_of(clinic)

    assert event.mac == mac_of(clinic, event_bytes(event))


def test_where_the_caller_is_and_what_was_asked_is_in_no_column(clinic: UUID) -> None:
    with inside(clinic):
        record(doctor(clinic, address="192.0.2.7", device="Firefox"), "patient.searched", payload={"query": "Zzyzx"})

    [[everything]] = rows(clinic, "SELECT e::text || encode(payload, 'escape') FROM audit_event e")
    assert not [word for word in ("192.0.2.7", "Firefox", "Zzyzx") if word in everything]


def test_an_event_that_cannot_be_written_fails_its_transaction(clinic: UUID) -> None:
    def read_twice() -> None:
        with inside(clinic):
            record(doctor(clinic), "patient.read")
            record(doctor(clinic), "patient.read", outcome="unheard of")  # type: ignore[arg-type]

    with pytest.raises(IntegrityError, match="an_outcome_is_known"):
        read_twice()

    assert events_of(clinic) == []


def test_an_event_vanishes_with_its_transaction(clinic: UUID) -> None:
    def change_of_mind() -> None:
        with inside(clinic):
            record(doctor(clinic), "patient.created")
            raise LookupError

    with pytest.raises(LookupError):
        change_of_mind()

    assert events_of(clinic) == []


@pytest.mark.django_db(databases=["accounts"])
def test_a_sign_in_is_an_event_of_the_platform() -> None:
    by = Caller(account_id=ALICE, organization_id=(organization := new_id()), address="192.0.2.7")

    with atomic("accounts"):
        record_platform(by, "session.refused", resource="sessions", outcome="denied")

    [event] = Event.objects.using("accounts").filter(organization_id=organization)
    assert (event.action, event.outcome, event.account_id) == ("session.refused", "denied", ALICE)
    assert event.mac == mac_of(NIL, event_bytes(event))
    assert platform_safe().open(event, "payload") == {"address": "192.0.2.7"}


@pytest.mark.parametrize("change", changes())
def test_the_runtime_login_can_change_nothing(clinic: UUID, change: str) -> None:
    sealed_trail(clinic, 2)
    before = whole_trail(clinic)

    with pytest.raises(DatabaseError, match="permission denied"), inside(clinic), cursor("clinical") as held:
        held.execute(change)

    assert whole_trail(clinic) == before


@pytest.mark.parametrize("change", changes())
def test_even_the_owner_is_refused_by_the_triggers(clinic: UUID, change: str) -> None:
    sealed_trail(clinic, 2)
    before = whole_trail(clinic)

    with pytest.raises(DatabaseError), owner(clinic) as held:
        held.execute(change)

    assert whole_trail(clinic) == before


@pytest.mark.parametrize("table", ["audit_leaf", "audit_head", "audit_watermark"])
def test_the_runtime_login_cannot_seal(clinic: UUID, table: str) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), inside(clinic), cursor("clinical") as held:
        held.execute(f"INSERT INTO {table} DEFAULT VALUES")


@pytest.mark.parametrize(
    "change", [*changes(), "INSERT INTO audit_event DEFAULT VALUES", "DELETE FROM audit_watermark"]
)
def test_the_sealer_can_only_add(clinic: UUID, change: str) -> None:
    sealed_trail(clinic, 2)
    before = whole_trail(clinic)

    with (
        connect("clinical") as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
        within(connection, Trail(clinic)) as held,
    ):
        held.execute(change)

    assert whole_trail(clinic) == before


def whole_trail(clinic: UUID) -> list[Any]:
    return [rows(clinic, f"SELECT * FROM {table} ORDER BY 1") for table in COLUMNS]
