"""What keeps an organization from being turned back, and whatever kills it: it is what it was, and all of it."""

from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.backends.utils import CursorWrapper

from chiron.audit.models import Event
from chiron.kernel.clock import now
from chiron.kernel.db import ACCOUNTS, CLINICAL, only_one
from chiron.operations.backup import turning_back
from chiron.operations.backup.beside import beside
from chiron.operations.backup.errors import BackupRefused
from chiron.operations.backup.places import Folder
from chiron.operations.backup.reading import Backup
from chiron.operations.backup.snapshots import connect_as_owner, snapshots
from chiron.operations.backup.watch import Watch
from chiron.registry.models import Patient
from chiron.tenancy.public import inside, schema_of
from chiron.vault.keyring import turn_of
from tests.backup.places import KEY, Taken
from tests.backup.turning import Rows, rows, rows_in_the_backup, schemas_of, suspend
from tests.town import OPERATOR

Act = Callable[[], dict[str, Any]]


@pytest.fixture
def suspended(taken: Taken, committed: None) -> Iterator[Taken]:
    """The clinic that was backed up, changed since, and suspended while the test lasts."""
    with inside(taken.clinic.id):
        Patient.objects.filter(id=taken.clinic.patient_id).update(birth_date=f"19{now():%S}-02-03")
    assert rows(taken.clinic.id) != rows_in_the_backup(taken)
    suspend(taken.clinic)
    yield taken
    suspend(taken.clinic, suspended=False)


@contextmanager
def made_ready(taken: Taken) -> Iterator[Act]:
    """The backup's tables beside the clinic's; what is left is the exchange."""
    backup, organization = Backup.at(Folder(taken.folder), KEY), taken.clinic.organization
    with beside(backup, organization.id, Watch()):
        yield lambda: turning_back._exchange(backup, organization, by=OPERATOR, now=now(), watch=Watch())


def said(taken: Taken) -> tuple[Rows, int, list[str]]:
    """The rows of the clinic, how often its trail says that it was turned back, and its schemas."""
    with inside(taken.clinic.id):
        events = Event.objects.using(CLINICAL).filter(action="backup.restored").count()
    return rows(taken.clinic.id), events, schemas_of(taken.clinic.id)


@pytest.fixture
def command(settings: Any) -> Callable[..., None]:
    settings.BACKUP_ENCRYPTION_KEY = urlsafe_b64encode(KEY.private_bytes_raw()).decode()

    def run(taken: Taken, **options: Any) -> None:
        call_command("restore", str(taken.folder), in_place=True, **options)

    return run


def test_one_that_still_answers_is_left_alone(taken: Taken, committed: None, command: Callable[..., None]) -> None:
    before = said(taken)

    with pytest.raises(CommandError, match="Nothing was restored, .* Suspend the organization first"):
        command(taken, organization=taken.clinic.organization.slug)
    with pytest.raises(CommandError, match="There is no organization 'nobodys' here"):
        command(taken, organization="nobodys")
    with pytest.raises(CommandError, match="name it with --organization"):
        command(taken)
    with pytest.raises(CommandError, match="`--replace` is for whole backups"):
        command(taken, organization=taken.clinic.organization.slug, replace=True)

    assert said(taken) == before


def test_one_that_is_not_in_the_backup_is_left_alone(
    taken: Taken, fresh_organization: Any, command: Callable[..., None]
) -> None:
    type(fresh_organization).objects.filter(id=fresh_organization.id).update(suspended_at=now())
    before = rows(fresh_organization.id)

    with pytest.raises(CommandError, match=f"There is no organization '{fresh_organization.slug}' in the backup"):
        command(taken, organization=fresh_organization.slug)

    assert (rows(fresh_organization.id), len(schemas_of(fresh_organization.id))) == (before, 1)


def test_while_any_other_is_turned_back_it_waits_its_turn(suspended: Taken, command: Callable[..., None]) -> None:
    before = said(suspended)

    with turning_back._alone(), pytest.raises(CommandError, match="being turned back already, by another run"):
        command(suspended, organization=suspended.clinic.organization.slug)

    assert said(suspended) == before


@contextmanager
def somebody_reads(taken: Taken) -> Iterator[None]:
    with connect_as_owner(CLINICAL) as connection, connection.transaction():
        connection.execute(f"SELECT count(*) FROM {schema_of(taken.clinic.id)}.registry_patient")
        yield


@contextmanager
def another_index(taken: Taken) -> Iterator[None]:
    schema = schema_of(taken.clinic.id)
    with connect_as_owner(CLINICAL) as connection:
        connection.execute(f"CREATE INDEX another ON {schema}.registry_patient (sex)")
        yield
        connection.execute(f"DROP INDEX {schema}.another")


@contextmanager
def a_backup_is_made(taken: Taken) -> Iterator[None]:
    with snapshots(lambda: None):
        yield


@contextmanager
def resumed(taken: Taken) -> Iterator[None]:
    suspend(taken.clinic, suspended=False)
    yield
    suspend(taken.clinic)


OBSTACLES: dict[str, Callable[[Taken], AbstractContextManager[None]]] = {
    "Somebody still works in the organization": somebody_reads,
    r"not those of the backup \(registry_patient\): run `chiron migrate`": another_index,
    "A backup is being made": a_backup_is_made,
    "Suspend the organization first": resumed,
}


def test_what_begins_meanwhile_leaves_it_as_it_is(suspended: Taken, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turning_back, "PATIENCE", "SET LOCAL lock_timeout = '50ms'")
    with made_ready(suspended) as act:
        before = said(suspended)

        for refusal, obstacle in OBSTACLES.items():
            with obstacle(suspended), pytest.raises(BackupRefused, match=refusal):
                act()

        assert said(suspended) == before
        with only_one(ACCOUNTS, turn_of(suspended.clinic.id)), pytest.raises(BackupRefused, match="Keys of the org"):
            turning_back._keys_at_rest(suspended.clinic.organization).__enter__()


class Killed(BaseException):
    pass


STEPS = [pytest.param(91, 5, id="some"), pytest.param(1, 1, marks=pytest.mark.stress, id="every")]
"""The first statement before which it is killed, and after how many more the next time."""


@pytest.mark.parametrize(("first", "step"), STEPS)
def test_killed_at_any_statement_it_is_what_it_was(
    suspended: Taken, monkeypatch: pytest.MonkeyPatch, first: int, step: int
) -> None:
    plain, left = CursorWrapper.execute, 0

    def counted(self: Any, *args: Any) -> Any:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed
        return plain(self, *args)

    killed = 0
    with made_ready(suspended) as act:
        before = said(suspended)
        while True:
            left = first + killed * step
            with monkeypatch.context() as patched:
                patched.setattr(CursorWrapper, "execute", counted)
                try:
                    act()
                    break
                except Killed:
                    killed += 1
            if schemas_of(suspended.clinic.id) != before[2]:
                break  # the platform's event only was still to come
            assert said(suspended) == before

    assert first + killed * step > 130
    wanted, (there, events, _) = rows_in_the_backup(suspended), said(suspended)
    assert {name for name in wanted if wanted[name] != there[name]} <= {"notifications_counter"}
    assert events == before[1] + 1
