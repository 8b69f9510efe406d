"""Sealing while sixteen writers write, against the same leaves put into a plain table by bare COPY.

The floor reads, hashes, builds and signs nothing, elects nobody and copies no head. The sealer always has a backlog, so
what is measured is how fast it works it off while others write.
"""

import os
import signal
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any
from uuid import UUID

import psycopg

from bench.ground import Cost, alternating, ratio
from bench.tenants import owner

BATCH, ROUNDS, PROCESSES, THREADS = 5000, 9, 4, 4


def measure(rounds: int = ROUNDS, batch: int = BATCH) -> None:
    """Measure in the installation that stands, and print the figures."""
    from chiron.identity.public import create_organization
    from chiron.kernel.access import Caller
    from chiron.kernel.ids import new_id

    organization = create_organization(by=Caller(operator=True), slug=f"o{new_id().hex[:30]}", name="Bench")
    with owner() as held:
        fill(held, organization.id, rounds * batch)
        before, began = written(held, organization.id), time.perf_counter()
        with writers(organization.id):
            pairs = alternating(rounds, lambda: seal(organization.id, batch), lambda: copy(held, batch))
        rate = (written(held, organization.id) - before) / (time.perf_counter() - began)
    sealed = batch / statistics.median(own.wall for own, _ in pairs)
    print(
        f"sealing {rounds * batch:,} events, {batch:,} in a pass, while {PROCESSES * THREADS} writers write, wall time"
    )
    print(
        f"  {'sealed, of bare COPY':28} {ratio(pairs, 'wall')}"
        f"   {sealed:,.0f} events/s, written meanwhile {rate:,.0f}/s"
    )


def fill(held: "psycopg.Connection[Any]", organization_id: UUID, events: int) -> None:
    """A backlog of authentic events."""
    from chiron.audit.canonical import event_bytes
    from chiron.audit.models import Event
    from chiron.audit.signing import mac_of
    from chiron.kernel.clock import now
    from chiron.kernel.ids import new_id
    from chiron.tenancy.public import schema_of

    columns = [field.column for field in Event._meta.concrete_fields if field.name != "xid"]
    held.execute(f"SET search_path TO {schema_of(organization_id)}")
    held.execute("CREATE TABLE plain_leaf (seq bigint PRIMARY KEY, event_id uuid UNIQUE, hash bytea)")
    with held.cursor() as cursor, cursor.copy(f"COPY audit_event ({', '.join(columns)}) FROM STDIN") as rows:
        for _ in range(events):
            event = Event(id=new_id(), at=now(), organization_id=organization_id, subjects=[new_id()], action="x.read")
            event.mac = mac_of(organization_id, event_bytes(event))
            rows.write_row([getattr(event, column) for column in columns])
    held.commit()


def written(held: "psycopg.Connection[Any]", organization_id: UUID) -> int:
    from chiron.tenancy.public import schema_of

    [count] = held.execute(f"SELECT count(*) FROM {schema_of(organization_id)}.audit_event").fetchall()[0]
    held.commit()
    return int(count)


@contextmanager
def writers(organization_id: UUID) -> Iterator[None]:
    """Processes whose threads write events, each in a transaction of its own, until the block ends."""
    from chiron.kernel.db import close_connections

    close_connections()
    started = [fork_writer(organization_id) for _ in range(PROCESSES)]
    try:
        yield
    finally:
        for process in started:
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)


def fork_writer(organization_id: UUID) -> int:
    process = os.fork()
    if process == 0:
        write_for_ever(organization_id)
    return process


def write_for_ever(organization_id: UUID) -> None:
    threads = [Thread(target=write, args=(organization_id,)) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os._exit(0)


def write(organization_id: UUID) -> None:
    from chiron.audit.public import record
    from chiron.kernel.access import Caller
    from chiron.kernel.ids import new_id
    from chiron.tenancy.public import inside

    caller = Caller(account_id=new_id(), organization_id=organization_id, roles=frozenset({"DOCTOR"}))
    while True:
        with inside(organization_id):
            record(caller, "patient.read", resource="patients", subjects=[new_id()])


def seal(organization_id: UUID, batch: int) -> Cost:
    from chiron.audit.public import seal

    began = time.perf_counter()
    if seal("clinical", organization_id, batch) != batch:
        raise RuntimeError("the backlog ran out")
    return Cost(wall=time.perf_counter() - began, processor=0)


def copy(held: "psycopg.Connection[Any]", batch: int) -> Cost:
    """The floor: as many leaves, put into a plain table and committed."""
    from chiron.kernel.ids import new_id

    [first] = held.execute("SELECT coalesce(max(seq), 0) + 1 FROM plain_leaf").fetchall()[0]
    leaves = [(first + number, new_id(), bytes(32)) for number in range(batch)]
    began = time.perf_counter()
    with held.cursor() as cursor, cursor.copy("COPY plain_leaf FROM STDIN") as rows:
        for leaf in leaves:
            rows.write_row(leaf)
    held.commit()
    return Cost(wall=time.perf_counter() - began, processor=0)
