"""Importing FHIR bundles against its floor: the same rows and ciphertext, written by bare psycopg.

Both read the same files and write, file by file in one durable transaction each, to organizations made for the round.
The floor parses with orjson, seals with one AES-GCM call a value and inserts with `executemany`: it maps nothing,
indexes nothing, decides nothing. Rounds alternate; per core means per second of processor time of this process and of
its PostgreSQL backend together.
"""

import json
import os
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import psycopg
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg import sql
from psycopg.types.json import Jsonb

from bench.ground import Cost, alternating, measured, ratio

ROOT = Path(__file__).resolve().parents[1]
OUTSIDE = ROOT.parent / "shared" / "data" / "fhir"
HEADER, PLACE = bytes(62), bytes(120)  # as long as the vault's header and what it binds a value to
ROUNDS, MADE_UP = 5, 60
SEALED = ("text", "content", "details", "original", "value", "payload")


@dataclass(frozen=True)
class Batch:
    """The rows of one file and one table; `plain` holds, for each row, what has to be sealed anew."""

    table: str
    columns: Sequence[str]
    rows: Sequence[list[Any]]
    plain: Sequence[dict[int, bytes]]


def measure(rounds: int = ROUNDS) -> None:
    """Measure in the installation that stands, and print the figures."""
    with tempfile.TemporaryDirectory(prefix="chiron-bench-") as folder:
        files = files_to_import(Path(folder))
        import_round(files)  # warms the caches, and says which rows the floor has to write
        batches, resources = planned(files)
        pairs = alternating(rounds, lambda: import_round(files), lambda: floor_round(files, batches))
        lines, export = export_of(files, Path(folder) / "export")
        by_lines = [import_round(export) for _ in range(rounds)]
    per_core = resources / statistics.median(own.processor for own, _ in pairs)
    together = resources / statistics.median(own.wall for own, _ in pairs)
    print(f"import of {resources} resources in {len(files)} files, {rounds} alternating rounds")
    print(f"  resources/s per core          {per_core:8.0f}")
    print(f"  resources/s, one process      {together:8.0f}")
    print(f"  resources/s per core, NDJSON  {lines / statistics.median(own.processor for own in by_lines):8.0f}")
    print(f"  of the floor, processor time  {ratio(pairs, 'processor')}")
    print(f"  of the floor, wall time       {ratio(pairs, 'wall')}")


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


def export_of(files: list[Path], folder: Path) -> tuple[int, list[Path]]:
    """The resources of these bundles as a bulk export: how many, and one file a type; references by type and id."""
    from chiron.interop.public import read_bundle

    folder.mkdir()
    lines: dict[str, bytes] = {}
    for file in files:
        entries = read_bundle(file).entries
        names = {each.full_url: f"{each.resource_type}/{each.full_url.rpartition(':')[2]}" for each in entries}
        for each in entries:
            own = names[each.full_url]
            text = json.dumps(each.resource | {"id": own.rpartition("/")[2]}, default=float)
            for url, name in names.items():
                text = text.replace(f'"{url}"', f'"{name}"')
            lines[own] = text.encode()
    for name, line in lines.items():
        with (folder / f"{name.partition('/')[0]}.ndjson").open("ab") as file_of_type:
            file_of_type.write(line + b"\n")
    return len(lines), sorted(folder.iterdir())


def new_organization() -> UUID:
    from chiron.identity.public import create_organization
    from chiron.kernel.access import Caller
    from chiron.kernel.ids import new_id

    slug = f"o{new_id().hex[:30]}"
    return create_organization(by=Caller(operator=True), slug=slug, name=slug, time_zone="UTC").id


def import_round(files: list[Path]) -> Cost:
    from django.db import connections

    from chiron.identity.public import Role
    from chiron.interop.public import Outcome, import_all
    from chiron.kernel.access import Caller

    organization_id = last_organization[0] = new_organization()
    by = Caller(organization_id=organization_id, roles=frozenset({Role.ADMIN}))
    connections["clinical"].ensure_connection()
    with measured(connections["clinical"].connection.info.backend_pid) as costs:
        outcome = Outcome()
        for step in import_all(by=by, organization_id=organization_id, files=files):
            outcome.add(step.result, step.files)
    if outcome.refused:
        raise SystemExit(str(outcome.refused[0]))
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
