"""PostgreSQL itself refuses what the application should never ask."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, ProgrammingError

from chiron.kernel.db import CLINICAL, atomic, cursor
from chiron.registry.models import Department
from chiron.tenancy.grants import tables
from chiron.tenancy.models import Organization
from chiron.tenancy.public import NoOrganization, current_organization_id, inside, schema_of

INSUFFICIENT_PRIVILEGE = "42501"
RELATIONS = """
    SELECT n.nspname, c.relname, c.relkind::text, coalesce(a.attname, '')
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = c.relnatts
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
     ORDER BY 1, 2
"""
THE_LOGINS_OWN = ("public.", 'template."django_migrations"')
"""What requests use outside of any organization: the queue, and which migrations there are."""

EVERY_TABLE = sorted(model._meta.db_table for model in tables(CLINICAL))


def test_without_an_organization_nothing_is_found(town: Any) -> None:
    with pytest.raises(ProgrammingError), cursor(CLINICAL) as outside:
        outside.execute("SELECT count(*) FROM registry_patient")

    with pytest.raises(NoOrganization):
        current_organization_id()


def test_every_table_of_everybody_else_is_refused_by_its_full_name(
    town: Any, shown: Callable[[str, str], None]
) -> None:
    """The tables are those of the catalog: one that nobody declared is refused as well."""
    with cursor(CLINICAL) as catalog:
        catalog.execute(RELATIONS)
        everything = catalog.fetchall()
    ours = schema_of(town.hilltop.id)
    others = [(f'{schema}."{name}"', kind, column) for schema, name, kind, column in everything if schema != ours]
    inside_ours = partial(inside, town.hilltop.id)

    refusals = [refusal(inside_ours, sql) for relation in others for sql in statements_on(*relation)]
    outside = [relation for relation in others if not relation[0].startswith(THE_LOGINS_OWN)]
    without = [refusal(partial(atomic, CLINICAL), sql) for relation in outside for sql in statements_on(*relation)]

    assert len({name for name, _, _ in others if schema_of(town.riverside.id) in name}) >= len(EVERY_TABLE)
    assert {*refusals, *without} == {INSUFFICIENT_PRIVILEGE}
    shown(
        "T2",
        f"{len(others)} tables and sequences of others: {len(refusals):,} statements inside an organization and"
        f" {len(without):,} without one, all of them refused by PostgreSQL",
    )


def statements_on(relation: str, kind: str, column: str) -> list[str]:
    """What might be tried on a table or a sequence."""
    if kind == "S":
        return [
            f"SELECT last_value FROM {relation}",
            f"SELECT nextval('{relation}')",
            f"SELECT setval('{relation}', 1)",
        ]
    return [
        f"SELECT count(*) FROM {relation}",
        f"INSERT INTO {relation} DEFAULT VALUES",
        f'UPDATE {relation} SET "{column}" = "{column}"',
        f"DELETE FROM {relation}",
        f"TRUNCATE {relation}",
        f"LOCK TABLE {relation}",
        f"ALTER TABLE {relation} DISABLE TRIGGER ALL",
        f"DROP TABLE {relation}",
    ]


def refusal(place: Any, statement: str) -> str:
    """The SQLSTATE by which PostgreSQL refuses a statement; empty where it does not."""
    try:
        with place(), cursor(CLINICAL) as session:
            session.execute(statement)
    except DatabaseError as refused:
        return str(getattr(refused.__cause__, "sqlstate", ""))
    return ""


def test_an_inner_switch_gives_the_outer_organization_back(town: Any) -> None:
    with inside(town.hilltop.id):
        with inside(town.riverside.id):
            assert current_organization_id() == town.riverside.id
        with cursor(CLINICAL) as ours:
            ours.execute("SELECT current_setting('search_path')")
            found = ours.fetchone()[0]

        assert (current_organization_id(), found) == (town.hilltop.id, schema_of(town.hilltop.id))


@pytest.mark.django_db(databases=("accounts", "clinical", "research"), transaction=False)
def test_the_runtime_login_owns_nothing(town: Any) -> None:
    with cursor(CLINICAL) as ours:
        ours.execute(
            "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = session_user)"
        )
        owned = ours.fetchone()[0]
        ours.execute("SELECT rolsuper, rolinherit, rolcreaterole FROM pg_roles WHERE rolname = session_user")
        rights = ours.fetchone()

    assert owned == 0
    assert rights == (False, False, False)


def test_every_table_lives_where_the_design_puts_it(town: Any) -> None:
    with cursor("accounts") as names:
        names.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        in_accounts = {name for (name,) in names.fetchall()}

    assert in_accounts == {model._meta.db_table for model in tables("accounts")} | {"django_migrations"}
    assert not in_accounts & {"registry_patient", "records_record"}


def test_a_department_made_here_is_not_there(town: Any) -> None:
    with inside(town.hilltop.id):
        Department.objects.create(name="Eye clinic")
        here = Department.objects.count()
    with inside(town.riverside.id):
        there = Department.objects.count()

    assert (here, there) == (1, 0)


def test_replayed_tables_are_those_that_django_migrated(town: Any) -> None:
    from chiron.postgres.owner import as_owner

    def shape(schema: str) -> list[tuple[Any, ...]]:
        with as_owner(CLINICAL) as owner, owner.cursor() as catalog:
            catalog.execute(
                "SELECT table_name, column_name, data_type, is_nullable, replace(column_default, %s, '')"
                " FROM information_schema.columns WHERE table_schema = %s AND table_name <> 'replay' ORDER BY 1, 2",
                [f"{schema}.", schema],
            )
            columns = catalog.fetchall()
            catalog.execute(
                "SELECT conrelid::regclass::text, conname, replace(pg_get_constraintdef(oid), %s, '')"
                " FROM pg_constraint WHERE connamespace = %s::regnamespace ORDER BY 2, 1",
                [f"{schema}.", schema],
            )
            constraints = [(table.rpartition(".")[2], *rest) for table, *rest in catalog.fetchall()]
            catalog.execute(
                "SELECT tablename, indexname, replace(indexdef, %s, '') FROM pg_indexes WHERE schemaname = %s"
                " AND tablename <> 'replay' AND tablename <> 'django_migrations' ORDER BY 1, 2",
                [f"{schema}.", schema],
            )
            indexes = catalog.fetchall()
        assert len(columns) > 50
        assert len(indexes) > 20
        return [
            *columns,
            *indexes,
            *(each for each in constraints if not each[0].startswith(("replay", "django_migrations"))),
        ]

    assert shape(schema_of(town.hilltop.id)) == shape("template")


def test_an_organization_row_is_named_by_a_plain_slug(town: Any) -> None:
    assert Organization.objects.filter(slug="hilltop").count() == 1
    assert settings.DATABASE_PREFIX.startswith("test_")
