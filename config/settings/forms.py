"""The forms in which one program runs: all in one process, or signing in apart from everything else."""

from django.core.exceptions import ImproperlyConfigured

from chiron.postgres.logins import DATABASES
from config import environment


def auth_service() -> str:
    """Where people are signed in, empty where it is here. Raises ImproperlyConfigured for what names no service."""
    url, only = environment.read("AUTH_SERVICE_URL").rstrip("/"), environment.read("CHIRON_ONLY")
    if only not in ("", "identity"):
        raise ImproperlyConfigured(f"CHIRON_ONLY (--only) is {only!r}: it is identity, or not set.")
    if url and not url.startswith(("http://", "https://")):
        raise ImproperlyConfigured("AUTH_SERVICE_URL is no URL such as https://auth.clinic.example.")
    return "" if only else url


def needed() -> tuple[str, ...]:
    """The databases without which this process answers nothing."""
    return ("accounts",) if environment.read("CHIRON_ONLY") else tuple(DATABASES)
