"""From the environment to Django's e-mail settings."""

from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import environment

MAILJET = ("MAILJET_API_KEY", "MAILJET_API_SECRET", "MAILJET_SENDER_EMAIL")
PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
SECONDS = 20
"""How long a mail server may take to answer before the job is tried again."""


def mail() -> dict[str, Any]:
    """Mailjet where its key is given, else what `EMAIL_URL` says, else the console."""
    sender = {"DEFAULT_FROM_EMAIL": environment.read("MAILJET_SENDER_EMAIL") or "chiron@localhost"}
    if environment.read("MAILJET_API_KEY"):
        return sender | _mailjet()
    url = environment.read("EMAIL_URL")
    return sender | (_smtp(url) if url else {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"})


def is_given() -> bool:
    """Whether anything says how mail is sent."""
    return bool(environment.read("MAILJET_API_KEY") or environment.read("EMAIL_URL"))


def _mailjet() -> dict[str, Any]:
    missing = [name for name in MAILJET if not environment.read(name)]
    if missing:
        raise ImproperlyConfigured(f"{missing[0]} is missing: Mailjet needs {', '.join(MAILJET)}.")
    keys = {name: environment.read(name) for name in ("MAILJET_API_KEY", "MAILJET_API_SECRET")}
    keys["MAILJET_SECRET_KEY"] = keys.pop("MAILJET_API_SECRET")
    return {"EMAIL_BACKEND": "anymail.backends.mailjet.EmailBackend", "ANYMAIL": keys | {"REQUESTS_TIMEOUT": SECONDS}}


def _smtp(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = 0
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        raise ImproperlyConfigured("EMAIL_URL must be smtp://, smtp+tls:// or smtps://user:password@host:port.")
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or PORTS[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_TIMEOUT": SECONDS,
    }
