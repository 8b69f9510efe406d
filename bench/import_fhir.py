"""Importing FHIR bundles against its floor: the same rows and ciphertext, written by bare psycopg.

Both read the same files and write, file by file in one durable transaction each, to organizations made for the round.
The floor parses with orjson, seals with one AES-GCM call a value and inserts with `executemany`: it maps nothing,
indexes nothing, decides nothing. Rounds alternate; per core means per second of processor time of this process and of
its PostgreSQL backend together.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import sql
from psycopg.types.json import Jsonb

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = ROOT.parent / "shared" / "data" / "fhir"
TICKS = os.sysconf("SC_CLK_TCK")
HEADER, PLACE = bytes(62), bytes(120)  # as long as the vault's header and what it binds a value to
ROUNDS, MADE_UP = 5, 60
SEALED = ("text", "content", "details", "original", "value", "payload")


@dataclass(frozen=True)
class Cost:
    """Of one round, in seconds."""

    wall: float
    processor: float


@dataclass(frozen=True)
class Batch:
    """The rows of one file and one table; `plain` holds, for each row, what has to be sealed anew."""

    table: str
    columns: Sequence[str]
    rows: Sequence[list[Any]]
    plain: Sequence[dict[int, bytes]]


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory(prefix="chiron-bench-") as folder, installation(Path(folder)):
        files = files_to_import(Path(folder))
        import_round(files)  # warms the caches, and says which rows the floor has to write
        batches, resources = planned(files)
        imports, floors = [], []
        for _ in range(rounds):
            imports.append(import_round(files))
            floors.append(floor_round(files, batches))
    tell(resources, len(files), imports, floors)


def tell(resources: int, files: int, imports: list[Cost], floors: list[Cost]) -> None:
    ratios = [floor.processor / own.processor for own, floor in zip(imports, floors, strict=True)]
    walls = [floor.wall / own.wall for own, floor in zip(imports, floors, strict=True)]
    per_core = resources / statistics.median(cost.processor for cost in imports)
    print(f"import of {resources} resources in {files} files, {len(imports)} alternating rounds")
    print(f"resources/s per core          {per_core:8.0f}")
    print(f"resources/s, one process      {resources / statistics.median(cost.wall for cost in imports):8.0f}")
    print(f"of the floor, processor time  {statistics.median(ratios):8.2f}   ({min(ratios):.2f} to {max(ratios):.2f})")
    print(f"of the floor, wall time       {statistics.median(walls):8.2f}   ({min(walls):.2f} to {max(walls):.2f})")


@contextmanager
def installation(folder: Path) -> Iterator[None]:
    """An embedded server with durable settings, migrated, in that folder."""
    folder.chmod(0o755)
    os.environ |= {"CHIRON_HOME": str(folder / "home"), "DJANGO_SETTINGS_MODULE": "config.settings.testing"}
    import django
    from django.conf import settings
    from django.core.management import call_command

    from chiron.postgres.server import using

    django.setup()
    with using(settings.HOME), open(os.devnull, "w") as nowhere:
        call_command("setup_databases", stdout=nowhere)
        call_command("migrate", verbosity=0)
        yield


def files_to_import(folder: Path) -> list[Path]:
    """The Synthea bundles beside the project, or a made-up clinic where they are absent."""
    from chiron.operations.mock.clinic import clinic
    from chiron.operations.mock.filling import UNTIL

    files = sorted(OUTSIDE.glob("synthea_*/*.json"))
    if files:
        return files
    for number, document in enumerate(clinic(1, MADE_UP, UNTIL)):
        files.append(folder / f"{number:04d}.json")
        files[-1].write_bytes(orjson.dumps(document))
    return files


def new_organization() -> UUID:
    from chiron.identity.public import create_organization
    from chiron.kernel.access import Caller
    from chiron.kernel.ids import new_id

    slug = f"o{new_id().hex[:30]}"
    return create_organization(by=Caller(operator=True), slug=slug, name=slug, time_zone="UTC").id


def import_round(files: list[Path]) -> Cost:
    from django.db import connections

    from chiron.identity.public import Role
    from chiron.interop.public import Refused, import_files
    from chiron.kernel.access import Caller
    from chiron.kernel.clock import now

    organization_id = last_organization[0] = new_organization()
    by = Caller(organization_id=organization_id, roles=frozenset({Role.ADMIN}))
    connections["clinical"].ensure_connection()
    with measured(connections["clinical"].connection.info.backend_pid) as costs:
        results = import_files(by=by, organization_id=organization_id, files=files, now=now)
        refused = [result for _, result in results if isinstance(result, Refused)]
    if refused:
        raise SystemExit(str(refused[0]))
    return costs[0]


last_organization: list[UUID] = [UUID(int=0)]


def floor_round(files: list[Path], batches: list[list[Batch]]) -> Cost:
    from django.conf import settings

    from chiron.tenancy.switch import statement_for

    switch = statement_for(new_organization()).encode()
    place = settings.DATABASES["clinical"]
    login = {"host": place["HOST"], "port": place["PORT"], "dbname": place["NAME"], "user": place["USER"]}
    cipher = AESGCM(os.urandom(32))
    connection = psycopg.connect(**login, password=place["PASSWORD"], autocommit=True)
    with connection, measured(connection.info.backend_pid) as costs:
        for file, own in zip(files, batches, strict=True):
            orjson.loads(file.read_bytes())
            with connection.transaction():
                connection.execute(switch)
                for batch in own:
                    insert(connection, batch, cipher)
    return costs[0]


def insert(connection: Any, batch: Batch, cipher: AESGCM) -> None:
    for row, plain in zip(batch.rows, batch.plain, strict=True):
        for position, text in plain.items():
            row[position] = HEADER + cipher.encrypt(os.urandom(12), text, PLACE)
    columns = sql.SQL(", ").join(map(sql.Identifier, batch.columns))
    values = sql.SQL(", ").join(sql.Placeholder() * len(batch.columns))
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier(batch.table), columns, values)
    connection.cursor().executemany(statement, batch.rows)


@contextmanager
def measured(backend: int) -> Iterator[list[Cost]]:
    costs: list[Cost] = []
    wall, own, server = time.perf_counter(), time.process_time(), processor_of(backend)
    yield costs
    used = time.process_time() - own + processor_of(backend) - server
    costs.append(Cost(time.perf_counter() - wall, used))


def processor_of(pid: int) -> float:
    """Seconds of processor time that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def planned(files: list[Path]) -> tuple[list[list[Batch]], int]:
    """The rows that the last import wrote, by file, and the number of resources they came from."""
    from chiron.interop.public import read_bundle
    from chiron.kernel.db import cursor
    from chiron.tenancy.public import inside

    resources = sum(len(read_bundle(file).entries) for file in files)
    with inside(last_organization[0]), cursor("clinical") as held:
        held.execute("SELECT id FROM registry_patient ORDER BY id")
        patients = [patient_id for (patient_id,) in held.fetchall()]
        directory = [fetched(held, table, "true", []) for table in ("registry_department", "registry_provider")]
        by_patient = [
            [
                fetched(held, "registry_patient", "id = %s", [each]),
                fetched(held, "registry_identifier", "patient_id = %s", [each]),
                fetched(held, "records_record", "patient_id = %s", [each]),
                fetched(held, "audit_event", "subjects @> ARRAY[%s]", [each]),
            ]
            for each in patients
        ]
    first, *others = by_patient
    groups = [directory + first, *others]
    return groups + [[] for _ in range(len(files) - len(groups))], resources


def fetched(held: Any, table: str, where: str, params: list[Any]) -> Batch:
    held.execute(f"SELECT * FROM {table} WHERE {where}", params)
    columns = [column.name for column in held.description]
    rows: list[list[Any]] = [list(row) for row in held.fetchall()]
    sealed = [position for position, name in enumerate(columns) if name in SEALED]
    plain = [{at: bytes(len(row[at]) - 78) for at in sealed if row[at] is not None} for row in rows]
    for position in [position for position, name in enumerate(columns) if name == "codes"]:
        for row in rows:
            row[position] = Jsonb(row[position])
    return Batch(table, columns, rows, plain)


if __name__ == "__main__":
    main()
