"""From the environment to the cache that processes share."""

from typing import Any
from urllib.parse import quote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import environment

SECONDS = 0.5
"""How long the server may take to be reached, and for each answer."""
SCHEMES = ("redis", "rediss", "unix")
OPTIONS = {"socket_timeout": SECONDS, "socket_connect_timeout": SECONDS, "protocol": 2, "driver_info": None}
UPSTASH_PORT = 6379


def caches() -> dict[str, Any]:
    """Django's CACHES: one of the process, and the shared one where a server is named; without one nothing is known."""
    url = _upstash() or _redis()
    shared = {
        "BACKEND": "chiron.tenancy.cache.Shared",
        "LOCATION": [url],
        "KEY_FUNCTION": "chiron.tenancy.cache.of_the_organization",
        "OPTIONS": OPTIONS,
    }
    nothing = {"BACKEND": "django.core.cache.backends.dummy.DummyCache", "KEY_FUNCTION": shared["KEY_FUNCTION"]}
    own = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    return {"default": own, "shared": shared if url else nothing}


def _redis() -> str:
    url = environment.read("REDIS_URL")
    if url and (urlsplit(url).scheme not in SCHEMES or not _names_a_place(url)):
        raise ImproperlyConfigured("REDIS_URL must be redis://, rediss:// (TLS) or unix://, as redis://host:6379/0.")
    return url


def _upstash() -> str:
    """Upstash speaks Redis over TLS at the host of its REST address too, where the token is the password."""
    url, token = environment.read("UPSTASH_REDIS_URL"), environment.read("UPSTASH_REDIS_TOKEN")
    if not url and not token:
        return ""
    if environment.read("REDIS_URL"):
        raise ImproperlyConfigured("REDIS_URL and UPSTASH_REDIS_URL name two servers: unset one of them.")
    if urlsplit(url).scheme not in ("rediss", "https") or not _names_a_place(url):
        raise ImproperlyConfigured("UPSTASH_REDIS_URL must be rediss://host:6379 or https://host.")
    parts = urlsplit(url)
    password = token or parts.password
    if not password:
        raise ImproperlyConfigured("UPSTASH_REDIS_TOKEN is missing: Upstash lets nobody in without.")
    port = UPSTASH_PORT if parts.scheme == "https" else parts.port or UPSTASH_PORT
    return f"rediss://default:{quote(password, safe='')}@{parts.hostname}:{port}"


def _names_a_place(url: str) -> bool:
    parts = urlsplit(url)
    try:
        return bool(parts.port != 0 and (parts.hostname or (parts.scheme == "unix" and parts.path)))
    except ValueError:
        return False
