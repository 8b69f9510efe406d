"""Commands of the contract that hand over to others, and what is exported from the lock."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import load_command_class

from chiron.tenancy import readiness
from chiron.tenancy.readiness import migrations_of_this_version


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    environ = {"PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}", "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(
        command, cwd=settings.BASE_DIR, env=environ, capture_output=True, text=True, check=False, timeout=120
    )


def test_test_hands_labels_and_options_over_to_pytest() -> None:
    done = run(sys.executable, "manage.py", "test", "-q", "--collect-only", "chiron.kernel")

    assert done.returncode == 0, done.stderr
    assert "chiron/kernel/tests/test_errors.py::test_a_code_has_one_meaning" in done.stdout


@pytest.mark.parametrize("command", [["doctor"], ["keys", "status"], ["audit", "key"], ["migrate"], ["serve"]])
def test_where_nothing_is_set_up_a_command_says_so_and_sets_nothing_up(command: list[str], tmp_path: Path) -> None:
    home = tmp_path / "forgotten"

    done = run("env", f"CHIRON_HOME={home}", sys.executable, "manage.py", *command)

    assert done.returncode == 1
    assert done.stderr == f"chiron: nothing is set up in {home}: set CHIRON_HOME, or run setup_databases.\n"
    assert not (home / "postgres").exists()


def test_a_model_needs_no_installation_to_be_made(tmp_path: Path) -> None:
    home, rows = tmp_path / "forgotten", tmp_path / "rows.csv"

    making = ("b12", "demo-data", "--seed", "1", "--rows", "5", "--out", str(rows))
    done = run("env", f"CHIRON_HOME={home}", sys.executable, "manage.py", *making)

    assert done.returncode == 0, done.stderr
    assert len(rows.read_text(encoding="utf-8").splitlines()) == 6
    assert not (home / "postgres").exists()


def test_the_older_script_runs_the_same_suite() -> None:
    done = run("./run_tests.sh", "-q --collect-only -n 0 chiron/kernel")

    assert done.returncode == 0, done.stderr
    assert "chiron/kernel/tests/test_errors.py::test_a_code_has_one_meaning" in done.stdout


def test_runserver_names_missing_migrations_of_all_three_databases(town: Any, monkeypatch: Any, capsys: Any) -> None:
    command = load_command_class("config", "runserver")
    command.check_migrations()
    assert capsys.readouterr().out == ""
    known = migrations_of_this_version()
    monkeypatch.setattr(readiness, "migrations_of_this_version", lambda: known | {("records", "9999_later")})

    command.check_migrations()

    assert "Migrations are missing (records.9999_later): run `chiron migrate`." in capsys.readouterr().out


def test_requirements_name_what_the_lock_names() -> None:
    lock = tomllib.loads((settings.BASE_DIR / "uv.lock").read_text())
    locked = {(package["name"], package["version"]) for package in lock["package"] if "version" in package}
    lines = (settings.BASE_DIR / "requirements.txt").read_text().splitlines()
    named = [found.groups() for line in lines if (found := re.match(r"([a-z0-9-]+)(?:\[.*\])?==([^ ;]+)", line))]

    assert len(named) == len(lines)
    assert set(named) <= locked
    project = next(package for package in lock["package"] if package["name"] == "chiron")
    assert {each["name"] for each in project["dependencies"]} <= {name for name, _ in named}


def test_a_start_that_is_refused_says_why_in_a_sentence_and_not_in_a_traceback() -> None:
    environ = {"PATH": os.defpath, "CHIRON_HOME": os.environ["CHIRON_HOME"], "MASTER_ENCRYPTION_KEY": "a short one"}

    done = subprocess.run(
        [sys.executable, "manage.py", "help"], cwd=settings.BASE_DIR, env=environ, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("chiron: Set MASTER_ENCRYPTION_KEY to a Fernet key")


@pytest.mark.parametrize("asked", [["demo", "--help"], ["worker", "-h"]])
def test_help_is_given_without_a_database(asked: list[str], tmp_path: Path) -> None:
    environ = {"PATH": os.defpath, "CHIRON_HOME": str(tmp_path)}

    done = subprocess.run(
        [sys.executable, "manage.py", *asked], cwd=settings.BASE_DIR, env=environ, capture_output=True, text=True,
        check=False, timeout=60,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("usage: ")
    assert not (tmp_path / "postgres" / "data").exists()
