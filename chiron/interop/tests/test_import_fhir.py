"""The command, from files on a disk to rows in an organization."""

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from chiron.interop.fhir.bundle import read_bundle
from chiron.interop.fhir.tests.factories import Resource, ama, document, pulse, resource
from chiron.interop.tests.processes import started, wait_for_the_end_of, workers_of
from chiron.kernel.db import take_turns
from chiron.records.models import Record
from chiron.records.public import import_records
from chiron.records.sealing import content_of
from chiron.registry.models import Patient
from chiron.registry.services.patients import identifier_indexes
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
    with pytest.raises(CommandError, match="No organization of that name, or several"):
        call_command("import_fhir", folder_of(tmp_path, 1), organization=organization)

    assert kept(hilltop.organization) == Counter()


@pytest.mark.parametrize("workers", [1, 3])
def test_a_run_killed_in_the_middle_and_begun_again_ends_as_if_never_killed(
    fresh_organization: Organization, tmp_path: Path, workers: int
) -> None:
    folder = folder_of(tmp_path, 20)

    with in_the_middle(fresh_organization, folder, workers) as victim:
        crew = workers_of(victim)
        victim.kill()
        victim.wait()
        wait_for_the_end_of(crew)
    victim.communicate()
    midway = kept(fresh_organization)
    code = run(folder, organization=fresh_organization.slug, json=True)

    assert (victim.returncode, len(crew)) == (-signal.SIGKILL, 0 if workers == 1 else workers)
    assert midway.total() == 10 * 4
    assert (code, kept(fresh_organization)) == (0, originals(folder))


@pytest.mark.parametrize("form", ["bundles", "export"])
def test_workers_bring_what_one_process_brings_and_tell_what_they_refused(
    fresh_organization: Organization, tmp_path: Path, form: str
) -> None:
    folder = folder_of(tmp_path, 12)
    good = originals(folder)
    lost = pulse(id="x", subject={"reference": "Patient/nobody"})
    (folder / "x.json").write_bytes(orjson.dumps(document(lost)))
    if form == "export":
        folder = export_of(tmp_path, good, lost)

    arguments = ("--organization", fresh_organization.slug, "--workers", "3", "--json")
    code, report = ended(started("import_fhir", str(folder), *arguments))

    assert (code, report["patients"]) == (1, 12)
    assert report["totals"] == {"imported": 48, "updated": 0, "unchanged": 0, "refused": 1}
    assert [each["reason"] for each in report["refused"]] == [
        "The reference at Observation.subject leads to nothing in this file and nothing known."
    ]
    assert kept(fresh_organization) == good


def export_of(root: Path, lines: Iterable[str], *others: Resource) -> Path:
    """The same resources as a bulk export."""
    folder = root / "export"
    folder.mkdir()
    for line in [*lines, *(orjson.dumps(each).decode() for each in others)]:
        with (folder / f"{orjson.loads(line)['resourceType']}.ndjson").open("a") as file:
            file.write(f"{line}\n")
    return folder


@pytest.mark.parametrize("stopped", ["a worker is killed", "somebody presses Ctrl-C"])
def test_a_crew_that_is_broken_off_tells_the_truth_and_the_next_run_finishes(
    fresh_organization: Organization, tmp_path: Path, stopped: str
) -> None:
    folder = folder_of(tmp_path, 20)

    with in_the_middle(fresh_organization, folder, 2) as victim:
        crew = workers_of(victim)
        if stopped == "a worker is killed":
            os.kill(crew[0], signal.SIGKILL)
        else:
            for each in (victim.pid, *crew):
                os.kill(each, signal.SIGINT)
    code, report = ended(victim)
    midway = kept(fresh_organization)
    again = run(folder, organization=fresh_organization.slug, json=True)

    assert code == (1 if stopped == "a worker is killed" else 130)
    assert 0 < report["totals"]["imported"] <= midway.total() < originals(folder).total()
    assert code == 1 or report["totals"]["imported"] == midway.total()
    assert {each["reason"] for each in report["refused"]} == (
        {"A process ended before this was done. Start the import again."} if code == 1 else set()
    )
    assert (again, kept(fresh_organization)) == (0, originals(folder))


@contextmanager
def in_the_middle(organization: Organization, folder: Path, workers: int) -> "Iterator[subprocess.Popen[bytes]]":
    """An import that has brought the first ten files, and waits for its turn at all others until the block is left."""
    arguments = ("--organization", organization.slug, "--workers", str(workers), "--json")
    with inside(organization.id):
        everyone = (identifier_indexes("urn:mrn:hilltop", str(4711 + number))[0] for number in range(10, 40))
        take_turns("clinical", *(f"identifier {index.hex()}" for index in everyone))
        victim = started("import_fhir", str(folder), *arguments)
        while patients(organization) < 10 and victim.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                victim.wait(timeout=0.01)
        yield victim


def ended(process: "subprocess.Popen[bytes]") -> tuple[int, Any]:
    out, error = process.communicate(timeout=60)
    assert error == b""
    return process.returncode, json.loads(out)


def patients(organization: Organization) -> int:
    with inside(organization.id):
        return Patient.objects.count()


@pytest.mark.parametrize("form", ["bundles", "export"])
def test_a_connection_that_breaks_refuses_what_it_was_bringing_and_nothing_else(
    fresh_organization: Organization,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    form: str,
) -> None:
    folder = folder_of(tmp_path, 3)
    path = folder if form == "bundles" else export_of(tmp_path, originals(folder))
    monkeypatch.setattr("chiron.interop.fhir.gathering.TOGETHER", 4)
    calls = []

    def breaking(**given: Any) -> Any:
        calls.append(given)
        if len(calls) == 2:
            connections["clinical"].connection.pgconn.finish()
        return import_records(**given)

    monkeypatch.setattr("chiron.interop.fhir.importing.import_records", breaking)
    code = run(path, organization=fresh_organization.slug, json=True)
    report = json.loads(capsys.readouterr().out)
    monkeypatch.undo()

    assert (code, report["totals"]["imported"], report["patients"]) == (1, 8, 2)
    assert [each["reason"] for each in report["refused"]] == [
        "The database was not there or broke off; nothing of this was kept. Start the import again."
    ]
    assert kept(fresh_organization).total() == 8
    assert run(path, organization=fresh_organization.slug, json=True) == 0
    assert kept(fresh_organization) == originals(folder)
