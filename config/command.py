"""``chiron`` and ``manage.py``: Django's commands, with the embedded server brought up where it is used."""

import os
import sys
from contextlib import nullcontext, suppress

from config import environment

FIRST = {"check", "demo", "restore", "setup_databases"}
"""What begins an installation, or asks nothing of one; all others would work on an empty one that nobody meant."""
SERVERLESS = {"backup_key", "help", "makemigrations", "docs", "openapi", "--help", "version", "--version"}
SERVERLESS |= {"b12 train", "b12 validate", "b12 demo-data"}


def main() -> None:
    """Run one command; the server that this process started ends with the last process that uses it."""
    arguments = sys.argv
    if arguments[1:2] == ["test"]:
        become_pytest(arguments[2:])
    for command, option, setting in (("demo", "--data-dir", "CHIRON_HOME"), ("serve", "--only", "CHIRON_ONLY")):
        if arguments[1:2] == [command] and option in arguments[:-1]:
            environment.put(setting, arguments[arguments.index(option) + 1])
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.conf import settings
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    from chiron.kernel.errors import DomainError
    from chiron.postgres.home import ServerRefused
    from chiron.postgres.server import using

    try:
        named = {*arguments[1:2], " ".join(arguments[1:3])}
        serverless = named & SERVERLESS or {"-h", "--help"}.intersection(arguments)
        needs_server = settings.EMBEDDED and len(arguments) > 1 and not serverless
        if needs_server and arguments[1] not in FIRST and not settings.HOME.data.exists():
            sys.exit(f"chiron: nothing is set up in {settings.HOME.path}: set CHIRON_HOME, or run setup_databases.")
        with using(settings.HOME) if needs_server else nullcontext() as server, suppress(KeyboardInterrupt):
            if server is not None:
                follow(server.home.port())
            execute_from_command_line(arguments)
    except (ServerRefused, ImproperlyConfigured, DomainError) as refusal:
        sys.exit(f"chiron: {refusal}")


def follow(port: int) -> None:
    """Point the settings at the server's port, which is another one where a stranger had taken the old one."""
    from django.conf import settings

    for databases in (settings.DATABASES, settings.OWNER_DATABASES, settings.SEALER_DATABASES):
        for parameters in databases.values():
            if parameters:
                parameters["PORT"] = str(port)


def become_pytest(labels: list[str]) -> None:
    """Hand over to pytest, which chooses settings and a data folder of its own; dotted names become paths."""
    given = [each.replace(".", "/") if each.startswith(("chiron.", "config.")) else each for each in labels]
    os.execv(sys.executable, [sys.executable, "-m", "pytest", *given])  # noqa: S606
