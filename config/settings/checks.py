"""What production refuses to start with."""

from django.core.exceptions import ImproperlyConfigured

from config import environment

KEYS = {
    "DJANGO_SECRET_KEY": 32,
    "MASTER_ENCRYPTION_KEY": 43,
    "AUDIT_SIGNING_KEY": 32,
    "JWT_REFRESH_SECRET_KEY": 32,
}
DATABASES = ("ACCOUNTS_DATABASE_URL", "CLINICAL_DATABASE_URL", "RESEARCH_DATABASE_URL")
WEAK = ("changeme", "secret", "password", "default", "example", "insecure")


def refuse_unsafe() -> None:
    """Raise ImproperlyConfigured with one line for each thing that must be set before production may start."""
    faults = [*_keys(), *_databases()]
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
    return faults


def _is_weak(value: str, length: int) -> bool:
    return len(value) < length or any(word in value.lower() for word in WEAK)


def _databases() -> list[str]:
    if environment.read("POSTGRES_HOST"):
        return [] if environment.read("POSTGRES_PASSWORD") else ["POSTGRES_PASSWORD is missing."]
    return [
        f"{name} is missing: name the database, or set POSTGRES_HOST, POSTGRES_USER and POSTGRES_PASSWORD."
        for name in DATABASES
        if not environment.read(name)
    ]
