"""Tables that take the place of an organization's own, and the owner's work inside it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import ProgrammingError
from django.db.backends.utils import CursorWrapper

from chiron.kernel.clock import now
from chiron.kernel.db import CLINICAL, atomic, roll_back
from chiron.kernel.ids import new_id
from chiron.postgres.owner import as_owner
from chiron.tenancy.exchange import exchange_tables, lent_to_owner, lock_tables
from chiron.tenancy.models import Organization
from chiron.tenancy.names import former_schema, role_of, schema_beside, schema_of
from chiron.tenancy.public import tables
from chiron.tenancy.replay import drop_schema

REACHED = "SELECT current_user::text, current_setting('search_path')"


@pytest.fixture
def owner(django_db_setup: None, django_db_blocker: Any) -> Iterator[CursorWrapper]:
    """An owner's transaction, which is rolled back. The owner of tests is no superuser."""
    with django_db_blocker.unblock(), as_owner(CLINICAL) as connection, atomic(CLINICAL):
        with connection.cursor() as cursor:
            yield cursor
        roll_back(CLINICAL)


def test_the_owner_lends_itself_the_role_for_the_block(owner: CursorWrapper) -> None:
    organization_id = new_id()
    owner.execute(f"CREATE ROLE {role_of(organization_id)}")
    owner.execute("SELECT current_user::text")
    [before] = owner.fetchall()

    with lent_to_owner(owner, organization_id):
        owner.execute(REACHED)
        assert owner.fetchone() == (role_of(organization_id), schema_of(organization_id))

    owner.execute(REACHED)
    assert owner.fetchone() == (*before, "")
    with pytest.raises(ProgrammingError, match="permission denied to set role"), atomic(CLINICAL):
        owner.execute(f"SET LOCAL ROLE {role_of(organization_id)}")


def test_what_takes_the_place_is_served_and_numbers_go_on(fresh_organization: Organization) -> None:
    id, former = fresh_organization.id, former_schema(fresh_organization.id, now())
    beside, schema = schema_beside(id), schema_of(id)
    with as_owner(CLINICAL) as connection, atomic(CLINICAL), connection.cursor() as owner:
        owner.execute(f"CREATE TABLE {schema}.numbers (id serial); SELECT setval('{schema}.numbers_id_seq', 41)")
        owner.execute(f"CREATE SCHEMA {beside}; CREATE TABLE {beside}.numbers (id serial, word text)")
        for name in {model._meta.db_table for model in tables(CLINICAL)} - {"audit_event"}:
            owner.execute(f"CREATE TABLE {beside}.{name} (LIKE {schema}.{name})")
        lock_tables(owner, id, but_for=["audit_event"])

        exchange_tables(owner, id, former, but_for=["audit_event"])

        owner.execute(f"INSERT INTO {schema}.numbers VALUES (DEFAULT, 'next') RETURNING id")
        assert owner.fetchone() == (42,)
        with lent_to_owner(owner, id):
            owner.execute("SELECT count(*) FROM registry_patient")
            with pytest.raises(ProgrammingError, match="permission denied"), atomic(CLINICAL):
                owner.execute(f"SELECT count(*) FROM {former}.registry_patient")
        roll_back(CLINICAL)


def test_with_an_organization_goes_what_was_kept_of_it(fresh_organization: Organization) -> None:
    id, found = fresh_organization.id, "SELECT count(*) FROM pg_namespace WHERE starts_with(nspname, %s)"
    with as_owner(CLINICAL) as connection, connection.cursor() as owner:
        owner.execute(f"CREATE SCHEMA {former_schema(id, now())}; CREATE SCHEMA {schema_beside(id)}")

        drop_schema(id)

        owner.execute(found, [schema_of(id)])
        assert owner.fetchone() == (0,)
