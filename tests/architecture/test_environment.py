"""The environment is read in one place, and every name that is read there is documented."""

import ast
import re
from pathlib import Path

from tests.architecture.source import ROOT, Source, plant, sources

MAY = ("config/environment.py", "chiron/postgres/home.py")
READS = frozenset({"os.environ", "os.getenv", "os.environb"})
SETTING = re.compile(r"[A-Z][A-Z0-9]+(_[A-Z0-9]+)*")
TABLE = "docs/reference/settings.md"


def stray_reads(root: Path) -> list[str]:
    found = []
    for source in sources(root):
        if source.name.startswith(("chiron/", "config/")) and not source.is_test and source.name not in MAY:
            found += [f"{source.name}:{line} reads the environment" for line in reads(source)]
    return found


def reads(source: Source) -> list[int]:
    """Lines that read the environment; naming the settings module for Django is no reading."""
    naming = {
        id(node.func.value)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "setdefault"
    }
    attributes = (node for node in ast.walk(source.tree) if isinstance(node, ast.Attribute) and id(node) not in naming)
    lines = [node.lineno for node in attributes if ast.unparse(node) in READS]
    froms = (node for node in ast.walk(source.tree) if isinstance(node, ast.ImportFrom) and node.module == "os")
    return lines + [n.lineno for n in froms if {alias.name for alias in n.names} & {"environ", "getenv", "environb"}]


def undocumented(root: Path) -> list[str]:
    """Settings that config/environment.py names and the table of settings does not."""
    page = (root / TABLE).read_text()
    tree = ast.parse((root / "config" / "environment.py").read_text())
    firsts = (node.args[0] for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args)
    names = {first.value for first in firsts if isinstance(first, ast.Constant) and isinstance(first.value, str)}
    return sorted(name for name in names if SETTING.fullmatch(name) and f"`{name}`" not in page)


def test_only_one_place_reads_the_environment() -> None:
    assert stray_reads(ROOT) == []


def test_planted_reads_are_found(tmp_path: Path) -> None:
    plant(
        tmp_path,
        "config/wsgi.py",
        "import os\n"
        "from os import getenv\n"
        "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n"
        "os.environ['CHIRON_SECRET']\n",
    )
    plant(tmp_path, "config/environment.py", "import os\nos.environ['DEBUG']\n")

    assert stray_reads(tmp_path) == [
        "config/wsgi.py:4 reads the environment",
        "config/wsgi.py:2 reads the environment",
    ]


def test_every_setting_is_documented() -> None:
    assert undocumented(ROOT) == []


def test_a_planted_undocumented_setting_is_found(tmp_path: Path) -> None:
    plant(tmp_path, "config/environment.py", "Setting('DEBUG', 'shows tracebacks')\nSetting('NEW_THING', '')\n")
    plant(tmp_path, TABLE, "| `DEBUG` | shows tracebacks |\n")

    assert undocumented(tmp_path) == ["NEW_THING"]
