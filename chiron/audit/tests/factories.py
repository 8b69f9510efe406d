"""A trail to try things on, and somebody who may change what nobody may."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from chiron.audit.canonical import event_bytes
from chiron.audit.findings import Report
from chiron.audit.models import Event
from chiron.audit.public import record, seal, verify
from chiron.audit.signing import mac_of
from chiron.kernel.access import Caller
from chiron.kernel.clock import now
from chiron.kernel.db import cursor
from chiron.kernel.ids import new_id
from chiron.postgres.owner import as_owner
from chiron.tenancy.public import inside, schema_of

ALICE = UUID("01900000-0000-7000-8000-0000000a11ce")  # a doctor
BRUNO = UUID("01900000-0000-7000-8000-000000b20000")  # a patient
PAULA = UUID("01900000-0000-7000-8000-00000000a01a")  # a privacy officer


def doctor(organization_id: UUID, **more: Any) -> Caller:
    return Caller(account_id=ALICE, organization_id=organization_id, roles=frozenset({"DOCTOR"}), **more)


def officer(organization_id: UUID) -> Caller:
    return Caller(account_id=PAULA, organization_id=organization_id, roles=frozenset({"PRIVACY_OFFICER"}))


def read_patient(organization_id: UUID, times: int = 1) -> None:
    """Alice reads Bruno's file, each time in a transaction of its own."""
    for _ in range(times):
        with inside(organization_id):
            record(doctor(organization_id), "patient.read", resource="patients", resource_id=BRUNO, subjects=[BRUNO])


def sealed_trail(organization_id: UUID, *sections: int) -> list[UUID]:
    """A trail with a head after each of these numbers of events; answers the events in the order of sealing."""
    for events in sections:
        read_patient(organization_id, events)
        assert seal("clinical", organization_id) == events
    return [event for event, *_ in rows(organization_id, "SELECT event_id FROM audit_leaf ORDER BY seq")]


def write_many(organization_id: UUID, events: int) -> None:
    """Authentic events, copied in at once."""
    columns = [field.column for field in Event._meta.concrete_fields if field.name != "xid"]
    with owner(organization_id) as held, held.copy(f"COPY audit_event ({', '.join(columns)}) FROM STDIN") as copy:
        for _ in range(events):
            about = {"organization_id": organization_id, "account_id": ALICE, "subjects": [BRUNO], "action": "x"}
            event = Event(id=new_id(), at=now(), **about)
            event.mac = mac_of(organization_id, event_bytes(event))
            copy.write_row([getattr(event, column) for column in columns])


@contextmanager
def owner(organization_id: UUID) -> Iterator[Any]:
    """A cursor of the login that owns the tables, on the tables of one organization."""
    with as_owner("clinical"), cursor("clinical") as held:
        held.execute(f"SET search_path TO {schema_of(organization_id)}")
        yield held


@contextmanager
def unguarded(organization_id: UUID) -> Iterator[Any]:
    """The same, with the triggers off: somebody who owns the database, and changes what is never changed."""
    with owner(organization_id) as held:
        for table in ("audit_event", "audit_leaf", "audit_head"):
            held.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield held
        for table in ("audit_event", "audit_leaf", "audit_head"):
            held.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def tamper(organization_id: UUID, *statements: str) -> None:
    """Change what is in a trail."""
    with unguarded(organization_id) as held:
        for statement in statements:
            held.execute(statement)
            assert held.rowcount > 0, statement


def rows(organization_id: UUID, query: str, params: Sequence[Any] = ()) -> list[Any]:
    with owner(organization_id) as held:
        held.execute(query, params)
        return list(held.fetchall())


def examined(organization_id: UUID, **how: Any) -> Report:
    return verify(organization_id, now=now(), patience=timedelta(0), **how)


def told(report: Report) -> list[tuple[str, int | None, UUID | None, int | None]]:
    """What the findings name: kind, leaf, event, head."""
    return [(finding.kind.value, finding.seq, finding.event_id, finding.head) for finding in report.findings]


def forged(organization_id: UUID) -> Event:
    """An event that looks like ours, by somebody without the key."""
    return Event(
        id=new_id(), at=now(), organization_id=organization_id, account_id=ALICE, action="patient.read", mac=bytes(32)
    )
