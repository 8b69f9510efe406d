"""What a server of requests makes sure of before it takes the first one."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from chiron.kernel.db import ALIASES, atomic, cursor

DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
OFF = "SELECT name FROM pg_settings WHERE name = ANY(%s) AND setting = 'off' ORDER BY 1"
OLDEST = 15


def refuse_unsafe_servers() -> None:
    """In production, raise ImproperlyConfigured where a database would lose what it acknowledged, or is too old."""
    faults = unsafe_servers() if settings.ENVIRONMENT == "production" else []
    if faults:
        raise ImproperlyConfigured("Not safe for production:\n" + "\n".join(f"- {fault}" for fault in faults))


def unsafe_servers() -> list[str]:
    """One line for each setting of a database that must be changed."""
    faults = []
    for alias in ALIASES:
        with atomic(alias), cursor(alias) as asked:
            asked.execute(
                "SELECT name FROM pg_settings WHERE name = ANY(%s) AND setting = 'off' ORDER BY 1", [[*DURABLE]]
            )
            off = [name for (name,) in asked.fetchall()]
            asked.execute("SELECT current_setting('server_version_num')::int / 10000")
            [version] = asked.fetchone()
        faults += [f"{alias}: {name} is off and loses acknowledged records at a crash: set it to on." for name in off]
        if version < OLDEST:
            faults.append(f"{alias}: PostgreSQL {version} is too old: {OLDEST} or newer is needed.")
    return faults
