"""The drill: a small clinic is backed up, lost, restored on a machine that has nothing, and used (R5)."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.backup.sites import PRIVATE, PUBLIC, Site, sites
from tests.serving import serving
from tests.town import PASSWORD

BUILD = """
import json
from django.core.management import call_command
call_command("setup_databases", stdout=open("/dev/null", "w"))
call_command("migrate", verbosity=0)
from chiron.audit.public import seal
from tests.erasure.people import live
from tests.town import make_clinic
clinic = make_clinic("hilltop")
people = [live(clinic, number) for number in (31, 32)]
seal("clinical", clinic.id)
seal("accounts", None)
print(json.dumps({"patients": [str(each.id) for each in people], "words": [each.words for each in people]}))
"""


SIZES = [pytest.param(0, id="a few patients"), pytest.param(200, marks=pytest.mark.stress, id="200 more")]


@pytest.fixture
def lost_and_new() -> Iterator[list[Site]]:
    with sites(2) as made:
        yield made


@pytest.mark.parametrize("patients", SIZES)
def test_a_clinic_is_restored_on_a_machine_that_has_nothing(
    lost_and_new: list[Site], tmp_path: Path, patients: int, shown: Any, told: Any
) -> None:
    lost, new = lost_and_new
    known = json.loads(lost.python(BUILD).splitlines()[-1])
    if patients:
        lost.run("generate_mock_data", "--organization", "hilltop", "--clinic-patients", str(patients))
    began = time.monotonic()
    backed_up = lost.run("backup", str(tmp_path / "backups"), BACKUP_PUBLIC_KEY=PUBLIC)
    assert backed_up.returncode == 0, backed_up.stderr
    seconds_to_back_up = time.monotonic() - began
    [folder] = (tmp_path / "backups").iterdir()
    lost.server.stop()

    began = time.monotonic()
    done = new.run("restore", str(folder), BACKUP_ENCRYPTION_KEY=PRIVATE)
    seconds = time.monotonic() - began

    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["opened"]["opened"] >= 20
    assert report["opened"]["files"] == 2
    with serving(**new.environment) as served:
        said = {"username": "hilltop-admin", "password": PASSWORD}
        token = answer_of(served, "/api/auth/login", body=said)["access"]
        read = [answer_of(served, f"/api/patients/{each}", token)["patient"] for each in known["patients"]]
    assert [each["family"] for each in read] == [words[0] for words in known["words"]]
    size = sum(path.stat().st_size for path in folder.iterdir())
    rows = sum(each["rows"] for each in report["databases"].values())
    about = f"{rows:,} rows and {report['files']['members']} files ({size // 1024:,} KiB sealed)"
    times = f"backed up in {seconds_to_back_up:.1f} s, restored on an empty server and proven in {seconds:.1f} s"
    told(f"restore drill: {about} {times}")
    shown(
        "R5",
        f"a clinic of {about} {times}: rows, digests, constraints and rights equal, every trail verified,"
        f" {report['opened']['opened']:,} sealed values and {report['opened']['files']} files opened, 0 failed;"
        " a sign-in and a patient served",
    )


def answer_of(served: Any, path: str, token: str = "", body: Any = None) -> Any:
    headers = {"Content-Type": "application/json"}
    with served.call("POST" if body else "GET", path, token, json.dumps(body) if body else None, headers) as answer:
        content = json.loads(answer.read())
        assert answer.status == 200, content
        return content
