"""Runs of `chiron migrate` in processes of their own: killed at any moment, side by side, beside new organizations."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import StringIO
from threading import Event
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections
from rich.console import Console

from chiron.kernel.db import ACCOUNTS, CLINICAL, atomic, cursor
from chiron.postgres.owner import as_owner
from chiron.tenancy import services
from chiron.tenancy.management.commands import migrate
from chiron.tenancy.public import Organization, schema_of
from chiron.tenancy.replay import steps
from chiron.tenancy.turns import KEY, migrating_alone
from tests.ground import environment_of_tests
from tests.town import drop_organization, make_organization

NAMES = ("9998_planted", "9999_planted")
PLANT = """
    INSERT INTO template.django_migrations (app, name, applied) VALUES ('registry', '{name}', now());
    INSERT INTO template.replay (app, name, sql, python) VALUES ('registry', '{name}', $$
        CREATE TABLE {table} (id int PRIMARY KEY); SELECT pg_sleep(0.02); INSERT INTO {table} VALUES (1)
    $$, false)
"""


@pytest.fixture
def many(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[Organization]]:
    """Ten organizations whose changes are committed."""
    with django_db_blocker.unblock():
        made = [make_organization(None) for _ in range(10)]
        yield made
        for organization in made:
            drop_organization(organization)


@pytest.fixture
def planted(many: list[Organization]) -> Iterator[list[Organization]]:
    """All organizations, and two new migrations on the template; both are taken back everywhere."""
    tables = [f"planted_{name[:4]}" for name in NAMES]
    with as_owner(CLINICAL), cursor(CLINICAL) as owner:
        for name, table in zip(NAMES, tables, strict=True):
            owner.execute(PLANT.format(name=name, table=table))
    yield list(Organization.objects.order_by("id"))
    with as_owner(CLINICAL), atomic(CLINICAL), cursor(CLINICAL) as owner:
        for schema in ("template", *(schema_of(each.id) for each in Organization.objects.all())):
            owner.execute(f"DELETE FROM {schema}.django_migrations WHERE name = ANY(%s)", [list(NAMES)])
            owner.execute(";".join(f"DROP TABLE IF EXISTS {schema}.{table}" for table in tables))
        owner.execute("DELETE FROM template.replay WHERE name = ANY(%s)", [list(NAMES)])


def run(*arguments: str) -> "subprocess.Popen[str]":
    """`chiron migrate` on this worker's databases."""
    return subprocess.Popen(
        [sys.executable, "-m", "django", "migrate", "--database", "clinical", *arguments], cwd=settings.BASE_DIR,
        env=environment_of_tests(settings.DATABASE_PREFIX), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@contextmanager
def held_up(organization: Organization) -> Iterator[None]:
    """Whoever wants to note a migration of that organization waits."""
    with as_owner(CLINICAL), atomic(CLINICAL), cursor(CLINICAL) as owner:
        owner.execute(f"LOCK TABLE {schema_of(organization.id)}.django_migrations IN SHARE MODE")
        yield


def finish(process: "subprocess.Popen[str]") -> str:
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    return said


def states(organizations: list[Organization]) -> list[tuple[set[str], set[str]]]:
    """Of each, which planted migrations it notes, and which planted tables it has, seen at one moment."""
    found = []
    with as_owner(CLINICAL), cursor(CLINICAL) as owner:
        for organization in organizations:
            schema = schema_of(organization.id)
            owner.execute(
                f"SELECT ARRAY(SELECT name FROM {schema}.django_migrations WHERE name = ANY(%s)),"
                " ARRAY(SELECT tablename::text FROM pg_tables WHERE schemaname = %s AND tablename LIKE 'planted%%')",
                [list(NAMES), schema],
            )
            noted, tables = owner.fetchone()
            found.append((set(noted), set(tables)))
    return found


def rows(organizations: list[Organization]) -> set[int]:
    """How many rows the planted tables have; each migration writes one."""
    with as_owner(CLINICAL), cursor(CLINICAL) as owner:
        owner.execute(
            " UNION ".join(f"SELECT count(*) FROM {schema_of(each.id)}.planted_9999" for each in organizations)
        )
        return {number for (number,) in owner.fetchall()}


NOTHING: tuple[set[str], set[str]] = (set(), set())
WHOLE = (set(NAMES), {"planted_9998", "planted_9999"})


@pytest.mark.parametrize(("reached", "later"), [(0, 0.0), (1, 0.03), (3, 0.06), (6, 0.04)])
def test_a_run_that_is_killed_at_any_moment_is_finished_by_the_next(
    planted: list[Organization], reached: int, later: float
) -> None:
    with held_up(planted[-1]):  # so that the kill always comes before the end
        killed = run("--workers", "2")
        pause = Event()
        while killed.poll() is None and states(planted).count(WHOLE) < reached:
            pause.wait(0.005)
        pause.wait(later)  # or every kill would strike just after a commit
        killed.send_signal(signal.SIGKILL)
        killed.communicate()

    between = states(planted)
    finish(run())

    assert between.count(NOTHING) + between.count(WHOLE) == len(planted)
    assert reached <= between.count(WHOLE) < len(planted)
    assert states(planted) == [WHOLE] * len(planted)
    assert rows(planted) == {1}


def test_two_runs_at_once_do_everything_once(planted: list[Organization]) -> None:
    both = [run("--workers", "3"), run("--workers", "3")]

    said = [finish(each) for each in both]

    assert states(planted) == [WHOLE] * len(planted)
    assert rows(planted) == {1}
    assert all(f"clinical: {len(planted)} of {len(planted)} organizations" in each for each in said)


def test_a_new_organization_waits_for_a_migration_and_gets_what_it_brought(
    django_db_setup: None, django_db_blocker: Any
) -> None:
    opened: list[Organization] = []

    def make() -> None:
        with django_db_blocker.unblock():
            opened.append(make_organization(None))
            connections.close_all()

    with django_db_blocker.unblock(), ThreadPoolExecutor(1) as pool:
        with migrating_alone(lambda: None):
            making = pool.submit(make)
            until_somebody_waits()
            at_that_time = list(opened)
        making.result(30)
        drop_organization(opened[0])

    assert (at_that_time, len(opened)) == ([], 1)


def test_a_migration_waits_for_a_new_organization_and_finds_it(
    django_db_setup: None, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The organization took the template's steps before the migration: it must be among those that are migrated."""
    read, go_on = Event(), Event()

    def slow_steps() -> Any:
        taken = steps()
        read.set()
        assert go_on.wait(30)
        return taken

    def make() -> Organization:
        with django_db_blocker.unblock():
            try:
                return make_organization(None)
            finally:
                connections.close_all()

    def waiting() -> None:
        told.append("waits")
        go_on.set()

    told: list[str] = []
    monkeypatch.setattr(services, "steps", slow_steps)
    with django_db_blocker.unblock(), ThreadPoolExecutor(1) as pool:
        making = pool.submit(make)
        assert read.wait(30)
        with migrating_alone(waiting):
            listed = set(Organization.objects.values_list("id", flat=True))
        made = making.result(30)
        drop_organization(made)

    assert told == ["waits"]
    assert made.id in listed


def until_somebody_waits() -> None:
    """Until another session waits for the turn of migrations."""
    pause = Event()
    for _ in range(1000):
        with cursor(ACCOUNTS) as watched:
            watched.execute(
                f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
                f" AND (classid::bigint << 32 | objid::bigint) = {KEY}"
            )
            if watched.fetchone()[0]:
                return
        pause.wait(0.01)
    raise AssertionError("nobody waits")


def test_nothing_is_left_of_an_organization_that_could_not_be_opened(
    django_db_setup: None, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def schemas() -> set[str]:
        with as_owner(CLINICAL), cursor(CLINICAL) as owner:
            owner.execute(
                "SELECT nspname FROM pg_namespace UNION SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)",
                [f"{settings.DATABASE_PREFIX}_"],
            )
            return {name for (name,) in owner.fetchall()}

    def failing(organization_id: Any, all_steps: Any) -> None:
        raise InterruptedError

    with django_db_blocker.unblock():
        before = schemas()
        monkeypatch.setattr(services, "replay", failing)
        with pytest.raises(InterruptedError):
            make_organization(None)

        assert schemas() == before


@pytest.mark.parametrize("workers", ["0", "-1", "many"])
def test_fewer_than_one_worker_is_refused(workers: str) -> None:
    with pytest.raises(CommandError, match="must be 1 or more"):
        call_command("migrate", f"--workers={workers}")


def test_a_line_is_told_for_each_tenth_where_there_is_no_terminal(many: list[Organization], capsys: Any) -> None:
    call_command("migrate", "--database", "clinical", "--workers", "2")

    number = Organization.objects.count()
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "clinical: 0 new migrations on the template"
    assert said[-1] == f"clinical: {number} of {number} organizations"
    assert len(said) == 11
    assert os.linesep.join(said).count("%") == 0


def test_a_bar_is_shown_on_a_terminal(many: list[Organization], monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    screen = StringIO()
    monkeypatch.setattr(migrate, "Console", lambda **_: Console(file=screen, force_terminal=True, width=80))

    call_command("migrate", "--database", "clinical")

    number = Organization.objects.count()
    assert f"{number}/{number}" in screen.getvalue()
    assert capsys.readouterr().out == "clinical: 0 new migrations on the template\n"
