"""The command, from files on a disk to rows in an organization."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from chiron.interop.fhir.bundle import read_bundle
from chiron.interop.fhir.tests.factories import Resource, ama, document, pulse, resource
from chiron.records.models import Record
from chiron.records.sealing import content_of
from chiron.registry.models import Patient
from chiron.tenancy.public import Organization, inside
from chiron.vault.public import patient_safe


def patient(number: int) -> Resource:
    return ama(id=f"p{number}", identifier=[{"system": "urn:mrn:hilltop", "value": str(4711 + number)}])


def folder_of(root: Path, files: int, records: int = 3) -> Path:
    """A folder with so many bundles of one patient each."""
    folder = root / "bundles"
    folder.mkdir()
    for number in range(files):
        subject = {"reference": f"Patient/p{number}"}
        said = [pulse(id=f"o{number}-{each}", subject=subject) for each in range(records)]
        (folder / f"{number:03d}.json").write_bytes(orjson.dumps(document(patient(number), *said)))
    return folder


def run(*paths: Path, organization: str, **options: Any) -> int:
    """The exit code."""
    try:
        call_command("import_fhir", *paths, organization=organization, **options)
    except SystemExit as stop:
        return int(str(stop.code))
    return 0


def kept(organization: Organization) -> Counter[str]:
    """Every original in an organization, opened."""
    found = Counter[str]()
    with inside(organization.id):
        for who in Patient.objects.exclude(digest=None):
            safe = patient_safe(organization.id, who.id)
            found[safe.open(who, "original")] += 1
            found.update((content_of(each, safe) or b"").decode() for each in Record.objects.filter(patient=who))
    return found


def originals(folder: Path) -> Counter[str]:
    return Counter(entry.original for path in folder.iterdir() for entry in read_bundle(path).entries)


def test_a_folder_is_imported_and_told_as_a_table(
    hilltop: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(tmp_path, 2)

    code = run(folder, organization="hilltop")

    assert code == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["imported", "updated", "unchanged", "refused"],
        ["Observation", "6", "0", "0", "0"],
        ["Patient", "2", "0", "0", "0"],
        ["all", "8", "0", "0", "0"],
    ]
    assert kept(hilltop.organization) == originals(folder)


def test_a_broken_file_is_refused_with_file_entry_and_reason_and_the_rest_goes_on(
    hilltop: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = folder_of(tmp_path, 3)
    good = originals(folder) - Counter(entry.original for entry in read_bundle(folder / "001.json").entries)
    (folder / "001.json").write_bytes((folder / "001.json").read_bytes()[:300])
    lost = document(patient(7), pulse(subject={"reference": "Patient/nobody"}))
    (folder / "003.json").write_bytes(orjson.dumps(lost))
    nameless = document(patient(8), resource("", id="x"))
    (folder / "004.json").write_bytes(orjson.dumps(nameless))

    code = run(folder, organization="hilltop", json=True)

    told = capsys.readouterr()
    report = json.loads(told.out)
    assert (code, told.err) == (1, "")
    assert (report["files"], report["patients"]) == (5, 2)
    assert report["totals"] == {"imported": 8, "updated": 0, "unchanged": 0, "refused": 2}
    assert report["types"]["Observation"] == {"imported": 6, "updated": 0, "unchanged": 0, "refused": 1}
    assert [(each["file"], each["entry"]) for each in report["refused"]] == [
        ("001.json", None),
        ("003.json", 1),
        ("004.json", 1),
    ]
    assert report["refused"][0]["reason"].startswith("The JSON breaks off or is malformed at line 1")
    assert report["refused"][1]["reason"] == (
        "The reference at Observation.subject leads to nothing in this file and nothing known."
    )
    assert report["refused"][2]["reason"] == "The resource has no resourceType."
    assert kept(hilltop.organization) == good


def test_the_same_files_again_change_nothing(hilltop: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = folder_of(tmp_path, 2)
    run(folder, organization="hilltop")
    before = kept(hilltop.organization)
    capsys.readouterr()

    run(folder, folder / "000.json", organization="hilltop", json=True)

    assert json.loads(capsys.readouterr().out)["totals"] == {"imported": 0, "updated": 0, "unchanged": 8, "refused": 0}
    assert kept(hilltop.organization) == before


@pytest.mark.parametrize("organization", [None, "nowhere"])
def test_the_organization_must_be_known(hilltop: Any, tmp_path: Path, organization: str | None) -> None:
    with pytest.raises(CommandError, match="Say which organization it is for"):
        call_command("import_fhir", folder_of(tmp_path, 1), organization=organization)

    assert kept(hilltop.organization) == Counter()


def test_a_run_killed_in_the_middle_and_begun_again_ends_as_if_never_killed(
    fresh_organization: Organization, tmp_path: Path
) -> None:
    folder = folder_of(tmp_path, 40, records=25)
    victim = started("import_fhir", str(folder), "--organization", fresh_organization.slug)

    while patients(fresh_organization) < 3 and victim.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            victim.wait(timeout=0.01)
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    midway = kept(fresh_organization)
    code = run(folder, organization=fresh_organization.slug, json=True)

    assert victim.returncode == -signal.SIGKILL
    assert 0 < midway.total() < originals(folder).total()
    assert midway.total() % 26 == 0
    assert (code, kept(fresh_organization)) == (0, originals(folder))


def patients(organization: Organization) -> int:
    with inside(organization.id):
        return Patient.objects.count()


def started(*arguments: Sequence[str] | str) -> "subprocess.Popen[bytes]":
    """A command in a process of its own, on the databases of this test."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.testing",
        "POSTGRES_DB": settings.DATABASE_PREFIX,
    }
    return subprocess.Popen(
        [sys.executable, "-m", "django", *map(str, arguments)],
        cwd=settings.BASE_DIR,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
