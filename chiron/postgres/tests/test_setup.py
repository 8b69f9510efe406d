"""The three databases, their logins, and what each of them may do: asked of the catalog, not of ourselves."""

from contextlib import suppress
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connections

from chiron.kernel.db import ALIASES, cursor
from chiron.kernel.models import Grants
from chiron.postgres.owner import as_owner
from chiron.tenancy.grants import tables
from chiron.tenancy.public import inside, role_of, schema_of
from chiron.tenancy.router import aliases_of
from tests.server import connect, messages

EVERY = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER")


def asked(alias: str, statement: str, *params: Any) -> list[Any]:
    with cursor(alias) as catalog:
        catalog.execute(statement, params or None)
        return list(catalog.fetchall())


def rights_of(alias: str, role: str, schema: str) -> dict[str, set[str]]:
    """Table by table, what a role may do there."""
    with as_owner(alias) as owner, owner.cursor() as catalog:
        catalog.execute(
            "SELECT c.relname, p FROM pg_class c, unnest(%s::text[]) p WHERE c.relnamespace = %s::regnamespace"
            " AND c.relkind IN ('r', 'p') AND has_table_privilege(%s, c.oid, p)",
            [list(EVERY), schema, role],
        )
        found: dict[str, set[str]] = {}
        for table, right in catalog.fetchall():
            found.setdefault(table, set()).add(right)
    return found


def declared(alias: str) -> dict[str, set[str]]:
    """The same as the models say it."""
    models = {model._meta.db_table: set(getattr(model, "grants", Grants.FULL).value) for model in tables(alias)}
    return {table: rights for table, rights in models.items() if rights}


def test_setting_up_again_changes_nothing(town: Any) -> None:
    call_command("setup_databases")

    assert [asked(alias, "SELECT 1") for alias in ALIASES] == [[(1,)]] * 3


@pytest.mark.parametrize(
    ("setting", "alias", "told"),
    [
        ("OWNER_DATABASES", "accounts", "Not set: ACCOUNTS_OWNER_URL. Name the owner of all three with POSTGRES_HOST"),
        ("SEALER_DATABASES", "clinical", "Not set: CLINICAL_SEALER_URL. "),
        ("DATABASES", "research", "Not set: RESEARCH_DATABASE_URL. "),
    ],
)
def test_without_every_owner_and_login_nothing_is_set_up(
    setting: str, alias: str, told: str, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(getattr(settings, setting), alias, {})

    with pytest.raises(CommandError, match=told):
        call_command("setup_databases")


def test_each_database_has_the_name_owner_and_logins_of_its_urls(
    django_db_setup: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On three servers if need be: what the URLs name is made, whatever the prefix."""
    prefix = settings.DATABASE_PREFIX
    place = settings.OWNER_DATABASES["research"] | {"NAME": f"{prefix}_elsewhere"}
    login = {"USER": f"{prefix}_reader", "PASSWORD": "of its own"}
    monkeypatch.setitem(settings.OWNER_DATABASES, "research", place)
    monkeypatch.setitem(settings.DATABASES, "research", settings.DATABASES["research"] | login)

    call_command("setup_databases")

    with connect(place | login, place["NAME"]) as reader:
        entered = reader.execute("SELECT current_user::text, current_setting('timezone')").fetchone()
    with connect(settings.OWNER_DATABASES["accounts"], "postgres") as owner:
        owner.execute(f"DROP DATABASE {place['NAME']}")
        owner.execute(f"DROP ROLE {login['USER']}")
    assert entered == (f"{prefix}_reader", "UTC")


@pytest.mark.parametrize("alias", ALIASES)
def test_a_runtime_login_is_nobody_special_and_owns_nothing(alias: str, town: Any) -> None:
    special = "rolsuper OR rolcreatedb OR rolcreaterole OR rolinherit OR rolbypassrls OR rolreplication"
    assert asked(alias, f"SELECT {special} FROM pg_roles WHERE rolname = session_user") == [(False,)]
    mine = "(SELECT oid FROM pg_roles WHERE rolname = session_user)"
    for catalog, owner in (("pg_class", "relowner"), ("pg_namespace", "nspowner"), ("pg_proc", "proowner"),
                           ("pg_database", "datdba"), ("pg_type", "typowner")):  # fmt: skip
        assert asked(alias, f"SELECT count(*) FROM {catalog} WHERE {owner} = {mine}") == [(0,)]


@pytest.mark.parametrize("alias", ALIASES)
@pytest.mark.parametrize(
    "what", ["TABLE public.mine (id int)", "SCHEMA mine", "TEMP TABLE mine (id int)", "ROLE mine", "DATABASE mine"]
)
def test_a_runtime_login_makes_nothing(alias: str, what: str, town: Any) -> None:
    with pytest.raises(DatabaseError, match=r"permission denied|cannot run inside a transaction"):
        asked(alias, f"CREATE {what}")


def test_each_login_may_enter_its_own_database_only(town: Any) -> None:
    entered = set()
    for login_of in ALIASES:
        for alias in ALIASES:
            login, database = settings.DATABASES[login_of], settings.DATABASES[alias]
            where = {name.lower(): str(login[name]) for name in ("HOST", "PORT", "USER", "PASSWORD")}
            with suppress(psycopg.OperationalError):
                psycopg.connect(**where, dbname=database["NAME"]).close()  # type: ignore[arg-type]
                entered.add((login_of, alias))

    assert entered == {(alias, alias) for alias in ALIASES}


@pytest.mark.parametrize("alias", ["accounts", "research"])
def test_a_runtime_login_may_do_with_each_table_what_its_model_declares(alias: str, town: Any) -> None:
    login = settings.DATABASES[alias]["USER"]

    assert rights_of(alias, login, "public") == declared(alias) | {"django_migrations": {"SELECT"}}


def test_an_organizations_role_may_do_with_each_table_what_its_model_declares(town: Any) -> None:
    organization_id = town.hilltop.id

    assert rights_of("clinical", role_of(organization_id), schema_of(organization_id)) == declared("clinical")


def test_the_clinical_login_itself_works_the_queue_and_does_nothing_in_any_schema(town: Any) -> None:
    login = settings.DATABASES["clinical"]["USER"]
    queue = {f"procrastinate_{name}" for name in ("jobs", "events", "workers", "periodic_defers")}

    assert rights_of("clinical", login, schema_of(town.hilltop.id)) == {}
    everything = {"SELECT", "INSERT", "UPDATE", "DELETE"}
    assert rights_of("clinical", login, "public") == dict.fromkeys(queue, everything)
    assert rights_of("clinical", login, "template") == {"django_migrations": {"SELECT"}}


@pytest.mark.parametrize("alias", ["accounts", "clinical"])
@pytest.mark.parametrize("what", ["UPDATE audit_event SET outcome = 'success'", "DELETE FROM audit_event",
                                  "TRUNCATE audit_event", "INSERT INTO audit_leaf VALUES (0, gen_random_uuid(), '')",
                                  "DELETE FROM audit_head"])  # fmt: skip
def test_an_event_is_neither_changed_nor_deleted_by_a_runtime_login(alias: str, what: str, town: Any) -> None:
    with pytest.raises(DatabaseError, match="permission denied"), inside(town.hilltop.id):
        asked(alias, what)


@pytest.mark.parametrize("alias", ALIASES)
def test_every_table_lies_where_its_app_says_and_nowhere_else(alias: str, town: Any) -> None:
    with as_owner(alias) as owner, owner.cursor() as catalog:
        catalog.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        )
        found = set(catalog.fetchall())
    names = {model._meta.db_table for model in tables(alias)}
    schema = schema_of(town.hilltop.id) if alias == "clinical" else "public"

    assert {table for at, table in found if at == schema} == names | {"django_migrations"}
    if alias == "clinical":
        shared = {table for at, table in found if at == "public"}
        assert {table for table in shared if not table.startswith("procrastinate_")} == {"queue_migration"}
        assert {at for at, _ in found} >= {"template", schema}


def test_the_databases_hold_what_the_design_lets_them_hold(town: Any) -> None:
    held = {alias: {aliases_of(model._meta.app_label) and model._meta.app_label for model in tables(alias)}
            for alias in ALIASES}  # fmt: skip

    own = {"registry", "records", "laboratory", "notifications", "scheduling", "screening", "operations"}
    assert held["clinical"] == {"audit", "files", "idempotency", "jobs"} | own
    assert held["accounts"] == {
        "tenancy", "vault", "audit", "idempotency", "jobs", "identity", "operations",
        "admin", "auth", "contenttypes", "sessions",
    }  # fmt: skip
    assert held["research"] == set()


@pytest.mark.parametrize("alias", ALIASES)
def test_no_runtime_login_waits_or_sits_for_ever(alias: str, town: Any) -> None:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    connections[alias].ensure_connection()

    assert [asked(alias, f"SHOW {name}") for name in names] == [[("1min",)], [("10s",)], [("5min",)]]


@pytest.mark.parametrize("alias", ALIASES)
def test_no_login_lives_in_the_servers_time_zone(alias: str, django_db_setup: None, django_db_blocker: Any) -> None:
    """Or Django would set another in each session, behind the back of a pooler."""
    with django_db_blocker.unblock():
        name = settings.DATABASES[alias]["NAME"]
        with as_owner(alias), cursor(alias) as owner:
            owner.execute(f"ALTER DATABASE {name} SET timezone = 'Asia/Tokyo'")
        connections[alias].close()

        with messages() as sent:
            found = asked(alias, "SHOW timezone")

        with as_owner(alias), cursor(alias) as owner:
            owner.execute(f"ALTER DATABASE {name} RESET timezone")
    assert (found, sent) == ([("UTC",)], ["SHOW timezone"])


def test_no_foreign_key_leaves_a_schema_or_is_deferrable(town: Any) -> None:
    with as_owner("clinical") as owner, owner.cursor() as catalog:
        catalog.execute(
            "SELECT k.conname FROM pg_constraint k JOIN pg_class a ON a.oid = k.conrelid"
            " JOIN pg_class b ON b.oid = k.confrelid"
            " WHERE k.contype = 'f' AND (a.relnamespace <> b.relnamespace OR k.condeferrable)"
        )
        assert catalog.fetchall() == []
