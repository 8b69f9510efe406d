"""A restore that is killed in the middle: nothing is served, everybody is told why, and the next one does it."""

import fcntl
import json
import os
import subprocess
import sys
import tempfile
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from chiron.kernel.db import ALIASES
from tests.backup.places import KEY, Taken, databases, elsewhere
from tests.ground import environment_of_tests
from tests.waiting import until

pytestmark = pytest.mark.skipif(not settings.EMBEDDED, reason="uses the programs of the session's own server")


@pytest.fixture
def prefix(committed: None) -> Iterator[str]:
    """Names of databases that are not there; the session's server stays when a command leaves it."""
    with elsewhere() as prefix, (settings.HOME.path / "users.lock").open("w") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        yield prefix


def start(prefix: str, *command: str) -> "subprocess.Popen[str]":
    key = urlsafe_b64encode(KEY.private_bytes_raw()).decode()
    return subprocess.Popen(
        [sys.executable, "manage.py", *command], cwd=settings.BASE_DIR, text=True,
        env=environment_of_tests(prefix) | {"BACKUP_ENCRYPTION_KEY": key},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def run(prefix: str, *command: str) -> tuple[int, str, str]:
    process = start(prefix, *command)
    out, err = process.communicate(timeout=120)
    return process.returncode, out, err


@pytest.mark.stress
def test_the_script_of_the_drill_proves_a_backup_and_leaves_nothing(taken: Taken, tmp_path: Path) -> None:
    secrets = ("MASTER_ENCRYPTION_KEY", "AUDIT_SIGNING_KEY", "JWT_SIGNING_KEY", "JWT_REFRESH_SECRET_KEY")
    given = {name: getattr(settings, name) for name in secrets} | {"DJANGO_SECRET_KEY": settings.SECRET_KEY}
    key = urlsafe_b64encode(KEY.private_bytes_raw()).decode()
    place = {"PATH": os.environ["PATH"], "TMPDIR": tempfile.mkdtemp(dir="/tmp", prefix="chiron-drill-")}
    Path(place["TMPDIR"]).chmod(0o755)

    done = subprocess.run(
        [Path(settings.BASE_DIR) / "scripts" / "drill.sh", taken.folder], capture_output=True, text=True, check=False,
        env=place | given | {"BACKUP_ENCRYPTION_KEY": key}, timeout=120,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["opened"]["opened"] >= 20
    Path(place["TMPDIR"]).rmdir()


def test_a_restore_that_is_killed_serves_nothing_and_the_next_one_does_it(taken: Taken, prefix: str) -> None:
    killed = start(prefix, "restore", str(taken.folder))
    until(lambda: "clinical_restoring" in databases(prefix), seconds=60)
    killed.kill()
    killed.communicate()

    assert set(databases(prefix)) <= {f"{alias}_restoring" for alias in ALIASES}
    code, _, said = run(prefix, "serve", "--port", "0")
    assert code == 1
    assert f"There is no database {prefix}_accounts: either a restore was not finished" in said
    code, out, said = run(prefix, "restore", str(taken.folder / "manifest.sealed"))
    assert code == 0, said
    assert databases(prefix) == sorted(ALIASES)
    report: dict[str, Any] = json.loads(out)
    assert report["opened"]["opened"] >= 20
    code, _, said = run(prefix, "restore", str(taken.folder))
    assert code == 1
    assert "Nothing was restored, what is served is unchanged." in said
    assert "is not empty" in said
