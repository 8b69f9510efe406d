"""What a server of requests makes sure of before it takes the first one."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import request_started
from django.db import DatabaseError, InterfaceError, close_old_connections, reset_queries

from chiron.identity.keys import believed_keys
from chiron.kernel.db import atomic, cursor
from chiron.operations.replaying import is_pending
from chiron.operations.serving import ForeignMasterKey, keys_must_open
from chiron.postgres.backend.deadline import Deadline
from chiron.screening.public import changed_bundles
from chiron.vault.public import LedgerBroken, copied_lines

DURABLE = ("fsync", "full_page_writes", "synchronous_commit")
OFF = "SELECT name FROM pg_settings WHERE name = ANY(%s) AND setting = 'off' ORDER BY 1"
MIGHTY = "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = session_user"
OLDEST = 15
SECONDS_TO_ANSWER = 6.0
"""With the three seconds in which a connection must stand, below ten."""


def refuse_unreadable_keys() -> None:
    """Raise ImproperlyConfigured where a key of access tokens is none, instead of at the first sign-in."""
    believed_keys()


def refuse_a_foreign_master_key() -> None:
    """Raise ImproperlyConfigured where the keys that are kept were wrapped by another master key than those given.

    A database that does not answer is not judged: requests that need it are refused until it does.
    """
    try:
        keys_must_open()
    except ForeignMasterKey as refusal:
        raise ImproperlyConfigured(str(refusal)) from None
    except (DatabaseError, InterfaceError):
        return
    finally:
        close_old_connections()


def refuse_unsafe_servers() -> None:
    """In production, raise ImproperlyConfigured where a database would lose what it acknowledged, or is too old."""
    faults = unsafe_servers() if settings.ENVIRONMENT == "production" else []
    if faults:
        raise ImproperlyConfigured("Not safe for production:\n" + "\n".join(f"- {fault}" for fault in faults))


def refuse_the_erased() -> None:
    """Raise ImproperlyConfigured where a database holds somebody who was erased: an older backup was restored.

    A database that does not answer is not judged, unless something was erased on this machine before.
    """
    try:
        if is_pending():
            raise ImproperlyConfigured("The databases hold what was erased: run `chiron erasures replay` first.")
    except LedgerBroken as refusal:
        raise ImproperlyConfigured(str(refusal)) from None
    except (DatabaseError, InterfaceError):
        if copied_lines():
            raise ImproperlyConfigured("Nobody can tell whether the erased are erased: a database is away.") from None
    finally:
        close_old_connections()


def refuse_changed_bundles() -> None:
    """Raise ImproperlyConfigured where a model is not what its hash says."""
    if faults := changed_bundles():
        raise ImproperlyConfigured("Models were changed:\n" + "\n".join(f"- {fault}" for fault in faults))


def examine_bundles(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Before every command that does not mend an installation: the models are what their hashes say."""
    hint = "Put it back as it was, or remove its folder."
    return [Error(fault, hint=hint, id="chiron.E003") for fault in changed_bundles()]


def wait_in_bounded_time() -> None:
    """Whoever waits for an answer is told within ten seconds that a database gives none."""
    Deadline.seconds = SECONDS_TO_ANSWER


def once_per_request() -> None:
    """Look through the connections when a request ends, and not once more when the next begins.

    At the end, Django closes what an error may have left unusable; one that dies while idle our backend replaces. What
    Django forgets at the beginning are the queries that it keeps with DEBUG, at most 9,000.
    """
    request_started.disconnect(close_old_connections)
    request_started.disconnect(reset_queries)


def unsafe_servers() -> list[str]:
    """One line for each setting of a database that must be changed."""
    faults = []
    for alias in settings.NEEDED_DATABASES:
        with atomic(alias), cursor(alias) as asked:
            asked.execute(OFF, [[*DURABLE]])
            off = [name for (name,) in asked.fetchall()]
            asked.execute("SELECT current_setting('server_version_num')::int / 10000")
            [version] = asked.fetchone()
            asked.execute(MIGHTY)
            [is_mighty] = asked.fetchone()
        faults += [f"{alias}: {name} is off and loses acknowledged records at a crash: set it to on." for name in off]
        if version < OLDEST:
            faults.append(f"{alias}: PostgreSQL {version} is too old: {OLDEST} or newer is needed.")
        if is_mighty:
            faults.append(
                f"{alias}: the login may do anything: give {alias.upper()}_DATABASE_URL one that owns nothing and may "
                "make neither databases nor roles."
            )
    return faults


def examine_servers(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """`manage.py check --deploy`: the same faults, whatever the environment is called."""
    try:
        return [Error(fault, id="chiron.E001") for fault in unsafe_servers()]
    except (DatabaseError, InterfaceError):
        return [Error("A database is out of reach: `chiron doctor` says which.", id="chiron.E002")]
