"""Loaded by pytest before anything else: the session's own CHIRON_HOME and its server, before settings are read."""

import os
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
SERVER = "TEST_DATABASE_URL"
OTHERS = [f"{alias}_{login}_URL" for alias in ("ACCOUNTS", "CLINICAL", "RESEARCH") for login in ("DATABASE", "OWNER")]


def server_of(url: str) -> dict[str, str]:
    """The settings that name the server of a URL; of the empty one, those of a server of the session's own."""
    if not url:
        return {"POSTGRES_HOST": ""}
    named = urlsplit(url)
    if named.scheme not in ("postgres", "postgresql") or not (named.hostname and named.username and named.password):
        sys.exit(f"{SERVER} must be like postgresql://owner:password@host:5432")
    return {
        "POSTGRES_HOST": named.hostname,
        "POSTGRES_PORT": str(named.port or 5432),
        "POSTGRES_USER": unquote(named.username),
        "POSTGRES_PASSWORD": unquote(named.password),
    }


if not IS_WORKER:
    home = tempfile.mkdtemp(prefix="chiron-tests-")
    Path(home).chmod(0o755)
    os.environ |= {"CHIRON_HOME": home, "ENVIRONMENT": "testing"}
    os.environ |= dict.fromkeys([*OTHERS, "ACCOUNTS_SEALER_URL", "CLINICAL_SEALER_URL", "CLINICAL_DIRECT_URL"], "")
    os.environ |= dict.fromkeys(["REDIS_URL", "UPSTASH_REDIS_URL", "UPSTASH_REDIS_TOKEN"], "")
    os.environ |= server_of(os.environ.get(SERVER, ""))


def prefix_of(worker: str) -> str:
    """The prefix of a worker's databases and logins; two sessions on one server do not meet."""
    return f"test_{os.environ['CHIRON_HOME'][-8:]}_{worker}"


def environment_of_tests(prefix: str) -> dict[str, str]:
    """The environment of a process that works on the databases of that prefix."""
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.testing", "POSTGRES_DB": prefix}
