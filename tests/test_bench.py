"""The measurements run and print figures; what the figures are is no matter of a test."""

import os
import re
import subprocess
import sys

import pytest
from django.conf import settings

FIGURE = re.compile(r"  (GET patient|GET 50 records|search by name|POST record) +\d+\.\d\d +\(")


def measured(name: str) -> str:
    """What a measurement prints that only tries whether it runs."""
    environ = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/")}
    done = subprocess.run(
        [sys.executable, "-m", "bench", name, "--quick"], cwd=settings.BASE_DIR, env=environ, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_path_is_measured_against_its_floor() -> None:
    printed = measured("api")

    assert FIGURE.findall(printed) == ["GET patient", "GET 50 records", "search by name", "POST record"]


def test_booking_is_measured_against_its_floor_whether_the_slot_is_free_or_taken() -> None:
    printed = measured("booking")

    assert re.findall(r"  a (free|taken) slot +\d+\.\d\d +\(", printed) == ["free", "taken"]


@pytest.mark.stress
def test_organizations_are_measured_against_plain_ddl() -> None:
    printed = measured("tenants")

    assert re.findall(r"  (made|\d+ at a time), of plain \w+ +\d+\.\d\d ", printed)[:2] == ["made", "1 at a time"]


@pytest.mark.stress
def test_streams_are_measured_from_the_commit_to_the_reader_and_against_an_api_without_them() -> None:
    printed = measured("streams")

    assert re.findall(r"(\d+ told, \d+ missing): p50", printed) == ["100 told, 0 missing", "20 told, 0 missing"]
    assert re.findall(r"  (none is told|100 commits a second) +\d+\.\d\d ", printed) == [
        "none is told", "100 commits a second",
    ]  # fmt: skip


def test_a_measurement_that_does_not_exist_is_refused_by_name() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "nothing"], cwd=settings.BASE_DIR, capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    names = "api, booking, bridge, classify, import, reminders, screening, sealing, streams, tenants"
    assert done.stderr == f"There is no measurement nothing: {names}.\n"


@pytest.mark.stress
def test_sealing_is_measured_while_others_write() -> None:
    printed = measured("sealing")

    assert re.search(r"  sealed, of bare COPY +\d+\.\d\d +\(.* events/s, written meanwhile [\d,]+/s", printed)


@pytest.mark.stress
def test_reminders_are_all_mailed_while_they_are_measured() -> None:
    printed = measured("reminders")

    assert re.search(r"told and mailed, of bare SQL +\d+\.\d\d .* reminders/s", printed)


@pytest.mark.stress
def test_asking_a_model_is_measured_against_catboost_in_batches_and_one_by_one() -> None:
    printed = measured("screening")

    assert re.findall(r"  (\w+), (in batches|one row) +\d+\.\d\d .* rows/s", printed) == [
        ("probabilities", "in batches"), ("contributions", "in batches"),
        ("probabilities", "one row"), ("contributions", "one row"),
    ]  # fmt: skip


@pytest.mark.stress
def test_a_classification_is_measured_against_a_floor_without_a_model() -> None:
    printed = measured("classify")

    assert re.findall(r"  (product|floor|beyond) +p50 +-?\d+\.\d\d  p99 ", printed) == ["product", "floor", "beyond"]
