"""Files that are larger than what a process should hold."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from django.conf import settings

from chiron.interop.fhir.tests.factories import Resource, ama, osei, pulse
from chiron.interop.tests.processes import environment
from chiron.records.models import Record
from chiron.registry.models import Patient
from chiron.tenancy.public import Organization, inside

MIB = 2**20
MOST = 12  # MiB of growth, whatever the size of the files
RECORDS = 100
NOTE = "x" * 1200  # with it, a line is about as long as Synthea writes them


def people(number: int) -> Iterator[Resource]:
    """One practitioner, and so many patients with a hundred observations each."""
    yield osei()
    for at in range(number):
        yield ama(id=f"p{at}", identifier=[{"system": "urn:mrn:hilltop", "value": f"{at}"}])
    for each in range(RECORDS):
        for at in range(number):
            subject, performer = {"reference": f"Patient/p{at}"}, [{"reference": "Practitioner/osei"}]
            note = [{"text": f"{each} {NOTE}"}]
            yield pulse(id=f"o{at}-{each}", subject=subject, performer=performer, note=note)


def bundle_in(folder: Path, patients: int) -> Path:
    path = folder / f"{patients}.json"
    with path.open("wb") as file:
        file.write(b'{"resourceType":"Bundle","type":"collection","entry":[')
        for at, each in enumerate(people(patients)):
            file.write(b"," * bool(at) + b'{"resource":' + orjson.dumps(each) + b"}")
        file.write(b"]}")
    return path


def export_in(folder: Path, patients: int) -> Path:
    path = folder / f"{patients}"
    path.mkdir()
    for each in people(patients):
        with (path / f"{each['resourceType']}.ndjson").open("ab") as file:
            file.write(orjson.dumps(each) + b"\n")
    return path


@pytest.mark.parametrize(
    "patients", [pytest.param(20, id="a twentieth"), pytest.param(400, id="60 MB", marks=pytest.mark.stress)]
)
@pytest.mark.parametrize("write", [bundle_in, export_in])
def test_memory_does_not_grow_with_the_size_of_what_is_imported(
    fresh_organization: Organization, tmp_path: Path, write: object, patients: int
) -> None:
    assert callable(write)
    small, large = write(tmp_path, 1), write(tmp_path, patients)

    done = subprocess.run(
        [sys.executable, "-m", "chiron.interop.tests.sizes", fresh_organization.slug, small, large],
        cwd=settings.BASE_DIR,
        env=environment(),
        capture_output=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr.decode()[-2000:]
    with inside(fresh_organization.id):
        assert Patient.objects.exclude(digest=None).count() == patients
        assert Record.objects.count() == patients * RECORDS
    assert json.loads(done.stderr.splitlines()[-1])["growth"] <= MOST
