"""What production refuses to start with."""

from itertools import combinations

from django.core.exceptions import ImproperlyConfigured

from config import environment
from config.settings.databases import by_url
from config.settings.forms import needed
from config.settings.mail import is_given

KEYS = {
    "DJANGO_SECRET_KEY": 32,
    "MASTER_ENCRYPTION_KEY": 43,
    "AUDIT_SIGNING_KEY": 32,
    "JWT_REFRESH_SECRET_KEY": 32,
}
WEAK = ("changeme", "secret", "password", "default", "example", "insecure")


def refuse_unsafe() -> None:
    """Raise ImproperlyConfigured with one line for each thing that must be set before production may start."""
    faults = [*_keys(), *_databases()]
    if not is_given():
        faults.append("EMAIL_URL is missing: name a mail server, or set MAILJET_API_KEY. Passwords are reset by mail.")
    if environment.read("CHIRON_PUBLIC_URL") == environment.BY_NAME["CHIRON_PUBLIC_URL"].default:
        faults.append("CHIRON_PUBLIC_URL is not set: name where people find the front end; mail links there.")
    for name in ("METRICS_TOKEN", "MAIL_EVENTS_TOKEN"):
        if (token := environment.read(name)) and _is_weak(token, 32):
            faults.append(f"{name} is too short or a well-known default: make a new one of 32 characters or more.")
    if environment.flag("DEBUG"):
        faults.append("DEBUG is on: unset it.")
    if environment.read("ALLOWED_HOSTS") == environment.BY_NAME["ALLOWED_HOSTS"].default:
        faults.append("ALLOWED_HOSTS is not set: name the host names under which this server is reached.")
    if "*" in environment.words("ALLOWED_HOSTS"):
        faults.append("ALLOWED_HOSTS allows every host: name them.")
    if faults:
        raise ImproperlyConfigured("Not safe for production:\n" + "\n".join(f"- {fault}" for fault in faults))


def _keys() -> list[str]:
    faults = []
    for name, length in KEYS.items():
        value = environment.read(name)
        if not value and name == "MASTER_ENCRYPTION_KEY" and environment.read("KMS_KEY_ID"):
            continue
        if not value:
            faults.append(f"{name} is missing: set it, or {name}_FILE.")
        elif _is_weak(value, length):
            faults.append(
                f"{name} is too short or a well-known default: make a new one of {length} characters or more."
            )
    if not environment.read("JWT_SIGNING_KEY") and not environment.read("JWT_SECRET_KEY"):
        faults.append("JWT_SIGNING_KEY is missing: set it (or JWT_SECRET_KEY, from which it is derived).")
    for name in ("JWT_SIGNING_KEY", "JWT_SECRET_KEY"):
        if (value := environment.read(name)) and _is_weak(value, 32):
            faults.append(f"{name} is too short or a well-known default: make a new one of 32 characters or more.")
    for name in ("JWT_ACCEPTED_KEYS", "JWT_ACCEPTED_REFRESH_KEYS"):
        if any(_is_weak(value, 32) for value in environment.words(name)):
            faults.append(f"{name} holds one that is too short or well-known: each has 32 characters or more.")
    every = [(name, environment.read(name)) for name in (*KEYS, "JWT_SIGNING_KEY", "JWT_SECRET_KEY")]
    for (one, value), (other, same) in combinations(every, 2):
        if value and value == same:
            faults.append(f"{one} and {other} are the same: make one of its own for each.")
    return faults


def _is_weak(value: str, length: int) -> bool:
    return len(value) < length or any(word in value.lower() for word in WEAK)


def _databases() -> list[str]:
    if environment.read("POSTGRES_HOST"):
        password = environment.read("POSTGRES_PASSWORD")
        if not password:
            return ["POSTGRES_PASSWORD is missing."]
        is_default = _is_weak(password, 1) or password.lower() in ("postgres", "chiron")
        return ["POSTGRES_PASSWORD is a well-known default: choose another."] if is_default else []
    names = [f"{alias.upper()}_DATABASE_URL" for alias in needed()]
    faults = [
        f"{name} is missing: name the database, or set POSTGRES_HOST, POSTGRES_USER and POSTGRES_PASSWORD."
        for name in names
        if not environment.read(name)
    ]
    return faults or _logins()


def _logins() -> list[str]:
    """What three URLs, each in order, may have wrong together."""
    places, faults = set(), []
    for alias in needed():
        login, owner = by_url(alias), by_url(alias, "OWNER")
        places.add((login["HOST"], str(login["PORT"] or 5432), login["NAME"]))
        if owner and owner["USER"] == login["USER"]:
            faults.append(f"{alias.upper()}_DATABASE_URL logs in as the owner: give it the runtime login.")
    if len(places) < len(needed()):
        faults.append("ACCOUNTS_, CLINICAL_ and RESEARCH_DATABASE_URL name one database twice: there are three.")
    return faults
