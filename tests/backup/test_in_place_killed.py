"""A turning back that gets a SIGKILL at any moment: the organization is what it was, or what the backup has."""

import fcntl
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from django.conf import settings

from chiron.audit.public import verify
from chiron.kernel.clock import now
from chiron.kernel.db import ALIASES, CLINICAL
from chiron.operations.backup.snapshots import connect_as_owner
from chiron.registry.models import Patient
from chiron.tenancy.public import inside
from tests.backup.places import Taken, backed_up, elsewhere, restored
from tests.backup.test_killed import start
from tests.backup.turning import Rows, rows, schemas_of, suspend, turned_back
from tests.erasure.scanning import everything
from tests.server import connect
from tests.waiting import until

pytestmark = [
    pytest.mark.stress,
    pytest.mark.skipif(not settings.EMBEDDED, reason="uses the programs of the session's own server"),
]
KILLS = 20
BUSY = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = ANY(%s) AND backend_type = 'client backend'
    AND pid <> pg_backend_pid() AND state <> 'idle'
"""


@pytest.fixture
def suspended(taken: Taken, committed: None) -> Iterator[Taken]:
    """The clinic that was backed up, suspended; the session's server stays when a command leaves it."""
    suspend(taken.clinic)
    with (settings.HOME.path / "users.lock").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        yield taken
    suspend(taken.clinic, suspended=False)


def begun(taken: Taken) -> "subprocess.Popen[str]":
    command = ("restore", str(taken.folder), "--organization", taken.clinic.organization.slug, "--in-place")
    return start(settings.DATABASE_PREFIX, *command)


def changed(taken: Taken, number: int) -> Rows:
    """The clinic with something that is not in the backup."""
    with inside(taken.clinic.id):
        Patient.objects.filter(id=taken.clinic.patient_id).update(birth_date=f"19{number:02}-02-03")
    return rows(taken.clinic.id)


def nobody_is_busy() -> bool:
    """Whether the server has done with what a killed command had asked of it."""
    databases = [settings.OWNER_DATABASES[alias]["NAME"] for alias in ALIASES]
    with connect_as_owner(CLINICAL) as connection:
        return connection.execute(BUSY, [databases]).fetchall() == [(0,)]


def test_killed_at_random_moments(
    suspended: Taken, shown: Callable[[str, str], None], told: Callable[[str], None]
) -> None:
    seed, clinic = int(time.time()), suspended.clinic
    told(f"killed while an organization is turned back: seed {seed}")
    random, outcomes = Random(seed), {"former": 0, "new": 0}
    began = time.monotonic()
    out, err = begun(suspended).communicate(timeout=120)
    lasts = time.monotonic() - began
    report: dict[str, Any] = json.loads(out)
    assert report["trail_is_intact"], err
    turned = rows(clinic.id)

    for number in range(KILLS):
        before, process = changed(suspended, number), begun(suspended)
        try:
            process.communicate(timeout=lasts * random.uniform(0.4, 1.0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        until(nobody_is_busy, seconds=60)
        there = rows(clinic.id)
        assert there in (before, turned)
        outcomes["former" if there == before else "new"] += 1
        assert everything(clinic).failed == 0

    out, err = begun(suspended).communicate(timeout=120)
    assert json.loads(out)["trail_is_intact"], err
    assert rows(clinic.id) == turned
    assert not [name for name in schemas_of(clinic.id) if name.endswith("_restoring")]
    assert verify(clinic.id, now=now()).is_intact
    shown(
        "R5",
        f"killed at {KILLS} random moments while one organization is turned back where it is served:"
        f" {outcomes['former']} times it was what it had been, {outcomes['new']} times what the backup has, 0 times"
        f" anything else; a run takes {lasts:.1f} s",
    )


def test_a_backup_made_afterwards_has_what_was_kept_and_restores_whole(suspended: Taken, tmp_path: Path) -> None:
    changed(suspended, 77)
    former = turned_back(suspended)["former"]["clinical"]
    folder = backed_up(tmp_path)

    with elsewhere() as prefix:
        restored(folder)

        assert former in schemas_of(suspended.clinic.id)
        with connect(settings.OWNER_DATABASES["clinical"], f"{prefix}_clinical") as there:
            query = f"SELECT count(*) FROM {former}.registry_patient WHERE birth_date = '1977-02-03'"
            assert there.execute(query).fetchone() == (1,)
    again = turned_back(Taken(folder, suspended.clinic, suspended.people))
    assert again["trail_is_intact"]
