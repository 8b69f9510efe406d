"""A migration that must not begin is refused in words, and nothing was written."""

import base64
import os
import subprocess
import sys
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError

from chiron.operations.models import UnplacedDocument
from chiron.operations.mongo.guarding import RunRefused, alone
from chiron.operations.tests.conftest import Ground
from chiron.operations.tests.version_1 import DATABASE, Version1, clinic
from tests.ground import environment_of_tests
from tests.waiting import until

OTHER = Fernet(base64.urlsafe_b64encode(os.urandom(32)))


def sealed_otherwise(text: str) -> str:
    return OTHER.encrypt(text.encode()).decode()


@pytest.mark.parametrize("stage", ["preflight", "backfill", None])
def test_with_another_key_than_version_1_had_nothing_is_written(
    stage: str | None, ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chiron.operations.tests.version_1.sealed", sealed_otherwise)
    folder = clinic().written(ground.folder)
    given: list[Any] = [stage] if stage else []

    with pytest.raises(CommandError, match=r"None of \d+ sealed values opens with MASTER_ENCRYPTION_KEY"):
        call_command("migrate_from_mongodb", *given, dump=folder, stdout=StringIO())

    assert (ground.made, UnplacedDocument.objects.count()) == ([], 0)


def test_one_value_that_does_not_open_is_set_aside_and_the_others_come(ground: Ground) -> None:
    old = clinic(2)
    old.patient(last_name=sealed_otherwise("Mensah"))

    report = ground.backfill(old)

    assert report.tallies["patients"].quarantined == {"key-does-not-open": 1}
    assert report.tallies["patients"].migrated == 3


def test_the_only_sealed_value_tells_nothing_about_the_key(ground: Ground) -> None:
    old = Version1()
    old.organization(_id=old.clinic)
    old.add("patients", organization_id=old.clinic, last_name=sealed_otherwise("Mensah"))

    report = ground.backfill(old)

    assert report.tallies["patients"].quarantined == {"key-does-not-open": 1}


def test_a_second_run_is_refused_at_once_and_writes_nothing(ground: Ground) -> None:
    folder = clinic(1).written(ground.folder)

    with alone(DATABASE), pytest.raises(CommandError, match="Another run is taking version1 over"):
        call_command("migrate_from_mongodb", dump=folder, stdout=StringIO())

    assert (ground.made, UnplacedDocument.objects.count()) == ([], 0)
    call_command("migrate_from_mongodb", dump=folder, stdout=StringIO())
    assert len(ground.made) == 2


@pytest.mark.parametrize("stage", ["preflight", "backfill", "verify"])
def test_an_organization_that_is_not_at_the_source_is_refused(stage: str, ground: Ground) -> None:
    folder = clinic(1).written(ground.folder)

    with pytest.raises(CommandError, match="No organization of the source has that _id"):
        call_command("migrate_from_mongodb", stage, dump=folder, org_filter="nosuchid", stdout=StringIO())

    assert ground.made == []


def test_runs_of_two_sources_do_not_wait_for_each_other(ground: Ground) -> None:
    with alone("another"):
        assert ground.backfill(clinic(1)).tallies["patients"].migrated == 2


HOLD = f"""
import django
django.setup()
from chiron.operations.mongo.guarding import alone
with alone("{DATABASE}"):
    print("held", flush=True)
    input()
"""


def test_the_lock_of_a_killed_run_is_gone(ground: Ground) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD], cwd=settings.BASE_DIR, env=environment_of_tests(settings.DATABASE_PREFIX),
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(RunRefused), alone(DATABASE):
            pass
        process.kill()

    until(is_free, seconds=10)


def is_free() -> bool:
    try:
        with alone(DATABASE):
            return True
    except RunRefused:
        return False
