"""The reference pages that the code writes."""

from importlib import import_module

from django.core.management import get_commands, load_command_class

from chiron.analytics.metrics import as_markdown as metrics
from chiron.identity.policy import as_markdown as policy
from chiron.kernel.problems import as_markdown as problems
from config.environment import as_example as example
from config.environment import as_markdown as settings

NOTE = "<!-- Written by `make docs`; change the code instead. -->\n\n"


def pages() -> dict[str, str]:
    """Each page's path and text; the API is loaded first, and the commands, so that all errors are known."""
    import_module("config.api")
    commands = _commands()
    reference = {
        "settings": f"# Settings\n\nRead from the environment, `.env` and `.local.env`; any of them may come"
        f" from a file: `NAME_FILE`. An unknown `CHIRON_*` name stops the start.\n\n{settings()}",
        "policy": f"# The policy\n\nHow far a role reaches: none, own, assigned, organization.\n\n{policy()}",
        "errors": f"# Errors\n\nRFC 9457 problem documents; `type` is `/problems/<code>`.\n\n{problems()}",
        "metrics": "# Metrics\n\nWhat `/api/analytics` tells; [what it masks](../explanation/analytics.md)."
        f"\n\n{metrics()}",
        "commands": f"# Commands\n\n`chiron NAME` or `python manage.py NAME`.\n\n{commands}",
    }
    return {".env.example": example(), **{f"docs/reference/{each}.md": NOTE + reference[each] for each in reference}}


def _commands() -> str:
    ours = sorted(name for name, app in get_commands().items() if str(app).startswith(("chiron.", "config")))
    rows = [f"| `{name}` | {load_command_class(str(get_commands()[name]), name).help} |" for name in ours]
    return "\n".join(["| command | what it does |", "|---|---|", *rows]) + "\n"
