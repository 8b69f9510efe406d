"""Loaded by pytest before anything else: the session's own CHIRON_HOME, before settings are read."""

import os
import tempfile
from pathlib import Path

IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ

if not IS_WORKER:
    home = tempfile.mkdtemp(prefix="chiron-tests-")
    Path(home).chmod(0o755)
    os.environ["CHIRON_HOME"] = home
os.environ["ENVIRONMENT"] = "testing"


def environment_of_tests(prefix: str) -> dict[str, str]:
    """The environment of a process that works on the databases of that prefix."""
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings.testing", "POSTGRES_DB": prefix}
