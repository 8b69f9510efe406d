"""`chiron demo` as a newcomer meets it: a process of its own, with a folder and a port of its own."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.conf import settings

from chiron.postgres.home import Home
from chiron.postgres.server import Server


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A data folder that root's PostgreSQL reaches; nothing runs over it afterwards."""
    above = Path(tempfile.mkdtemp(prefix="chiron-demo-"))
    above.chmod(0o755)
    yield above / "data"
    Server(Home(above / "data")).stop()
    shutil.rmtree(above)


@pytest.fixture
def port() -> int:
    """A port where nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(folder: Path, port: int, *options: str) -> list[str]:
    fixed = ["--data-dir", str(folder), "--port", str(port), "--clinic-patients", "2", "--seed", "3"]
    return [sys.executable, "manage.py", "demo", *fixed, *options]


def environment() -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": "/nonexistent"}


def demo(folder: Path, port: int, *options: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(folder, port, *options), cwd=settings.BASE_DIR, env=environment(), capture_output=True, text=True,
        check=False, timeout=90,
    )  # fmt: skip


def get(port: int, path: str, body: Any = None, token: str = "") -> Any:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}")
    request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, json.dumps(body).encode() if body else None, timeout=10) as answer:  # noqa: S310
        return json.loads(answer.read())


def until_ready(port: int) -> None:
    deadline, waiting = time.monotonic() + 60, Event()
    while True:
        with suppress(OSError):
            get(port, "/health/ready")
            return
        assert time.monotonic() < deadline
        waiting.wait(0.05)


def my_patients(port: int) -> set[str]:
    return {each["id"] for each in get(port, "/api/doctors/my_patients", token=sign_in(port))["patients"]}


def sign_in(port: int) -> str:
    said = {"username": "doctor_demo", "password": "Demo@2024"}
    return str(get(port, "/api/auth/login", said)["access"])


def is_let_in(port: int, token: str) -> bool:
    try:
        get(port, "/api/users/me", token=token)
    except urllib.error.HTTPError as refusal:
        if refusal.code != 401:
            raise
        return False
    return True


def signed_out_everywhere(port: int) -> bool:
    """Sign out in one of the processes, and see the others follow: within a second by their clocks, for good."""
    token = sign_in(port)
    assert all(is_let_in(port, token) for _ in range(20))
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/auth/logout", method="POST")
    request.add_header("Authorization", f"Bearer {token}")
    urllib.request.urlopen(request, timeout=10).close()  # noqa: S310
    deadline, waiting = time.monotonic() + 10, Event()
    while any(is_let_in(port, token) for _ in range(20)):
        assert time.monotonic() < deadline
        waiting.wait(0.05)
    return not any(is_let_in(port, token) for _ in range(40))


def test_the_demo_is_made_served_stopped_and_found_again(folder: Path, port: int) -> None:
    made = demo(folder, port, "--no-serve")
    assert made.returncode == 0, made.stderr
    assert "1/4 PostgreSQL runs, its data in" in made.stdout
    for line in (f"http://127.0.0.1:{port}/api", "doctor_demo", "Demo@2024", "operator_demo"):
        assert line in made.stdout
    assert Server(Home(folder)).pid() is None

    seen: list[set[str]] = []
    refused = made
    for _ in range(2):
        with subprocess.Popen(command(folder, port), cwd=settings.BASE_DIR, env=environment(), stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as served:  # fmt: skip
            until_ready(port)
            seen.append(my_patients(port))
            refused = demo(folder, port)
            assert signed_out_everywhere(port)
            served.send_signal(signal.SIGINT)
            served.communicate(timeout=30)
        assert served.returncode == 0
        assert Server(Home(folder)).pid() is None

    assert len(seen[0]) == 2
    assert seen[0] == seen[1]
    assert refused.returncode == 1
    assert f"Nothing can be served at 127.0.0.1:{port}" in refused.stderr
    assert "choose another with --port" in refused.stderr


def test_the_demo_is_refused_in_production(folder: Path, port: int) -> None:
    done = subprocess.run(
        command(folder, port), cwd=settings.BASE_DIR, env=environment() | {"ENVIRONMENT": "production"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip

    assert done.returncode != 0
    assert "Not safe for production" in done.stderr
