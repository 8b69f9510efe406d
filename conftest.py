"""The ground of all tests: one real PostgreSQL a session, databases for each worker, and a small town.

The server is the session's own; with TEST_DATABASE_URL it is another, on which nothing is left behind.

Hilltop and Riverside are two organizations made once for each worker; a test's changes to them are rolled back. A
race needs committed rows: it takes ``fresh_organization``, which is dropped afterwards.
"""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.ground import IS_WORKER, prefix_of

UNSAFE_BUT_FAST = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "4GB", "max_connections": "800"}
"""Races of 48 threads, two connections each, may run in every worker at once."""


def pytest_unconfigure() -> None:
    """Stop the server and remove its folder, which ``tests.ground`` made before settings were read."""
    if not IS_WORKER:
        from chiron.postgres.home import Home
        from chiron.postgres.server import Server

        home = Home.named(os.environ["CHIRON_HOME"])
        Server(home).stop()
        shutil.rmtree(home.path, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that touches a database may touch all three."""
    for item in items:
        if "db" in getattr(item, "fixturenames", ()) and item.get_closest_marker("django_db") is None:
            item.add_marker(pytest.mark.django_db(databases=("accounts", "clinical", "research")))


@pytest.fixture(scope="session", autouse=True)
def _opened_keys_stay_remembered() -> Iterator[None]:
    """How many queries a request takes must not depend on when the keys were last read; rotations say otherwise."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("chiron.vault.keyring.seconds", lambda: 0.0)
        yield


@pytest.fixture(scope="session", autouse=True)
def _a_model_by_hand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A model that is reckoned by hand stands in for those that are shipped."""
    from chiron.screening.tests.bundles import put

    folder = tmp_path_factory.mktemp("bundles")
    made = put(folder)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("django.conf.settings.BUNDLES_DIR", folder)
        patched.setattr("chiron.screening.standings.reference_bundle", lambda: made)
        yield


@pytest.fixture(scope="session")
def worker_prefix(request: pytest.FixtureRequest) -> str:
    """The prefix of this worker's databases."""
    return prefix_of(getattr(request.config, "workerinput", {}).get("workerid", "main"))


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any, worker_prefix: str) -> Iterator[None]:
    """A running server, migrated databases for this worker, and the two organizations."""
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from chiron.postgres.server import Server
    from tests.server import drop_databases
    from tests.town import build_town

    if settings.EMBEDDED:
        Server(settings.HOME, UNSAFE_BUT_FAST).start()
    point_at(worker_prefix)
    with settings.HOME.locked("setup"), open(os.devnull, "w") as nowhere:
        call_command("setup_databases", stdout=nowhere)
    with django_db_blocker.unblock():
        call_command("migrate", verbosity=0)
        build_town()
    yield
    connections.close_all()
    if not settings.EMBEDDED:
        drop_databases(worker_prefix)


def point_at(prefix: str) -> None:
    """Turn the settings to the databases of that prefix."""
    from django.conf import settings
    from django.db import connections

    from chiron.postgres.logins import database_name, login_password, runtime_login, sealer_login

    settings.DATABASE_PREFIX = prefix
    settings.AUDIT_HEADS_DIR = settings.HOME.path / f"audit-heads-{prefix}"
    for alias, owner in settings.OWNER_DATABASES.items():
        password, name = owner["PASSWORD"], database_name(prefix, alias)
        owner["NAME"] = name
        login = runtime_login(prefix, alias)
        connections[alias].settings_dict.update(NAME=name, USER=login, PASSWORD=login_password(password, login))
        settings.DATABASES[alias].update(NAME=name, USER=login, PASSWORD=login_password(password, login))
        if alias in settings.SEALER_DATABASES:
            sealer = sealer_login(prefix)
            settings.SEALER_DATABASES[alias].update(NAME=name, USER=sealer, PASSWORD=login_password(password, sealer))


@pytest.fixture
def town(db: None) -> Any:
    """Hilltop and Riverside, with their people; changes are rolled back."""
    from tests.town import the_town

    return the_town()


@pytest.fixture
def hilltop(town: Any) -> Any:
    """The clinic of most tests."""
    return town.hilltop


@pytest.fixture
def riverside(town: Any) -> Any:
    """The clinic next door, whose data nobody of Hilltop may see."""
    return town.riverside


@pytest.fixture
def fresh_organization(django_db_setup: None, django_db_blocker: Any) -> Iterator[Any]:
    """An organization whose changes are committed, dropped after the test; for races."""
    from tests.town import drop_organization, make_organization

    with django_db_blocker.unblock():
        organization = make_organization(None)
        yield organization
        drop_organization(organization)


@pytest.fixture
def lakeside(fresh_organization: Any) -> Any:
    """A clinic of one admin, where everything commits."""
    from chiron.identity.public import Role
    from tests.town import Clinic, add_person

    clinic = Clinic(fresh_organization)
    add_person(clinic, Role.ADMIN)
    return clinic
