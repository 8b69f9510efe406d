"""The moment in which restored databases take the place of those that are served, killed at each of its steps."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings

from chiron.audit.copies import line_of
from chiron.audit.heads import SignedHead
from chiron.kernel.clock import now
from chiron.kernel.db import ALIASES
from chiron.kernel.ids import new_id
from chiron.operations.backup import targets
from chiron.operations.backup.errors import BackupRefused
from chiron.operations.backup.heads import LEDGER, stage
from chiron.operations.backup.targets import fresh, must_be_free, take_their_place
from tests.backup.places import databases, elsewhere
from tests.server import connect

STEPS = 8
"""Three databases give up their names, two folders change theirs, three databases take the names."""
ERASED = b'{"seq":1}\n{"seq":2}\n'


@pytest.fixture
def prefix(django_db_setup: None) -> Iterator[str]:
    """Three databases and a folder of heads, which are served."""
    with elsewhere() as prefix:
        with connect(owner(), "postgres") as server:
            for alias in ALIASES:
                server.execute(f"CREATE DATABASE {prefix}_{alias}")
                fill(f"{prefix}_{alias}", "former")
        settings.AUDIT_HEADS_DIR.mkdir()
        (settings.AUDIT_HEADS_DIR / LEDGER).write_bytes(ERASED)
        yield prefix


def owner() -> dict[str, Any]:
    parameters: dict[str, Any] = settings.OWNER_DATABASES["accounts"]
    return parameters


def fill(database: str, said: str) -> None:
    with connect(owner(), database) as connection:
        connection.execute("CREATE TABLE said AS SELECT %s::text AS word", [said])


def served(prefix: str) -> list[str]:
    """What the databases say that are served; nothing of one that is missing."""
    there = [alias for alias in ALIASES if alias in databases(prefix)]
    said = []
    for alias in there:
        with connect(owner(), f"{prefix}_{alias}") as connection:
            said += [word for (word,) in connection.execute("SELECT word FROM said").fetchall()]
    return said


def swap() -> dict[str, str]:
    """What a restore does, without what it restores, of a backup whose ledger has one line of two."""
    heads = stage([(LEDGER, ERASED[:10])], settings.AUDIT_HEADS_DIR).folder
    with fresh() as made:
        for name in made.values():
            fill(name, "new")
    return take_their_place(heads, now=now())


def test_a_line_that_is_no_head_is_passed_over_and_keeps_nobody_from_a_restore(tmp_path: Path) -> None:
    trail, live = new_id(), tmp_path / "heads"
    head = line_of(SignedHead(trail, 7, bytes(32), bytes(32), now(), bytes(64)))
    live.mkdir()
    (live / f"{trail}.jsonl").write_bytes(head + b"not a head\n")

    staged = stage([(f"{trail}.jsonl", b"nor is this\n")], live)

    assert staged.lost == {str(trail): {"restored": 0, "published": 7}}


class Killed(BaseException):
    pass


def test_the_new_take_the_names_and_the_former_are_kept(prefix: str) -> None:
    former = swap()

    assert served(prefix) == ["new"] * 3
    assert sorted(former) == sorted(ALIASES)
    for name in former.values():
        with connect(owner(), name) as connection:
            assert connection.execute("SELECT word FROM said").fetchall() == [("former",)]


@pytest.mark.parametrize("step", range(STEPS))
def test_killed_at_any_step_all_are_former_all_are_new_or_one_is_missing(
    prefix: str, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    steps = 0

    def counted(plain: Any) -> Any:
        def act(*args: Any) -> Any:
            nonlocal steps
            if steps == step:
                raise Killed
            steps += 1
            return plain(*args)

        return act

    with monkeypatch.context() as patched:
        patched.setattr(targets, "_rename", counted(targets._rename))
        patched.setattr(Path, "rename", counted(Path.rename))
        with pytest.raises(Killed):
            swap()

    assert served(prefix) == (["former"] * (3 - step) if step < 3 else ["new"] * (step - 5))
    swap()
    assert served(prefix) == ["new"] * 3
    assert (settings.AUDIT_HEADS_DIR / LEDGER).read_bytes() == ERASED
    assert not [name for name in databases(prefix) if name.endswith("_restoring")]


def test_a_ledger_of_another_history_is_refused_wherever_it_lies(prefix: str) -> None:
    live = settings.AUDIT_HEADS_DIR
    live.rename(live.with_name(f"{live.name}_before_20260102030405"))

    with pytest.raises(BackupRefused, match="_before_20260102030405/erasures.jsonl are not of one installation"):
        stage([(LEDGER, b'{"seq":9}\n')], live)

    assert not live.with_name(f"{live.name}.restoring").exists()


def test_one_that_is_used_is_not_replaced(prefix: str) -> None:
    with connect(owner(), f"{prefix}_research") as used:
        used.execute("SELECT 1")

        with pytest.raises(BackupRefused, match=f"connected to {prefix}_research"):
            must_be_free(replace=True, advice="")


@pytest.mark.stress
def test_one_that_is_used_at_the_last_moment_keeps_all_where_they_are(prefix: str) -> None:
    """PostgreSQL waits for five seconds whether they leave."""
    with connect(owner(), f"{prefix}_research") as used:
        used.execute("SELECT 1")

        with pytest.raises(BackupRefused, match=f"connected to {prefix}_research"):
            swap()

    assert served(prefix) == ["former"] * 3


@pytest.mark.stress
def test_two_restores_do_not_meet(prefix: str) -> None:
    with fresh() as made, connect(owner(), made["clinical"]) as one:
        one.execute("SELECT 1")

        with pytest.raises(BackupRefused, match="another restore runs"), fresh():
            pytest.fail("the second one began")


def test_what_fails_leaves_no_database_behind(prefix: str) -> None:
    with pytest.raises(psycopg.errors.DivisionByZero), fresh() as made, connect(owner(), made["clinical"]) as one:
        one.execute("SELECT 1/0")

    assert databases(prefix) == sorted(ALIASES)
