"""The made-up clinic, brought into an organization the way any other data comes in."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

import orjson

from chiron.interop.public import Report, import_bundle, parse_bundle
from chiron.kernel.access import Caller
from chiron.operations.mock.clinic import clinic

UNTIL = date(2026, 1, 1)  # a day that stays, so that the same seed makes the same data next year


def write_clinic(folder: Path, *, seed: int, patients: int, until: date = UNTIL) -> int:
    """Write the clinic of a seed as FHIR files, its staff and then a file a patient; answers how many."""
    folder.mkdir(parents=True, exist_ok=True)
    number = 0
    for number, document in enumerate(clinic(seed, patients, until)):
        name = f"patient{number:05d}.json" if number else "practitionerInformation.json"
        (folder / name).write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return number + 1


def fill_clinic(
    *, by: Caller, organization_id: UUID, seed: int, patients: int, now: datetime, until: date = UNTIL
) -> Iterator[Report]:
    """Import the clinic of a seed, bundle by bundle: its staff, then each patient. Again, it changes nothing."""
    for number, document in enumerate(clinic(seed, patients, until)):
        bundle = parse_bundle(orjson.dumps(document), f"bundle {number} of the made-up clinic {seed}")
        yield import_bundle(by=by, organization_id=organization_id, bundle=bundle, now=now)
