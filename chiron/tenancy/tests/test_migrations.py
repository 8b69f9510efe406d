"""Migrations over all schemas: replayed, resumed, one organization's failure leaving the others done."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connections, migrations
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import ProjectState

from chiron.kernel.db import CLINICAL, atomic, cursor, roll_back
from chiron.postgres.owner import as_owner
from chiron.postgres.setup import TIMEOUTS
from chiron.registry.models import Department
from chiron.tenancy import everywhere, replay
from chiron.tenancy.names import sealer_of
from chiron.tenancy.public import Organization, inside, role_of, schema_of
from chiron.tenancy.replay import Step
from tests.town import drop_organization, make_organization

NEW = ("registry", "9999_planted")


@pytest.fixture
def several(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[Organization]]:
    """Three organizations whose changes are committed."""
    with django_db_blocker.unblock():
        made = [make_organization(None) for _ in range(3)]
        yield made
        for organization in made:
            drop_organization(organization)


@contextmanager
def planted(sql: str, *, python: bool = False) -> Iterator[None]:
    """A new migration on the template, which no organization has yet."""
    step = Step(NEW, sql, python)
    with pytest.MonkeyPatch.context() as patched:
        real = replay.steps()
        patched.setattr("chiron.tenancy.management.commands.migrate.steps", lambda: [*real, step])
        patched.setattr(everywhere, "steps", lambda: [*real, step])
        patched.setattr("chiron.tenancy.management.commands.migrate.migrate_template", list)
        yield


def has(organization: Organization, table: str) -> bool:
    with as_owner(CLINICAL), cursor(CLINICAL) as owner:
        owner.execute("SELECT to_regclass(%s) IS NOT NULL", [f"{schema_of(organization.id)}.{table}"])
        return bool(owner.fetchone()[0])


def status(capsys: Any) -> dict[str, str]:
    capsys.readouterr()
    call_command("migrate", "--status")
    lines = capsys.readouterr().out.splitlines()
    return dict(line.split(": ", 1) for line in lines)


def forget(organizations: list[Organization]) -> None:
    """Take a planted migration back from those that other tests use."""
    with as_owner(CLINICAL), atomic(CLINICAL), cursor(CLINICAL) as owner:
        for organization in organizations:
            schema = schema_of(organization.id)
            owner.execute(f"DROP TABLE IF EXISTS {schema}.planted")
            owner.execute(f"DELETE FROM {schema}.django_migrations WHERE name = %s", [NEW[1]])


@pytest.fixture
def everybody(several: list[Organization]) -> Iterator[list[Organization]]:
    """All organizations there are; the planted migration is taken back from them."""
    yield several
    forget(list(Organization.objects.all()))


def test_the_status_names_what_each_organization_lacks(everybody: list[Organization], capsys: Any) -> None:
    with planted("CREATE TABLE planted (id int PRIMARY KEY)"):
        before = status(capsys)
        call_command("migrate", "--database", "clinical", verbosity=0)
        after = status(capsys)

    slugs = {organization.slug for organization in Organization.objects.all()}
    assert before == dict.fromkeys(slugs, "lacks registry.9999_planted")
    assert after == dict.fromkeys(slugs, "up to date")


def test_an_organization_that_fails_is_named_and_the_others_are_done(
    everybody: list[Organization], capsys: Any
) -> None:
    first, broken, last = everybody
    with as_owner(CLINICAL), cursor(CLINICAL) as owner:
        owner.execute(f"CREATE VIEW {schema_of(broken.id)}.planted AS SELECT 1 AS in_the_way")

    with planted("CREATE TABLE planted (id int PRIMARY KEY); CREATE TABLE planted_too (id int PRIMARY KEY)"):
        told = rf'1 of \d+ organizations stay(?s:.)*{broken.slug}: ProgrammingError: SQLSTATE 42P07, relation "planted"'
        with pytest.raises(CommandError, match=told):
            call_command("migrate", "--database", "clinical", verbosity=0)
        found = status(capsys)

        assert (found[first.slug], found[last.slug]) == ("up to date", "up to date")
        assert found[broken.slug] == "lacks registry.9999_planted"
        assert (has(first, "planted_too"), has(broken, "planted_too"), has(last, "planted_too")) == (True, False, True)

        with as_owner(CLINICAL), cursor(CLINICAL) as owner:
            owner.execute(f"DROP VIEW {schema_of(broken.id)}.planted")
        call_command("migrate", "--database", "clinical", verbosity=0)
        assert status(capsys)[broken.slug] == "up to date"
    with as_owner(CLINICAL), cursor(CLINICAL) as owner:
        for organization in Organization.objects.all():
            owner.execute(f"DROP TABLE {schema_of(organization.id)}.planted_too")


def test_python_is_run_by_django_in_each_organization(several: list[Organization]) -> None:
    def open_a_ward(apps: Any, editor: Any) -> None:
        department = apps.get_model("registry", "Department")
        department.objects.using(editor.connection.alias).create(name="Made by Python", kind="department")

    planted = type("Migration", (migrations.Migration,), {"operations": [migrations.RunPython(open_a_ward)]})
    migration = planted("9999_planted", "registry")
    loader = MigrationExecutor(connections[CLINICAL]).loader
    loader.graph.add_node(NEW, migration)
    loader.graph.add_dependency(migration, NEW, ("registry", "0001_initial"))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(replay, "MigrationExecutor", lambda _: type("Executor", (), {"loader": loader}))
        new = [replay.replay(each.id, [*replay.steps(), Step(NEW, "", python=True)]) for each in several]

    assert new == [[NEW]] * 3
    for organization in several:
        with inside(organization.id):
            assert list(Department.objects.values_list("name", flat=True)) == ["Made by Python"]


def test_statements_of_python_that_fails_leave_nothing(several: list[Organization]) -> None:
    step = Step(NEW, "CREATE TABLE planted (id int PRIMARY KEY); SELECT 1 / 0", python=False)

    with pytest.raises(DatabaseError):
        replay.replay(several[0].id, [*replay.steps(), step])

    assert not has(several[0], "planted")
    assert NEW not in replay.applied(several[0].id)


def test_python_that_fails_in_one_organization_leaves_the_others_done(
    everybody: list[Organization], capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    replay_one, broken = replay.replay, everybody[1]

    def failing(organization_id: Any, steps: Any) -> Any:
        if organization_id == broken.id:
            raise ValueError("a row that nobody foresaw")
        return replay_one(organization_id, steps)

    monkeypatch.setattr(everywhere, "replay", failing)

    with planted("CREATE TABLE planted (id int PRIMARY KEY)"):
        with pytest.raises(CommandError, match=rf"{broken.slug}: ValueError: in test_migrations.py, line \d+$"):
            call_command("migrate", "--database", "clinical", verbosity=0)
        found = status(capsys)

    assert found.pop(broken.slug) == "lacks registry.9999_planted"
    assert set(found.values()) == {"up to date"}


def test_migrating_again_changes_nothing(several: list[Organization]) -> None:
    assert [replay.replay(each.id, replay.steps()) for each in several] == [[], [], []]
    call_command("migrate", verbosity=0)
    call_command("migrate_schemas", "--shared", verbosity=0)


def test_what_schema_editors_send_is_kept_and_what_django_asks_is_not(django_db_setup: None, db: None) -> None:
    """RunSQL may begin with SELECT, name Django's own table, end in a comment, and hold percent signs."""
    said = [
        "SELECT setval('numbers', 7)",
        "UPDATE django_migrations SET applied = applied WHERE app LIKE '50%'",
        "CREATE SEQUENCE more -- of them",
    ]
    operations = [migrations.RunSQL("CREATE SEQUENCE numbers"), *map(migrations.RunSQL, said)]
    operations.append(migrations.RunSQL([("SELECT setval('more', %s)", [3])]))

    with as_owner(CLINICAL) as owner, atomic(CLINICAL), cursor(CLINICAL) as undone:
        undone.execute("SET LOCAL search_path TO template")
        with replay.recording(owner) as kept, owner.schema_editor(atomic=False) as editor:
            for operation in operations:
                operation.database_forwards("registry", editor, ProjectState(), ProjectState())
            owner.introspection.get_constraints(undone, "registry_patient")
        undone.execute("ALTER SEQUENCE numbers RESTART; DROP SEQUENCE more")
        undone.execute(replay.SEPARATOR.join(kept[1:]))
        undone.execute("SELECT nextval('numbers'), nextval('more')")
        replayed = undone.fetchone()
        roll_back(CLINICAL)

    assert kept == ["CREATE SEQUENCE numbers", *said, "SELECT setval('more', 3)"]
    assert replayed == (8, 4)


def test_a_fault_never_quotes_a_value(several: list[Organization]) -> None:
    quoting = Step(NEW, "SELECT 'Kofi Mensah'::int", python=False)

    [fault] = [fault for _, fault in everywhere.replay_everywhere(several[:1], [*replay.steps(), quoting], workers=4)]

    assert fault == "DataError: SQLSTATE 22P02"
    assert NEW not in replay.applied(several[0].id)


def test_a_table_that_requests_hold_is_not_waited_for_without_end(
    several: list[Organization], django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every later request would queue behind the one that waits."""
    monkeypatch.setitem(TIMEOUTS, "lock_timeout", "50ms")
    waiting = Step(NEW, "ALTER TABLE registry_department ADD COLUMN planted int", python=False)
    read = threading.Event()

    def request() -> None:
        with django_db_blocker.unblock(), inside(several[0].id):
            Department.objects.count()
            read.set()
            assert done.wait(30)
        connections.close_all()

    done = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(request)
        assert read.wait(30)
        outcomes = list(everywhere.replay_everywhere(several, [*replay.steps(), waiting], workers=1))
        done.set()

    assert [fault.partition(",")[0] for _, fault in outcomes] == ["OperationalError: SQLSTATE 55P03", "", ""]
    assert [NEW in replay.applied(each.id) for each in several] == [False, True, True]


def test_rights_that_are_no_longer_declared_are_taken_back(several: list[Organization]) -> None:
    """The sealer's, too."""
    schema, role = schema_of(several[0].id), role_of(several[0].id)
    asked = "SELECT has_table_privilege(%s, %s, 'DELETE'), has_table_privilege(%s, %s, 'DELETE')"
    table = f"{schema}.registry_patient"
    with as_owner(CLINICAL), cursor(CLINICAL) as owner:
        owner.execute(
            f"GRANT DELETE ON {schema}.audit_event TO {role}; GRANT DELETE ON {table} TO {sealer_of(CLINICAL)}"
        )

        replay.replay(several[0].id, replay.steps())

        owner.execute(asked, [role, f"{schema}.audit_event", sealer_of(CLINICAL), table])
        assert owner.fetchone() == (False, False)


def test_python_of_other_databases_is_run_in_no_organization(django_db_setup: None, db: None) -> None:
    assert [step.key for step in replay.steps() if step.python] == []
