"""From the environment to Django's databases: runtime logins, the owner's and the sealer's, embedded or not."""

from typing import Any

import dj_database_url

from chiron.postgres.home import Home
from chiron.postgres.logins import DATABASES, database_name, login_password, runtime_login, sealer_login
from config import environment

ENGINE = "chiron.postgres.backend"
OWNER = "chiron"

Parameters = dict[str, Any]


def is_embedded() -> bool:
    """Whether this installation runs its own PostgreSQL: nothing in the environment names another."""
    return not environment.read("POSTGRES_HOST") and not environment.read("ACCOUNTS_DATABASE_URL")


def owner_connection(home: Home) -> dict[str, str]:
    """psycopg's parameters of the owner's login, as ``setup_databases`` takes them."""
    if is_embedded():
        password = home.secrets()["POSTGRES_PASSWORD"]
        return {"host": str(home.sockets), "port": str(home.port()), "user": OWNER, "password": password}
    names = {"host": "POSTGRES_HOST", "port": "POSTGRES_PORT", "user": "POSTGRES_USER", "password": "POSTGRES_PASSWORD"}
    return {key: environment.read(name) for key, name in names.items()}


def databases(home: Home) -> tuple[Parameters, Parameters, Parameters]:
    """Django's DATABASES with the runtime logins, then the owners', then the sealer's."""
    runtime, owners, sealers = {}, {}, {}
    for alias in DATABASES:
        runtime[alias] = _database(home, alias, "DATABASE", runtime_login)
        owners[alias] = _database(home, alias, "OWNER", None)
        if alias != "research":
            sealers[alias] = _database(home, alias, "SEALER", lambda prefix, _: sealer_login(prefix))
    return runtime, owners, sealers


def _database(home: Home, alias: str, kind: str, login: Any) -> Parameters:
    common: Parameters = {
        "CONN_MAX_AGE": None,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "ATOMIC_REQUESTS": False,
        "TIME_ZONE": None,
        "TEST": {"DEPENDENCIES": []},
        "OPTIONS": {"connect_timeout": 3},
    }
    url = environment.read(f"{alias.upper()}_{kind}_URL")
    if url:
        return common | dict(dj_database_url.parse(url, engine=ENGINE)) | {"CONN_MAX_AGE": None}
    if not is_embedded() and not environment.read("POSTGRES_HOST"):
        return {}
    owner = owner_connection(home)
    prefix = environment.read("POSTGRES_DB")
    user = login(prefix, alias) if login else owner["user"]
    password = login_password(owner["password"], user) if login else owner["password"]
    place = {"ENGINE": ENGINE, "NAME": database_name(prefix, alias), "HOST": owner["host"], "PORT": owner["port"]}
    return common | place | {"USER": user, "PASSWORD": password}
