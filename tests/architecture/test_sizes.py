"""Files are short, functions fit a screen."""

import ast
from pathlib import Path
from statistics import median

from tests.architecture.source import ROOT, plant, sources

FILE_LINES, TEST_LINES, FUNCTION_LINES, MEDIAN_LINES = 500, 800, 60, 100
GENERATED: frozenset[str] = frozenset()  # by name; migrations that Django wrote are known by their first line


def long_files(root: Path) -> list[str]:
    found = []
    for source in sources(root):
        lines = len(source.text.splitlines())
        limit = TEST_LINES if source.is_test else FILE_LINES
        if lines > limit and source.name not in GENERATED and not source.is_generated:
            found.append(f"{source.name} has {lines} lines, {limit} are allowed")
    return found


def long_functions(root: Path) -> list[str]:
    found = []
    for source in sources(root):
        for node in ast.walk(source.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                if lines > FUNCTION_LINES:
                    found.append(f"{source.name}:{node.lineno} {node.name} has {lines} lines")
    return found


def median_length(root: Path) -> float:
    lengths = [len(s.text.splitlines()) for s in sources(root) if not s.is_test and not s.is_generated]
    return median(length for length in lengths if length)


def test_no_file_is_too_long() -> None:
    assert long_files(ROOT) == []


def test_no_function_is_too_long() -> None:
    assert long_functions(ROOT) == []


def test_the_median_file_is_short() -> None:
    assert median_length(ROOT) < MEDIAN_LINES


def test_a_planted_long_file_is_found(tmp_path: Path) -> None:
    plant(tmp_path, "chiron/registry/services.py", "x = 1\n" * 501)
    plant(tmp_path, "chiron/registry/tests/test_long.py", "x = 1\n" * 800)

    assert long_files(tmp_path) == ["chiron/registry/services.py has 501 lines, 500 are allowed"]
    assert median_length(tmp_path) == 501


def test_a_planted_long_function_is_found(tmp_path: Path) -> None:
    plant(tmp_path, "config/api.py", "def short():\n" + "    pass\n" * 59 + "def long():\n" + "    pass\n" * 60)

    assert long_functions(tmp_path) == ["config/api.py:61 long has 61 lines"]
