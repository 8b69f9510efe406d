"""Every setting that comes from outside: its name, its default, its effect. Nothing else reads the environment.

``.env`` and ``.local.env`` in the working folder are read too; the real environment wins. A secret may come from a
file: ``NAME_FILE``. A name that starts with CHIRON_ and is not in this table is a mistake and stops the start.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from dotenv import dotenv_values


@dataclass(frozen=True, slots=True)
class Setting:
    """One name in the environment. ``also`` are older names for the same thing."""

    name: str
    effect: str
    default: str = ""
    secret: bool = False
    also: tuple[str, ...] = ()


SETTINGS = (
    Setting("ENVIRONMENT", "`development`, `testing` or `production`.", "development"),
    Setting(
        "CHIRON_HOME",
        "Folder of the embedded server, its secrets and the copied audit heads. Empty: `~/.chiron`, for root"
        " `/var/lib/chiron`.",
    ),
    Setting(
        "DJANGO_SECRET_KEY",
        "Signs the admin's sessions. Made at first start in development.",
        "",
        True,
        ("SECRET_KEY",),
    ),
    Setting("DEBUG", "Django's debug pages; refused in production.", "false"),
    Setting("ALLOWED_HOSTS", "Host names that are answered, separated by commas.", "localhost,127.0.0.1,[::1]"),
    Setting("CORS_ORIGINS", "Origins of front ends that may call the API from a browser, separated by commas."),
    Setting("ACCOUNTS_DATABASE_URL", "Runtime login of the database of accounts and keys.", "", True),
    Setting("CLINICAL_DATABASE_URL", "Runtime login of the clinical database.", "", True),
    Setting("RESEARCH_DATABASE_URL", "Runtime login of the research database.", "", True),
    Setting(
        "ACCOUNTS_OWNER_URL", "Owner of the accounts database; only migrations and new organizations need it.", "", True
    ),
    Setting(
        "CLINICAL_OWNER_URL", "Owner of the clinical database; only migrations and new organizations need it.", "", True
    ),
    Setting("RESEARCH_OWNER_URL", "Owner of the research database; only migrations need it.", "", True),
    Setting("ACCOUNTS_SEALER_URL", "Login that alone writes audit leaves and heads in accounts.", "", True),
    Setting("CLINICAL_SEALER_URL", "Login that alone writes audit leaves and heads in clinical.", "", True),
    Setting(
        "CLINICAL_DIRECT_URL",
        "The clinical database passing by a pooler, for workers, who LISTEN. Empty: CLINICAL_DATABASE_URL.",
        "",
        True,
    ),
    Setting("POSTGRES_HOST", "Server for all three databases, instead of the URLs. Empty: the embedded server."),
    Setting("POSTGRES_PORT", "Its port.", "5432"),
    Setting("POSTGRES_USER", "The owner: a login with CREATEDB and CREATEROLE.", "chiron"),
    Setting("POSTGRES_PASSWORD", "The owner's password; the runtime logins' passwords are derived from it.", "", True),
    Setting("POSTGRES_DB", "Prefix of the three databases' names.", "chiron"),
    Setting("MASTER_ENCRYPTION_KEY", "Wraps all keys: 32 bytes in URL-safe base64 (a Fernet key).", "", True),
    Setting(
        "MASTER_ENCRYPTION_PREVIOUS_KEYS",
        "Master keys that still open, separated by commas, until `chiron keys rotate` has wrapped everything anew.",
        "",
        True,
    ),
    Setting("KMS_KEY_ID", "Master key at AWS KMS instead of MASTER_ENCRYPTION_KEY: its id, ARN or alias."),
    Setting("KMS_PREVIOUS_KEY_IDS", "Keys at AWS KMS that still open, separated by commas."),
    Setting("KMS_ENDPOINT_URL", "Where AWS KMS answers, if not at its usual address: a VPC endpoint, a stand-in."),
    Setting(
        "AUDIT_SIGNING_KEY", "Authenticates audit events and signs heads: any secret of 32 bytes or more.", "", True
    ),
    Setting("JWT_SIGNING_KEY", "Ed25519 seed for access tokens: 32 bytes in URL-safe base64.", "", True),
    Setting("JWT_SECRET_KEY", "Where JWT_SIGNING_KEY is not given, it is derived from this.", "", True),
    Setting(
        "JWT_ACCEPTED_KEYS",
        "Keys whose access tokens are accepted beside those of JWT_SIGNING_KEY while it is replaced, separated by"
        " commas; docs/how-to/keys.md has the steps.",
        "",
        True,
    ),
    Setting("JWT_REFRESH_SECRET_KEY", "Authenticates refresh tokens.", "", True),
    Setting(
        "JWT_ACCEPTED_REFRESH_KEYS",
        "The same beside JWT_REFRESH_SECRET_KEY, whose tokens live for fourteen days.",
        "",
        True,
    ),
    Setting(
        "AUTH_SERVICE_URL",
        "Where another process signs people in; this one then serves everything else, and asks that one. Empty: it does"
        " both. docs/how-to/auth-service.md.",
    ),
    Setting("CHIRON_ONLY", "`identity`: sign people in, and serve nothing else; `serve --only` sets it. Empty: all."),
    Setting(
        "S3_BUCKET", "Bucket in which sealed files lie. Empty, and no AZURE_CONTAINER: the folder CHIRON_HOME/files."
    ),
    Setting(
        "AUDIT_HEADS_BUCKET",
        "S3 bucket with object lock to which the newest audit heads are copied; docs/how-to/audit-proofs.md.",
    ),
    Setting("AUDIT_HEADS_ENDPOINT_URL", "Where that bucket is, if not at Amazon."),
    Setting("AUDIT_HEADS_LOCK_MODE", "How copies are locked there: `COMPLIANCE` or `GOVERNANCE`.", "COMPLIANCE"),
    Setting("AUDIT_HEADS_RETENTION_DAYS", "For how many days they are locked.", "3650"),
    Setting("BACKUP_PUBLIC_KEY", "Key that backups are sealed for: `chiron backup_key`; docs/how-to/backup.md."),
    Setting(
        "BACKUP_ENCRYPTION_KEY",
        "Its private key, which restores need. Backups need only the public one: keep this where no server is.",
        "",
        True,
    ),
    Setting("BACKUP_ENDPOINT_URL", "Where the bucket of backups is, if not at Amazon."),
    Setting("EMAIL_URL", "Mail server: smtp://, smtp+tls:// or smtps://user:password@host:port.", "", True),
    Setting("MAILJET_API_KEY", "Sends mail through Mailjet instead.", "", True),
    Setting("MAILJET_API_SECRET", "Its secret.", "", True),
    Setting("MAILJET_SENDER_EMAIL", "The sender of all mail, with Mailjet or without."),
    Setting(
        "MAIL_EVENTS_TOKEN",
        "Whoever shows it tells `/api/mail/events` which addresses bounce or complain. Empty: nobody does.",
        "",
        True,
    ),
    Setting("CHIRON_PUBLIC_URL", "Where people find the front end; mail links there.", "http://127.0.0.1:8000"),
    Setting("S3_ENDPOINT_URL", "Where the bucket is, if not at Amazon: MinIO, Ceph, ..."),
    Setting("AZURE_ACCOUNT_NAME", "Azure storage account of the container."),
    Setting("AZURE_ACCOUNT_KEY", "Its key.", "", True),
    Setting("AZURE_CONTAINER", "Azure container in which sealed files lie, instead of a bucket or a folder."),
    Setting(
        "B12_BUNDLES_DIR",
        "Folder of a site's own screening models, each in a folder named by its hash. Empty: `CHIRON_HOME/bundles`.",
    ),
    Setting("ATTACHMENT_MAX_BYTES", "The largest file that is accepted as an attachment.", "2147483648"),
    Setting(
        "RATE_LIMITS",
        "Other limits than the usual, separated by commas; docs/how-to/sign-in-security.md shows their form.",
    ),
    Setting(
        "REDIS_URL",
        "Redis or Valkey server for the cache that processes share: redis://, rediss:// (TLS) or unix://. Empty: none."
        " docs/how-to/cache.md.",
        "",
        True,
    ),
    Setting("UPSTASH_REDIS_URL", "The same at Upstash: its rediss:// or https:// address."),
    Setting("UPSTASH_REDIS_TOKEN", "Its token.", "", True),
    Setting("METRICS_TOKEN", "Whoever shows it reads `/metrics`. Empty: nothing is counted, nothing shown.", "", True),
    Setting(
        "DRAIN_SECONDS",
        "For how long `serve`, asked to end (SIGTERM), still takes requests while `/health/ready` says 503, so that"
        " proxies notice and send no more.",
        "5",
    ),
    Setting("TRUSTED_PROXIES", "How many proxies stand in front and add to X-Forwarded-For.", "0"),
)
YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")
BY_NAME = {setting.name: setting for setting in SETTINGS}


def read(name: str) -> str:
    """The value of a documented setting, its older names and its ``_FILE`` form included, or its default.

    Raises ImproperlyConfigured where both forms are set, or the file is none that can be read as text.
    """
    setting = BY_NAME[name]
    for each in (name, *setting.also):
        value, file = (_values().get(form) for form in (each, f"{each}_FILE"))
        if value and file:
            raise ImproperlyConfigured(f"{each} and {each}_FILE are both set: unset one of them.")
        if value or file:
            return value or _content(each, str(file))
    return setting.default


def _content(name: str, file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read (it is no text).") from None
    except OSError as error:
        raise ImproperlyConfigured(f"{name}_FILE names a file that cannot be read ({error.strerror}).") from None


def put(name: str, value: str) -> None:
    """Set a documented setting for this process and those it starts, over whatever the environment says."""
    os.environ[BY_NAME[name].name] = value


def flag(name: str) -> bool:
    """A setting that is true or false. Raises ImproperlyConfigured for anything else."""
    said = read(name).strip().lower()
    if said not in YES + NO:
        raise ImproperlyConfigured(f"{name} is {said!r}: it must be true or false.")
    return said in YES


def number(name: str) -> int:
    """A setting that is a whole number from 0. Raises ImproperlyConfigured for anything else."""
    said = read(name).strip()
    if not (said.isascii() and said.isdigit()):
        raise ImproperlyConfigured(f"{name} is {said!r}: it must be a whole number.")
    return int(said)


def one_of(name: str, *choices: str) -> str:
    """A setting that is one of these words. Raises ImproperlyConfigured for anything else."""
    said = read(name).strip()
    if said not in choices:
        raise ImproperlyConfigured(f"{name} is {said!r}: it must be one of {', '.join(choices)}.")
    return said


def words(name: str) -> list[str]:
    """A setting that is a list, separated by commas."""
    return [word.strip() for word in read(name).split(",") if word.strip()]


def refuse_unknown() -> None:
    """Stop the start when a CHIRON_* name is not in the table: a misspelt setting must not be silently ignored."""
    known = {form for name in BY_NAME for form in (name, f"{name}_FILE")}
    unknown = sorted(name for name in _values() if name.startswith("CHIRON_") and name not in known)
    if unknown:
        raise ImproperlyConfigured(f"Unknown settings {', '.join(unknown)}: docs/reference/settings.md lists them all.")


def as_markdown() -> str:
    """The reference table for the documentation."""
    rows = [
        f"| `{each.name}`{''.join(f' (also `{a}`)' for a in each.also)} | {'secret' if each.secret else ''} "
        f"| {f'`{each.default}`' if each.default else ''} | {each.effect} |"
        for each in SETTINGS
    ]
    return "\n".join(["| name | | default | effect |", "|---|---|---|---|", *rows]) + "\n"


def as_example() -> str:
    """``.env.example``: every setting with its effect, none of them set."""
    lines = ["# Copy to .env and set what you need. docs/reference/settings.md says the same as a table.", ""]
    for each in SETTINGS:
        lines += [f"# {each.effect}", f"# {each.name}={each.default}", ""]
    return "\n".join(lines).rstrip() + "\n"


def _values() -> dict[str, str]:
    files = {**dotenv_values(".env"), **dotenv_values(".local.env")}
    return {**{name: value for name, value in files.items() if value is not None}, **os.environ}
