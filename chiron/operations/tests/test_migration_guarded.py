"""A migration that must not begin is refused in words, and nothing was written."""

import base64
import os
from io import StringIO
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.core.management.base import CommandError

from chiron.operations.models import UnplacedDocument
from chiron.operations.tests.conftest import Ground
from chiron.operations.tests.version_1 import Version1, clinic

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
