"""Small manners: no leftovers in comments, no drawers for odds and ends, no signals, no sleeping in tests."""

import ast
import io
import re
import tokenize
from pathlib import Path

from tests.architecture.source import ROOT, Source, imports, plant, sources, within

LEFTOVER = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
DRAWERS = frozenset({"utils.py", "helpers.py", "misc.py", "common.py"})


def ill_manners(root: Path) -> list[str]:
    found = []
    for source in sources(root):
        found += [f"{source.name}:{line} leaves {word}" for line, word in leftovers(source)]
        found += [f"{source.name}:{line} sleeps" for line in sleeps(source) if source.is_test]
        signals = ((line, name) for line, name in imports(source.tree) if within(name, "django.dispatch.receiver"))
        found += [f"{source.name}:{line} listens to a signal" for line, _ in signals]
        if source.path.name in DRAWERS:
            found.append(f"{source.name} is a drawer for odds and ends")
    return found


def leftovers(source: Source) -> list[tuple[int, str]]:
    tokens = tokenize.generate_tokens(io.StringIO(source.text).readline)
    comments = ((token.start[0], LEFTOVER.search(token.string)) for token in tokens if token.type == tokenize.COMMENT)
    return [(line, match.group()) for line, match in comments if match]


def sleeps(source: Source) -> list[int]:
    calls = (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))
    return [node.lineno for node in calls if ast.unparse(node.func) in {"time.sleep", "sleep"}]


def undescribed_apps(root: Path) -> list[str]:
    """Apps whose `__init__.py` does not say what they own."""
    apps = sorted(path.parent for path in (root / "chiron").rglob("apps.py"))
    return [app.name for app in apps if not ast.get_docstring(ast.parse((app / "__init__.py").read_text()))]


def test_the_source_has_manners() -> None:
    assert ill_manners(ROOT) == []


def test_every_app_says_what_it_owns() -> None:
    assert undescribed_apps(ROOT) == []


def test_planted_ill_manners_are_found(tmp_path: Path) -> None:
    plant(tmp_path, "chiron/vault/utils.py", "from django.dispatch import receiver\n" + "# TODO" + ": later\n")
    plant(tmp_path, "chiron/vault/tests/test_seal.py", "import time\n\ntime.sleep(1)\n")

    assert ill_manners(tmp_path) == [
        "chiron/vault/tests/test_seal.py:3 sleeps",
        "chiron/vault/utils.py:2 leaves TODO",
        "chiron/vault/utils.py:1 listens to a signal",
        "chiron/vault/utils.py is a drawer for odds and ends",
    ]


def test_a_planted_undescribed_app_is_found(tmp_path: Path) -> None:
    plant(tmp_path, "chiron/vault/__init__.py", "")
    plant(tmp_path, "chiron/vault/apps.py", "")

    assert undescribed_apps(tmp_path) == ["vault"]
