"""From the environment to Django's databases: runtime logins, the owner's and the sealer's, embedded or not."""

import re
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from chiron.postgres.home import Home
from chiron.postgres.logins import DATABASES, database_name, login_password, runtime_login, sealer_login
from config import environment
from config.settings.forms import needed

ENGINE = "chiron.postgres.backend"
OWNER = "chiron"
PREFIX = re.compile(r"[a-z][a-z0-9_]{0,18}")
"""What fits in front of ``_clinical_t_`` and 32 digits, the longest role's name, of which PostgreSQL keeps 63 bytes."""

Parameters = dict[str, Any]
NOWHERE: Parameters = {"ENGINE": ENGINE, "NAME": "nowhere", "HOST": "/nowhere", "USER": "", "PASSWORD": "", "PORT": ""}
"""A database that this process does without: whoever asks for it all the same is told that it is down."""


def is_embedded() -> bool:
    """Whether this installation runs its own PostgreSQL: nothing names another. Production never does."""
    elsewhere = environment.read("POSTGRES_HOST") or any(environment.read(_name(alias)) for alias in DATABASES)
    return not elsewhere and environment.read("ENVIRONMENT") != "production"


def owner_connection(home: Home) -> dict[str, str]:
    """psycopg's parameters of the owner's login, as ``setup_databases`` takes them."""
    if is_embedded():
        password = home.secrets()["POSTGRES_PASSWORD"]
        return {"host": str(home.sockets), "port": str(home.port()), "user": OWNER, "password": password}
    names = {"host": "POSTGRES_HOST", "port": "POSTGRES_PORT", "user": "POSTGRES_USER", "password": "POSTGRES_PASSWORD"}
    return {key: environment.read(name) for key, name in names.items()}


def databases(home: Home) -> tuple[Parameters, Parameters, Parameters]:
    """Django's DATABASES with the runtime logins, then the owners', then the sealer's.

    Raises ImproperlyConfigured for some databases without the others, a URL that is none, or a prefix that no role's
    name can bear. In production what is missing is empty, and ``refuse_unsafe`` lists it with all other faults.
    """
    prefix = environment.read("POSTGRES_DB")
    if not PREFIX.fullmatch(prefix):
        raise ImproperlyConfigured(
            f"POSTGRES_DB is {prefix!r}: it must be a small letter, then at most 18 small letters, digits and _."
        )
    missing = [_name(alias) for alias in needed() if not environment.read(_name(alias))]
    if not (is_embedded() or environment.read("POSTGRES_HOST") or environment.read("ENVIRONMENT") == "production"):
        _refuse_some(missing)
    runtime, owners, sealers = {}, {}, {}
    for alias in DATABASES:
        runtime[alias] = _database(home, alias, "DATABASE", runtime_login)
        owners[alias] = _database(home, alias, "OWNER", None)
        if alias != "research":
            sealers[alias] = _database(home, alias, "SEALER", lambda prefix, _: sealer_login(prefix))
    return runtime, owners, sealers


def by_url(alias: str, kind: str = "DATABASE") -> Parameters:
    """What a URL of the environment names; empty where there is none. Raises ImproperlyConfigured; never repeats it."""
    name = _name(alias, kind)
    url = environment.read(name)
    if not url:
        return {}
    try:
        found = dict(dj_database_url.parse(url, engine=ENGINE))
    except ValueError:
        found = {}
    if not url.startswith(("postgres://", "postgresql://")) or not found.get("NAME"):
        raise ImproperlyConfigured(f"{name} is no URL such as postgresql://login:password@host:5432/database.")
    return found


def _name(alias: str, kind: str = "DATABASE") -> str:
    return f"{alias.upper()}_{kind}_URL"


def _refuse_some(missing: list[str]) -> None:
    if missing:
        raise ImproperlyConfigured(
            f"{' and '.join(missing)} missing: name all three databases, or set POSTGRES_HOST, POSTGRES_USER and "
            "POSTGRES_PASSWORD."
        )


def _database(home: Home, alias: str, kind: str, login: Any) -> Parameters:
    common: Parameters = {
        "CONN_MAX_AGE": None,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "ATOMIC_REQUESTS": False,
        "TIME_ZONE": None,
        "TEST": {"DEPENDENCIES": []},
        "OPTIONS": {"connect_timeout": 3},
    }
    if named := by_url(alias, kind):
        options = common["OPTIONS"] | named.get("OPTIONS", {})
        return named | common | {"OPTIONS": options}
    if not is_embedded() and not environment.read("POSTGRES_HOST"):
        return {} if alias in needed() or kind != "DATABASE" else common | NOWHERE
    owner = owner_connection(home)
    prefix = environment.read("POSTGRES_DB")
    user = login(prefix, alias) if login else owner["user"]
    password = login_password(owner["password"], user) if login else owner["password"]
    place = {"ENGINE": ENGINE, "NAME": database_name(prefix, alias), "HOST": owner["host"], "PORT": owner["port"]}
    return common | place | {"USER": user, "PASSWORD": password}
