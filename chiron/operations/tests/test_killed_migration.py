"""A migration killed anywhere is started again, and comes to the end that it would have come to at once."""

import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings

from chiron.identity.public import Account, Membership
from chiron.operations.models import MigratedDocument, QuarantinedDocument, UnplacedDocument
from chiron.operations.mongo.storing import keep_migrated
from chiron.operations.tests.conftest import Ground
from chiron.operations.tests.version_1 import Version1, clinic
from chiron.registry.public import Patient
from chiron.screening.public import Screening
from chiron.tenancy.public import inside, rows_of
from tests.ground import environment_of_tests
from tests.waiting import until

RUN = """
import sys, django
django.setup()
from django.core.management import call_command
call_command("migrate_from_mongodb", "backfill", dump=__import__("pathlib").Path(sys.argv[1]))
"""
CHANGES = ("django_migrations", "audit_leaf", "audit_head", "audit_watermark")


def a_network(patients: int) -> Version1:
    """With somebody who cannot be taken over."""
    old = clinic(patients)
    old.patient(sex="x")
    old.user(role="superuser")
    old.patient(organization_id=None)
    return old


def state(ground: Ground) -> dict[str, Any]:
    """What stands here in the end, as far as it is not drawn at random."""
    found: dict[str, Any] = {}
    for organization in ground.made:
        with inside(organization.id):
            found[organization.slug] = {
                "migrated": sorted(MigratedDocument.objects.values_list("id", "collection")),
                "quarantined": sorted(QuarantinedDocument.objects.values_list("id", "reason")),
                "patients": sorted(Patient.objects.values_list("id", "birth_date", "recorded_at")),
                "screenings": sorted(Screening.objects.values_list("id", "patient_id", "made_by")),
            }
        rows = rows_of(organization.id)
        found[organization.slug]["rows"] = {name: n for name, n in rows.items() if not name.startswith(CHANGES)}
        members = Membership.objects.filter(organization=organization)
        found[organization.slug]["members"] = sorted(
            members.values_list("account_id", "account__password", "roles", "patient_id", "provider_id"), key=str
        )
    found["accounts"] = Account.objects.count()
    found["unplaced"] = sorted(UnplacedDocument.objects.values_list("id", "reason", "patient_id"), key=str)
    return found


def at_once(ground: Ground, old: Version1) -> dict[str, Any]:
    """The end to which one run comes; then all of it is removed again."""
    ground.backfill(old)
    ended = state(ground)
    ground.clear()
    return ended


class Killed(BaseException):
    """Nobody catches it."""


def test_broken_off_between_two_databases_it_is_finished_by_the_next_run(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At every step in turn: after what accounts holds is committed, before clinical commits."""
    old = a_network(4)
    wanted, ended, killed = at_once(ground, old), False, 0

    while not ended:
        steps = iter(range(100))

        def killed_at_the_step(*given: Any, steps: Iterator[int] = steps, last: int = min(killed, 1)) -> None:
            if next(steps) == last:
                raise Killed
            keep_migrated(*given)

        with monkeypatch.context() as patched, suppress(Killed):
            patched.setattr("chiron.operations.mongo.backfill.keep_migrated", killed_at_the_step)
            ended = not ground.backfill(old).differs
        killed += not ended

    assert killed == 11
    assert state(ground) == wanted
    assert not ground.verify(old).differs


def begun(folder: Path) -> "subprocess.Popen[bytes]":
    """The real command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(folder)],
        cwd=settings.BASE_DIR, env=environment_of_tests(settings.DATABASE_PREFIX),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def here(ground: Ground) -> int:
    """How many documents have come so far."""
    return sum(_migrated_in(organization.id) for organization in ground.made)


def _migrated_in(organization_id: UUID) -> int:
    with inside(organization_id):
        return MigratedDocument.objects.exclude(collection="history").count()


def killed_and_resumed(ground: Ground, old: Version1, kills: int, within: float = 1) -> list[int]:
    """Kill it as often, each time once it has come to a point drawn at random; where that was. Then let it finish.

    ``within`` is the first part of the way, where the points lie.
    """
    folder, points = old.written(ground.folder / old.mark), []
    last = int(sum(map(len, old.collections.values())) * within)
    wanted = sorted(random.sample(range(1, last), kills))
    for point in wanted:
        process = begun(folder)
        until(lambda: process.poll() is not None or here(ground) >= point, seconds=120)  # noqa: B023
        process.kill()
        if process.wait() == -signal.SIGKILL:
            points.append(here(ground))
    assert begun(folder).wait() == 0
    return points


def test_killed_by_the_system_it_is_finished_by_the_next_run(ground: Ground) -> None:
    old = a_network(30)
    wanted = at_once(ground, old)

    points = killed_and_resumed(ground, old, 1, within=0.1)

    assert len(points) == 1
    assert state(ground) == wanted
    assert not ground.verify(old).differs


@pytest.mark.stress
def test_killed_at_twenty_points_it_comes_to_the_same_end(ground: Ground) -> None:
    old = a_network(3000)
    wanted = at_once(ground, old)

    points = killed_and_resumed(ground, old, 20)

    assert len(points) >= 15, points
    assert len(set(points)) >= 8, points
    assert state(ground) == wanted
    assert not ground.verify(old).differs
