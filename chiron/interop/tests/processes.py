"""Commands in processes of their own, on the databases of the test."""

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from django.conf import settings


def environment() -> dict[str, str]:
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "config.settings.testing",
        "POSTGRES_DB": settings.DATABASE_PREFIX,
    }


def started(*arguments: Sequence[str] | str) -> "subprocess.Popen[bytes]":
    """A management command that has begun; what it says comes through pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", "django", *map(str, arguments)],
        cwd=settings.BASE_DIR,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def workers_of(process: "subprocess.Popen[bytes]") -> list[int]:
    """The processes that a command has made to share its work."""
    children = Path(f"/proc/{process.pid}/task").glob("*/children")
    pids = [int(pid) for each in children for pid in each.read_text().split()]
    return sorted(pid for pid in pids if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes())


def wait_for_the_end_of(pids: Sequence[int]) -> None:
    """Fails the test where one of them is still there after ten seconds."""
    for pid in pids:
        with suppress(ProcessLookupError):
            ended = os.pidfd_open(pid)
            assert select.select([ended], [], [], 10)[0], f"process {pid} has outlived its parent"
            os.close(ended)
