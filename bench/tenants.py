"""Making and migrating organizations against their floor: the same DDL, sent by bare psycopg on one open connection.

The floor makes a schema and its tables in one durable transaction each: no role, no grants, no note of migrations, no
key, no row of the organization, no audit event. Its migration is the new SQL, in one transaction each, in turn.
"""

import os
import statistics
import time
from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from bench.ground import Cost, alternating, ratio

ORGANIZATIONS, AT_A_TIME, ROUNDS = 200, 20, 5
NEW = """
    CREATE TABLE bench_{round} (id uuid PRIMARY KEY, name text NOT NULL, patient_id uuid NOT NULL
        REFERENCES registry_patient (id));
    CREATE INDEX bench_{round}_by_patient ON bench_{round} (patient_id);
    ALTER TABLE registry_department ADD COLUMN bench_{round} text NOT NULL DEFAULT ''
"""
PLANT = """
    INSERT INTO template.django_migrations (app, name, applied) VALUES ('registry', %s, now());
    INSERT INTO template.replay (app, name, sql, python) VALUES ('registry', %s, %s, false)
"""
Work = Callable[[], object]


def measure(organizations: int = ORGANIZATIONS, at_a_time: int = AT_A_TIME, rounds: int = ROUNDS) -> None:
    """Measure in the installation that stands, and print the figures."""
    with owner() as held:
        floor = Floor(held)
        made = alternating(
            organizations // at_a_time,
            lambda: timed(lambda: make(at_a_time)),
            lambda: timed(lambda: floor.make(at_a_time)),
        )
        print(f"making {organizations} organizations, {at_a_time} at a time in turns, wall time")
        tell("made, of plain DDL", made, at_a_time)
        print(f"migrating {organizations} organizations, {rounds} alternating rounds, wall time")
        cores = os.cpu_count() or 1
        for workers in sorted({1, cores}):
            numbers = iter(range(workers * 1000, workers * 1000 + rounds))
            tell(f"{workers} at a time, of plain SQL", [migrated(floor, next(numbers), workers) for _ in range(rounds)],
                 organizations)  # fmt: skip
        idle = [timed(lambda: replay(cores)).wall / organizations * 1000 for _ in range(rounds)]
        print(f"  {'nothing to do':28} {statistics.median(idle):6.1f} ms each")


def tell(what: str, pairs: Sequence[tuple[Cost, Cost]], each: int) -> None:
    own, floor = (statistics.median(cost.wall for cost in costs) / each * 1000 for costs in zip(*pairs, strict=True))
    print(f"  {what:28} {ratio(pairs, 'wall')}   {own:6.1f} ms each, plain {floor:6.1f} ms")


def owner() -> "psycopg.Connection[Any]":
    """The owner's login, with which both sides make tables."""
    from django.conf import settings

    where = settings.OWNER_DATABASES["clinical"]
    return psycopg.connect(
        host=where["HOST"], port=where["PORT"], user=where["USER"], password=where["PASSWORD"], dbname=where["NAME"]
    )


class Floor:
    """Plain DDL: schemas that nobody guards."""

    def __init__(self, held: "psycopg.Connection[Any]") -> None:
        self.held = held
        steps = held.execute("SELECT sql FROM template.replay ORDER BY number").fetchall()
        self.tables = "\n;\n".join(sql for (sql,) in steps)
        self.schemas: list[str] = []

    def make(self, number: int) -> None:
        for _ in range(number):
            schema = f"plain_{len(self.schemas)}"
            self.held.execute(f"CREATE SCHEMA {schema}; SET LOCAL search_path TO {schema}")
            self.held.execute(self.tables)
            self.held.commit()
            self.schemas.append(schema)

    def migrate(self, sql: str) -> None:
        for schema in self.schemas:
            self.held.execute(f"SET LOCAL search_path TO {schema}")
            self.held.execute(sql)
            self.held.commit()


def make(number: int) -> None:
    from chiron.identity.public import create_organization
    from chiron.kernel.access import Caller
    from chiron.kernel.ids import new_id

    for _ in range(number):
        create_organization(by=Caller(operator=True), slug=f"o{new_id().hex[:30]}", name="Bench")


def migrated(floor: Floor, number: int, workers: int) -> tuple[Cost, Cost]:
    """One new migration over all organizations, then the same SQL over the floor's schemas."""
    sql, name = NEW.format(round=number), f"{number}_bench"
    floor.held.execute("SET LOCAL search_path TO template")
    floor.held.execute(sql)
    with floor.held.cursor() as cursor:
        for statement, values in zip(PLANT.split(";"), ([name], [name, sql]), strict=True):
            cursor.execute(statement, values)
    floor.held.commit()
    return timed(lambda: replay(workers)), timed(lambda: floor.migrate(sql))


def replay(workers: int) -> None:
    from chiron.tenancy.everywhere import replay_everywhere
    from chiron.tenancy.public import all_organizations
    from chiron.tenancy.replay import steps

    faults = [fault for _, fault in replay_everywhere(all_organizations(), steps(), workers=workers) if fault]
    if faults:
        raise RuntimeError(faults[0])


def timed(work: Work) -> Cost:
    before = time.perf_counter()
    work()
    return Cost(wall=time.perf_counter() - before, processor=0)
